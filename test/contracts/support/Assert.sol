// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {State} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {vm} from "./Vm.sol";

/// @notice Assertions and deployments that every Solidity test shares.
abstract contract Assert {
    /// @dev `getCode` hands over the bytecode exactly as it is deployed, whatever settings the tests have.
    function _deploy(
        string memory artifact,
        bytes memory arguments
    ) internal returns (address deployed) {
        bytes memory code = abi.encodePacked(vm.getCode(artifact), arguments);
        assembly ("memory-safe") {
            deployed := create(0, add(code, 32), mload(code))
        }
        vm.assertTrue(deployed != address(0), artifact);
    }

    /// @dev Reads a numbered storage or token amount into bounds without rejecting inputs.
    function _bound(uint256 value, uint256 least, uint256 most) internal pure returns (uint256) {
        return least + (value % (most - least + 1));
    }

    function _same(State got, State want, string memory what) internal pure {
        vm.assertEq(uint256(got), uint256(want), what);
    }
}
