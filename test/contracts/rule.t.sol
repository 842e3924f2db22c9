// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, Kind, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {Stage} from "./support/EscrowTest.sol";
import {VerdictTest} from "./support/VerdictTest.sol";
import {vm} from "./support/Vm.sol";

contract RuleTest is VerdictTest(Kind.Ruling) {
    // ------------------------------------------------------------------- succeeds

    /// @dev 500 USDC at 60 %: 5.00 arbitration, 1.50 protocol, 295.50 seller, 198.00 buyer.
    function test_splitsByTheGoldenTable_W_14() external {
        _ruled(500 * USDC, 6000, 5 * USDC, 1_500_000, 295_500_000, 198 * USDC);
        _ruled(500 * USDC, 7500, 5 * USDC, 1_875_000, 371_250_000 - 1_875_000, 123_750_000);
        _ruled(5 * USDC, 6000, 50_000, 15_000, 2_955_000, 1_980_000);
        _ruled(500 * USDC, 0, 5 * USDC, 0, 0, 495 * USDC);
    }

    /// @dev 50,000 at 100 %: 500 + 250, which is 1.5 % and never more.
    function test_costsBothFeesOnADisputedEngagement_FEE_04() external {
        _ruled(50_000 * USDC, 10_000, 500 * USDC, 250 * USDC, 49_250 * USDC, 0);
    }

    /// @dev The operator earns the same arbitration fee whoever wins.
    function test_paysTheArbiterTheSameForEveryVerdict_FEE_07() external {
        for (uint256 bps = 0; bps <= 10_000; bps += 1250) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage.ArbitrationObjected);
            _doRule(t, bps);
            vm.assertEq(escrow.creditOf(address(arbiter)), 5 * USDC, "arbitration");
            vm.assertEq(escrow.creditOf(fees), (2_500_000 * bps) / 10_000, "protocol");
            vm.revertToState(snapshot);
        }
    }

    /// @dev Nobody disputed: the fee is due only where the arbiter's own partial or fail ends below 90 %.
    function test_takesTheArbitrationFeeOnlyWhenItIsDue() external {
        _arbitration(Stage.Arbitration, 5000, 0);
        _arbitration(Stage.ArbitrationNoticed, 0, 0);
        _arbitration(Stage.ArbitrationPartial, 8999, 5 * USDC);
        _arbitration(Stage.ArbitrationPartial, 9000, 0);
        _arbitration(Stage.ArbitrationFail, 0, 5 * USDC);
        _arbitration(Stage.ArbitrationFail, 10_000, 0);
        _arbitration(Stage.ArbitrationPass, 10_000, 5 * USDC);
        _arbitration(Stage.ArbitrationBySeller, 10_000, 5 * USDC);
        _arbitration(Stage.ArbitrationByBoth, 10_000, 5 * USDC);
        _arbitration(Stage.Proposed, 9500, 5 * USDC);
    }

    /// @dev A frivolous dispute costs its stake, one that is at most 90 % wrong does not.
    function test_paysTheStakesByTheOutcome_W_38() external {
        _stakes(Stage.ArbitrationByBoth, 9001, 0, 2);
        _stakes(Stage.ArbitrationByBoth, 9000, 1, 1);
        _stakes(Stage.ArbitrationByBoth, 1000, 1, 1);
        _stakes(Stage.ArbitrationByBoth, 999, 2, 0);
        _stakes(Stage.ArbitrationObjected, 9001, 0, 1);
        _stakes(Stage.ArbitrationObjected, 0, 1, 0);
        _stakes(Stage.ArbitrationBySeller, 999, 1, 0);
        _stakes(Stage.ArbitrationBySeller, 10_000, 0, 1);
    }

    function test_overridesTheStandingProposal() external {
        Terms memory t = _reach(Stage.Proposed);
        uint256 before = usdc.balanceOf(seller);
        _doRule(t, 1000);
        vm.assertEq(usdc.balanceOf(seller) - before, 49_500_000 - 250_000, "by the ruling");
        _same(_of(t).state, State.Resolved, "state");
    }

    function test_theArbiterItselfNeedsNoProof() external {
        Terms memory t = _reach(Stage.Arbitration);
        vm.prank(address(arbiter));
        escrow.rule(t, 6000, RECORD, "");
        _same(_of(t).state, State.Resolved, "state");
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsRuled() external {
        Terms memory t = _reach(Stage.ArbitrationObjected);
        bytes memory proof = _proof(_ruling(_id(t), 1, 6000, RECORD), 2);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Ruled(
            _id(t),
            6000,
            295_500_000,
            198_000_000,
            1_500_000,
            5_000_000,
            RECORD
        );
        escrow.rule(t, 6000, RECORD, proof);
    }

    // -------------------------------------------------------------------- private

    function _ruled(
        uint256 amount,
        uint256 bps,
        uint256 arbitration,
        uint256 protocol,
        uint256 sellerAmount,
        uint256 buyerAmount
    ) private {
        uint256 snapshot = vm.snapshotState();
        Terms memory t = _terms();
        t.amount = amount;
        _reach(t, Stage.ArbitrationByBoth);
        uint256 stake = _stake(t);
        uint256 buyerBefore =
            usdc.balanceOf(buyer) +
                (
                    bps > 9000
                        ? 0
                        : bps < 1000
                            ? 2 * stake
                            : stake
                );
        uint256 sellerBefore =
            usdc.balanceOf(seller) +
                (
                    bps > 9000
                        ? 2 * stake
                        : bps < 1000
                            ? 0
                            : stake
                );
        _doRule(t, bps);
        vm.assertEq(escrow.creditOf(address(arbiter)), arbitration, "arbitration");
        vm.assertEq(escrow.creditOf(fees), protocol, "protocol");
        vm.assertEq(usdc.balanceOf(seller) - sellerBefore, sellerAmount, "seller");
        vm.assertEq(usdc.balanceOf(buyer) - buyerBefore, buyerAmount, "buyer");
        vm.assertEq(arbitration + protocol + sellerAmount + buyerAmount, amount, "conserved");
        vm.revertToState(snapshot);
    }

    function _arbitration(Stage stage, uint256 bps, uint256 expected) private {
        uint256 snapshot = vm.snapshotState();
        Terms memory t = _reach(stage);
        _doRule(t, bps);
        vm.assertEq(
            escrow.creditOf(address(arbiter)),
            expected,
            string.concat(vm.toString(uint256(stage)), " at ", vm.toString(bps))
        );
        vm.assertTrue(_of(t).arbitrated == (expected != 0), "recorded");
        vm.revertToState(snapshot);
    }

    function _stakes(Stage stage, uint256 bps, uint256 toBuyer, uint256 toSeller) private {
        uint256 snapshot = vm.snapshotState();
        Terms memory t = _reach(stage);
        uint256 buyerBefore = usdc.balanceOf(buyer);
        uint256 sellerBefore = usdc.balanceOf(seller);
        _doRule(t, bps);
        uint256 gross = (495 * USDC * bps) / 1e4;
        uint256 protocol = (t.amount * bps * 50) / 1e8;
        vm.assertEq(
            usdc.balanceOf(buyer) - buyerBefore,
            495 * USDC - gross + toBuyer * _stake(t),
            string.concat("buyer at ", vm.toString(bps))
        );
        vm.assertEq(
            usdc.balanceOf(seller) - sellerBefore,
            gross - protocol + toSeller * _stake(t),
            string.concat("seller at ", vm.toString(bps))
        );
        vm.revertToState(snapshot);
    }
}
