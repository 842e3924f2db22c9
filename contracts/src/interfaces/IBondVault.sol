// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What an escrow asks of the vault that its terms name
interface IBondVault {
    /// @notice Reserves `amount` of the seller's bond for an escrow that is released at once.
    /// @param until Unix seconds at which the review would have ended.
    /// @return magic `IBondVault.reserve.selector` when the full amount is reserved; anything else, or a revert, is a no.
    function reserve(
        bytes32 escrowId,
        address seller,
        uint256 amount,
        uint256 until
    ) external returns (bytes4 magic);
}
