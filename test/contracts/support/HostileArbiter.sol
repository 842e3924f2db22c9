// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IArbiter} from "../../../contracts/src/interfaces/IArbiter.sol";
import {Kind} from "../../../contracts/src/interfaces/IPactEscrow.sol";

/// @notice An arbiter that answers and listens as badly as told.
contract HostileArbiter is IArbiter {
    enum Mode {
        Honest,
        Refuses,
        Reverts,
        BurnsGas,
        ReturnsABomb,
        ReturnsShort,
        ReturnsTwo,
        Reenters
    }

    Mode public answers;
    Mode public listens;

    address private target;
    bytes private call_;
    uint256 public told;
    bool public reentered;
    bool public reentryFailed;

    function set(Mode answers_, Mode listens_) external {
        answers = answers_;
        listens = listens_;
    }

    function reenterWith(address target_, bytes calldata data) external {
        target = target_;
        call_ = data;
    }

    /// @notice Makes the arbiter send a call of its own.
    function send(address to, bytes calldata data) external returns (bool ok) {
        (ok, ) = to.call(data);
    }

    function isAuthorized(
        bytes32,
        bytes32,
        Kind,
        uint256,
        bytes32,
        bytes calldata
    ) external view returns (bool) {
        Mode mode = answers;
        _misbehave(mode);
        if (mode == Mode.ReturnsShort) {
            assembly ("memory-safe") {
                mstore(0, 1)
                return(0, 31)
            }
        }
        if (mode == Mode.ReturnsTwo) {
            assembly ("memory-safe") {
                mstore(0, 2)
                return(0, 32)
            }
        }
        return mode != Mode.Refuses;
    }

    function onDispute(bytes32, address) external {
        Mode mode = listens;
        _misbehave(mode);
        ++told;
        if (mode == Mode.Reenters && !reentered) {
            reentered = true;
            (bool ok, ) = target.call(call_);
            reentryFailed = !ok;
        }
    }

    function _misbehave(Mode mode) private pure {
        if (mode == Mode.Reverts) revert("no");
        if (mode == Mode.BurnsGas) while (true) {}
        if (mode == Mode.ReturnsABomb) {
            assembly ("memory-safe") {
                return(0, 1000000)
            }
        }
    }
}
