// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A wallet that accepts every plain signature of its owner (ERC-1271), with no binding of its own
/// address: the kind for which a protocol must bind the actor itself.
contract SmartWallet {
    address public immutable owner;

    constructor(address owner_) {
        owner = owner_;
    }

    function isValidSignature(
        bytes32 digest,
        bytes calldata signature
    ) external view returns (bytes4) {
        if (signature.length != 65) return 0xffffffff;
        address signer = ecrecover(
            digest,
            uint8(signature[64]),
            bytes32(signature[:32]),
            bytes32(signature[32:64])
        );
        return signer == owner ? this.isValidSignature.selector : bytes4(0xffffffff);
    }

    function execute(address target, bytes calldata data) external returns (bytes memory) {
        require(msg.sender == owner, "not the owner");
        (bool ok, bytes memory result) = target.call(data);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(result, 32), mload(result))
            }
        }
        return result;
    }
}

/// @notice Wallets that answer wrongly: none of them may ever count as a signature.
contract HostileWallet {
    enum Mode {
        WrongMagic,
        DirtyMagic,
        ShortAnswer,
        Nothing,
        Reverts,
        BurnsGas
    }

    Mode public mode;

    function set(Mode mode_) external {
        mode = mode_;
    }

    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        if (mode == Mode.Reverts) revert("no");
        if (mode == Mode.BurnsGas) while (true) {}
        Mode mode_ = mode;
        assembly ("memory-safe") {
            // 0x1626ba7e is the magic value.
            if eq(mode_, 1) {
                mstore(0, or(shl(224, 0x1626ba7e), 1))
                return(0, 32)
            }
            if eq(mode_, 2) {
                mstore(0, shl(224, 0x1626ba7e))
                return(0, 4)
            }
            if eq(mode_, 3) {
                return(0, 0)
            }
        }
        return 0xffffffff;
    }
}
