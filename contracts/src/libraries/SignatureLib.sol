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
        if (signature.length == 65) {
            bytes32 r = bytes32(signature[0:32]);
            bytes32 s = bytes32(signature[32:64]);
            if (uint256(s) <= MAX_S) {
                address recovered = ecrecover(digest, uint8(signature[64]), r, s);
                if (recovered != address(0) && recovered == signer) return true;
            }
        }
        return signer.code.length != 0 && _isValid1271(signer, digest, signature);
    }

    function _isValid1271(
        address signer,
        bytes32 digest,
        bytes calldata signature
    ) private view returns (bool) {
        (bool success, bytes memory answer) = signer.staticcall(
            abi.encodeWithSelector(ERC1271_MAGIC, digest, signature)
        );
        return success && answer.length >= 32 && bytes32(answer) == bytes32(ERC1271_MAGIC);
    }
}
