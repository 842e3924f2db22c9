// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, Result, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {Stage} from "./support/EscrowTest.sol";
import {HostileArbiter} from "./support/HostileArbiter.sol";
import {TestArbiter} from "./support/TestArbiter.sol";
import {Verb, Verbs} from "./support/Verbs.sol";
import {vm} from "./support/Vm.sol";

/// @notice An arbiter that refuses with the very word that would have been a yes, or with most of it.
contract ContradictoryArbiter {
    uint256 private immutable _length;
    bool private immutable _reverts;

    constructor(uint256 length, bool reverts) {
        _length = length;
        _reverts = reverts;
    }

    fallback() external {
        (uint256 length, bool reverts) = (_length, _reverts);
        assembly ("memory-safe") {
            mstore(0, 0)
            if reverts {
                mstore(0, 1)
                revert(0, length)
            }
            return(0, length)
        }
    }
}

/// @notice Known bugs: a dispute with no resolver, an arbiter that re-enters, burns gas or vanishes.
contract HostileArbiterTest is Verbs {
    HostileArbiter private hostile;

    function setUp() public override {
        super.setUp();
        hostile = new HostileArbiter();
        arbiter = TestArbiter(address(hostile));
    }

    /// @dev Whatever the arbiter does when it is told, the dispute goes on, with gas left for the sender.
    function test_listeningBadlyBlocksNoDispute() external {
        for (uint256 mode = 0; mode <= uint256(type(HostileArbiter.Mode).max); ++mode) {
            uint256 snapshot = vm.snapshotState();
            hostile.set(HostileArbiter.Mode.Honest, HostileArbiter.Mode(mode));
            Terms memory t = _reach(Stage.Delivered);
            vm.prank(buyer);
            escrow.dispute{gas: 3_000_000}(t, buyer, CLAIM, "", "");
            _same(_of(t).state, State.Disputed, vm.toString(mode));
            vm.warp(_of(t).timerEnd);
            escrow.escalate{gas: 3_000_000}(t, stranger, "");
            _same(_of(t).state, State.Arbitration, vm.toString(mode));
            vm.revertToState(snapshot);
        }
    }

    /// @dev Only an exact `true` authorises.
    function test_answeringBadlyAuthorisesNothing() external {
        Terms memory t = _reach(Stage.ArbitrationObjected);
        for (uint256 mode = 1; mode < uint256(HostileArbiter.Mode.Reenters); ++mode) {
            hostile.set(HostileArbiter.Mode(mode), HostileArbiter.Mode.Honest);
            (bool ok, ) = address(escrow).call{gas: 10_000_000}(
                abi.encodeCall(IPactEscrow.rule, (t, 10_000, RECORD, "proof"))
            );
            vm.assertTrue(!ok, vm.toString(mode));
        }
        _same(_of(t).state, State.Arbitration, "state");
        hostile.set(HostileArbiter.Mode.Honest, HostileArbiter.Mode.Honest);
        escrow.rule(t, 6000, RECORD, "proof");
        _same(_of(t).state, State.Resolved, "and true does");
    }

    /// @dev Not a revert that carries `true`, nor 31 zeros before the byte 1 that stood there: the id's own.
    function test_aRefusalThatReadsLikeTrueAuthorisesNothing() external {
        for (uint256 i; i < 2; i++) {
            arbiter = TestArbiter(address(new ContradictoryArbiter(i == 0 ? 32 : 31, i == 0)));
            Terms memory t = _terms();
            while (uint8(uint256(_id(t))) != 1) t.salt = bytes32(uint256(t.salt) + 1);
            _doFund(t);
            _doDeliverNoticed(t);
            vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
            escrow.attest(t, Result.Pass, REPORT, "proof");
        }
    }

    /// @dev An arbiter that refuses everything or whose code is gone: time ends every dispute.
    function test_aDisputeWithoutAResolverEndsByTime_DRV_02() external {
        for (
            uint256 stage = uint256(Stage.Disputed);
            stage <= uint256(Stage.ArbitrationByBoth);
            ++stage
        ) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            vm.etch(address(hostile), "");
            while (_of(t).state < State.Arbitration) {
                _doEscalate(t);
            }
            _doConclude(t);
            _same(_of(t).state, State.Resolved, vm.toString(stage));
            vm.revertToState(snapshot);
        }
    }

    /// @dev The silence of the arbiter is paid by nobody: no fee where it decided nothing.
    function test_aSilentArbiterEarnsNothing() external {
        Stage[5] memory stages = [
            Stage.Arbitration,
            Stage.ArbitrationNoticed,
            Stage.ArbitrationObjected,
            Stage.ArbitrationBySeller,
            Stage.ArbitrationByBoth
        ];
        for (uint256 i = 0; i < stages.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(stages[i]);
            _doConclude(t);
            vm.assertEq(escrow.creditOf(address(hostile)), 0, vm.toString(i));
            vm.revertToState(snapshot);
        }
    }

    /// @dev Told of a dispute the arbiter rules at once, from inside the call.
    function test_reentersFromOnDispute() external {
        for (uint256 i = 0; i < 2; ++i) {
            for (uint256 verb = 0; verb < 4; ++verb) {
                uint256 snapshot = vm.snapshotState();
                Terms memory t = _reach(Stage.Delivered);
                Terms memory other = _terms();
                other.salt = keccak256("other");
                _doFund(other);
                hostile.reenterWith(address(escrow), _arbiterCall(verb, t));
                hostile.set(HostileArbiter.Mode.Honest, HostileArbiter.Mode.Reenters);
                address by = i == 0 ? buyer : seller;
                _doDispute(t, by);

                vm.assertTrue(hostile.reentered(), "it tried");
                vm.assertTrue(hostile.reentryFailed(), "and was refused");
                _same(
                    _of(t).state,
                    i == 0 ? State.Disputed : State.Arbitration,
                    "the state of the dispute"
                );
                vm.assertEq(
                    usdc.balanceOf(address(escrow)),
                    t.amount + _stake(t) + other.amount,
                    "the money of the dispute"
                );
                vm.revertToState(snapshot);
            }
        }
    }

    /// @dev Outside its rights the arbiter moves nothing: it can neither release, refund nor take.
    function test_hasNoOtherPower_W_30() external {
        Terms memory t = _reach(Stage.ArbitrationObjected);
        Verb[9] memory verbs = [
            Verb.Release,
            Verb.Refund,
            Verb.SettleByBuyer,
            Verb.SettleBySeller,
            Verb.Deliver,
            Verb.Defend,
            Verb.DisputeByBuyer,
            Verb.Expire,
            Verb.Conclude
        ];
        for (uint256 i = 0; i < verbs.length; ++i) {
            vm.assertTrue(!hostile.send(address(escrow), _callOf(verbs[i], t, "")), vm.toString(i));
        }
        _same(_of(t).state, State.Arbitration, "state");
    }

    function _arbiterCall(uint256 verb, Terms memory t) private pure returns (bytes memory) {
        if (verb == 0) return abi.encodeCall(IPactEscrow.rule, (t, 10_000, RECORD, ""));
        if (verb == 1) return abi.encodeCall(IPactEscrow.propose, (t, 10_000, RECORD, ""));
        if (verb == 2) return abi.encodeCall(IPactEscrow.attest, (t, Result.Pass, REPORT, ""));
        return abi.encodeCall(IPactEscrow.conclude, (t));
    }
}
