// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Completion,
    Escrow,
    IPactEscrow,
    Kind,
    Receipt,
    Result,
    State,
    Terms
} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./support/EscrowTest.sol";
import {Numbers, pack, unpack} from "./support/Signatures.sol";
import {SmartWallet} from "./support/SmartWallet.sol";
import {vm} from "./support/Vm.sol";

contract DeliverTest is EscrowTest {
    // -------------------------------------------------------------------- reverts

    function test_reverts_inEveryStateButFunded() external {
        for (uint256 stage = 0; stage <= uint256(type(Stage).max); ++stage) {
            if (Stage(stage) == Stage.Funded) continue;
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            Receipt memory receipt = _arbiterReceipt(t, ARTIFACT);
            vm.prank(seller);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IPactEscrow.UnexpectedState.selector,
                    _id(t),
                    _stateOf(Stage(stage)),
                    State.Funded
                )
            );
            escrow.deliver(t, ARTIFACT, receipt, "");
            vm.revertToState(snapshot);
        }
    }

    function test_reverts_forAnyoneButTheSeller() external {
        Terms memory t = _reach(Stage.Funded);
        Receipt memory receipt = _arbiterReceipt(t, ARTIFACT);
        address[3] memory others = [buyer, stranger, address(arbiter)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert();
            escrow.deliver(t, ARTIFACT, receipt, "");
        }
    }

    function test_reverts_exactlyAtDeliverBy() external {
        Terms memory t = _reach(Stage.Funded);
        Receipt memory receipt = _arbiterReceipt(t, ARTIFACT);
        uint256 deliverBy = unpack(t.clauses).deliverBy;
        vm.warp(deliverBy);
        vm.prank(seller);
        vm.expectRevert(
            abi.encodeWithSelector(IPactEscrow.AfterDeliverBy.selector, deliverBy, deliverBy)
        );
        escrow.deliver(t, ARTIFACT, receipt, "");
        vm.warp(deliverBy - 1);
        vm.prank(seller);
        escrow.deliver(t, ARTIFACT, receipt, "");
    }

    /// @dev A claim of delivery without an artifact cannot enter the state.
    function test_reverts_withoutAReceipt_W_32() external {
        Terms memory t = _reach(Stage.Funded);
        vm.prank(seller);
        vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
        escrow.deliver(t, ARTIFACT, Receipt(false, ""), "");
        vm.prank(seller);
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.deliver(t, ARTIFACT, Receipt(true, ""), "");
    }

    function test_reverts_withAReceiptOverAnotherArtifactRoundOrEscrow() external {
        Terms memory t = _reach(Stage.Funded);
        bytes32 id = _id(t);
        bytes32[4] memory wrong = [
            _receipt(id, 1, keccak256("another artifact")),
            _receipt(id, 0, ARTIFACT),
            _receipt(id, 2, ARTIFACT),
            _receipt(keccak256("another escrow"), 1, ARTIFACT)
        ];
        bytes32 digest = _digest(address(escrow), _receipt(id, 1, ARTIFACT));
        for (uint256 i = 0; i < 4; ++i) {
            bytes memory byArbiter = _proof(wrong[i], 3);
            bytes memory byBuyer = _sign(BUYER, _digest(address(escrow), wrong[i]));
            vm.prank(seller);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IPactEscrow.ArbiterRefused.selector,
                    address(arbiter),
                    Kind.Receipt,
                    digest
                )
            );
            escrow.deliver(t, ARTIFACT, Receipt(false, byArbiter), "");
            vm.prank(seller);
            vm.expectRevert(
                abi.encodeWithSelector(IPactEscrow.InvalidSignature.selector, buyer, digest)
            );
            escrow.deliver(t, ARTIFACT, Receipt(true, byBuyer), "");
        }
    }

    /// @dev The seller cannot receipt its own delivery, nor pass the arbiter's signature off as the buyer's.
    function test_reverts_withAReceiptOfTheWrongSigner() external {
        Terms memory t = _reach(Stage.Funded);
        bytes32 digest = _digest(address(escrow), _receipt(_id(t), 1, ARTIFACT));
        Receipt[4] memory wrong = [
            Receipt(false, _sign(SELLER, digest)),
            Receipt(true, _sign(SELLER, digest)),
            Receipt(true, _sign(attestors[0], digest)),
            Receipt(false, _sign(BUYER, digest))
        ];
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(seller);
            vm.expectRevert();
            escrow.deliver(t, ARTIFACT, wrong[i], "");
        }
    }

    function test_reverts_withAKeyAddedAfterTheFunding() external {
        Terms memory t = _reach(Stage.Funded);
        arbiter.addKey(vm.addr(STRANGER), START + 1);
        bytes32 digest = _digest(address(escrow), _receipt(_id(t), 1, ARTIFACT));
        bytes memory proof = _sign(STRANGER, digest);
        vm.prank(seller);
        vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
        escrow.deliver(t, ARTIFACT, Receipt(false, proof), "");
    }

    // ------------------------------------------------------------------- succeeds

    function test_opensTheReviewWithAReceiptOfOneAttestor() external {
        Terms memory t = _reach(Stage.Funded);
        vm.warp(START + 3 days);
        _doDeliver(t);
        Escrow memory e = _of(t);
        _same(e.state, State.Delivered, "state");
        vm.assertEq(e.round, 1, "round");
        vm.assertEq(e.timerEnd, START + 3 days + 12 hours, "review");
        vm.assertTrue(!e.noticed, "the buyer did not sign");
        vm.assertEq(usdc.balanceOf(address(escrow)), t.amount, "money stays");
    }

    function test_remembersThatTheBuyerSignedTheReceipt() external {
        Terms memory t = _reach(Stage.Noticed);
        _same(_of(t).state, State.Delivered, "state");
        vm.assertTrue(_of(t).noticed, "noticed");
    }

    function test_reviewMayEndAfterDeliverBy() external {
        Terms memory t = _reach(Stage.Funded);
        uint256 deliverBy = unpack(t.clauses).deliverBy;
        vm.warp(deliverBy - 1);
        _doDeliver(t);
        vm.assertEq(_of(t).timerEnd, deliverBy - 1 + 12 hours, "review");
    }

    function test_takesTheSignaturesOfSmartWallets() external {
        Terms memory t = _terms();
        t.buyer = address(new SmartWallet(buyer));
        t.seller = address(new SmartWallet(seller));
        usdc.mint(t.buyer, t.amount);
        _doFund(t);
        bytes32 hash = _deliver(_id(t), t.seller, ARTIFACT, false, _of(t).seq, _later());
        escrow.deliver(
            t,
            ARTIFACT,
            _buyerReceipt(t, ARTIFACT),
            _authorization(SELLER, hash, _later())
        );
        vm.assertTrue(_of(t).noticed, "noticed");
    }

    /// @dev A delivery signed with the consent to a reservation is a delivery, also without a reservation.
    function test_takesADeliveryThatOfferedTheBond() external {
        Terms memory t = _reach(Stage.Funded);
        bytes memory authorization = _deliverAuthorization(t, ARTIFACT, true);
        escrow.deliver(t, ARTIFACT, _arbiterReceipt(t, ARTIFACT), authorization);
        _same(_of(t).state, State.Delivered, "state");
        vm.assertTrue(!_of(t).bonded, "nothing is reserved");
    }

    function test_bumpsSeqByOne() external {
        Terms memory t = _reach(Stage.Funded);
        uint256 seq = _of(t).seq;
        _doDeliver(t);
        vm.assertEq(_of(t).seq, seq + 1, "seq");
    }

    // ------------------------------------------------------- where the review was waived

    /// @dev Who waives the review waives it for an attested PASS, not for an unattested delivery.
    function test_isReviewedForTheResponseWindowWhereTheReviewWasWaived() external {
        Terms memory t = _waived();
        _doFund(t);
        vm.warp(START + 1 hours);
        _doDeliver(t);
        uint256 end = START + 1 hours + 24 hours;
        vm.assertEq(_of(t).timerEnd, end, "response window");

        bytes memory proof = _proof(_attestation(_id(t), 1, Result.Pass, REPORT), 2);
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.BeforeWindowEnd.selector, end - 1, end));
        escrow.escalate(t, stranger, "");
        uint256 snapshot = vm.snapshotState();
        escrow.attest(t, Result.Pass, REPORT, proof);
        vm.warp(end);
        vm.prank(stranger);
        escrow.release(t, "");
        _same(_of(t).state, State.Completed, "a PASS of the last second is paid");

        vm.revertToState(snapshot);
        vm.warp(end);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.AfterWindow.selector, end, end));
        escrow.attest(t, Result.Pass, REPORT, proof);
        escrow.escalate(t, stranger, "");
        _same(_of(t).state, State.Arbitration, "not attested");
    }

    /// @dev The buyer plays the seller's signed delivery, with a receipt of its own, before `complete`:
    /// it gains time, and no way round the PASS.
    function test_aFrontRunCompletionCostsTheSellerOnlyTime() external {
        Terms memory t = _waived();
        uint256 before = usdc.balanceOf(seller);
        _doFund(t);
        Completion memory c = _completion(t, false);
        Receipt memory receipt = _buyerReceipt(t, ARTIFACT);
        vm.prank(buyer);
        escrow.deliver(t, ARTIFACT, receipt, c.sellerAuthorization);
        vm.expectPartialRevert(IPactEscrow.UnexpectedState.selector);
        escrow.complete(t, c);

        _doAttest(t, Result.Pass);
        vm.warp(_of(t).timerEnd);
        vm.prank(stranger);
        escrow.release(t, "");
        vm.assertEq(usdc.balanceOf(seller) - before, 497_500_000, "paid in full");
    }

    function _waived() private view returns (Terms memory t) {
        t = _terms();
        Numbers memory n = _numbers();
        n.reviewWindow = 0;
        t.clauses = pack(n);
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsDelivered() external {
        Terms memory t = _reach(Stage.Funded);
        Receipt memory receipt = _buyerReceipt(t, ARTIFACT);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Delivered(_id(t), 1, ARTIFACT, true);
        vm.prank(seller);
        escrow.deliver(t, ARTIFACT, receipt, "");
    }
}
