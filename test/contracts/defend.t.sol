// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./support/EscrowTest.sol";
import {vm} from "./support/Vm.sol";

contract DefendTest is EscrowTest {
    // -------------------------------------------------------------------- reverts

    function test_reverts_inEveryStateButDisputed() external {
        for (uint256 stage = 0; stage <= uint256(type(Stage).max); ++stage) {
            if (_stateOf(Stage(stage)) == State.Disputed) continue;
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            vm.prank(seller);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IPactEscrow.UnexpectedState.selector,
                    _id(t),
                    _stateOf(Stage(stage)),
                    State.Disputed
                )
            );
            escrow.defend(t, RESPONSE, "");
            vm.revertToState(snapshot);
        }
    }

    function test_reverts_forAnyoneButTheSeller_TRZ_04() external {
        Terms memory t = _reach(Stage.Disputed);
        address[3] memory others = [buyer, stranger, address(arbiter)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert();
            escrow.defend(t, RESPONSE, "");
            vm.prank(others[i]);
            vm.expectRevert();
            escrow.escalate(t, others[i], "");
        }
        vm.warp(_of(t).timerEnd);
        escrow.escalate(t, stranger, "");
        _same(_of(t).state, State.Arbitration, "escalates by itself");
    }

    function test_reverts_exactlyAtTheEndOfTheResponse() external {
        Terms memory t = _reach(Stage.Disputed);
        uint256 end = _of(t).timerEnd;
        vm.assertEq(end, START + 24 hours, "window");
        vm.warp(end);
        vm.prank(seller);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.AfterWindow.selector, end, end));
        escrow.defend(t, RESPONSE, "");
        vm.warp(end - 1);
        vm.prank(seller);
        escrow.defend(t, RESPONSE, "");
    }

    // ------------------------------------------------------------------- succeeds

    function test_opensTheNegotiation() external {
        Stage[4] memory stages = [
            Stage.Disputed,
            Stage.DisputedPass,
            Stage.DisputedPartial,
            Stage.DisputedFail
        ];
        for (uint256 i = 0; i < 4; ++i) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(stages[i]);
            vm.warp(START + 1 hours);
            _doDefend(t);
            _same(_of(t).state, State.Negotiating, "state");
            vm.assertEq(_of(t).timerEnd, START + 1 hours + 36 hours, "window");
            vm.revertToState(snapshot);
        }
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsDefended() external {
        Terms memory t = _reach(Stage.Disputed);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Defended(_id(t), RESPONSE);
        vm.prank(seller);
        escrow.defend(t, RESPONSE, "");
    }
}
