// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IArbiter} from "../../../contracts/src/interfaces/IArbiter.sol";
import {Kind} from "../../../contracts/src/interfaces/IPactEscrow.sol";

/// @notice The smallest honest arbiter: m of n keys, one threshold per kind, keys that count from a date on.
contract TestArbiter is IArbiter {
    mapping(address => uint256) public since;
    mapping(Kind => uint256) public threshold;

    bytes32 public disputedId;
    address public disputedBy;
    uint256 public disputes;

    constructor(address[] memory keys) {
        for (uint256 i = 0; i < keys.length; ++i) {
            since[keys[i]] = 1;
        }
        threshold[Kind.Receipt] = 1;
        threshold[Kind.Attestation] = 2;
        threshold[Kind.Proposal] = 2;
        threshold[Kind.Ruling] = 2;
    }

    function addKey(address key, uint256 from) external {
        since[key] = from;
    }

    /// @param proof 65-byte signatures (r, s, v), one after the other, signers in ascending order.
    function isAuthorized(
        bytes32,
        bytes32,
        Kind kind,
        uint256 fundedAt,
        bytes32 digest,
        bytes calldata proof
    ) external view returns (bool) {
        uint256 count;
        address last;
        for (uint256 offset = 0; offset + 65 <= proof.length; offset += 65) {
            bytes calldata one = proof[offset:offset + 65];
            address signer = ecrecover(
                digest,
                uint8(one[64]),
                bytes32(one[:32]),
                bytes32(one[32:64])
            );
            if (signer <= last || since[signer] == 0 || since[signer] > fundedAt) continue;
            last = signer;
            ++count;
        }
        return proof.length % 65 == 0 && count >= threshold[kind];
    }

    function onDispute(bytes32 escrowId, address by) external {
        disputedId = escrowId;
        disputedBy = by;
        ++disputes;
    }
}
