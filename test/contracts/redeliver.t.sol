// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Escrow,
    IPactEscrow,
    Result,
    State,
    Terms
} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./support/EscrowTest.sol";
import {Numbers, pack} from "./support/Signatures.sol";
import {vm} from "./support/Vm.sol";

contract RedeliverTest is EscrowTest {
    bytes32 private constant BETTER = keccak256("better artifact");

    // -------------------------------------------------------------------- reverts

    function test_reverts_inEveryStateButNegotiating() external {
        for (uint256 stage = 0; stage <= uint256(type(Stage).max); ++stage) {
            if (_stateOf(Stage(stage)) == State.Negotiating) continue;
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            bytes memory receipt = _buyerReceipt(t, BETTER).proof;
            vm.prank(seller);
            vm.expectPartialRevert(IPactEscrow.UnexpectedState.selector);
            escrow.redeliver(t, BETTER, receipt, "");
            vm.revertToState(snapshot);
        }
    }

    /// @dev A second try needs the buyer's own word: the arbiter's receipt is not enough.
    function test_reverts_withAReceiptOfTheArbiter() external {
        Terms memory t = _reach(Stage.Negotiating);
        bytes memory receipt = _proof(_receipt(_id(t), 2, BETTER), 3);
        vm.prank(seller);
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.redeliver(t, BETTER, receipt, "");
    }

    function test_reverts_withTheReceiptOfTheFirstRound() external {
        Terms memory t = _terms();
        _doFund(t);
        bytes memory first = _buyerReceipt(t, ARTIFACT).proof;
        _doDeliverNoticed(t);
        _doDispute(t, buyer);
        _doDefend(t);
        vm.prank(seller);
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.redeliver(t, ARTIFACT, first, "");
    }

    function test_reverts_forAnyoneButTheSeller() external {
        Terms memory t = _reach(Stage.Negotiating);
        bytes memory receipt = _buyerReceipt(t, BETTER).proof;
        address[3] memory others = [buyer, stranger, address(arbiter)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert();
            escrow.redeliver(t, BETTER, receipt, "");
        }
    }

    function test_reverts_exactlyAtTheEndOfTheNegotiation() external {
        Terms memory t = _reach(Stage.Negotiating);
        uint256 end = _of(t).timerEnd;
        vm.assertEq(end, START + 36 hours, "window");
        bytes memory receipt = _buyerReceipt(t, BETTER).proof;
        vm.warp(end);
        vm.prank(seller);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.AfterWindow.selector, end, end));
        escrow.redeliver(t, BETTER, receipt, "");
        vm.warp(end - 1);
        vm.prank(seller);
        escrow.redeliver(t, BETTER, receipt, "");
    }

    function test_reverts_theThirdTime() external {
        Terms memory t = _reach(Stage.Negotiating);
        for (uint256 again = 1; again <= 2; ++again) {
            _doRedeliver(t);
            vm.assertEq(_of(t).round, again + 1, "round");
            _doDispute(t, buyer);
            _doDefend(t);
        }
        bytes memory receipt = _buyerReceipt(t, BETTER).proof;
        vm.prank(seller);
        vm.expectPartialRevert(IPactEscrow.RoundsExhausted.selector);
        escrow.redeliver(t, BETTER, receipt, "");
    }

    // ------------------------------------------------------------------- succeeds

    function test_opensAFullReviewAndClearsTheRound() external {
        Terms memory t = _reach(Stage.NegotiatingPartial);
        vm.warp(START + 2 hours);
        _doRedeliver(t);
        Escrow memory e = _of(t);
        _same(e.state, State.Delivered, "state");
        vm.assertEq(e.timerEnd, START + 2 hours + 12 hours, "the whole window");
        vm.assertEq(uint256(e.result), uint256(Result.None), "no attestation");
        vm.assertEq(e.round, 2, "round");
        vm.assertTrue(e.noticed, "the buyer signed");
        vm.assertTrue(!e.buyerDisputed && !e.sellerDisputed && !e.proposed, "no flags");
    }

    function test_endsTheDisputeAndReturnsTheStake() external {
        Terms memory t = _terms();
        uint256 before = usdc.balanceOf(buyer);
        _reach(t, Stage.Negotiating);
        vm.assertEq(before - usdc.balanceOf(buyer), t.amount + _stake(t), "held");
        _doRedeliver(t);
        vm.assertEq(before - usdc.balanceOf(buyer), t.amount, "returned");
        vm.assertEq(usdc.balanceOf(address(escrow)), t.amount, "locked");
    }

    function test_letsTheNewRoundBeAttestedAndDisputed() external {
        Terms memory t = _reach(Stage.NegotiatingPartial);
        _doRedeliver(t);
        _doAttest(t, Result.Pass);
        _doDispute(t, buyer);
        _same(_of(t).state, State.Disputed, "state");
        vm.assertEq(uint256(_of(t).result), uint256(Result.Pass), "the new attestation");
    }

    function test_isReviewedForTheResponseWindowWhereTheReviewWasWaived() external {
        Terms memory t = _terms();
        Numbers memory n = _numbers();
        n.reviewWindow = 0;
        t.clauses = pack(n);
        _reach(t, Stage.Negotiating);
        _doRedeliver(t);
        vm.assertEq(_of(t).timerEnd, START + 24 hours, "response window");
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsDeliveredWithTheNewRound() external {
        Terms memory t = _reach(Stage.Negotiating);
        bytes memory receipt = _buyerReceipt(t, BETTER).proof;
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Delivered(_id(t), 2, BETTER, true);
        vm.prank(seller);
        escrow.redeliver(t, BETTER, receipt, "");
    }

    /// @dev Redelivering is no defeat of the buyer: the event names it as the one that its stake went to.
    function test_emitsStakePaidToTheBuyer() external {
        Terms memory t = _reach(Stage.Negotiating);
        bytes memory receipt = _buyerReceipt(t, BETTER).proof;
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.StakePaid(_id(t), buyer, buyer, _stake(t));
        vm.prank(seller);
        escrow.redeliver(t, BETTER, receipt, "");
    }
}
