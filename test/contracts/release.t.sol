// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Escrow, IPactEscrow, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./support/EscrowTest.sol";
import {Numbers, pack} from "./support/Signatures.sol";
import {SmartWallet} from "./support/SmartWallet.sol";
import {vm} from "./support/Vm.sol";

contract ReleaseTest is EscrowTest {
    // -------------------------------------------------------------------- reverts

    function test_reverts_whenNeverFunded() external {
        Terms memory t = _terms();
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.NotOpen.selector, _id(t), State.None));
        escrow.release(t, "");
    }

    function test_reverts_onceEnded_DRV_04() external {
        for (uint256 stage = uint256(Stage.Completed); stage <= uint256(type(Stage).max); ++stage) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            vm.prank(buyer);
            vm.expectRevert(
                abi.encodeWithSelector(IPactEscrow.NotOpen.selector, _id(t), _stateOf(Stage(stage)))
            );
            escrow.release(t, "");
            vm.revertToState(snapshot);
        }
    }

    function test_reverts_forSellerArbiterAndStrangerBeforeTheReviewEnds_W_30() external {
        Terms memory t = _reach(Stage.Passed);
        address[3] memory others = [seller, address(arbiter), stranger];
        vm.warp(_of(t).timerEnd - 1);
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert();
            escrow.release(t, "");
        }
    }

    /// @dev Silence pays the seller after a PASS only.
    function test_reverts_byTheTimerWithoutAPass_W_49() external {
        Stage[8] memory stages = [
            Stage.Funded,
            Stage.Delivered,
            Stage.Noticed,
            Stage.Disputed,
            Stage.DisputedPass,
            Stage.NegotiatingPartial,
            Stage.ArbitrationPass,
            Stage.Proposed
        ];
        for (uint256 i = 0; i < stages.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(stages[i]);
            vm.warp(uint256(_of(t).timerEnd) + 365 days);
            vm.prank(seller);
            vm.expectRevert();
            escrow.release(t, "");
            vm.revertToState(snapshot);
        }
    }

    // ------------------------------------------------------------------- succeeds

    function test_paysTheSellerInEveryOpenStageWhenTheBuyerSends_W_49_TRZ_09() external {
        for (uint256 stage = uint256(Stage.Funded); stage <= uint256(Stage.Proposed); ++stage) {
            uint256 snapshot = vm.snapshotState();
            uint256 before = usdc.balanceOf(seller);
            Terms memory t = _reach(Stage(stage));
            Escrow memory e = _of(t);
            _doRelease(t);

            // A buyer that withdraws its dispute in Arbitration leaves its stake to the seller.
            bool forfeits = e.state == State.Arbitration && e.buyerDisputed;
            uint256 expected = 497_500_000 + (forfeits ? _stake(t) : 0);
            vm.assertEq(usdc.balanceOf(seller) - before, expected, vm.toString(stage));
            vm.assertEq(escrow.creditOf(fees), 2_500_000, "protocol fee");
            vm.assertEq(usdc.balanceOf(address(escrow)), 2_500_000, "nothing else is left");
            _same(_of(t).state, State.Completed, vm.toString(stage));
            vm.revertToState(snapshot);
        }
    }

    function test_staysOpenToTheBuyerAfterTheTimer_W_49() external {
        _staysOpenAfterEveryTimer(_doRelease, State.Completed);
    }

    function test_anyoneReleasesAPassExactlyAtTheEndOfTheReview_TRZ_03() external {
        Terms memory t = _reach(Stage.Passed);
        uint256 end = _of(t).timerEnd;
        vm.assertEq(end, START + 12 hours, "the review started at the delivery");

        vm.warp(end - 1);
        vm.prank(stranger);
        vm.expectRevert();
        escrow.release(t, "");

        uint256 snapshot = vm.snapshotState();
        _doDispute(t, buyer);
        _same(_of(t).state, State.Disputed, "the last second is the buyer's");

        vm.revertToState(snapshot);
        vm.warp(end);
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.AfterWindow.selector, end, end));
        escrow.dispute(t, buyer, CLAIM, "", "");
        vm.prank(stranger);
        escrow.release(t, "");
        _same(_of(t).state, State.Completed, "at the end");

        vm.revertToState(snapshot);
        vm.warp(end + 1);
        vm.prank(stranger);
        escrow.release(t, "");
        _same(_of(t).state, State.Completed, "after the end");
    }

    function test_takesTheSignatureOfASmartWallet() external {
        Terms memory t = _terms();
        t.buyer = address(new SmartWallet(buyer));
        usdc.mint(t.buyer, t.amount);
        _doFund(t);
        bytes memory authorization = _authorization(
            BUYER,
            _release(_id(t), t.buyer, _of(t).seq, _later()),
            _later()
        );
        escrow.release(t, authorization);
        _same(_of(t).state, State.Completed, "state");
    }

    function test_paysWithoutAFee() external {
        Terms memory t = _terms();
        Numbers memory n = _numbers();
        n.protocolFeeBps = 0;
        t.clauses = pack(n);
        uint256 before = usdc.balanceOf(seller);
        _doFund(t);
        _doRelease(t);
        vm.assertEq(usdc.balanceOf(seller) - before, t.amount, "everything");
        vm.assertEq(escrow.creditOf(fees), 0, "no fee");
    }

    /// @dev The fee of the published table, from a lookup to an engagement of weeks.
    function test_takesTheFeeOfTheTable_FEE_01_W_14() external {
        uint256[4] memory amounts = [uint256(5 * USDC), 50 * USDC, 500 * USDC, 50_000 * USDC];
        uint256[4] memory protocol = [uint256(25_000), 250_000, 2_500_000, 250 * USDC];
        for (uint256 i = 0; i < 4; ++i) {
            Terms memory t = _terms();
            t.amount = amounts[i];
            t.salt = bytes32(i);
            uint256 feesBefore = escrow.creditOf(fees);
            uint256 before = usdc.balanceOf(seller);
            _doFund(t);
            _doRelease(t);
            vm.assertEq(escrow.creditOf(fees) - feesBefore, protocol[i], "fee");
            vm.assertEq(usdc.balanceOf(seller) - before, amounts[i] - protocol[i], "seller");
        }
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsReleased() external {
        Terms memory t = _reach(Stage.Delivered);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Released(_id(t), 497_500_000, 2_500_000, false);
        vm.prank(buyer);
        escrow.release(t, "");
    }

    function test_emitsTheReturnedStake() external {
        Terms memory t = _reach(Stage.Disputed);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.StakePaid(_id(t), buyer, buyer, 5 * USDC);
        vm.prank(buyer);
        escrow.release(t, "");
    }

    function test_emitsTheForfeitedStake() external {
        Terms memory t = _reach(Stage.ArbitrationObjected);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.StakePaid(_id(t), buyer, seller, 5 * USDC);
        vm.prank(buyer);
        escrow.release(t, "");
    }
}
