// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Escrow, IPactEscrow, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./support/EscrowTest.sol";
import {Numbers, pack, unpack} from "./support/Signatures.sol";
import {vm} from "./support/Vm.sol";

contract AmendTest is EscrowTest {
    // -------------------------------------------------------------------- reverts

    function test_reverts_inEveryStateButFunded() external {
        for (uint256 stage = 0; stage <= uint256(type(Stage).max); ++stage) {
            if (Stage(stage) == Stage.Funded) continue;
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            _refused(t, _other(t), IPactEscrow.UnexpectedState.selector);
            vm.revertToState(snapshot);
        }
    }

    function test_reverts_withOtherPartiesOrAmount() external {
        Terms memory t = _reach(Stage.Funded);
        Terms memory other = _other(t);
        other.buyer = stranger;
        _refused(t, other, IPactEscrow.AmendmentMismatch.selector);
        other = _other(t);
        other.seller = stranger;
        _refused(t, other, IPactEscrow.AmendmentMismatch.selector);
        other = _other(t);
        other.amount += 1;
        _refused(t, other, IPactEscrow.AmendmentMismatch.selector);
        other.amount -= 2;
        _refused(t, other, IPactEscrow.AmendmentMismatch.selector);
    }

    /// @dev The arbiter of an open escrow cannot be changed by anyone alone.
    function test_reverts_withoutBothSignatures_ESC_18() external {
        Terms memory t = _reach(Stage.Funded);
        Terms memory other = _other(t);
        other.arbiter = address(vault);
        bytes memory ofBuyer = _by(BUYER, t.buyer, t, other);
        bytes memory ofSeller = _by(SELLER, t.seller, t, other);
        bytes memory ofArbiter = _by(attestors[0], t.seller, t, other);

        vm.prank(buyer);
        vm.expectRevert();
        escrow.amend(t, other, "", "");
        vm.prank(seller);
        vm.expectRevert();
        escrow.amend(t, other, "", "");
        vm.prank(address(arbiter));
        vm.expectRevert();
        escrow.amend(t, other, "", "");
        vm.expectRevert();
        escrow.amend(t, other, ofBuyer, "");
        vm.expectRevert();
        escrow.amend(t, other, "", ofSeller);
        vm.expectRevert();
        escrow.amend(t, other, ofBuyer, ofArbiter);
        _same(_of(t).state, State.Funded, "unchanged");
    }

    function test_reverts_intoOtherTermsThanSigned() external {
        Terms memory t = _reach(Stage.Funded);
        Terms memory other = _other(t);
        bytes memory ofBuyer = _by(BUYER, t.buyer, t, other);
        other.feeRecipient = stranger;
        vm.prank(seller);
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.amend(t, other, ofBuyer, "");
    }

    function test_reverts_intoInvalidTerms() external {
        Terms memory t = _reach(Stage.Funded);
        Terms memory other = _other(t);
        other.arbiter = address(0xDEAD);
        _refused(t, other, IPactEscrow.InvalidArbiter.selector);
        Numbers memory n = _numbers();
        n.protocolFeeBps = 201;
        other = _other(t);
        other.clauses = pack(n);
        _refused(t, other, IPactEscrow.FeeTooHigh.selector);
        n = _numbers();
        n.fundBy = uint40(START);
        other.clauses = pack(n);
        _refused(t, other, IPactEscrow.AfterFundBy.selector);
    }

    function test_reverts_intoTermsThatWereFundedBefore_DRV_04() external {
        Terms memory t = _reach(Stage.Funded);
        _refused(t, t, IPactEscrow.AlreadyExists.selector);

        Terms memory other = _other(t);
        _doFund(other);
        _refused(t, other, IPactEscrow.AlreadyExists.selector);
        _doRefund(other);
        _refused(t, other, IPactEscrow.AlreadyExists.selector);
    }

    function test_reverts_exactlyAtDeliverBy() external {
        Terms memory t = _reach(Stage.Funded);
        Numbers memory n = _numbers();
        n.fundBy += 30 days;
        n.deliverBy += 30 days;
        Terms memory other = _other(t);
        other.clauses = pack(n);
        uint256 end = unpack(t.clauses).deliverBy;
        vm.warp(end);
        _refused(t, other, IPactEscrow.AfterDeliverBy.selector);
        vm.warp(end - 1);
        _doAmend(t, other);
    }

    // ------------------------------------------------------------------- succeeds

    function test_movesTheLockToTheNewTerms() external {
        Terms memory t = _reach(Stage.Funded);
        Terms memory other = _other(t);
        Numbers memory n = _numbers();
        n.deliverBy += 1 days;
        other.clauses = pack(n);
        other.vault = address(vault);
        uint256 buyerBefore = usdc.balanceOf(buyer);

        vm.warp(START + 1 hours);
        bytes32 amendedId = _doAmend(t, other);

        vm.assertEq(amendedId, _id(other), "id");
        _same(_of(t).state, State.Amended, "the old id ends");
        Escrow memory e = _of(other);
        _same(e.state, State.Funded, "the new id is funded");
        vm.assertEq(e.fundedAt, START + 1 hours, "fundedAt");
        vm.assertEq(e.timerEnd, n.deliverBy, "timer");
        vm.assertEq(usdc.balanceOf(address(escrow)), t.amount, "the same money");
        vm.assertEq(usdc.balanceOf(buyer), buyerBefore, "nobody pays");
        _doRelease(other);
        _same(_of(other).state, State.Completed, "lives on");
    }

    function test_takesBothSignaturesFromAStranger() external {
        Terms memory t = _reach(Stage.Funded);
        Terms memory other = _other(t);
        bytes memory ofBuyer = _by(BUYER, t.buyer, t, other);
        bytes memory ofSeller = _by(SELLER, t.seller, t, other);
        vm.prank(stranger);
        escrow.amend(t, other, ofBuyer, ofSeller);
        _same(_of(other).state, State.Funded, "state");
    }

    /// @dev The signature that paid for the old terms cannot pay again.
    function test_leavesTheFundingSignatureUseless() external {
        Terms memory t = _terms();
        bytes memory signature = _fundSignature(t, BUYER);
        escrow.fund(t, signature);
        _doAmend(t, _other(t));
        vm.expectPartialRevert(IPactEscrow.AlreadyExists.selector);
        escrow.fund(t, signature);
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsAmended() external {
        Terms memory t = _reach(Stage.Funded);
        Terms memory other = _other(t);
        bytes memory ofBuyer = _by(BUYER, t.buyer, t, other);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Amended(_id(t), _id(other), other);
        vm.prank(seller);
        escrow.amend(t, other, ofBuyer, "");
    }

    // -------------------------------------------------------------------- private

    function _other(Terms memory t) private pure returns (Terms memory other) {
        other = abi.decode(abi.encode(t), (Terms));
        other.salt = keccak256("other");
        other.pactHash = sha256("amended pact");
    }

    function _by(
        uint256 key,
        address actor,
        Terms memory t,
        Terms memory other
    ) private view returns (bytes memory) {
        return
            _authorization(key, _amend(_id(t), actor, _id(other), _of(t).seq, _later()), _later());
    }

    function _refused(Terms memory t, Terms memory other, bytes4 selector) private {
        bytes memory ofBuyer = _by(BUYER, t.buyer, t, other);
        bytes memory ofSeller = _by(SELLER, t.seller, t, other);
        vm.expectPartialRevert(selector);
        escrow.amend(t, other, ofBuyer, ofSeller);
    }
}
