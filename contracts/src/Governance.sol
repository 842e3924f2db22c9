// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title The timelock behind an arbiter
/// @notice OpenZeppelin's timelock, narrowed: no operation is ready before 30 days of public comment,
/// none can be executed later than 14 days after it was ready (it counts as never scheduled and needs
/// 30 new days), and nobody but the timelock itself administers the roles.
///
/// Proposers may schedule and cancel. Anyone may execute what is ready: a proposer cannot hold back an
/// accepted change either.
contract Governance is TimelockController {
    /// @notice No delay is ever shorter.
    uint256 public constant MIN_DELAY = 30 days;
    /// @notice How long an operation that is ready stays so.
    uint256 public constant GRACE = 14 days;

    error DelayTooShort(uint256 delay, uint256 minimum);

    /// @param delay Seconds, at least 30 days.
    /// @param proposers May schedule and cancel.
    constructor(
        uint256 delay,
        address[] memory proposers
    ) TimelockController(_checked(delay), proposers, _anyone(), address(0)) {}

    /// @inheritdoc TimelockController
    function updateDelay(uint256 newDelay) public override {
        super.updateDelay(_checked(newDelay));
    }

    /// @inheritdoc TimelockController
    /// @dev Every check of the timelock reads the state here, so a lapsed operation can neither be
    /// executed nor cancelled, and can be scheduled again.
    function getOperationState(bytes32 id) public view override returns (OperationState) {
        OperationState state = super.getOperationState(id);
        if (state == OperationState.Ready && block.timestamp >= getTimestamp(id) + GRACE)
            return OperationState.Unset;
        return state;
    }

    function _checked(uint256 delay) private pure returns (uint256) {
        if (delay < MIN_DELAY) revert DelayTooShort(delay, MIN_DELAY);
        return delay;
    }

    function _anyone() private pure returns (address[] memory executors) {
        executors = new address[](1);
    }
}
