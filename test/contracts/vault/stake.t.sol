// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBonds} from "../../../contracts/src/interfaces/IBonds.sol";
import {vm} from "../support/Vm.sol";
import {VaultTest} from "./VaultTest.sol";

contract StakeTest is VaultTest {
    function test_reverts_withoutAmount() public {
        vm.expectRevert(IBonds.ZeroAmount.selector);
        _stakeBond(0);
    }

    function test_reverts_beyondAllUsdc() public {
        vm.prank(seller);
        vm.expectRevert();
        bonds.stake(uint256(type(uint64).max) + 1);
    }

    function test_adds_W_31() public {
        uint256 before = usdc.balanceOf(seller);
        vm.expectEmit(true, true, true, true, address(bonds));
        emit IBonds.Staked(seller, 7e6);
        _stakeBond(7e6);
        vm.assertEq(_bond().amount, 5_007e6, "bond");
        vm.assertEq(before - usdc.balanceOf(seller), 7e6, "paid");
        vm.assertEq(bonds.freeOf(seller), 5_007e6, "free");
    }

    function test_byAuthorization_openToAnySender() public {
        bytes32 nonce = keccak256(abi.encodePacked("earnest/bond", bytes32("salt")));
        bytes memory signature = _sign(
            SELLER,
            _receiveDigest(usdc, seller, address(bonds), 9e6, block.timestamp + 1, nonce)
        );
        vm.prank(stranger);
        bonds.stakeByAuthorization(seller, 9e6, block.timestamp + 1, "salt", signature);
        vm.assertEq(_bond().amount, 5_009e6, "bond");
    }

    /// @dev A claim's authorization spent as a bond would take the buyer's recourse away.
    function test_byAuthorization_cannotSpendAClaim() public {
        bytes32 id = _bonded(_plain());
        bytes32 nonce = keccak256(abi.encodePacked("earnest/claim", id, CLAIM));
        bytes memory signature = _sign(
            BUYER,
            _receiveDigest(usdc, buyer, address(bonds), STAKE, block.timestamp + 1, nonce)
        );
        vm.expectRevert();
        bonds.stakeByAuthorization(buyer, STAKE, block.timestamp + 1, nonce, signature);
    }

    /// @dev 0 / 500 / 5,000 / 25,000 / 100,000 USDC, one base unit below and at each.
    function test_tiers_W_42() public {
        uint256[4] memory steps = [uint256(500e6), 5_000e6, 25_000e6, 100_000e6];
        address other = vm.addr(0x7137);
        usdc.mint(other, 100_000e6);
        _approve(other);
        vm.assertEq(bonds.tierOf(other), 0, "none");
        uint256 staked;
        for (uint256 i; i < 4; i++) {
            vm.prank(other);
            bonds.stake(steps[i] - staked - 1);
            vm.assertEq(bonds.tierOf(other), i, "below");
            vm.prank(other);
            bonds.stake(1);
            vm.assertEq(bonds.tierOf(other), i + 1, "at");
            staked = steps[i];
        }
    }

    function test_tiers_forgetWhatIsLeaving_W_42() public {
        vm.assertEq(bonds.tierOf(seller), 2, "before");
        vm.prank(seller);
        bonds.requestWithdrawal(1);
        vm.assertEq(bonds.tierOf(seller), 1, "after");
    }
}
