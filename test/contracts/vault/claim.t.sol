// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBonds, Reservation} from "../../../contracts/src/interfaces/IBonds.sol";
import {Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {vm} from "../support/Vm.sol";
import {VaultTest} from "./VaultTest.sol";

contract ClaimTest is VaultTest {
    function test_reverts_withoutReservation() public {
        Terms memory t = _plain();
        bytes32 id = _doFund(t);
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NotReserved.selector, id));
        bonds.claim(t, CLAIM, 0, "");
    }

    function test_reverts_forAnEscrowReleasedOtherwise() public {
        Terms memory t = _plain();
        bytes32 id = _doFund(t);
        _doRelease(t);
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NotReserved.selector, id));
        bonds.claim(t, CLAIM, 0, "");
    }

    function test_reverts_forAnyoneButTheBuyer() public {
        Terms memory t = _plain();
        _bonded(t);
        vm.prank(seller);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NotBuyer.selector, seller, buyer));
        bonds.claim(t, CLAIM, 0, "");
    }

    function test_reverts_exactlyAtTheEndOfTheReview() public {
        Terms memory t = _plain();
        _bonded(t);
        uint256 end = _of(t).timerEnd;
        vm.warp(end);
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IBonds.AfterReview.selector, end, end));
        bonds.claim(t, CLAIM, 0, "");
        vm.warp(end - 1);
        _claim(t);
        _is(t, Reservation.Claimed);
    }

    function test_reverts_twice() public {
        (Terms memory t, bytes32 id) = _claimed();
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NotReserved.selector, id));
        bonds.claim(t, CLAIM, 0, "");
    }

    /// @dev One arbitration fee is staked, and the arbitration window runs from the claim.
    function test_holdsTheStakeAndTheReservation_W_38() public {
        Terms memory t = _plain();
        bytes32 id = _bonded(t);
        uint256 before = usdc.balanceOf(buyer);
        uint256 end = block.timestamp + 72 hours;
        vm.expectEmit(true, true, true, true, address(bonds));
        emit IBonds.Claimed(id, buyer, CLAIM, STAKE, end);
        _claim(t);
        vm.assertEq(before - usdc.balanceOf(buyer), STAKE, "stake");
        vm.assertEq(_claimOf(t).end, end, "end");
        vm.assertEq(_bond().reserved, AMOUNT, "held");
        _solvent(t);
    }

    function test_byAuthorization_openToAnySender() public {
        Terms memory t = _plain();
        bytes32 id = _bonded(t);
        bytes32 nonce = keccak256(abi.encodePacked("earnest/claim", id, CLAIM));
        uint256 validBefore = block.timestamp + 1;
        bytes memory signature = _sign(
            BUYER,
            _receiveDigest(usdc, buyer, address(bonds), STAKE, validBefore, nonce)
        );

        // The claim hash is part of the nonce: nobody can put other words into the buyer's mouth.
        vm.expectRevert();
        bonds.claim(t, keccak256("other"), validBefore, signature);
        vm.prank(stranger);
        bonds.claim(t, CLAIM, validBefore, signature);
        _is(t, Reservation.Claimed);
    }

    // ----------------------------------------------------------------- drop

    function test_drop_reverts_forTheSeller() public {
        (Terms memory t, ) = _claimed();
        vm.prank(seller);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NotBuyer.selector, seller, buyer));
        bonds.drop(t);
    }

    function test_drop_paysTheSellerTheStake() public {
        (Terms memory t, ) = _claimed();
        uint256 before = usdc.balanceOf(seller);
        vm.prank(buyer);
        bonds.drop(t);
        vm.assertEq(usdc.balanceOf(seller) - before, STAKE, "stake");
        vm.assertEq(_bond().reserved, 0, "freed");
        _is(t, Reservation.Freed);
        _solvent(t);
    }

    // ----------------------------------------------------------------- free

    function test_free_reverts_oneSecondBeforeTheEndOfTheReview() public {
        Terms memory t = _plain();
        _bonded(t);
        uint256 end = _of(t).timerEnd;
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(IBonds.BeforeReviewEnd.selector, end - 1, end));
        bonds.free(t);
        vm.warp(end);
        bonds.free(t);
        _is(t, Reservation.Freed);
        vm.assertEq(bonds.freeOf(seller), 5_000e6, "free again");
        _solvent(t);
    }

    function test_free_reverts_twice() public {
        Terms memory t = _plain();
        bytes32 id = _bonded(t);
        vm.warp(_of(t).timerEnd);
        bonds.free(t);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NotReserved.selector, id));
        bonds.free(t);
    }

    function test_free_reverts_whileClaimed() public {
        (Terms memory t, bytes32 id) = _claimed();
        vm.warp(_of(t).timerEnd);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NotReserved.selector, id));
        bonds.free(t);
    }

    /// @dev However a reservation ends, who follows the vault learns that the bond is free again.
    function test_emitsHowAClaimEnds_DroppedOrConcluded() public {
        (Terms memory t, bytes32 id) = _claimed();
        uint256 snapshot = vm.snapshotState();
        vm.expectEmit(true, true, true, true, address(bonds));
        emit IBonds.Dropped(id, STAKE);
        vm.prank(buyer);
        bonds.drop(t);

        vm.revertToState(snapshot);
        vm.warp(_claimOf(t).end);
        vm.expectEmit(true, true, true, true, address(bonds));
        emit IBonds.ClaimConcluded(id, STAKE);
        bonds.conclude(t);
    }

    function test_emitsFreed_afterTheReviewADropAndTheWindow() public {
        Terms memory t = _plain();
        bytes32 id = _bonded(t);
        uint256 snapshot = vm.snapshotState();
        vm.warp(_of(t).timerEnd);
        _expectFreed(t, id);
        bonds.free(t);

        vm.revertToState(snapshot);
        vm.warp(_of(t).timerEnd - 1);
        _claim(t);
        snapshot = vm.snapshotState();
        _expectFreed(t, id);
        vm.prank(buyer);
        bonds.drop(t);

        vm.revertToState(snapshot);
        vm.warp(_claimOf(t).end);
        _expectFreed(t, id);
        bonds.conclude(t);
    }

    function _expectFreed(Terms memory t, bytes32 id) private {
        vm.expectEmit(true, true, true, true, address(bonds));
        emit IBonds.Freed(id, t.seller, t.amount);
    }

    // ------------------------------------------------------------- conclude

    function test_conclude_reverts_oneSecondBeforeTheEnd() public {
        (Terms memory t, ) = _claimed();
        uint256 end = _claimOf(t).end;
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(IBonds.BeforeClaimEnd.selector, end - 1, end));
        bonds.conclude(t);
    }

    /// @dev A dead arbiter leaves nothing locked: the PASS stands.
    function test_conclude_letsThePassStand() public {
        (Terms memory t, ) = _claimed();
        uint256 before = usdc.balanceOf(seller);
        vm.warp(_claimOf(t).end);
        vm.prank(stranger);
        bonds.conclude(t);
        vm.assertEq(usdc.balanceOf(seller) - before, STAKE, "stake");
        vm.assertEq(_bond().amount, 5_000e6, "whole");
        vm.assertEq(_bond().reserved, 0, "freed");
        _is(t, Reservation.Freed);
        _solvent(t);
    }
}
