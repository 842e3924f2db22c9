// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Randomness of a draw that nobody can choose and anybody can repeat
library Seed {
    /// @dev Blocks between the opening of a panel and its seed, so that nobody opens it knowing the hash.
    uint256 internal constant LEAD = 64;
    /// @dev EIP-2935 serves the last 8,191 blocks.
    uint256 internal constant HISTORY = 8191;
    address internal constant HISTORY_STORAGE = 0x0000F90827F1C53a10cb7A02335B175320002935;

    /// @notice The one block whose hash seeds a draw made now: openBlock + 64; once its hash cannot be
    /// read any more, the block 8,191 later, and so on. At every block exactly one is valid.
    /// @return Zero while that block is still to come.
    function blockOf(uint256 openBlock) internal view returns (uint256) {
        uint256 first = openBlock + LEAD;
        if (block.number <= first) return 0;
        return first + ((block.number - first - 1) / HISTORY) * HISTORY;
    }

    /// @return The hash, or zero where the chain no longer serves it.
    function hashOf(uint256 number) internal view returns (bytes32) {
        if (block.number - number <= 256) return blockhash(number);
        (bool ok, bytes memory data) = HISTORY_STORAGE.staticcall(abi.encode(number));
        return ok && data.length == 32 ? bytes32(data) : bytes32(0);
    }
}
