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
import {vm} from "./support/Vm.sol";

contract EscalateTest is EscrowTest {
    // -------------------------------------------------------------------- reverts

    function test_reverts_outsideTheStatesWithAWindowBeforeArbitration() external {
        for (uint256 stage = 0; stage <= uint256(type(Stage).max); ++stage) {
            State state = _stateOf(Stage(stage));
            if (state >= State.Delivered && state <= State.Negotiating) continue;
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            vm.warp(START + 365 days);
            vm.prank(buyer);
            vm.expectRevert();
            escrow.escalate(t, buyer, "");
            vm.revertToState(snapshot);
        }
    }

    /// @dev A PASS is released, never escalated by the timer.
    function test_reverts_afterAPass() external {
        Terms memory t = _reach(Stage.Passed);
        vm.warp(uint256(_of(t).timerEnd) + 1);
        vm.expectPartialRevert(IPactEscrow.UnexpectedResult.selector);
        escrow.escalate(t, stranger, "");
        vm.prank(buyer);
        vm.expectRevert();
        escrow.escalate(t, buyer, "");
    }

    function test_reverts_beforeTheWindowEndsForEveryoneButNegotiators() external {
        Stage[2] memory stages = [Stage.Delivered, Stage.Disputed];
        address[4] memory everyone = [buyer, seller, stranger, address(arbiter)];
        for (uint256 s = 0; s < 2; ++s) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(stages[s]);
            uint256 end = _of(t).timerEnd;
            vm.warp(end - 1);
            for (uint256 i = 0; i < 4; ++i) {
                vm.prank(everyone[i]);
                vm.expectRevert(
                    abi.encodeWithSelector(IPactEscrow.BeforeWindowEnd.selector, end - 1, end)
                );
                escrow.escalate(t, everyone[i], "");
            }
            vm.revertToState(snapshot);
        }
    }

    function test_reverts_forStrangersWhileNegotiating() external {
        Terms memory t = _reach(Stage.Negotiating);
        vm.warp(_of(t).timerEnd - 1);
        address[2] memory others = [stranger, address(arbiter)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(others[i]);
            vm.expectRevert();
            escrow.escalate(t, others[i], "");
            vm.prank(others[i]);
            vm.expectRevert();
            escrow.escalate(t, buyer, "");
        }
    }

    // ------------------------------------------------------------------- succeeds

    function test_anyoneExactlyFromTheEndOfEachWindow_TRZ_05() external {
        Stage[4] memory stages = [
            Stage.Delivered,
            Stage.Disputed,
            Stage.DisputedPass,
            Stage.Negotiating
        ];
        for (uint256 s = 0; s < 4; ++s) {
            for (uint256 late = 0; late < 2; ++late) {
                uint256 snapshot = vm.snapshotState();
                Terms memory t = _reach(stages[s]);
                uint256 now_ = uint256(_of(t).timerEnd) + late;
                vm.warp(now_);
                vm.prank(stranger);
                escrow.escalate(t, stranger, "");
                _same(_of(t).state, State.Arbitration, "state");
                vm.assertEq(_of(t).timerEnd, now_ + 72 hours, "a whole window for the arbiter");
                vm.revertToState(snapshot);
            }
        }
    }

    function test_eitherPartyWhileNegotiating_TRZ_05() external {
        address[2] memory parties = [buyer, seller];
        for (uint256 i = 0; i < 2; ++i) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage.Negotiating);
            vm.prank(parties[i]);
            escrow.escalate(t, parties[i], "");
            _same(_of(t).state, State.Arbitration, "state");
            vm.assertEq(_of(t).timerEnd, block.timestamp + 72 hours, "window");
            vm.revertToState(snapshot);
        }
    }

    function test_keepsTheEvidence() external {
        Terms memory t = _reach(Stage.DisputedPass);
        _doEscalate(t);
        Escrow memory e = _of(t);
        vm.assertEq(uint256(e.result), uint256(Result.Pass), "attestation");
        vm.assertTrue(e.buyerDisputed, "objection");
        vm.assertEq(e.round, 1, "round");
    }

    function test_tellsTheArbiter() external {
        Terms memory t = _reach(Stage.Delivered);
        _doEscalate(t);
        vm.assertEq(arbiter.disputes(), 1, "told");
        vm.assertEq(arbiter.disputedId(), _id(t), "id");
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsEscalated() external {
        Terms memory t = _reach(Stage.Disputed);
        vm.warp(_of(t).timerEnd);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Escalated(_id(t));
        escrow.escalate(t, stranger, "");
    }

    /// @dev The arbiter is told with exactly the gas that this takes, and not with one unit less.
    function test_reverts_withOneUnitLessGasThanTheArbiterIsOwed() external {
        Terms memory t = _reach(Stage.Delivered);
        vm.warp(_of(t).timerEnd);
        uint256 needed = (uint256(100_000) * 64) / 63 + 5_000;
        uint256 provided = 50_000;
        uint256 available;
        // Calls that ran out of gas before they came to the check have no reason.
        while (available == 0) {
            provided += needed / 2;
            available = _gasLeftAtTheNotice(t, provided, needed);
        }
        uint256 enough = provided + needed - available;
        vm.assertEq(_gasLeftAtTheNotice(t, enough - 1, needed), needed - 1, "one too little");
        (bool ok, ) = _escalateWith(t, enough);
        vm.assertTrue(ok, "enough");
        vm.assertEq(arbiter.disputes(), 1, "told");
    }

    function _escalateWith(
        Terms memory t,
        uint256 provided
    ) private returns (bool ok, bytes memory answer) {
        bytes memory data = abi.encodeCall(IPactEscrow.escalate, (t, stranger, ""));
        return address(escrow).call{gas: provided}(data);
    }

    function _gasLeftAtTheNotice(
        Terms memory t,
        uint256 provided,
        uint256 needed
    ) private returns (uint256) {
        (bool ok, bytes memory answer) = _escalateWith(t, provided);
        vm.assertTrue(!ok, "too little");
        if (answer.length == 0) return 0;
        (uint256 available, uint256 wanted) = this.decode(answer);
        vm.assertEq(wanted, needed, "needed");
        return available;
    }

    function decode(bytes calldata answer) external pure returns (uint256, uint256) {
        require(bytes4(answer) == IPactEscrow.InsufficientGas.selector);
        return abi.decode(answer[4:], (uint256, uint256));
    }
}
