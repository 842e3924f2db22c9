// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bond, IBonds, Reservation} from "../../../contracts/src/interfaces/IBonds.sol";
import {Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {vm} from "../support/Vm.sol";
import {VaultTest} from "./VaultTest.sol";

contract RuleTest is VaultTest {
    function test_reverts_withoutClaim() public {
        Terms memory t = _plain();
        bytes32 id = _bonded(t);
        bytes memory proof = _claimProof(t, 0, 2);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NotClaimed.selector, id, Reservation.Free));
        bonds.rule(t, 0, RECORD, proof);
    }

    function test_reverts_withFewerThanTheThreshold() public {
        (Terms memory t, bytes32 id) = _claimed();
        bytes memory proof = _claimProof(t, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NotAuthorized.selector, address(this), id));
        bonds.rule(t, 0, RECORD, proof);
    }

    /// @dev A ruling for the escrow is not one for the vault.
    function test_reverts_withASignatureOfTheEscrowsDomain() public {
        (Terms memory t, bytes32 id) = _claimed();
        bytes memory proof = _rulingProof(t, 0, 2);
        vm.expectRevert(abi.encodeWithSelector(IBonds.NotAuthorized.selector, address(this), id));
        bonds.rule(t, 0, RECORD, proof);
    }

    function test_reverts_forGuardianGovernanceAndParties() public {
        (Terms memory t, bytes32 id) = _claimed();
        address[4] memory senders = [guardian, governance, buyer, seller];
        for (uint256 i; i < 4; i++) {
            vm.prank(senders[i]);
            vm.expectRevert(abi.encodeWithSelector(IBonds.NotAuthorized.selector, senders[i], id));
            bonds.rule(t, 0, RECORD, "");
        }
    }

    function test_reverts_aboveTenThousand() public {
        (Terms memory t, ) = _claimed();
        vm.expectRevert(abi.encodeWithSelector(IBonds.InvalidSplit.selector, 10_001));
        bonds.rule(t, 10_001, RECORD, "");
    }

    function test_reverts_exactlyAtTheEnd() public {
        (Terms memory t, ) = _claimed();
        uint256 end = _claimOf(t).end;
        bytes memory proof = _claimProof(t, 0, 2);
        vm.warp(end);
        vm.expectRevert(abi.encodeWithSelector(IBonds.AfterClaimEnd.selector, end, end));
        bonds.rule(t, 0, RECORD, proof);
        vm.warp(end - 1);
        bonds.rule(t, 0, RECORD, proof);
    }

    function test_reverts_twice() public {
        (Terms memory t, bytes32 id) = _claimed();
        _ruleClaim(t, 6000);
        bytes memory proof = _claimProof(t, 6000, 2);
        vm.expectRevert(
            abi.encodeWithSelector(IBonds.NotClaimed.selector, id, Reservation.Slashed)
        );
        bonds.rule(t, 6000, RECORD, proof);
    }

    /// @dev 500 USDC at 60 %: the seller keeps 297.00, the buyer gets 198.00 and its stake, 5.00 go to the arbiter.
    function test_compensatesTheHarmedBuyer_REP_24() public {
        (Terms memory t, bytes32 id) = _claimed();
        uint256 before = usdc.balanceOf(buyer);
        vm.expectEmit(true, true, true, true, address(bonds));
        emit IBonds.ClaimRuled(id, 6000, 203e6, 198e6, 5e6, RECORD);
        _ruleClaim(t, 6000);
        vm.assertEq(usdc.balanceOf(buyer) - before, 198e6 + STAKE, "buyer");
        vm.assertEq(usdc.balanceOf(address(court)), 5e6, "arbitration");
        vm.assertEq(_bond().amount, 5_000e6 - 203e6, "bond");
        vm.assertEq(_bond().reserved, 0, "freed");
        _is(t, Reservation.Slashed);
        _solvent(t);
    }

    function test_neverTakesMoreThanTheReservation_REP_24() public {
        (Terms memory t, ) = _claimed();
        _ruleClaim(t, 0);
        vm.assertEq(_bond().amount, 4_500e6, "exactly the reservation");
        _solvent(t);
    }

    /// @dev A frivolous claim pays the arbiter itself, and takes nothing from the seller.
    function test_aFrivolousClaimPaysForItself_W_38() public {
        (Terms memory t, ) = _claimed();
        uint256 before = usdc.balanceOf(buyer);
        _ruleClaim(t, 10_000);
        vm.assertEq(usdc.balanceOf(buyer), before, "no compensation, no stake");
        vm.assertEq(usdc.balanceOf(address(court)), STAKE, "arbitration");
        vm.assertEq(_bond().amount, 5_000e6, "whole");
        _is(t, Reservation.Freed);
        _solvent(t);
    }

    /// @dev 9,000 is not frivolous, 9,001 is.
    function test_stake_exactlyAtNinetyPercent_W_38() public {
        (Terms memory t, ) = _claimed();
        uint256 before = usdc.balanceOf(buyer);
        uint256 snapshot = vm.snapshotState();
        _ruleClaim(t, 9_000);
        vm.assertEq(usdc.balanceOf(buyer) - before, 49.5e6 + STAKE, "stake returned");
        vm.assertTrue(vm.revertToState(snapshot), "snapshot");
        _ruleClaim(t, 9_001);
        vm.assertEq(
            usdc.balanceOf(buyer) - before,
            495e6 - (uint256(495e6) * 9_001) / 10_000,
            "stake kept"
        );
    }

    /// @dev Who is owed nothing is sent nothing, and no credit of nothing is written.
    function test_sendsNothingToWhoIsOwedNothing() public {
        (Terms memory t, ) = _claimed();
        bytes memory proof = _claimProof(t, 10_000, 2);
        vm.expectCall(
            address(usdc),
            abi.encodeWithSignature("transfer(address,uint256)", buyer, 0),
            0
        );
        bonds.rule(t, 10_000, RECORD, proof);
    }

    /// @dev A blacklisted buyer blocks nobody, and takes the money elsewhere later.
    function test_aBlacklistedBuyerIsCredited() public {
        (Terms memory t, ) = _claimed();
        usdc.blacklist(buyer);
        bytes memory proof = _claimProof(t, 6000, 2);
        vm.expectEmit(true, true, true, true, address(bonds));
        emit IBonds.VaultCredited(buyer, 198e6 + STAKE);
        bonds.rule(t, 6000, RECORD, proof);
        vm.assertEq(bonds.creditOf(buyer), 198e6 + STAKE, "credited");
        _solvent(t);
        vm.prank(buyer);
        vm.expectRevert(IBonds.ZeroAddress.selector);
        bonds.withdrawCredit(address(0));
        vm.expectEmit(true, true, true, true, address(bonds));
        emit IBonds.VaultCreditWithdrawn(buyer, stranger, 198e6 + STAKE);
        vm.prank(buyer);
        bonds.withdrawCredit(stranger);
        vm.assertEq(usdc.balanceOf(stranger), 198e6 + STAKE, "elsewhere");
        vm.prank(buyer);
        vm.expectRevert(IBonds.ZeroAmount.selector);
        bonds.withdrawCredit(stranger);
        _solvent(t);
    }

    function test_aPausedTokenBlocksNobody() public {
        (Terms memory t, ) = _claimed();
        usdc.pause();
        _ruleClaim(t, 6000);
        vm.assertEq(bonds.creditOf(address(court)), 5e6, "arbiter credited");
        vm.assertEq(bonds.creditOf(buyer), 198e6 + STAKE, "buyer credited");
        usdc.unpause();
        _solvent(t);
    }

    /// @dev What moves is what the same ruling moves in the escrow, to the base unit.
    function testFuzz_movesWhatTheEscrowWouldHaveMoved(uint256 amount, uint256 bps) public {
        amount = _bound(amount, 10_000, 5_000e6);
        bps = _bound(bps, 0, 10_000);
        Terms memory t = _plain();
        t.amount = amount;
        _bonded(t);
        _claim(t);
        uint256 stake = amount / 100;
        uint256 buyerBefore = usdc.balanceOf(buyer);
        _ruleClaim(t, bps);

        uint256 gross = ((amount - stake) * bps) / 10_000;
        uint256 compensation = amount - stake - gross;
        bool frivolous = bps > 9_000;
        vm.assertEq(
            usdc.balanceOf(buyer) - buyerBefore,
            compensation + (frivolous ? 0 : stake),
            "buyer"
        );
        vm.assertEq(usdc.balanceOf(address(court)), stake, "arbiter");
        uint256 slashed = 5_000e6 - _bond().amount;
        vm.assertEq(slashed, compensation + (frivolous ? 0 : stake), "slashed");
        vm.assertLe(slashed, amount, "never above the reservation");
        _solvent(t);
    }
}
