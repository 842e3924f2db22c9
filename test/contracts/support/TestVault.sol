// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBondVault} from "../../../contracts/src/interfaces/IBondVault.sol";

/// @notice A vault whose answer the test sets.
contract TestVault is IBondVault {
    enum Answer {
        Yes,
        No,
        Revert,
        Burn,
        Short
    }

    Answer public answer;
    bytes32 public reservedId;
    address public reservedSeller;
    uint256 public reservedAmount;
    uint256 public reservedUntil;
    uint256 public reservations;

    function set(Answer answer_) external {
        answer = answer_;
    }

    function reserve(
        bytes32 escrowId,
        address seller,
        uint256 amount,
        uint256 until
    ) external returns (bytes4) {
        if (answer == Answer.Revert) revert("no bond");
        if (answer == Answer.Burn) while (true) {}
        if (answer == Answer.No) return 0;
        if (answer == Answer.Short) {
            assembly ("memory-safe") {
                mstore(0, 0)
                return(0, 4)
            }
        }
        reservedId = escrowId;
        reservedSeller = seller;
        reservedAmount = amount;
        reservedUntil = until;
        ++reservations;
        return IBondVault.reserve.selector;
    }
}
