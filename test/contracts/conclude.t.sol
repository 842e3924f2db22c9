// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./support/EscrowTest.sol";
import {Numbers, pack} from "./support/Signatures.sol";
import {vm} from "./support/Vm.sol";

contract ConcludeTest is EscrowTest {
    // -------------------------------------------------------------------- reverts

    function test_reverts_inEveryStateButArbitration() external {
        for (uint256 stage = 0; stage <= uint256(type(Stage).max); ++stage) {
            if (_stateOf(Stage(stage)) == State.Arbitration) continue;
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            vm.warp(START + 365 days);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IPactEscrow.UnexpectedState.selector,
                    _id(t),
                    _stateOf(Stage(stage)),
                    State.Arbitration
                )
            );
            escrow.conclude(t);
            vm.revertToState(snapshot);
        }
    }

    function test_reverts_untilExactlyTheEndOfTheArbitration() external {
        Terms memory t = _reach(Stage.Arbitration);
        uint256 end = _of(t).timerEnd;
        address[4] memory everyone = [buyer, seller, stranger, address(arbiter)];
        vm.warp(end - 1);
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(everyone[i]);
            vm.expectRevert(
                abi.encodeWithSelector(IPactEscrow.BeforeWindowEnd.selector, end - 1, end)
            );
            escrow.conclude(t);
        }
        uint256 snapshot = vm.snapshotState();
        vm.warp(end);
        escrow.conclude(t);
        _same(_of(t).state, State.Resolved, "at the end");
        vm.revertToState(snapshot);
        vm.warp(end + 1);
        vm.prank(stranger);
        escrow.conclude(t);
        _same(_of(t).state, State.Resolved, "after the end");
    }

    // ------------------------------------------------------------------- succeeds

    /// @dev (1) The standing proposal, whatever the evidence.
    function test_paysTheStandingProposalFirst() external {
        _concluded(Stage.Proposed, 295_500_000, 198 * USDC, 1_500_000, 5 * USDC);

        Terms memory t = _reach(Stage.ArbitrationFail);
        uint256 before = usdc.balanceOf(seller);
        _doPropose(t, 10_000);
        _doConclude(t);
        vm.assertEq(
            usdc.balanceOf(seller) - before,
            497_500_000,
            "against its own fail, without its fee"
        );
    }

    /// @dev (2) PASS to the seller, FAIL to the buyer, PARTIAL the fallback split.
    function test_paysByTheAttestationOfTheRound() external {
        // The buyer that disputed the PASS leaves its stake to the seller.
        _concluded(Stage.ArbitrationPass, 492_500_000 + 5 * USDC, 0, 2_500_000, 5 * USDC);
        _concluded(Stage.ArbitrationFail, 0, 495 * USDC, 0, 5 * USDC);
        _concluded(Stage.ArbitrationPartial, 197 * USDC, 297 * USDC, 1 * USDC, 5 * USDC);
    }

    /// @dev (3) Objected, or not proved to be notified: the fallback; (4) notified and silent: the seller.
    /// The arbiter was silent in both and earns nothing.
    function test_paysByTheSilenceOfTheSides() external {
        _concluded(Stage.Arbitration, 199 * USDC, 300 * USDC, 1 * USDC, 0);
        _concluded(Stage.ArbitrationObjected, 199 * USDC, 300 * USDC + 5 * USDC, 1 * USDC, 0);
        _concluded(Stage.ArbitrationBySeller, 199 * USDC + 5 * USDC, 300 * USDC, 1 * USDC, 0);
        _concluded(
            Stage.ArbitrationByBoth,
            199 * USDC + 5 * USDC,
            300 * USDC + 5 * USDC,
            1 * USDC,
            0
        );
        _concluded(Stage.ArbitrationNoticed, 497_500_000, 0, 2_500_000, 0);
    }

    function test_paysTheFallbackWhenANotifiedBuyerObjected() external {
        Terms memory t = _reach(Stage.ArbitrationNoticed);
        _doDispute(t, buyer);
        uint256 before = usdc.balanceOf(seller);
        _doConclude(t);
        vm.assertEq(usdc.balanceOf(seller) - before, 199 * USDC, "seller");
        vm.assertEq(escrow.creditOf(address(arbiter)), 0, "a silent arbiter earns nothing");
    }

    function test_paysTheSellerThatDisputedANotifiedSilence() external {
        Terms memory t = _reach(Stage.Noticed);
        _doDispute(t, seller);
        uint256 before = usdc.balanceOf(seller);
        _doConclude(t);
        vm.assertEq(usdc.balanceOf(seller) - before, 497_500_000 + 5 * USDC, "all and its stake");
    }

    function test_forgetsTheAttestationOfAnEarlierRound() external {
        Terms memory t = _reach(Stage.NegotiatingPartial);
        _doRedeliver(t);
        _doEscalate(t);
        uint256 before = usdc.balanceOf(seller);
        _doConclude(t);
        vm.assertEq(
            usdc.balanceOf(seller) - before,
            497_500_000,
            "notified by the second receipt, no objection"
        );
    }

    function test_takesNoArbitrationFeeWithoutADispute() external {
        Terms memory t = _reach(Stage.Arbitration);
        _doPropose(t, 6000);
        _doConclude(t);
        vm.assertEq(escrow.creditOf(address(arbiter)), 0, "nobody disputed");

        Terms memory u = _terms();
        Numbers memory n = _numbers();
        n.fundBy = uint40(block.timestamp + 1 days);
        n.deliverBy = n.fundBy + 1 days;
        n.fallbackSellerBps = 9000;
        u.clauses = pack(n);
        _reach(u, Stage.ArbitrationPartial);
        _doConclude(u);
        vm.assertEq(escrow.creditOf(address(arbiter)), 0, "its partial ended at 90 %");
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsConcluded() external {
        Terms memory t = _reach(Stage.Proposed);
        vm.warp(_of(t).timerEnd);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Concluded(_id(t), 6000, 295_500_000, 198_000_000, 1_500_000, 5_000_000);
        escrow.conclude(t);
    }

    // -------------------------------------------------------------------- private

    function _concluded(
        Stage stage,
        uint256 sellerAmount,
        uint256 buyerAmount,
        uint256 protocol,
        uint256 arbitration
    ) private {
        uint256 snapshot = vm.snapshotState();
        Terms memory t = _reach(stage);
        uint256 buyerBefore = usdc.balanceOf(buyer);
        uint256 sellerBefore = usdc.balanceOf(seller);
        bool disputed = _of(t).buyerDisputed && stage == Stage.Proposed;
        _doConclude(t);
        string memory what = vm.toString(uint256(stage));
        vm.assertEq(
            usdc.balanceOf(seller) - sellerBefore,
            sellerAmount,
            string.concat("seller ", what)
        );
        vm.assertEq(
            usdc.balanceOf(buyer) - buyerBefore,
            buyerAmount + (disputed ? _stake(t) : 0),
            string.concat("buyer ", what)
        );
        vm.assertEq(escrow.creditOf(fees), protocol, string.concat("protocol ", what));
        vm.assertEq(
            escrow.creditOf(address(arbiter)),
            arbitration,
            string.concat("arbitration ", what)
        );
        vm.assertTrue(_of(t).arbitrated == (arbitration != 0), "recorded");
        vm.assertEq(
            usdc.balanceOf(address(escrow)),
            protocol + arbitration,
            "nothing else is left"
        );
        _same(_of(t).state, State.Resolved, what);
        vm.revertToState(snapshot);
    }
}
