// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Escrow, IPactEscrow, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./support/EscrowTest.sol";
import {vm} from "./support/Vm.sol";

contract RefundTest is EscrowTest {
    // -------------------------------------------------------------------- reverts

    function test_reverts_whenNeverFunded() external {
        Terms memory t = _terms();
        vm.prank(seller);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.NotOpen.selector, _id(t), State.None));
        escrow.refund(t, "");
    }

    /// @dev Even when the money of others lies in the contract.
    function test_reverts_whenNeverFundedThoughThereIsMoney() external {
        _reach(Stage.Funded);
        Terms memory t = _terms();
        t.salt = keccak256("never funded");
        vm.prank(seller);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.NotOpen.selector, _id(t), State.None));
        escrow.refund(t, "");
        vm.expectPartialRevert(IPactEscrow.UnexpectedState.selector);
        escrow.expire(t);
    }

    function test_reverts_onceEnded_DRV_04() external {
        for (uint256 stage = uint256(Stage.Completed); stage <= uint256(type(Stage).max); ++stage) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            vm.prank(seller);
            vm.expectPartialRevert(IPactEscrow.NotOpen.selector);
            escrow.refund(t, "");
            vm.revertToState(snapshot);
        }
    }

    function test_reverts_forAnyoneButTheSellerAtAnyTime_W_30() external {
        address[3] memory others = [buyer, address(arbiter), stranger];
        for (uint256 stage = uint256(Stage.Funded); stage <= uint256(Stage.Proposed); ++stage) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            for (uint256 i = 0; i < 6; ++i) {
                if (i == 3) vm.warp(_of(t).timerEnd);
                vm.prank(others[i % 3]);
                vm.expectRevert();
                escrow.refund(t, "");
            }
            vm.revertToState(snapshot);
        }
    }

    // ------------------------------------------------------------------- succeeds

    function test_givesEverythingBackInEveryOpenStage_TRZ_02_W_34_W_49() external {
        for (uint256 stage = uint256(Stage.Funded); stage <= uint256(Stage.Proposed); ++stage) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _terms();
            uint256 buyerBefore = usdc.balanceOf(buyer);
            uint256 sellerBefore = usdc.balanceOf(seller);
            _reach(t, Stage(stage));
            Escrow memory e = _of(t);
            _doRefund(t);

            // A seller that withdraws its own dispute in Arbitration leaves its stake to the buyer.
            uint256 forfeit = e.sellerDisputed ? _stake(t) : 0;
            vm.assertEq(usdc.balanceOf(buyer), buyerBefore + forfeit, vm.toString(stage));
            vm.assertEq(usdc.balanceOf(seller), sellerBefore - forfeit, vm.toString(stage));
            vm.assertEq(usdc.balanceOf(address(escrow)), 0, "nothing is left");
            vm.assertEq(escrow.creditOf(fees) + escrow.creditOf(address(arbiter)), 0, "no fee");
            _same(_of(t).state, State.Refunded, vm.toString(stage));
            vm.revertToState(snapshot);
        }
    }

    function test_staysOpenAfterEveryTimer_W_49() external {
        _staysOpenAfterEveryTimer(_doRefund, State.Refunded);
    }

    function test_keepsTheIdOccupied_DRV_04() external {
        Terms memory t = _reach(Stage.Refunded);
        bytes memory signature = _fundSignature(t, BUYER);
        vm.expectRevert(
            abi.encodeWithSelector(IPactEscrow.AlreadyExists.selector, _id(t), State.Refunded)
        );
        escrow.fund(t, signature);
        vm.prank(buyer);
        vm.expectPartialRevert(IPactEscrow.AlreadyExists.selector);
        escrow.fundByAllowance(t, "");
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsRefunded() external {
        Terms memory t = _reach(Stage.Delivered);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Refunded(_id(t), t.amount);
        vm.prank(seller);
        escrow.refund(t, "");
    }

    function test_emitsTheForfeitedStakeOfTheSeller() external {
        Terms memory t = _reach(Stage.ArbitrationBySeller);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.StakePaid(_id(t), seller, buyer, 5 * USDC);
        vm.prank(seller);
        escrow.refund(t, "");
    }
}
