// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Escrow, IPactEscrow, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./support/EscrowTest.sol";
import {vm} from "./support/Vm.sol";

contract ProposeTest is EscrowTest {
    // -------------------------------------------------------------------- reverts

    function test_reverts_inEveryStateButArbitration() external {
        for (uint256 stage = 0; stage <= uint256(type(Stage).max); ++stage) {
            if (_stateOf(Stage(stage)) == State.Arbitration) continue;
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            vm.prank(address(arbiter));
            vm.expectRevert(
                abi.encodeWithSelector(
                    IPactEscrow.UnexpectedState.selector,
                    _id(t),
                    _stateOf(Stage(stage)),
                    State.Arbitration
                )
            );
            escrow.propose(t, 6000, RECORD, "");
            vm.revertToState(snapshot);
        }
    }

    function test_reverts_forThePartiesAndStrangers() external {
        Terms memory t = _reach(Stage.Arbitration);
        address[3] memory others = [buyer, seller, stranger];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
            escrow.propose(t, 6000, RECORD, "");
        }
    }

    function test_reverts_aboveTheWhole() external {
        Terms memory t = _reach(Stage.Arbitration);
        vm.prank(address(arbiter));
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.InvalidSplit.selector, 10_001, 10_000));
        escrow.propose(t, 10_001, RECORD, "");
    }

    function test_reverts_exactlyAtTheEndOfTheArbitration() external {
        Terms memory t = _reach(Stage.Arbitration);
        uint256 end = _of(t).timerEnd;
        bytes memory proof = _proof(_proposal(_id(t), 1, 6000, RECORD), 2);
        vm.warp(end);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.AfterWindow.selector, end, end));
        escrow.propose(t, 6000, RECORD, proof);
        vm.warp(end - 1);
        escrow.propose(t, 6000, RECORD, proof);
    }

    function test_reverts_withARulingOrAnotherSplitRecordOrRound() external {
        Terms memory t = _reach(Stage.Arbitration);
        bytes32 id = _id(t);
        bytes32[5] memory wrong = [
            _ruling(id, 1, 6000, RECORD),
            _proposal(id, 1, 6001, RECORD),
            _proposal(id, 1, 6000, REPORT),
            _proposal(id, 2, 6000, RECORD),
            _proposal(keccak256("another escrow"), 1, 6000, RECORD)
        ];
        for (uint256 i = 0; i < 5; ++i) {
            bytes memory proof = _proof(wrong[i], 3);
            vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
            escrow.propose(t, 6000, RECORD, proof);
        }
    }

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
