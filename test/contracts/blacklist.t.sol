// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {Stage} from "./support/EscrowTest.sol";
import {Verb, Verbs} from "./support/Verbs.sol";
import {vm} from "./support/Vm.sol";

/// @notice Known bug: a blacklisted party blocks everyone, or its money is stranded. Circle's own bytecode.
contract BlacklistTest is Verbs {
    address private constant SAFE = address(0x5AFE);

    Verb[6] private ends = [
        Verb.Release,
        Verb.Refund,
        Verb.SettleBySeller,
        Verb.Rule,
        Verb.Conclude,
        Verb.Expire
    ];

    function test_aBlacklistedBuyerBlocksNobodyAndLosesNothing() external {
        _everyEnd(buyer);
    }

    function test_aBlacklistedSellerBlocksNobodyAndLosesNothing() external {
        _everyEnd(seller);
    }

    function test_aBlacklistedFeeRecipientBlocksNobodyAndLosesNothing() external {
        _everyEnd(fees);
    }

    function test_aBlacklistedArbiterBlocksNobodyAndLosesNothing() external {
        _everyEnd(address(arbiter));
    }

    function test_aBlacklistedEscrowKeepsEverythingAsCredit() external {
        _everyEnd(address(escrow));
    }

    /// @dev `release` of the timer and `redeliver`, which returns a stake, go on too.
    function test_aBlacklistedPartyStopsNoTimerAndNoStake() external {
        Terms memory t = _reach(Stage.Passed);
        vm.warp(_of(t).timerEnd);
        usdc.blacklist(seller);
        escrow.release(t, "");
        vm.assertEq(escrow.creditOf(seller), 497_500_000, "seller");

        usdc.unBlacklist(seller);
        vm.warp(START);
        Terms memory u = _terms();
        u.salt = keccak256("u");
        _reach(u, Stage.Negotiating);
        usdc.blacklist(buyer);
        _doRedeliver(u);
        _same(_of(u).state, State.Delivered, "state");
        vm.assertEq(escrow.creditOf(buyer), _stake(u), "the stake waits");
    }

    function test_emitsCredited() external {
        Terms memory t = _reach(Stage.Delivered);
        usdc.blacklist(seller);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Credited(seller, 497_500_000);
        vm.prank(buyer);
        escrow.release(t, "");
    }

    function test_aBlacklistedBuyerCannotFund() external {
        Terms memory t = _terms();
        bytes memory signature = _fundSignature(t, BUYER);
        usdc.blacklist(buyer);
        vm.expectRevert();
        escrow.fund(t, signature);
        _same(_of(t).state, State.None, "state");
    }

    /// @dev From each stage, by each way to end it: what every side owns is what it would own without the
    /// blacklist, and it can take it out to another address.
    function _everyEnd(address victim) private {
        for (uint256 stage = uint256(Stage.Funded); stage <= uint256(Stage.Proposed); ++stage) {
            for (uint256 i = 0; i < ends.length; ++i) {
                _end(Stage(stage), ends[i], victim);
            }
        }
    }

    function _end(Stage stage, Verb verb, address victim) private {
        uint256 snapshot = vm.snapshotState();
        Terms memory t = _reach(stage);
        bool late = verb == Verb.Conclude || verb == Verb.Expire;
        if (late) vm.warp(_of(t).timerEnd);
        uint256 ready = vm.snapshotState();
        if (!_do(verb, t)) {
            vm.revertToState(snapshot);
            return;
        }
        bytes32 honest = _shares();
        vm.revertToState(ready);

        usdc.blacklist(victim);
        string memory what = string.concat(
            vm.toString(uint256(stage)),
            " verb ",
            vm.toString(uint256(verb))
        );
        vm.assertTrue(_do(verb, t), string.concat("not blocked, stage ", what));
        vm.assertEq(_shares(), honest, what);
        vm.assertTrue(_of(t).state >= State.Completed, what);

        if (victim == address(escrow)) usdc.unBlacklist(victim);
        uint256 credit = escrow.creditOf(victim);
        if (credit != 0 && victim != address(escrow)) {
            vm.prank(victim);
            escrow.withdraw(victim, SAFE, "");
            vm.assertEq(usdc.balanceOf(SAFE), credit, what);
        }
        vm.revertToState(snapshot);
    }

    function _do(Verb verb, Terms memory t) private returns (bool ok) {
        bytes memory proof;
        if (verb <= LAST_SIGNED) proof = _authorizationOf(verb, t);
        if (verb == Verb.Rule) proof = _proofOf(verb, t, 2);
        (ok, ) = address(escrow).call(_callOf(verb, t, proof));
    }

    function _shares() private view returns (bytes32) {
        return
            keccak256(
                abi.encode(_owned(buyer), _owned(seller), _owned(fees), _owned(address(arbiter)))
            );
    }
}
