// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Kind} from "./IPactEscrow.sol";

/// @title What an escrow asks of the arbiter that its terms name
/// @dev Not plain ERC-1271, so that thresholds can differ by kind and a key counts only for escrows
/// funded after it was added. An arbiter may also call `attest`, `propose` and `rule` itself.
interface IArbiter {
    /// @param escrowId The escrow; the hash of the batch for a statement over many.
    /// @param ladder The ladder that the terms committed to; zero where `kind` needs none (receipt, attestation).
    /// @param fundedAt Unix seconds; the earliest of a batch.
    /// @param digest EIP-712 digest in the domain of the calling escrow.
    function isAuthorized(
        bytes32 escrowId,
        bytes32 ladder,
        Kind kind,
        uint256 fundedAt,
        bytes32 digest,
        bytes calldata proof
    ) external view returns (bool);

    /// @notice Told when a dispute opens and when arbitration begins; a failure never blocks the escrow.
    function onDispute(bytes32 escrowId, address by) external;
}
