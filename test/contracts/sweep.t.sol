// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./support/EscrowTest.sol";
import {Numbers, pack} from "./support/Signatures.sol";
import {vm} from "./support/Vm.sol";

contract SweepTest is EscrowTest {
    // -------------------------------------------------------------------- reverts

    function test_reverts_withNothingAccrued() external {
        vm.expectPartialRevert(IPactEscrow.NothingToWithdraw.selector);
        escrow.sweep(fees);
    }

    function test_reverts_withOneBaseUnitLeft() external {
        _reach(Stage.Completed);
        escrow.sweep(fees);
        vm.assertEq(escrow.creditOf(fees), 1, "one is left");
        vm.expectPartialRevert(IPactEscrow.NothingToWithdraw.selector);
        escrow.sweep(fees);
    }

    function test_reverts_whenTheRecipientIsBlacklistedAndKeepsTheCredit() external {
        _reach(Stage.Completed);
        usdc.blacklist(fees);
        vm.expectRevert();
        escrow.sweep(fees);
        vm.assertEq(escrow.creditOf(fees), 2_500_000, "kept");
    }

    // ------------------------------------------------------------------- succeeds

    function test_anyonePushesAllButOneBaseUnit() external {
        _reach(Stage.Completed);
        vm.prank(stranger);
        escrow.sweep(fees);
        vm.assertEq(usdc.balanceOf(fees), 2_499_999, "pushed");
        vm.assertEq(usdc.balanceOf(address(escrow)), 1, "left");
    }

    function test_pushesOneOfTwo() external {
        Terms memory t = _terms();
        Numbers memory n = _numbers();
        n.protocolFeeBps = 1;
        (t.amount, t.clauses) = (20_000, pack(n));
        _reach(t, Stage.Completed);
        vm.assertEq(escrow.creditOf(fees), 2, "the least that can be swept");
        escrow.sweep(fees);
        vm.assertEq(usdc.balanceOf(fees), 1, "pushed");
        vm.assertEq(escrow.creditOf(fees), 1, "left");
    }

    function test_pushesTheArbitersFees() external {
        _reach(Stage.Ruled);
        escrow.sweep(address(arbiter));
        vm.assertEq(usdc.balanceOf(address(arbiter)), 5 * USDC - 1, "pushed");
    }

    function test_neverTouchesOpenEscrows() external {
        _reach(Stage.Completed);
        Terms memory open = _terms();
        open.salt = keccak256("open");
        _doFund(open);
        escrow.sweep(fees);
        vm.assertEq(usdc.balanceOf(address(escrow)), open.amount + 1, "the open lock");
        _doRefund(open);
        vm.assertEq(usdc.balanceOf(address(escrow)), 1, "the unit that stays");
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsWithdrawn() external {
        _reach(Stage.Completed);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Withdrawn(fees, fees, 2_499_999);
        escrow.sweep(fees);
    }
}
