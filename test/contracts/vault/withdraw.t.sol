// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBonds} from "../../../contracts/src/interfaces/IBonds.sol";
import {Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {vm} from "../support/Vm.sol";
import {VaultTest} from "./VaultTest.sol";

contract WithdrawBondTest is VaultTest {
    uint256 private constant DELAY = 38 days;

    function test_reverts_withoutRequest() public {
        vm.prank(seller);
        vm.expectRevert(IBonds.ZeroAmount.selector);
        bonds.withdrawBond(seller);
    }

    function test_reverts_oneSecondBeforeTheDelay() public {
        vm.prank(seller);
        bonds.requestWithdrawal(1_000e6);
        uint256 readyAt = block.timestamp + DELAY;
        vm.warp(readyAt - 1);
        vm.prank(seller);
        vm.expectRevert(abi.encodeWithSelector(IBonds.BeforeReady.selector, readyAt - 1, readyAt));
        bonds.withdrawBond(seller);
        vm.warp(readyAt);
        vm.prank(seller);
        bonds.withdrawBond(stranger);
        vm.assertEq(usdc.balanceOf(stranger), 1_000e6, "paid");
        vm.assertEq(_bond().amount, 4_000e6, "bond");
        vm.assertEq(_bond().leaving, 0, "once");
    }

    function test_emitsTheRequestWithItsDayAndTheWithdrawal() public {
        uint256 readyAt = block.timestamp + DELAY;
        vm.expectEmit(true, true, true, true, address(bonds));
        emit IBonds.WithdrawalRequested(seller, 1_000e6, readyAt);
        vm.prank(seller);
        bonds.requestWithdrawal(1_000e6);
        vm.warp(readyAt);
        vm.expectEmit(true, true, true, true, address(bonds));
        emit IBonds.BondWithdrawn(seller, stranger, 1_000e6);
        vm.prank(seller);
        bonds.withdrawBond(stranger);
    }

    function test_reverts_toNobody() public {
        vm.prank(seller);
        vm.expectRevert(IBonds.ZeroAddress.selector);
        bonds.withdrawBond(address(0));
    }

    function test_aNewRequestStartsTheWaitAnew() public {
        vm.prank(seller);
        bonds.requestWithdrawal(1);
        vm.warp(block.timestamp + DELAY);
        vm.prank(seller);
        bonds.requestWithdrawal(2);
        vm.prank(seller);
        vm.expectPartialRevert(IBonds.BeforeReady.selector);
        bonds.withdrawBond(seller);
    }

    /// @dev Asked back on the day of a bonded release, the money is still there after the longest dispute.
    function test_theLongestDisputeEndsBeforeTheDelay() public {
        Terms memory t = _plain();
        uint256 start = block.timestamp;
        _bonded(t);
        vm.prank(seller);
        bonds.requestWithdrawal(4_500e6);
        vm.warp(_of(t).timerEnd - 1);
        _claim(t);
        vm.warp(_claimOf(t).end - 1);
        _ruleClaim(t, 0);
        vm.assertEq(_bond().amount, 4_500e6, "compensated from what was reserved");
        // 7 days of review and 30 of arbitration are the most that the vault and the escrow accept.
        vm.assertLe(start + 7 days + 30 days, start + DELAY, "longer than both");
        _solvent(t);
    }
}
