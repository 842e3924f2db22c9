// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice One member of a pool and its way to the root.
struct Leaf {
    address member;
    /// @dev Capped reputation in the pool's domain.
    uint64 weight;
    /// @dev Settled trades in the pool's domain.
    uint32 trades;
    /// @dev Position among the leaves, from 0.
    uint32 index;
    /// @dev From the leaf up, 40 bytes a level: hash of the sibling (32), its sum (8).
    bytes siblings;
}

/// @title Merkle tree whose nodes carry the sum of the weights below them
/// @dev leaf = keccak256(0x00 || member (20) || weight (8) || trades (4));
/// node = keccak256(0x01 || left (32) || leftSum (8) || right (32) || rightSum (8)).
/// The number of leaves is filled up to a power of two with hash 0, sum 0.
library SumTree {
    uint256 private constant STEP = 40;

    error InvalidLeaf(address member, uint256 index);

    /// @notice The sum of all weights to the left of a leaf, once its way to the root is proved.
    function prefixOf(
        Leaf calldata leaf,
        bytes32 root,
        uint256 total
    ) internal pure returns (uint256 prefix) {
        bytes32 node = keccak256(
            abi.encodePacked(bytes1(0x00), leaf.member, leaf.weight, leaf.trades)
        );
        uint64 sum = leaf.weight;
        uint256 index = leaf.index;
        bytes calldata siblings = leaf.siblings;
        for (uint256 i; i + STEP <= siblings.length; i += STEP) {
            bytes32 sibling = bytes32(siblings[i:]);
            uint64 siblingSum = uint64(bytes8(siblings[i + 32:]));
            if (index & 1 == 0) {
                node = keccak256(abi.encodePacked(bytes1(0x01), node, sum, sibling, siblingSum));
            } else {
                node = keccak256(abi.encodePacked(bytes1(0x01), sibling, siblingSum, node, sum));
                prefix += siblingSum;
            }
            // Checked: a tree whose sums wrap around proves nothing.
            sum += siblingSum;
            index >>= 1;
        }
        if (index != 0 || node != root || sum != total) revert InvalidLeaf(leaf.member, leaf.index);
    }
}
