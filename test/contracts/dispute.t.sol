// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Escrow, IPactEscrow, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./support/EscrowTest.sol";
import {Numbers, pack} from "./support/Signatures.sol";
import {SmartWallet} from "./support/SmartWallet.sol";
import {vm} from "./support/Vm.sol";

contract DisputeTest is EscrowTest {
    // -------------------------------------------------------------------- reverts

    function test_reverts_forTheBuyerOutsideDeliveredAndArbitration() external {
        for (uint256 stage = 0; stage <= uint256(type(Stage).max); ++stage) {
            State state = _stateOf(Stage(stage));
            if (state == State.Delivered || state == State.Arbitration) continue;
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            vm.prank(buyer);
            vm.expectRevert();
            escrow.dispute(t, buyer, CLAIM, "", "");
            vm.revertToState(snapshot);
        }
    }

    function test_reverts_forTheSellerOutsideDelivered() external {
        for (uint256 stage = 0; stage <= uint256(type(Stage).max); ++stage) {
            if (_stateOf(Stage(stage)) == State.Delivered) continue;
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            vm.prank(seller);
            vm.expectRevert();
            escrow.dispute(t, seller, CLAIM, "", "");
            vm.revertToState(snapshot);
        }
    }

    function test_reverts_twiceInOneRound() external {
        Stage[3] memory stages = [
            Stage.ArbitrationObjected,
            Stage.ArbitrationByBoth,
            Stage.Proposed
        ];
        for (uint256 i = 0; i < 3; ++i) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(stages[i]);
            vm.prank(buyer);
            vm.expectRevert(abi.encodeWithSelector(IPactEscrow.AlreadyDisputed.selector, buyer));
            escrow.dispute(t, buyer, CLAIM, "", "");
            vm.revertToState(snapshot);
        }
    }

    function test_reverts_exactlyAtTheEndOfTheReview() external {
        Terms memory t = _reach(Stage.Delivered);
        uint256 end = _of(t).timerEnd;
        address[2] memory parties = [buyer, seller];
        vm.warp(end);
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(parties[i]);
            vm.expectRevert(abi.encodeWithSelector(IPactEscrow.AfterWindow.selector, end, end));
            escrow.dispute(t, parties[i], CLAIM, "", "");
        }
        vm.warp(end - 1);
        _doDispute(t, buyer);
    }

    function test_reverts_exactlyAtTheEndOfTheArbitration() external {
        Terms memory t = _reach(Stage.Arbitration);
        uint256 end = _of(t).timerEnd;
        vm.warp(end);
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.AfterWindow.selector, end, end));
        escrow.dispute(t, buyer, CLAIM, "", "");
        vm.warp(end - 1);
        _doDispute(t, buyer);
    }

    function test_reverts_forOthersThanThePartiesThemselves_W_30() external {
        Terms memory t = _reach(Stage.Delivered);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.NotParty.selector, stranger));
        escrow.dispute(t, stranger, CLAIM, "", "");
        vm.prank(address(arbiter));
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.NotParty.selector, address(arbiter)));
        escrow.dispute(t, address(arbiter), CLAIM, "", "");
        // A party cannot dispute in the other's name and with the other's allowance.
        vm.prank(seller);
        vm.expectRevert();
        escrow.dispute(t, buyer, CLAIM, "", "");
        vm.prank(buyer);
        vm.expectRevert();
        escrow.dispute(t, seller, CLAIM, "", "");
    }

    function test_reverts_whenTheStakeCannotBePulled() external {
        Terms memory t = _reach(Stage.Delivered);
        vm.prank(buyer);
        usdc.approve(address(escrow), _stake(t) - 1);
        vm.prank(buyer);
        vm.expectRevert();
        escrow.dispute(t, buyer, CLAIM, "", "");
        _same(_of(t).state, State.Delivered, "state");
    }

    function test_reverts_whenTheStakeIsSignedForAnotherClaimEscrowOrDeadline() external {
        Terms memory t = _reach(Stage.Delivered);
        uint256 end = _later();
        bytes memory stake = _stakeSignature(t, BUYER, CLAIM, end);
        bytes memory foreign = _stakeSignature(t, STRANGER, CLAIM, end);
        bytes memory six = abi.encodePacked(uint48(end));

        vm.expectRevert();
        escrow.dispute(t, buyer, RESPONSE, six, stake);
        vm.expectRevert();
        escrow.dispute(t, buyer, CLAIM, abi.encodePacked(uint48(end + 1)), stake);
        vm.expectRevert();
        escrow.dispute(t, seller, CLAIM, six, stake);
        vm.expectRevert();
        escrow.dispute(t, buyer, CLAIM, six, foreign);
        vm.warp(end);
        vm.expectRevert();
        escrow.dispute(t, buyer, CLAIM, six, stake);
    }

    function test_reverts_whenMoreThanTheDeadlineComesWithAStake() external {
        Terms memory t = _reach(Stage.Delivered);
        uint256 end = _later();
        bytes memory stake = _stakeSignature(t, BUYER, CLAIM, end);
        bytes memory seven = abi.encodePacked(uint48(end), uint8(0));
        vm.expectRevert(
            abi.encodeWithSelector(IPactEscrow.InvalidAuthorizationLength.selector, 7, 6)
        );
        escrow.dispute(t, buyer, CLAIM, seven, stake);
        vm.expectRevert(
            abi.encodeWithSelector(IPactEscrow.InvalidAuthorizationLength.selector, 0, 6)
        );
        escrow.dispute(t, buyer, CLAIM, "", stake);
    }

    /// @dev An allowance is not a consent: the stake is pulled for the one who authorised the dispute.
    function test_reverts_whenOnlyTheDeadlineIsGiven() external {
        Terms memory t = _reach(Stage.Delivered);
        vm.prank(stranger);
        vm.expectRevert();
        escrow.dispute(t, buyer, CLAIM, abi.encodePacked(uint48(_later())), "");
    }

    // ------------------------------------------------------------------- succeeds

    function test_byTheBuyerOpensTheDisputeAndHoldsItsStake() external {
        Stage[3] memory stages = [Stage.Delivered, Stage.Noticed, Stage.Passed];
        for (uint256 i = 0; i < 3; ++i) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(stages[i]);
            uint256 before = usdc.balanceOf(buyer);
            vm.warp(START + 1 hours);
            _doDispute(t, buyer);
            Escrow memory e = _of(t);
            _same(e.state, State.Disputed, "state");
            vm.assertEq(e.timerEnd, START + 1 hours + 24 hours, "response");
            vm.assertTrue(e.buyerDisputed && !e.sellerDisputed, "who");
            vm.assertEq(before - usdc.balanceOf(buyer), 5 * USDC, "one arbitration fee");
            vm.assertEq(usdc.balanceOf(address(escrow)), t.amount + 5 * USDC, "held");
            vm.revertToState(snapshot);
        }
    }

    function test_byTheSellerGoesStraightToArbitration() external {
        Terms memory t = _reach(Stage.Delivered);
        uint256 before = usdc.balanceOf(seller);
        vm.warp(START + 1 hours);
        _doDispute(t, seller);
        Escrow memory e = _of(t);
        _same(e.state, State.Arbitration, "state");
        vm.assertEq(e.timerEnd, START + 1 hours + 72 hours, "arbitration");
        vm.assertTrue(e.sellerDisputed && !e.buyerDisputed, "who");
        vm.assertEq(before - usdc.balanceOf(seller), 5 * USDC, "stake");
    }

    function test_inArbitrationRecordsTheObjectionAndKeepsTheClock() external {
        Terms memory t = _reach(Stage.Arbitration);
        Escrow memory before = _of(t);
        vm.warp(before.timerEnd - 1);
        _doDispute(t, buyer);
        Escrow memory e = _of(t);
        _same(e.state, State.Arbitration, "state");
        vm.assertEq(e.timerEnd, before.timerEnd, "clock");
        vm.assertTrue(e.buyerDisputed, "objected");
        vm.assertEq(usdc.balanceOf(address(escrow)), t.amount + _stake(t), "held");
    }

    function test_againstThePartialOrFailOfTheArbiterWaitsForArbitration() external {
        Terms memory t = _reach(Stage.ArbitrationPartial);
        vm.assertTrue(!_of(t).buyerDisputed, "the arbiter opened it");
        _doDispute(t, buyer);
        vm.assertTrue(_of(t).buyerDisputed, "objected");
    }

    function test_paysAndDisputesByOneSignature() external {
        Terms memory t = _reach(Stage.Delivered);
        vm.prank(buyer);
        usdc.approve(address(escrow), 0);
        uint256 before = usdc.balanceOf(buyer);
        uint256 end = _later();
        bytes memory stake = _stakeSignature(t, BUYER, CLAIM, end);
        vm.prank(stranger);
        escrow.dispute(t, buyer, CLAIM, abi.encodePacked(uint48(end)), stake);
        _same(_of(t).state, State.Disputed, "state");
        vm.assertEq(before - usdc.balanceOf(buyer), 5 * USDC, "stake");
    }

    function test_paysAndDisputesByOneSignatureOfASmartWallet() external {
        Terms memory t = _terms();
        t.buyer = address(new SmartWallet(buyer));
        usdc.mint(t.buyer, t.amount + _stake(t));
        _doFund(t);
        _doDeliver(t);
        uint256 end = _later();
        escrow.dispute(
            t,
            t.buyer,
            CLAIM,
            abi.encodePacked(uint48(end)),
            _stakeSignature(t, BUYER, CLAIM, end)
        );
        _same(_of(t).state, State.Disputed, "state");
        vm.assertEq(usdc.balanceOf(t.buyer), 0, "stake");
    }

    function test_costsNothingWithoutAnArbitrationFee() external {
        Terms memory t = _terms();
        Numbers memory n = _numbers();
        n.arbitrationFeeBps = 0;
        t.clauses = pack(n);
        _doFund(t);
        _doDeliver(t);
        vm.prank(buyer);
        usdc.approve(address(escrow), 0);
        _doDispute(t, buyer);
        _same(_of(t).state, State.Disputed, "state");
        vm.assertTrue(_of(t).buyerDisputed, "disputed");
        _doRefund(t);
        vm.assertEq(usdc.balanceOf(address(escrow)), 0, "nothing held");
    }

    function test_tellsTheArbiter() external {
        Terms memory t = _reach(Stage.Delivered);
        _doDispute(t, buyer);
        vm.assertEq(arbiter.disputes(), 1, "told when the dispute opens");
        vm.assertEq(arbiter.disputedId(), _id(t), "id");
        vm.assertEq(arbiter.disputedBy(), buyer, "by");
        _doEscalate(t);
        vm.assertEq(arbiter.disputes(), 2, "told when arbitration begins");
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsDisputed() external {
        Terms memory t = _reach(Stage.Delivered);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Disputed(_id(t), buyer, CLAIM, 5 * USDC);
        vm.prank(buyer);
        escrow.dispute(t, buyer, CLAIM, "", "");
    }

    function test_emitsTheEscalationOfTheSeller() external {
        Terms memory t = _reach(Stage.Delivered);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Disputed(_id(t), seller, CLAIM, 5 * USDC);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Escalated(_id(t));
        vm.prank(seller);
        escrow.dispute(t, seller, CLAIM, "", "");
    }

    // -------------------------------------------------------------------- private

    function _stakeSignature(
        Terms memory t,
        uint256 key,
        bytes32 claim,
        uint256 end
    ) private view returns (bytes memory) {
        bytes32 nonce = _digest(address(escrow), _dispute(_id(t), t.buyer, claim, _of(t).seq, end));
        return _sign(key, _receiveDigest(usdc, t.buyer, address(escrow), _stake(t), end, nonce));
    }
}
