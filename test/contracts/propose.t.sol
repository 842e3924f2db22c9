// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Escrow,
    IPactEscrow,
    Kind,
    State,
    Terms
} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {Stage} from "./support/EscrowTest.sol";
import {VerdictTest} from "./support/VerdictTest.sol";
import {vm} from "./support/Vm.sol";

contract ProposeTest is VerdictTest(Kind.Proposal) {
    // -------------------------------------------------------------------- reverts

    /// @dev Else the loser could play the first proposal again over a later one.
    function test_reverts_whenASignedProposalComesOverAStandingOne() external {
        Terms memory t = _reach(Stage.Arbitration);
        bytes memory first = _proof(_proposal(_id(t), 1, 6000, RECORD), 2);
        escrow.propose(t, 6000, RECORD, first);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.AlreadyProposed.selector, 6000));
        escrow.propose(t, 6000, RECORD, first);

        vm.prank(address(arbiter));
        escrow.propose(t, 3000, RECORD, "");
        vm.assertEq(_of(t).proposedBps, 3000, "the arbiter itself replaces it");
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.AlreadyProposed.selector, 3000));
        escrow.propose(t, 6000, RECORD, first);
    }

    // ------------------------------------------------------------------- succeeds

    function test_storesAndPaysNothing() external {
        Terms memory t = _reach(Stage.ArbitrationObjected);
        uint256 held = usdc.balanceOf(address(escrow));
        uint256 end = _of(t).timerEnd;
        _doPropose(t, 0);
        Escrow memory e = _of(t);
        _same(e.state, State.Arbitration, "state");
        vm.assertTrue(e.proposed, "a proposal of zero stands too");
        vm.assertEq(e.proposedBps, 0, "split");
        vm.assertEq(e.timerEnd, end, "clock");
        vm.assertEq(usdc.balanceOf(address(escrow)), held, "not paid");
        vm.assertEq(escrow.creditOf(address(arbiter)), 0, "no fee yet");
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsProposed() external {
        Terms memory t = _reach(Stage.Arbitration);
        bytes memory proof = _proof(_proposal(_id(t), 1, 6000, RECORD), 2);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Proposed(_id(t), 6000, RECORD);
        escrow.propose(t, 6000, RECORD, proof);
    }
}
