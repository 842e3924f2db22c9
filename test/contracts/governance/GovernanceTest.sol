// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ArbiterTest} from "../arbiter/ArbiterTest.sol";
import {vm} from "../support/Vm.sol";

/// @notice What is used of the deployed timelock.
interface IGovernance {
    function schedule(
        address target,
        uint256 value,
        bytes calldata data,
        bytes32 predecessor,
        bytes32 salt,
        uint256 delay
    ) external;
    function scheduleBatch(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata payloads,
        bytes32 predecessor,
        bytes32 salt,
        uint256 delay
    ) external;
    function execute(
        address target,
        uint256 value,
        bytes calldata data,
        bytes32 predecessor,
        bytes32 salt
    ) external payable;
    function executeBatch(
        address[] calldata targets,
        uint256[] calldata values,
        bytes[] calldata payloads,
        bytes32 predecessor,
        bytes32 salt
    ) external payable;
    function cancel(bytes32 id) external;
    function hashOperation(
        address target,
        uint256 value,
        bytes calldata data,
        bytes32 predecessor,
        bytes32 salt
    ) external pure returns (bytes32);
    function getOperationState(bytes32 id) external view returns (uint8);
    function getMinDelay() external view returns (uint256);
    function updateDelay(uint256 delay) external;
    function hasRole(bytes32 role, address account) external view returns (bool);
    function grantRole(bytes32 role, address account) external;

    error DelayTooShort(uint256 delay, uint256 minimum);
    error TimelockInsufficientDelay(uint256 delay, uint256 minDelay);
    error TimelockUnexpectedOperationState(bytes32 id, bytes32 expected);
    error TimelockUnauthorizedCaller(address caller);
}

/// @notice The real timelock in front of the real arbiter.
abstract contract GovernanceTest is ArbiterTest {
    bytes32 internal constant PROPOSER = keccak256("PROPOSER_ROLE");
    bytes32 internal constant CANCELLER = keccak256("CANCELLER_ROLE");
    bytes32 internal constant EXECUTOR = keccak256("EXECUTOR_ROLE");
    uint256 internal constant DELAY = 30 days;

    address internal proposer = address(0x9209);
    IGovernance internal timelock;

    function setUp() public virtual override {
        timelock = _timelock(DELAY);
        governance = address(timelock);
        super.setUp();
    }

    function _timelock(uint256 delay) internal returns (IGovernance) {
        address[] memory proposers = new address[](1);
        proposers[0] = proposer;
        return
            IGovernance(
                _deploy("contracts/src/Governance.sol:Governance", abi.encode(delay, proposers))
            );
    }

    function _schedule(address target, bytes memory data) internal returns (bytes32) {
        vm.prank(proposer);
        timelock.schedule(target, 0, data, 0, 0, DELAY);
        return timelock.hashOperation(target, 0, data, 0, 0);
    }

    /// @dev By nobody in particular: what is ready, anyone executes.
    function _execute(address target, bytes memory data) internal {
        vm.prank(stranger);
        timelock.execute(target, 0, data, 0, 0);
    }

    function _enact(address target, bytes memory data) internal {
        _schedule(target, data);
        vm.warp(block.timestamp + DELAY);
        _execute(target, data);
    }
}
