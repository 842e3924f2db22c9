// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IArbiter} from "../interfaces/IArbiter.sol";
import {IPactEscrow, Kind} from "../interfaces/IPactEscrow.sol";

/// @title Calls to an arbiter
library ArbiterLib {
    /// @dev What an arbiter may burn when it is told of a dispute.
    uint256 private constant NOTIFY_GAS = 100_000;

    /// @notice Whether the arbiter accepts `proof`; a revert or an answer of another shape is a no.
    function isAuthorized(
        address arbiter,
        bytes32 id,
        bytes32 ladder,
        Kind kind,
        uint256 fundedAt,
        bytes32 digest,
        bytes calldata proof
    ) internal view returns (bool authorized) {
        bytes32 selector = IArbiter.isAuthorized.selector;
        assembly ("memory-safe") {
            // Written behind the free memory pointer, which nobody else uses meanwhile.
            let m := mload(0x40)
            mstore(m, selector)
            mstore(add(m, 0x04), id)
            mstore(add(m, 0x24), ladder)
            mstore(add(m, 0x44), kind)
            mstore(add(m, 0x64), fundedAt)
            mstore(add(m, 0x84), digest)
            mstore(add(m, 0xa4), 0xc0)
            mstore(add(m, 0xc4), proof.length)
            // The padding of the last word is zero.
            mstore(add(add(m, 0xe4), proof.length), 0)
            calldatacopy(add(m, 0xe4), proof.offset, proof.length)
            let size := add(0xe4, and(add(proof.length, 31), not(31)))
            authorized := staticcall(gas(), arbiter, m, size, 0, 0x20)
            // Read after the call, which wrote the answer.
            authorized := and(and(authorized, gt(returndatasize(), 31)), eq(mload(0), 1))
        }
    }

    /// @notice Tells the arbiter of a dispute.
    /// @dev Bounded and without copying an answer, so that no arbiter can block a dispute; and no
    /// caller can starve the arbiter.
    function notify(address arbiter, bytes32 id, address by) internal {
        uint256 available = gasleft();
        uint256 needed = (NOTIFY_GAS * 64) / 63 + 5_000;
        if (available < needed) revert IPactEscrow.InsufficientGas(available, needed);
        bytes32 selector = IArbiter.onDispute.selector;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, selector)
            mstore(add(m, 0x04), id)
            mstore(add(m, 0x24), by)
            pop(call(NOTIFY_GAS, arbiter, 0, m, 0x44, 0, 0))
        }
    }
}
