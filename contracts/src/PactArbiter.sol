// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Attestors} from "./arbiter/Attestors.sol";
import {IArbiter} from "./interfaces/IArbiter.sol";
import {IPactArbiter, Setup} from "./interfaces/IPactArbiter.sol";
import {IPactEscrow, Kind} from "./interfaces/IPactEscrow.sol";

/// @title Attestors and the ladder above them
contract PactArbiter is IPactArbiter, Attestors {
    IPactEscrow public immutable escrow;

    constructor(Setup memory setup)
        Attestors(setup.governance, setup.guardian, setup.threshold, setup.seats, setup.attestors)
    {
        escrow = setup.escrow;
    }

    /// @inheritdoc IArbiter
    function isAuthorized(
        bytes32,
        bytes32 ladder,
        Kind kind,
        uint256 fundedAt,
        bytes32 digest,
        bytes calldata proof
    ) external view returns (bool) {
        // Check: with a ladder, proposals and rulings come from this contract itself.
        if (ladder != 0 && (kind == Kind.Proposal || kind == Kind.Ruling)) return false;
        return _isSigned(digest, fundedAt, kind == Kind.Receipt ? 1 : threshold, proof);
    }

    /// @inheritdoc IArbiter
    function onDispute(bytes32, address) external {}
}
