// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow} from "../interfaces/IPactEscrow.sol";

/// @notice What the escrow asks of its token beyond ERC-20; USDC v2.2 answers all of it.
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

/// @title Token calls that accept no answer and `true`, and nothing else
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
        _call(
            token,
            abi.encodeCall(
                IAuthorizedToken.receiveWithAuthorization,
                (from, address(this), amount, 0, validBefore, nonce, signature)
            )
        );
    }

    /// @notice Pulls from the owner's allowance or reverts.
    function pull(address token, address from, uint256 amount) internal {
        if (amount == 0) return;
        _call(token, abi.encodeCall(IAuthorizedToken.transferFrom, (from, address(this), amount)));
    }

    /// @notice Sends or reverts.
    function push(address token, address to, uint256 amount) internal {
        _call(token, abi.encodeCall(IAuthorizedToken.transfer, (to, amount)));
    }

    /// @notice Sends or says that it failed; never because the caller starved the token of gas.
    function tryPush(address token, address to, uint256 amount) internal returns (bool success) {
        uint256 available = gasleft();
        success = _tryCall(token, abi.encodeCall(IAuthorizedToken.transfer, (to, amount)));
        if (!success && available < TRANSFER_GAS) {
            revert IPactEscrow.InsufficientGas(available, TRANSFER_GAS);
        }
    }

    /// @notice Uses a permit; one that was used before is as good, the allowance decides.
    function tryPermit(
        address token,
        address owner,
        uint256 amount,
        uint256 deadline,
        bytes calldata signature
    ) internal {
        _tryCall(
            token,
            abi.encodeCall(
                IAuthorizedToken.permit,
                (owner, address(this), amount, deadline, signature)
            )
        );
    }

    function _call(address token, bytes memory data) private {
        if (_tryCall(token, data)) return;
        // The token's own reason is the better answer.
        assembly ("memory-safe") {
            if gt(returndatasize(), 32) {
                let reason := mload(0x40)
                returndatacopy(reason, 0, returndatasize())
                revert(reason, returndatasize())
            }
        }
        revert IPactEscrow.TokenCallFailed(bytes4(data));
    }

    function _tryCall(address token, bytes memory data) private returns (bool success) {
        assembly ("memory-safe") {
            success := call(gas(), token, 0, add(data, 32), mload(data), 0, 32)
            // Read after the call, which wrote the answer.
            if returndatasize() {
                success := and(and(success, gt(returndatasize(), 31)), eq(mload(0), 1))
            }
        }
    }
}
