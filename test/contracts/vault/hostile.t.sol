// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Claim, IBonds, Reservation} from "../../../contracts/src/interfaces/IBonds.sol";
import {Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest} from "../support/EscrowTest.sol";
import {HostileArbiter} from "../support/HostileArbiter.sol";
import {SmartWallet} from "../support/SmartWallet.sol";
import {vm} from "../support/Vm.sol";
import {VaultTest} from "./VaultTest.sol";

/// @notice A vault whose arbiter is the attacker.
contract HostileArbiterOfAVaultTest is EscrowTest {
    HostileArbiter private hostile;
    IBonds private bonds;

    function setUp() public override {
        super.setUp();
        hostile = new HostileArbiter();
        bonds = IBonds(
            _deploy("contracts/src/BondVault.sol:BondVault", abi.encode(escrow, hostile))
        );
        vm.startPrank(seller);
        usdc.approve(address(bonds), type(uint256).max);
        bonds.stake(2_000e6);
        vm.stopPrank();
        vm.prank(buyer);
        usdc.approve(address(bonds), type(uint256).max);
    }

    function _hostile() private view returns (Terms memory t) {
        t = _terms();
        t.arbiter = address(hostile);
        t.vault = address(bonds);
    }

    function _send(bytes memory data) private returns (bool) {
        return hostile.send(address(bonds), data);
    }

    /// @dev Without a claim it takes nothing, after one the reservation and no more, and only once.
    function test_takesAtMostWhatIsClaimed_REP_24() public {
        Terms memory t = _hostile();
        _doFund(t);
        escrow.complete(t, _completion(t, true));
        bytes memory all = abi.encodeCall(IBonds.rule, (t, 0, RECORD, ""));
        vm.assertTrue(!_send(all), "no claim");
        vm.prank(buyer);
        bonds.claim(t, CLAIM, 0, "");
        vm.assertTrue(_send(all), "ruled");
        vm.assertTrue(!_send(all), "once");
        vm.assertEq(bonds.bondOf(seller).amount, 1_500e6, "the reservation and no more");
    }

    function test_cannotReserveWithdrawOrDrop() public {
        Terms memory t = _hostile();
        _doFund(t);
        escrow.complete(t, _completion(t, true));
        vm.prank(buyer);
        bonds.claim(t, CLAIM, 0, "");
        vm.assertTrue(
            !_send(abi.encodeCall(bonds.reserve, ("id", seller, 1, block.timestamp))),
            "reserve"
        );
        vm.assertTrue(!_send(abi.encodeCall(IBonds.drop, (t))), "drop");
        vm.assertTrue(!_send(abi.encodeCall(IBonds.withdrawBond, (address(hostile)))), "withdraw");
        vm.assertTrue(!_send(abi.encodeCall(IBonds.withdrawCredit, (address(hostile)))), "credit");
    }

    /// @dev However it answers, the claim ends by time.
    function test_anyAnswer_theClaimEndsByTime() public {
        for (uint8 mode; mode < 8; mode++) {
            Terms memory t = _hostile();
            t.salt = bytes32(uint256(mode) + 1);
            hostile.set(HostileArbiter.Mode.Honest, HostileArbiter.Mode.Honest);
            _doFund(t);
            escrow.complete(t, _completion(t, true));
            vm.prank(buyer);
            bonds.claim(t, CLAIM, 0, "");
            hostile.set(HostileArbiter.Mode(mode), HostileArbiter.Mode(mode));
            uint256 snapshot = vm.snapshotState();
            (bool ruled, ) = address(bonds).call{gas: 5_000_000}(
                abi.encodeCall(IBonds.rule, (t, 5000, RECORD, "proof"))
            );
            vm.assertTrue(vm.revertToState(snapshot), "snapshot");
            if (mode == 0) vm.assertTrue(ruled, "honest");
            Claim memory claim = bonds.claimOf(_id(t));
            uint256 start = block.timestamp;
            vm.warp(claim.end);
            bonds.conclude(t);
            vm.assertEq(uint256(bonds.reservationOf(t)), uint256(Reservation.Freed), "freed");
            vm.warp(start);
        }
        vm.assertEq(bonds.bondOf(seller).amount, 2_000e6, "whole");
    }
}

/// @notice The parties are smart wallets that sign by ERC-1271.
contract SmartWalletsInTheVaultTest is VaultTest {
    function test_aSmartWalletClaimsByAuthorization() public {
        SmartWallet wallet = new SmartWallet(vm.addr(BUYER));
        usdc.mint(address(wallet), 1_000e6);
        Terms memory t = _plain();
        t.buyer = address(wallet);
        bytes32 id = _doFund(t);
        _completeBonded(t);
        bytes32 nonce = keccak256(abi.encodePacked("earnest/claim", id, CLAIM));
        uint256 validBefore = block.timestamp + 1;
        bytes memory signature = _sign(
            BUYER,
            _receiveDigest(usdc, address(wallet), address(bonds), STAKE, validBefore, nonce)
        );
        bonds.claim(t, CLAIM, validBefore, signature);
        _ruleClaim(t, 6000);
        vm.assertEq(usdc.balanceOf(address(wallet)), 500e6 - STAKE + 198e6 + STAKE, "compensated");
    }
}
