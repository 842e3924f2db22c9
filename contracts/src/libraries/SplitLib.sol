// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Arithmetic of a payout
/// @dev Amounts have 128 bits and basis points 16, so no product leaves 256 bits.
library SplitLib {
    uint256 internal constant BPS = 10_000;

    /// @notice A share of `amount`, rounded down.
    function share(uint256 amount, uint256 bps) internal pure returns (uint256) {
        unchecked {
            return (amount * bps) / BPS;
        }
    }

    /// @notice Arbitration comes off the top, the protocol fee off the seller's part; the buyer takes
    /// the rest, so that the four parts add up to `amount` and no unit is lost to rounding.
    /// @param sellerBps Never above `BPS`.
    /// @param arbitrationFee What the arbiter earned, zero if nothing; never above `amount`.
    function split(
        uint256 amount,
        uint256 sellerBps,
        uint256 protocolFeeBps,
        uint256 arbitrationFee
    ) internal pure returns (uint256 seller, uint256 buyer, uint256 protocolFee) {
        unchecked {
            uint256 shared = amount - arbitrationFee;
            uint256 gross = share(shared, sellerBps);
            protocolFee = (amount * sellerBps * protocolFeeBps) / (BPS * BPS);
            // Never above gross under the caps of the terms: with x = amount * sellerBps / BPS the fee is
            // at most floor(0.02 x), so it is zero below x = 50, and gross is at least floor(0.95 x).
            seller = gross - protocolFee;
            buyer = shared - gross;
        }
    }
}
