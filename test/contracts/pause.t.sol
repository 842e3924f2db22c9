// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {Stage} from "./support/EscrowTest.sol";
import {Numbers, pack} from "./support/Signatures.sol";
import {Verb, Verbs} from "./support/Verbs.sol";
import {vm} from "./support/Vm.sol";

/// @notice Known bug: paused USDC freezes a state machine for good. Circle's own bytecode.
contract PauseTest is Verbs {
    /// @dev Whatever ends an escrow ends it while the token is paused: the shares wait as credits.
    function test_inEveryStageEveryEndWorksAndNothingIsLost() external {
        Verb[6] memory ends = [
            Verb.Release,
            Verb.Refund,
            Verb.SettleBySeller,
            Verb.Rule,
            Verb.Conclude,
            Verb.Expire
        ];
        uint256 count;
        for (uint256 stage = uint256(Stage.Funded); stage <= uint256(Stage.Proposed); ++stage) {
            for (uint256 i = 0; i < ends.length; ++i) {
                if (_end(Stage(stage), ends[i])) ++count;
            }
        }
        // 19 stages by release, refund, settle; 9 of them Arbitration by rule and conclude; 1 by expire.
        vm.assertEq(count, 19 * 3 + 9 * 2 + 1, "every way out was tried");
    }

    function _end(Stage stage, Verb verb) private returns (bool possible) {
        uint256 snapshot = vm.snapshotState();
        Terms memory t = _reach(stage);
        if (verb == Verb.Conclude || verb == Verb.Expire) vm.warp(_of(t).timerEnd);
        uint256 ready = vm.snapshotState();
        possible = _do(verb, t);
        if (possible) {
            bytes32 honest = _shares();
            vm.revertToState(ready);
            usdc.pause();
            vm.assertTrue(_do(verb, t), vm.toString(uint256(stage)));
            usdc.unpause();
            vm.assertEq(_shares(), honest, vm.toString(uint256(stage)));
            _takesOut(buyer);
            _takesOut(seller);
        }
        vm.revertToState(snapshot);
    }

    function _takesOut(address who) private {
        uint256 credit = escrow.creditOf(who);
        if (credit == 0) return;
        uint256 before = usdc.balanceOf(who);
        vm.prank(who);
        escrow.withdraw(who, who, "");
        vm.assertEq(usdc.balanceOf(who) - before, credit, "out");
    }

    /// @dev What takes money in, or takes a credit out, waits until the token moves again.
    function test_refusesWhatNeedsTheToken() external {
        Terms memory t = _reach(Stage.Delivered);
        Terms memory u = _terms();
        u.salt = keccak256("u");
        bytes memory signature = _fundSignature(u, BUYER);
        usdc.pause();

        vm.expectRevert();
        escrow.fund(u, signature);
        vm.prank(buyer);
        vm.expectRevert();
        escrow.fundByAllowance(u, "");
        vm.prank(buyer);
        vm.expectRevert();
        escrow.dispute(t, buyer, CLAIM, "", "");

        _doRelease(t);
        vm.prank(seller);
        vm.expectRevert();
        escrow.withdraw(seller, seller, "");
        vm.assertEq(escrow.creditOf(seller), 497_500_000, "kept");
    }

    /// @dev Terms without an arbitration fee: a dispute costs nothing, and asks nothing of the token.
    function test_aDisputeWithoutAStakeGoesOn() external {
        Terms memory t = _terms();
        Numbers memory n = _numbers();
        n.arbitrationFeeBps = 0;
        t.clauses = pack(n);
        _reach(t, Stage.Delivered);
        usdc.pause();
        _doDispute(t, buyer);
        _same(_of(t).state, State.Disputed, "disputed");
    }

    /// @dev A stake that returns inside `redeliver` and steps that move no money go on.
    function test_everyStepWithoutIncomingMoneyWorks() external {
        Verb[9] memory steps = [
            Verb.Deliver,
            Verb.DeliverInline,
            Verb.Redeliver,
            Verb.Defend,
            Verb.AmendByBuyer,
            Verb.EscalateBySeller,
            Verb.AttestFail,
            Verb.Propose,
            Verb.Complete
        ];
        for (uint256 i = 0; i < steps.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(_stageOf(steps[i]));
            usdc.pause();
            vm.assertTrue(_do(steps[i], t), vm.toString(uint256(steps[i])));
            vm.revertToState(snapshot);
        }
    }

    function _do(Verb verb, Terms memory t) private returns (bool ok) {
        bytes memory proof;
        if (verb <= LAST_SIGNED) proof = _authorizationOf(verb, t);
        else if (verb <= Verb.Rule) proof = _proofOf(verb, t, 2);
        else if (verb == Verb.Complete) proof = _deliverAuthorization(t, ARTIFACT, false);
        (ok, ) = address(escrow).call(_callOf(verb, t, proof));
    }

    function _shares() private view returns (bytes32) {
        return
            keccak256(
                abi.encode(_owned(buyer), _owned(seller), _owned(fees), _owned(address(arbiter)))
            );
    }
}
