// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow} from "../interfaces/IPactEscrow.sol";

/// @notice What the escrow asks of its token; USDC v2.2 answers all of it.
interface IAuthorizedToken {
    function transfer(address to, uint256 amount) external returns (bool);
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
    /// @dev ERC-3009 with the signature in one piece, so that smart wallets can sign.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;
    /// @dev EIP-2612 with the signature in one piece.
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        bytes calldata signature
    ) external;
}

/// @title Token calls that accept no answer or `true`, and nothing else
/// @dev Arguments are written behind the free memory pointer, which nobody else uses meanwhile.
library TokenLib {
    /// @dev A transfer of USDC takes below 50,000; less than this may have been starved on purpose.
    uint256 private constant TRANSFER_GAS = 200_000;

    /// @notice Pulls by the owner's ERC-3009 signature or reverts.
    function receiveWithAuthorization(
        address token,
        address from,
        uint256 amount,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) internal {
        bytes32 selector = IAuthorizedToken.receiveWithAuthorization.selector;
        bool success;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, selector)
            mstore(add(m, 0x04), from)
            mstore(add(m, 0x24), address())
            mstore(add(m, 0x44), amount)
            mstore(add(m, 0x64), 0)
            mstore(add(m, 0x84), validBefore)
            mstore(add(m, 0xa4), nonce)
            mstore(add(m, 0xc4), 0xe0)
            mstore(add(m, 0xe4), signature.length)
            let end := add(add(m, 0x104), signature.length)
            // The padding of the last word is zero.
            mstore(end, 0)
            calldatacopy(add(m, 0x104), signature.offset, signature.length)
            let size := add(0x104, and(add(signature.length, 31), not(31)))
            success := call(gas(), token, 0, m, size, 0, 0x20)
        }
        _require(success, IAuthorizedToken.receiveWithAuthorization.selector);
    }

    /// @notice Pulls from the owner's allowance or reverts.
    function pull(address token, address from, uint256 amount) internal {
        if (amount == 0) return;
        bytes32 selector = IAuthorizedToken.transferFrom.selector;
        bool success;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, selector)
            mstore(add(m, 0x04), from)
            mstore(add(m, 0x24), address())
            mstore(add(m, 0x44), amount)
            success := call(gas(), token, 0, m, 0x64, 0, 0x20)
        }
        _require(success, IAuthorizedToken.transferFrom.selector);
    }

    /// @notice Sends or reverts.
    function push(address token, address to, uint256 amount) internal {
        _require(_transfer(token, to, amount), IAuthorizedToken.transfer.selector);
    }

    /// @notice Sends or says that it failed; never because the caller starved the token of gas.
    function tryPush(address token, address to, uint256 amount) internal returns (bool) {
        uint256 available = gasleft();
        if (_transfer(token, to, amount) && _accepted()) return true;
        if (available < TRANSFER_GAS) {
            revert IPactEscrow.InsufficientGas(available, TRANSFER_GAS);
        }
        return false;
    }

    /// @notice Uses a permit; one that was used before is as good, the allowance decides.
    function tryPermit(
        address token,
        address owner,
        uint256 amount,
        uint256 deadline,
        bytes calldata signature
    ) internal {
        bytes memory data = abi.encodeCall(
            IAuthorizedToken.permit,
            (owner, address(this), amount, deadline, signature)
        );
        assembly ("memory-safe") {
            pop(call(gas(), token, 0, add(data, 0x20), mload(data), 0, 0))
        }
    }

    function _transfer(address token, address to, uint256 amount) private returns (bool success) {
        bytes32 selector = IAuthorizedToken.transfer.selector;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, selector)
            mstore(add(m, 0x04), to)
            mstore(add(m, 0x24), amount)
            success := call(gas(), token, 0, m, 0x44, 0, 0x20)
        }
    }

    /// @dev The answer of the last call, which stands in the first word: nothing, or `true`.
    function _accepted() private pure returns (bool accepted) {
        assembly ("memory-safe") {
            accepted := or(iszero(returndatasize()), and(gt(returndatasize(), 31), eq(mload(0), 1)))
        }
    }

    function _require(bool success, bytes4 selector) private pure {
        if (success && _accepted()) return;
        // The token's own reason is the better answer.
        assembly ("memory-safe") {
            if iszero(or(success, iszero(returndatasize()))) {
                let reason := mload(0x40)
                returndatacopy(reason, 0, returndatasize())
                revert(reason, returndatasize())
            }
        }
        revert IPactEscrow.TokenCallFailed(selector);
    }
}
