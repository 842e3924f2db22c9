// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Who signed a digest
library SignatureLib {
    /// @dev Half of the order of secp256k1: the upper half would be a second valid signature.
    uint256 private constant MAX_S =
        0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0;
    bytes4 private constant ERC1271_MAGIC = 0x1626ba7e;

    /// @notice ECDSA first, which also serves accounts with delegated code; then ERC-1271.
    function isSigner(
        address signer,
        bytes32 digest,
        bytes calldata signature
    ) internal view returns (bool) {
        if (signature.length == 65 && _isEcdsa(signer, digest, signature)) return true;
        return signer.code.length != 0 && _isErc1271(signer, digest, signature);
    }

    /// @dev The precompile answers a bad signature with nothing, so the word it writes to starts at
    /// zero, which is no signer.
    function _isEcdsa(
        address signer,
        bytes32 digest,
        bytes calldata signature
    ) private view returns (bool valid) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, digest)
            mstore(add(m, 0x20), byte(0, calldataload(add(signature.offset, 64))))
            calldatacopy(add(m, 0x40), signature.offset, 64)
            mstore(0, 0)
            pop(staticcall(gas(), 1, m, 0x80, 0, 0x20))
            // Read after the call, which wrote the answer.
            let recovered := mload(0)
            valid := and(
                and(iszero(gt(mload(add(m, 0x60)), MAX_S)), iszero(iszero(recovered))),
                eq(recovered, signer)
            )
        }
    }

    /// @dev Takes one word of the answer, whatever the wallet sends.
    function _isErc1271(
        address signer,
        bytes32 digest,
        bytes calldata signature
    ) private view returns (bool valid) {
        bytes memory data = abi.encodeWithSelector(ERC1271_MAGIC, digest, signature);
        bytes32 magic = ERC1271_MAGIC;
        assembly ("memory-safe") {
            let success := staticcall(gas(), signer, add(data, 0x20), mload(data), 0, 0x20)
            // Read after the call, which wrote the answer.
            valid := and(and(success, gt(returndatasize(), 31)), eq(mload(0), magic))
        }
    }
}
