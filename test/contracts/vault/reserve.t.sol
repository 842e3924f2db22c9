// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Reservation, IBonds} from "../../../contracts/src/interfaces/IBonds.sol";
import {IBondVault} from "../../../contracts/src/interfaces/IBondVault.sol";
import {State, Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {Numbers, pack} from "../support/Signatures.sol";
import {vm} from "../support/Vm.sol";
import {VaultTest} from "./VaultTest.sol";

contract ReserveTest is VaultTest {
    function test_reverts_forAnyoneButTheEscrow() public {
        vm.prank(seller);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NotEscrow.selector, seller, address(escrow)));
        bonds.reserve(bytes32("id"), seller, 1, block.timestamp);
    }

    function test_reverts_aboveTheFreeBond() public {
        vm.prank(address(escrow));
        vm.expectRevert(
            abi.encodeWithSelector(IBonds.InsufficientBond.selector, 5_000e6 + 1, 5_000e6)
        );
        bonds.reserve(bytes32("id"), seller, 5_000e6 + 1, block.timestamp);
        vm.prank(address(escrow));
        vm.assertTrue(
            bonds.reserve(bytes32("id"), seller, 5_000e6, block.timestamp) ==
                IBondVault.reserve.selector,
            "magic"
        );
        vm.assertEq(bonds.freeOf(seller), 0, "free");
    }

    function test_reverts_aboveTheLongestReview() public {
        uint256 limit = block.timestamp + 7 days;
        vm.prank(address(escrow));
        vm.expectRevert(abi.encodeWithSelector(IBonds.ReviewTooLong.selector, limit + 1, limit));
        bonds.reserve(bytes32("id"), seller, 1, limit + 1);
        vm.prank(address(escrow));
        bonds.reserve(bytes32("id"), seller, 1, limit);
    }

    /// @dev What one escrow reserved, the next cannot: it stops at a PASS under review.
    function test_cannotBeUsedTwice() public {
        Terms memory t = _plain();
        t.amount = 3_000e6;
        _bonded(t);
        t.salt = keccak256("second");
        _doFund(t);
        _completeBonded(t);
        _same(_of(t).state, State.Delivered, "under review");
        vm.assertTrue(!_of(t).bonded, "not bonded");
        vm.assertEq(_bond().reserved, 3_000e6, "one reservation");
    }

    function test_cannotBeWithdrawn() public {
        _bonded(_plain());
        vm.prank(seller);
        vm.expectRevert(
            abi.encodeWithSelector(IBonds.InsufficientBond.selector, 4_500e6 + 1, 4_500e6)
        );
        bonds.requestWithdrawal(4_500e6 + 1);
    }

    function test_whatIsLeavingCannotBeReserved() public {
        vm.prank(seller);
        bonds.requestWithdrawal(4_600e6);
        Terms memory t = _plain();
        _doFund(t);
        _completeBonded(t);
        _same(_of(t).state, State.Delivered, "under review");
    }

    function test_paysAtOnceAndHoldsTheBond() public {
        Terms memory t = _plain();
        uint256 before = usdc.balanceOf(seller);
        _bonded(t);
        vm.assertEq(usdc.balanceOf(seller) - before, 497.5e6, "paid at once");
        vm.assertEq(_bond().reserved, AMOUNT, "reserved");
        _is(t, Reservation.Reserved);
        _solvent(t);
    }

    /// @dev The reservation touches one slot of the vault: the seller's counter.
    function test_writesOneSlot() public {
        Terms memory t = _plain();
        _doFund(t);
        vm.record();
        _completeBonded(t);
        (, bytes32[] memory writes) = vm.accesses(address(bonds));
        vm.assertEq(writes.length, 1, "one write");
    }
}
