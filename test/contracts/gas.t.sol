// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {Stage} from "./support/EscrowTest.sol";
import {TestVault} from "./support/TestVault.sol";
import {Verb, Verbs} from "./support/Verbs.sol";
import {vm} from "./support/Vm.sol";

/// @notice Known bug: a sender gives just so much gas that the inner call starves while the rest goes
/// through. For each amount of gas a verb either fails as a whole or does all of its work.
contract GasTest is Verbs {
    uint256 private constant STEP = 500;

    function test_noTransferStarvesInRelease_TRZ_11() external {
        _starve(Stage.Delivered, Verb.Release);
    }

    function test_noTransferStarvesInTheRefundOfADispute_TRZ_11() external {
        _starve(Stage.ArbitrationByBoth, Verb.Refund);
    }

    function test_noTransferStarvesInExpire_TRZ_11() external {
        _starve(Stage.Funded, Verb.Expire);
    }

    function test_noTransferStarvesInSettle_TRZ_11() external {
        _starve(Stage.ArbitrationByBoth, Verb.SettleBySeller);
    }

    function test_noTransferStarvesInRule_TRZ_11() external {
        _starve(Stage.ArbitrationByBoth, Verb.Rule);
    }

    function test_noTransferStarvesInConclude_TRZ_11() external {
        _starve(Stage.ArbitrationByBoth, Verb.Conclude);
    }

    function test_noStakeStarvesInRedeliver() external {
        _starve(Stage.Negotiating, Verb.Redeliver);
    }

    /// @dev The seller's instant release is not to be taken from it by a relayer that saves gas.
    function test_noReservationStarvesInComplete() external {
        Terms memory t = _terms();
        t.vault = address(vault);
        _doFund(t);
        bytes memory call_ = abi.encodeCall(IPactEscrow.complete, (t, _completion(t, true)));
        uint256 done;
        for (uint256 gas_ = 60_000; gas_ < 400_000; gas_ += STEP) {
            uint256 snapshot = vm.snapshotState();
            (bool ok, ) = address(escrow).call{gas: gas_}(call_);
            if (ok) {
                ++done;
                _same(
                    _of(t).state,
                    State.Completed,
                    string.concat("degraded at ", vm.toString(gas_))
                );
            }
            vm.revertToState(snapshot);
        }
        vm.assertTrue(done > 0, "the range is wide enough");
    }

    /// @dev With little gas a refusal cannot be told from starvation: then nothing happens, and says so.
    function test_aRefusalNeedsEnoughGasToBeBelieved() external {
        Terms memory t = _reach(Stage.Delivered);
        usdc.blacklist(seller);
        bytes memory call_ = _callOf(Verb.Release, t, _authorizationOf(Verb.Release, t));
        _believed(call_);

        vault.set(TestVault.Answer.No);
        Terms memory u = _terms();
        u.vault = address(vault);
        _doFund(u);
        _believed(abi.encodeCall(IPactEscrow.complete, (u, _completion(u, true))));
    }

    function _believed(bytes memory call_) private {
        uint256 credited;
        uint256 unsure;
        for (uint256 gas_ = 20_000; gas_ < 500_000; gas_ += STEP) {
            uint256 snapshot = vm.snapshotState();
            (bool ok, bytes memory answer) = address(escrow).call{gas: gas_}(call_);
            if (ok) ++credited;
            else if (bytes4(answer) == IPactEscrow.InsufficientGas.selector) ++unsure;
            vm.revertToState(snapshot);
        }
        vm.assertTrue(credited > 0 && unsure > 0, "believed with enough gas only");
    }

    /// @dev The arbiter is told, or the dispute does not open.
    function test_noNoticeStarvesInDispute() external {
        Terms memory t = _reach(Stage.Delivered);
        bytes memory call_ = _callOf(
            Verb.DisputeByBuyer,
            t,
            _authorizationOf(Verb.DisputeByBuyer, t)
        );
        uint256 done;
        for (uint256 gas_ = 60_000; gas_ < 500_000; gas_ += STEP) {
            uint256 snapshot = vm.snapshotState();
            (bool ok, ) = address(escrow).call{gas: gas_}(call_);
            if (ok) {
                ++done;
                vm.assertEq(
                    arbiter.disputes(),
                    1,
                    string.concat("not told at ", vm.toString(gas_))
                );
            }
            vm.revertToState(snapshot);
        }
        vm.assertTrue(done > 0, "the range is wide enough");
    }

    /// @dev Broken off at any point, an end has moved all the money and stands, or none and does not.
    function _starve(Stage stage, Verb verb) private {
        Terms memory t = _reach(stage);
        if (verb == Verb.Conclude || verb == Verb.Expire) vm.warp(_of(t).timerEnd);
        bytes memory proof;
        if (verb <= LAST_SIGNED) proof = _authorizationOf(verb, t);
        if (verb == Verb.Rule) proof = _proofOf(verb, t, 2);
        bytes memory call_ = _callOf(verb, t, proof);

        bytes32 state = keccak256(abi.encode(_of(t)));
        uint256 held = usdc.balanceOf(address(escrow));
        uint256 done;
        uint256 starved;
        for (uint256 gas_ = 3_000; gas_ < 400_000; gas_ += STEP) {
            uint256 snapshot = vm.snapshotState();
            (bool ok, ) = address(escrow).call{gas: gas_}(call_);
            if (ok) {
                ++done;
                bool ended = _of(t).state > State.Arbitration || verb == Verb.Redeliver;
                vm.assertTrue(ended, "an end");
                uint256 left = escrow.creditOf(fees) + escrow.creditOf(address(arbiter));
                uint256 open = verb == Verb.Redeliver ? t.amount : 0;
                vm.assertEq(usdc.balanceOf(address(escrow)), left + open, "all of it went");
                vm.assertEq(
                    escrow.creditOf(seller),
                    0,
                    string.concat("seller starved at ", vm.toString(gas_))
                );
                vm.assertEq(
                    escrow.creditOf(buyer),
                    0,
                    string.concat("buyer starved at ", vm.toString(gas_))
                );
            } else {
                ++starved;
                vm.assertEq(keccak256(abi.encode(_of(t))), state, "as it stood");
                vm.assertEq(usdc.balanceOf(address(escrow)), held, "nothing went");
            }
            vm.revertToState(snapshot);
        }
        vm.assertTrue(done > 0 && starved > 0, "the range is wide enough");
    }
}
