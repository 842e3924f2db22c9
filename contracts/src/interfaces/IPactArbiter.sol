// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IArbiter} from "./IArbiter.sol";
import {IAttestors} from "./IAttestors.sol";
import {IPactEscrow} from "./IPactEscrow.sol";

/// @notice How an arbiter starts.
struct Setup {
    IPactEscrow escrow;
    /// @dev The timelock.
    address governance;
    /// @dev May remove a key at once, and nothing else.
    address guardian;
    /// @dev Receives what no panel and no appellant has a claim to.
    address treasury;
    /// @dev m.
    uint256 threshold;
    /// @dev n; the keys beyond the first n are standbys.
    uint256 seats;
    address[] attestors;
    /// @dev Zero: no moderator.
    address moderator;
    bytes32 rosterHash;
    /// @dev USDC base units that a committee member stakes.
    uint64 memberStake;
}

/// @title The arbiter that pacts name by default
/// @notice Ladder zero: m of n attestors rule directly. Any other ladder: signatures of kind Proposal
/// and Ruling are refused by `isAuthorized`, and rulings come only from this contract.
interface IPactArbiter is IArbiter, IAttestors {}
