// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Escrow,
    IPactEscrow,
    Kind,
    Result,
    State,
    Terms
} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {IArbiter} from "../../contracts/src/interfaces/IArbiter.sol";
import {EscrowTest, Stage} from "./support/EscrowTest.sol";
import {vm} from "./support/Vm.sol";

contract AttestTest is EscrowTest {
    // -------------------------------------------------------------------- reverts

    function test_reverts_inEveryStateButDelivered() external {
        for (uint256 stage = 0; stage <= uint256(type(Stage).max); ++stage) {
            if (_stateOf(Stage(stage)) == State.Delivered) continue;
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            vm.prank(address(arbiter));
            vm.expectRevert(
                abi.encodeWithSelector(
                    IPactEscrow.UnexpectedState.selector,
                    _id(t),
                    _stateOf(Stage(stage)),
                    State.Delivered
                )
            );
            escrow.attest(t, Result.Fail, REPORT, "");
            vm.revertToState(snapshot);
        }
    }

    function test_reverts_theSecondTimeInARound() external {
        Terms memory t = _reach(Stage.Passed);
        bytes memory proof = _proof(_attestation(_id(t), 1, Result.Fail, REPORT), 3);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.AlreadyAttested.selector, Result.Pass));
        escrow.attest(t, Result.Fail, REPORT, proof);
        vm.prank(address(arbiter));
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.AlreadyAttested.selector, Result.Pass));
        escrow.attest(t, Result.Partial, REPORT, "");
    }

    function test_reverts_withoutAResult() external {
        Terms memory t = _reach(Stage.Delivered);
        bytes memory proof = _proof(_attestation(_id(t), 1, Result.None, REPORT), 3);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.InvalidResult.selector, Result.None));
        escrow.attest(t, Result.None, REPORT, proof);
    }

    function test_reverts_belowTheThreshold() external {
        Terms memory t = _reach(Stage.Delivered);
        bytes32 hash = _attestation(_id(t), 1, Result.Pass, REPORT);
        bytes32 digest = _digest(address(escrow), hash);
        bytes memory one = _proof(hash, 1);
        bytes memory twice = bytes.concat(one, one);
        bytes memory error_ = abi.encodeWithSelector(
            IPactEscrow.ArbiterRefused.selector,
            address(arbiter),
            Kind.Attestation,
            digest
        );
        vm.expectRevert(error_);
        escrow.attest(t, Result.Pass, REPORT, one);
        vm.expectRevert(error_);
        escrow.attest(t, Result.Pass, REPORT, twice);
        vm.expectRevert(error_);
        escrow.attest(t, Result.Pass, REPORT, "");
    }

    function test_reverts_withAProofOverAnotherResultReportRoundOrEscrow() external {
        Terms memory t = _reach(Stage.Delivered);
        bytes32 id = _id(t);
        bytes32[5] memory wrong = [
            _attestation(id, 1, Result.Fail, REPORT),
            _attestation(id, 1, Result.Pass, RECORD),
            _attestation(id, 2, Result.Pass, REPORT),
            _attestation(keccak256("another escrow"), 1, Result.Pass, REPORT),
            _receipt(id, 1, REPORT)
        ];
        for (uint256 i = 0; i < 5; ++i) {
            bytes memory proof = _proof(wrong[i], 3);
            vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
            escrow.attest(t, Result.Pass, REPORT, proof);
        }
    }

    function test_reverts_withTheAttestationOfTheFirstRoundInTheSecond() external {
        Terms memory t = _reach(Stage.NegotiatingPartial);
        _doRedeliver(t);
        bytes memory old = _proof(_attestation(_id(t), 1, Result.Partial, REPORT), 3);
        vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
        escrow.attest(t, Result.Partial, REPORT, old);
    }

    function test_reverts_forThePartiesAndStrangers_W_30() external {
        Terms memory t = _reach(Stage.Delivered);
        address[3] memory others = [buyer, seller, stranger];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
            escrow.attest(t, Result.Pass, REPORT, "");
        }
    }

    function test_reverts_exactlyAtTheEndOfTheReview() external {
        Terms memory t = _reach(Stage.Delivered);
        uint256 end = _of(t).timerEnd;
        bytes memory proof = _proof(_attestation(_id(t), 1, Result.Pass, REPORT), 2);
        vm.warp(end);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.AfterWindow.selector, end, end));
        escrow.attest(t, Result.Pass, REPORT, proof);
        vm.warp(end - 1);
        escrow.attest(t, Result.Pass, REPORT, proof);
    }

    // ------------------------------------------------------------------- succeeds

    /// @dev A foreign arbiter may decide by any of these: none may be left out or stand elsewhere. The
    /// ladder matters where it judges, and is zero here.
    function test_asks_theArbiterWithEveryFactOfTheQuestion() external {
        Terms memory t = _reach(Stage.Delivered);
        bytes32 hash = _attestation(_id(t), 1, Result.Fail, REPORT);
        bytes memory proof = _proof(hash, 2);
        vm.expectCall(
            address(arbiter),
            abi.encodeCall(
                IArbiter.isAuthorized,
                (
                    _id(t),
                    bytes32(0),
                    Kind.Attestation,
                    escrow.escrowOf(_id(t)).fundedAt,
                    _digest(address(escrow), hash),
                    proof
                )
            ),
            1
        );
        escrow.attest(t, Result.Fail, REPORT, proof);
    }

    function test_passKeepsTheReviewRunning() external {
        Terms memory t = _reach(Stage.Delivered);
        uint256 end = _of(t).timerEnd;
        vm.warp(START + 1 hours);
        _doAttest(t, Result.Pass);
        Escrow memory e = _of(t);
        _same(e.state, State.Delivered, "state");
        vm.assertEq(uint256(e.result), uint256(Result.Pass), "result");
        vm.assertEq(e.timerEnd, end, "clock");
    }

    function test_partialAndFailOpenTheDispute() external {
        for (uint256 result = uint256(Result.Partial); result <= uint256(Result.Fail); ++result) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage.Delivered);
            vm.warp(START + 1 hours);
            _doAttest(t, Result(result));
            Escrow memory e = _of(t);
            _same(e.state, State.Disputed, "state");
            vm.assertEq(uint256(e.result), result, "result");
            vm.assertEq(e.timerEnd, START + 1 hours + 24 hours, "response");
            vm.assertTrue(!e.buyerDisputed && !e.sellerDisputed, "no party disputed");
            vm.assertEq(usdc.balanceOf(address(escrow)), t.amount, "no stake");
            vm.revertToState(snapshot);
        }
    }

    function test_theArbiterItselfNeedsNoProof() external {
        Terms memory t = _reach(Stage.Delivered);
        vm.prank(address(arbiter));
        escrow.attest(t, Result.Fail, REPORT, "");
        _same(_of(t).state, State.Disputed, "state");
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsAttested() external {
        Terms memory t = _reach(Stage.Delivered);
        bytes memory proof = _proof(_attestation(_id(t), 1, Result.Pass, REPORT), 2);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Attested(_id(t), 1, Result.Pass, REPORT);
        escrow.attest(t, Result.Pass, REPORT, proof);
    }

    function test_emitsTheDisputeOfTheArbiter() external {
        Terms memory t = _reach(Stage.Delivered);
        bytes memory proof = _proof(_attestation(_id(t), 1, Result.Partial, REPORT), 2);
        vm.expectEmit(true, true, false, false, address(escrow));
        emit IPactEscrow.Disputed(_id(t), address(arbiter), REPORT, 0);
        escrow.attest(t, Result.Partial, REPORT, proof);
    }
}
