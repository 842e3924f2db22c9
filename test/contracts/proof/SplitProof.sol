// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SplitLib} from "../../../contracts/src/libraries/SplitLib.sol";

/// @notice What the compiler's model checker proves of the arithmetic behind every payout, for every number
/// that terms can carry and not for samples. No loop, no state: each function is the whole of its claim.
/// `npm run verify:deep -- --only proof`
contract SplitProof {
    /// @dev The caps of `TermsLib.check`.
    modifier withinTerms(
        uint256 amount,
        uint256 sellerBps,
        uint256 protocolBps,
        uint256 arbitrationBps
    ) {
        require(amount <= type(uint128).max);
        require(sellerBps <= 10_000);
        require(protocolBps <= 200);
        require(arbitrationBps <= 500);
        _;
    }

    /// @dev The four parts are the amount, to the base unit.
    function partsAddUp(
        uint256 amount,
        uint256 sellerBps,
        uint256 protocolBps,
        uint256 arbitrationBps
    ) external pure withinTerms(amount, sellerBps, protocolBps, arbitrationBps) {
        uint256 arbitration = SplitLib.share(amount, arbitrationBps);
        (uint256 seller, uint256 buyer, uint256 fee) = SplitLib.split(
            amount,
            sellerBps,
            protocolBps,
            arbitration
        );
        unchecked {
            assert(seller + buyer + fee + arbitration == amount);
        }
    }

    /// @dev Arbitration is never above its rate, nor above the amount.
    function arbitrationFits(
        uint256 amount,
        uint256 sellerBps,
        uint256 protocolBps,
        uint256 arbitrationBps
    ) external pure withinTerms(amount, sellerBps, protocolBps, arbitrationBps) {
        uint256 arbitration = SplitLib.share(amount, arbitrationBps);
        assert(arbitration <= amount);
        assert(arbitration * 1e4 <= amount * arbitrationBps);
    }

    /// @dev The buyer's part is never above what arbitration leaves: the seller's gross does not wrap.
    function buyerFits(
        uint256 amount,
        uint256 sellerBps,
        uint256 protocolBps,
        uint256 arbitrationBps
    ) external pure withinTerms(amount, sellerBps, protocolBps, arbitrationBps) {
        uint256 arbitration = SplitLib.share(amount, arbitrationBps);
        (, uint256 buyer, ) = SplitLib.split(amount, sellerBps, protocolBps, arbitration);
        assert(buyer <= amount - arbitration);
    }

    /// @dev The protocol fee is never above the seller's gross: the seller's part does not wrap.
    function feeFits(
        uint256 amount,
        uint256 sellerBps,
        uint256 protocolBps,
        uint256 arbitrationBps
    ) external pure withinTerms(amount, sellerBps, protocolBps, arbitrationBps) {
        uint256 arbitration = SplitLib.share(amount, arbitrationBps);
        (, uint256 buyer, uint256 fee) = SplitLib.split(
            amount,
            sellerBps,
            protocolBps,
            arbitration
        );
        assert(fee <= amount - arbitration - buyer);
    }

    /// @dev The protocol fee is never above its rate on the seller's share.
    function feeIsAsSigned(
        uint256 amount,
        uint256 sellerBps,
        uint256 protocolBps,
        uint256 arbitrationBps
    ) external pure withinTerms(amount, sellerBps, protocolBps, arbitrationBps) {
        uint256 arbitration = SplitLib.share(amount, arbitrationBps);
        (, , uint256 fee) = SplitLib.split(amount, sellerBps, protocolBps, arbitration);
        assert(fee * 1e8 <= amount * sellerBps * protocolBps);
    }
}

/// @notice What is false, so that a checker that believes everything is not believed.
contract SplitFallacy {
    /// @dev Without the caps of the terms a fee can be above the seller's gross.
    function feeFitsAnyTerms(uint256 amount, uint256 sellerBps, uint256 protocolBps) external pure {
        require(amount <= type(uint128).max);
        require(sellerBps <= 10_000);
        require(protocolBps <= 10_000);
        uint256 arbitration = SplitLib.share(amount, 500);
        (, uint256 buyer, uint256 fee) = SplitLib.split(
            amount,
            sellerBps,
            protocolBps,
            arbitration
        );
        assert(fee <= amount - arbitration - buyer);
    }
}
