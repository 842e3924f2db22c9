// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, Kind, State, Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./EscrowTest.sol";
import {vm} from "./Vm.sol";

/// @notice What the arbiter's two verdicts, `propose` and `rule`, refuse alike.
abstract contract VerdictTest is EscrowTest {
    Kind internal immutable KIND;

    constructor(Kind kind) {
        KIND = kind;
    }

    function test_reverts_inEveryStateButArbitration_DRV_04() external {
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
            _decide(t, 6000, "");
            vm.revertToState(snapshot);
        }
    }

    function test_reverts_forThePartiesAndStrangers_W_30() external {
        Terms memory t = _reach(Stage.ArbitrationObjected);
        address[3] memory others = [buyer, seller, stranger];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
            _decide(t, 6000, "");
        }
    }

    function test_reverts_aboveTheWhole() external {
        Terms memory t = _reach(Stage.Arbitration);
        vm.prank(address(arbiter));
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.InvalidSplit.selector, 10_001, 10_000));
        _decide(t, 10_001, "");
    }

    function test_reverts_exactlyAtTheEndOfTheArbitration() external {
        Terms memory t = _reach(Stage.Arbitration);
        uint256 end = _of(t).timerEnd;
        bytes memory proof = _proof(_verdict(KIND, _id(t), 1, 6000, RECORD), 2);
        vm.warp(end);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.AfterWindow.selector, end, end));
        _decide(t, 6000, proof);
        vm.warp(end - 1);
        _decide(t, 6000, proof);
    }

    /// @dev A proposal is a type of its own that can never execute as a ruling, and the other way round.
    function test_reverts_withTheOtherKindOrAnotherSplitRecordOrRound() external {
        Terms memory t = _reach(Stage.ArbitrationObjected);
        bytes32 id = _id(t);
        bytes32[5] memory wrong = [
            _verdict(KIND == Kind.Ruling ? Kind.Proposal : Kind.Ruling, id, 1, 6000, RECORD),
            _verdict(KIND, id, 1, 6001, RECORD),
            _verdict(KIND, id, 1, 6000, REPORT),
            _verdict(KIND, id, 2, 6000, RECORD),
            _verdict(KIND, keccak256("another escrow"), 1, 6000, RECORD)
        ];
        bytes32 digest = _digest(address(escrow), _verdict(KIND, id, 1, 6000, RECORD));
        for (uint256 i = 0; i < 5; ++i) {
            bytes memory proof = _proof(wrong[i], 3);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IPactEscrow.ArbiterRefused.selector,
                    address(arbiter),
                    KIND,
                    digest
                )
            );
            _decide(t, 6000, proof);
        }
        _decide(t, 6000, _proof(_verdict(KIND, id, 1, 6000, RECORD), 2));
    }

    function _decide(Terms memory t, uint256 bps, bytes memory proof) private {
        if (KIND == Kind.Ruling) escrow.rule(t, bps, RECORD, proof);
        else escrow.propose(t, bps, RECORD, proof);
    }

    function _verdict(
        Kind kind,
        bytes32 id,
        uint256 round,
        uint256 bps,
        bytes32 record
    ) private pure returns (bytes32) {
        return
            kind == Kind.Ruling
                ? _ruling(id, round, bps, record)
                : _proposal(id, round, bps, record);
    }
}
