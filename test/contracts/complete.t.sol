// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBondVault} from "../../contracts/src/interfaces/IBondVault.sol";
import {
    Completion,
    Escrow,
    IPactEscrow,
    Kind,
    Result,
    State,
    Terms
} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./support/EscrowTest.sol";
import {Numbers, pack, unpack} from "./support/Signatures.sol";
import {TestVault} from "./support/TestVault.sol";
import {vm} from "./support/Vm.sol";

/// @notice Says yes, without the last byte of the word.
contract ShortVault {
    fallback() external {
        bytes32 yes = bytes32(IBondVault.reserve.selector);
        assembly ("memory-safe") {
            mstore(0, yes)
            return(0, 31)
        }
    }
}

contract CompleteTest is EscrowTest {
    // -------------------------------------------------------------------- reverts

    function test_reverts_inEveryStateButFunded_DRV_04() external {
        for (uint256 stage = 0; stage <= uint256(type(Stage).max); ++stage) {
            if (Stage(stage) == Stage.Funded) continue;
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            Completion memory c = _completion(t, false);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IPactEscrow.UnexpectedState.selector,
                    _id(t),
                    _stateOf(Stage(stage)),
                    State.Funded
                )
            );
            escrow.complete(t, c);
            vm.revertToState(snapshot);
        }
    }

    function test_reverts_exactlyAtDeliverBy() external {
        Terms memory t = _reach(Stage.Funded);
        uint256 deliverBy = unpack(t.clauses).deliverBy;
        vm.warp(deliverBy);
        Completion memory c = _completion(t, false);
        vm.expectRevert(
            abi.encodeWithSelector(IPactEscrow.AfterDeliverBy.selector, deliverBy, deliverBy)
        );
        escrow.complete(t, c);
        vm.warp(deliverBy - 1);
        escrow.complete(t, _completion(t, false));
    }

    function test_reverts_withoutTheSellersDelivery() external {
        Terms memory t = _reach(Stage.Funded);
        Completion memory c = _completion(t, false);
        c.sellerAuthorization = "";
        address[3] memory others = [stranger, buyer, address(arbiter)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert();
            escrow.complete(t, c);
        }
    }

    function test_reverts_withoutTheThresholdOfAStatement() external {
        Terms memory t = _reach(Stage.Funded);
        bytes32 id = _id(t);
        bytes32 digest = _digest(address(escrow), _statement(id, 1, ARTIFACT, REPORT));
        bytes[7] memory wrong = [
            bytes(""),
            _proof(_statement(id, 1, ARTIFACT, REPORT), 1),
            _proof(_statement(id, 2, ARTIFACT, REPORT), 3),
            _proof(_statement(id, 1, REPORT, REPORT), 3),
            _proof(_statement(id, 1, ARTIFACT, RECORD), 3),
            _proof(_receipt(id, 1, ARTIFACT), 3),
            _proof(_attestation(id, 1, Result.Pass, REPORT), 3)
        ];
        for (uint256 i = 0; i < 7; ++i) {
            Completion memory c = _completion(t, false);
            c.proof = wrong[i];
            vm.expectRevert(
                abi.encodeWithSelector(
                    IPactEscrow.ArbiterRefused.selector,
                    address(arbiter),
                    Kind.Attestation,
                    digest
                )
            );
            escrow.complete(t, c);
        }
    }

    /// @dev The bond is reserved only with the seller's consent.
    function test_reverts_whenTheReservationWasNotSigned() external {
        Terms memory t = _terms();
        t.vault = address(vault);
        _doFund(t);
        Completion memory c = _completion(t, false);
        c.reserve = true;
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.complete(t, c);
        c = _completion(t, true);
        c.reserve = false;
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.complete(t, c);
    }

    function test_reverts_withAReleaseOfTheWrongSigner() external {
        Terms memory t = _reach(Stage.Funded);
        Completion memory c = _completion(t, false);
        c.buyerAuthorization = _buyerRelease(t, SELLER, 2);
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.complete(t, c);
        c.buyerAuthorization = _buyerRelease(t, BUYER, 0);
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.complete(t, c);
    }

    // ------------------------------------------------------------------- succeeds

    function test_stopsAtDeliveredWithAPass() external {
        Terms memory t = _reach(Stage.Funded);
        vm.warp(START + 2 hours);
        Completion memory c = _completion(t, false);
        vm.prank(stranger);
        escrow.complete(t, c);
        Escrow memory e = _of(t);
        _same(e.state, State.Delivered, "state");
        vm.assertEq(uint256(e.result), uint256(Result.Pass), "result");
        vm.assertEq(e.round, 1, "round");
        vm.assertEq(e.timerEnd, START + 2 hours + 12 hours, "review");
        vm.assertTrue(!e.noticed, "the buyer signed nothing");
        vm.assertEq(usdc.balanceOf(address(escrow)), t.amount, "nothing is paid");
    }

    function test_paysAtOnceWithoutAReview() external {
        Terms memory t = _terms();
        Numbers memory n = _numbers();
        n.reviewWindow = 0;
        t.clauses = pack(n);
        uint256 before = usdc.balanceOf(seller);
        _doFund(t);
        escrow.complete(t, _completion(t, false));
        _paid(t, before, false);
    }

    function test_paysWhenTheBuyerReleased() external {
        Terms memory t = _reach(Stage.Funded);
        uint256 before = usdc.balanceOf(seller);
        Completion memory c = _completion(t, false);
        c.buyerAuthorization = _buyerRelease(t, BUYER, 2);
        vm.prank(stranger);
        escrow.complete(t, c);
        _paid(t, before, false);
    }

    function test_paysAgainstTheReservedBond() external {
        Terms memory t = _terms();
        t.vault = address(vault);
        uint256 before = usdc.balanceOf(seller);
        _doFund(t);
        vm.warp(START + 2 hours);
        escrow.complete(t, _completion(t, true));
        _paid(t, before, true);
        vm.assertEq(_of(t).timerEnd, START + 14 hours, "the recourse ends with the review");
        vm.assertEq(vault.reservations(), 1, "once");
        vm.assertEq(vault.reservedId(), _id(t), "id");
        vm.assertEq(vault.reservedSeller(), seller, "seller");
        vm.assertEq(vault.reservedAmount(), t.amount, "the full amount");
        vm.assertEq(vault.reservedUntil(), START + 14 hours, "until");
    }

    function test_stopsAtDeliveredWhenTheVaultDoesNotReserve() external {
        for (
            uint256 answer = uint256(TestVault.Answer.No);
            answer <= uint256(TestVault.Answer.Short);
            ++answer
        ) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _terms();
            t.vault = address(vault);
            _doFund(t);
            vault.set(TestVault.Answer(answer));
            escrow.complete{gas: 30_000_000}(t, _completion(t, true));
            _same(_of(t).state, State.Delivered, vm.toString(answer));
            vm.assertEq(uint256(_of(t).result), uint256(Result.Pass), "with the PASS");
            vm.assertTrue(!_of(t).bonded, "not bonded");
            vm.revertToState(snapshot);
        }
    }

    /// @dev Also where the missing byte is the zero that stands in its place: the id's, from the last write.
    function test_stopsAtDeliveredWhenTheVaultAnswersAByteShort() external {
        Terms memory t = _terms();
        t.vault = address(new ShortVault());
        for (uint256 salt; uint8(uint256(_id(t))) != 0; ++salt) {
            t.salt = bytes32(salt);
        }
        _doFund(t);
        escrow.complete(t, _completion(t, true));
        _same(_of(t).state, State.Delivered, "state");
        vm.assertTrue(!_of(t).bonded, "not bonded");
    }

    /// @dev A refusal counts from 300,000 gas on; with one unit less it could be starvation, and nothing happens.
    function test_believesARefusalWithExactlyEnoughGas() external {
        vault.set(TestVault.Answer.No);
        Terms memory t = _terms();
        t.vault = address(vault);
        _doFund(t);
        bytes memory call_ = abi.encodeCall(IPactEscrow.complete, (t, _completion(t, true)));
        uint256 needed = 300_000;
        uint256 available = _gasLeftAtTheVault(call_, needed, needed);
        uint256 enough = needed + needed - available;
        vm.assertEq(_gasLeftAtTheVault(call_, enough - 1, needed), needed - 1, "one too little");
        (bool ok, ) = address(escrow).call{gas: enough}(call_);
        vm.assertTrue(ok, "enough");
        _same(_of(t).state, State.Delivered, "believed");
    }

    function _gasLeftAtTheVault(
        bytes memory call_,
        uint256 provided,
        uint256 needed
    ) private returns (uint256 available) {
        (bool ok, bytes memory answer) = address(escrow).call{gas: provided}(call_);
        vm.assertTrue(!ok, "too little");
        uint256 wanted;
        (available, wanted) = this.decode(answer);
        vm.assertEq(wanted, needed, "needed");
    }

    function decode(bytes calldata answer) external pure returns (uint256, uint256) {
        require(bytes4(answer) == IPactEscrow.InsufficientGas.selector);
        return abi.decode(answer[4:], (uint256, uint256));
    }

    function test_stopsAtDeliveredWhenTheVaultHasNoCode() external {
        Terms memory t = _terms();
        t.vault = address(0xDEAD);
        _doFund(t);
        escrow.complete(t, _completion(t, true));
        _same(_of(t).state, State.Delivered, "state");
    }

    function test_asksTheVaultOnlyWithTheSellersConsent() external {
        Terms memory t = _terms();
        t.vault = address(vault);
        _doFund(t);
        escrow.complete(t, _completion(t, false));
        _same(_of(t).state, State.Delivered, "state");
        vm.assertEq(vault.reservations(), 0, "not asked");

        Terms memory u = _terms();
        u.salt = keccak256("no vault");
        _doFund(u);
        escrow.complete(u, _completion(u, true));
        _same(_of(u).state, State.Delivered, "state");
    }

    function test_theSellerItselfNeedsNoSignature() external {
        Terms memory t = _reach(Stage.Funded);
        Completion memory c = _completion(t, false);
        c.sellerAuthorization = "";
        vm.prank(seller);
        escrow.complete(t, c);
        _same(_of(t).state, State.Delivered, "state");
    }

    function test_takesAProofSentByTheArbiterItself() external {
        Terms memory t = _reach(Stage.Funded);
        Completion memory c = _completion(t, false);
        vm.prank(address(arbiter));
        escrow.complete(t, c);
        _same(_of(t).state, State.Delivered, "state");
    }

    function test_leavesTheBuyerItsDisputeAfterAStop() external {
        Terms memory t = _reach(Stage.Funded);
        escrow.complete(t, _completion(t, false));
        _doDispute(t, buyer);
        _same(_of(t).state, State.Disputed, "state");
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsEachStep() external {
        Terms memory t = _terms();
        t.vault = address(vault);
        _doFund(t);
        Completion memory c = _completion(t, true);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Delivered(_id(t), 1, ARTIFACT, false);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Attested(_id(t), 1, Result.Pass, REPORT);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Released(_id(t), 497_500_000, 2_500_000, true);
        escrow.complete(t, c);
    }

    // -------------------------------------------------------------------- private

    /// @dev Bound to the seq after the delivery and the PASS.
    function _buyerRelease(
        Terms memory t,
        uint256 key,
        uint256 changes
    ) private view returns (bytes memory) {
        uint256 seq = uint256(_of(t).seq) + changes;
        return _authorization(key, _release(_id(t), t.buyer, seq, _later()), _later());
    }

    function _paid(Terms memory t, uint256 before, bool bonded) private view {
        Escrow memory e = _of(t);
        _same(e.state, State.Completed, "state");
        vm.assertTrue(e.bonded == bonded, "bonded");
        vm.assertEq(usdc.balanceOf(seller) - before, 497_500_000, "seller");
        vm.assertEq(escrow.creditOf(fees), 2_500_000, "fee");
        vm.assertEq(usdc.balanceOf(address(escrow)), 2_500_000, "nothing else is left");
    }
}
