// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Leaf, SumTree} from "../../../contracts/src/arbiter/SumTree.sol";
import {Assert} from "../support/Assert.sol";
import {vm} from "../support/Vm.sol";

/// @notice The same three leaves and root stand in test/protocol/draw.test.ts.
contract SumTreeVectorTest is Assert {
    bytes32 private constant ROOT =
        0x3d19e80a3c3bc814035820c6729d9ffce6b68d894d1666354a5fb3ae748c1b19;

    function prefixOf(Leaf calldata leaf) external pure returns (uint256) {
        return SumTree.prefixOf(leaf, ROOT, 171);
    }

    function _hash(uint256 i) private pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(uint8(0), address(uint160(i + 1)), uint64(50 + 7 * i), uint32(10))
            );
    }

    function test_threeLeaves() public view {
        bytes32 left = keccak256(
            abi.encodePacked(uint8(1), _hash(0), uint64(50), _hash(1), uint64(57))
        );
        bytes memory siblings = abi.encodePacked(new bytes(40), left, uint64(107));
        Leaf memory leaf = Leaf(address(3), 64, 10, 2, siblings);
        vm.assertEq(this.prefixOf(leaf), 107, "prefix");
        bytes32 right = keccak256(
            abi.encodePacked(uint8(1), _hash(2), uint64(64), bytes32(0), uint64(0))
        );
        leaf = Leaf(
            address(2),
            57,
            10,
            1,
            abi.encodePacked(_hash(0), uint64(50), right, uint64(64))
        );
        vm.assertEq(this.prefixOf(leaf), 50, "prefix");
    }
}
