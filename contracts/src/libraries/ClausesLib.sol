// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clauses} from "../interfaces/IPactEscrow.sol";

/// @title The numbers packed into `Clauses`
/// @dev The layout is documented at the type. The milestone only makes ids differ, nobody here reads it.
library ClausesLib {
    function fundBy(Clauses clauses) internal pure returns (uint256) {
        return uint40(Clauses.unwrap(clauses) >> 16);
    }

    function deliverBy(Clauses clauses) internal pure returns (uint256) {
        return uint40(Clauses.unwrap(clauses) >> 56);
    }

    function reviewWindow(Clauses clauses) internal pure returns (uint256) {
        return uint24(Clauses.unwrap(clauses) >> 96);
    }

    /// @dev The review of a delivery that nobody has attested: who waived the review waived it for a PASS.
    function deliveryReview(Clauses clauses) internal pure returns (uint256) {
        uint256 window = reviewWindow(clauses);
        return window == 0 ? responseWindow(clauses) : window;
    }

    function responseWindow(Clauses clauses) internal pure returns (uint256) {
        return uint24(Clauses.unwrap(clauses) >> 120);
    }

    function negotiationWindow(Clauses clauses) internal pure returns (uint256) {
        return uint24(Clauses.unwrap(clauses) >> 144);
    }

    function arbitrationWindow(Clauses clauses) internal pure returns (uint256) {
        return uint24(Clauses.unwrap(clauses) >> 168);
    }

    function protocolFeeBps(Clauses clauses) internal pure returns (uint256) {
        return uint16(Clauses.unwrap(clauses) >> 192);
    }

    function arbitrationFeeBps(Clauses clauses) internal pure returns (uint256) {
        return uint16(Clauses.unwrap(clauses) >> 208);
    }

    function fallbackSellerBps(Clauses clauses) internal pure returns (uint256) {
        return uint16(Clauses.unwrap(clauses) >> 224);
    }
}
