// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Where an amount goes; the four parts add up to it, to the base unit.
struct Split {
    uint256 seller;
    uint256 buyer;
    uint256 protocolFee;
    uint256 arbitrationFee;
}

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
    /// the rest, so that no unit is lost to rounding.
    /// @param arbitrationFee What the arbiter earned, zero if nothing; never above `amount`.
    /// @param sellerBps Never above `BPS`.
    function split(
        uint256 amount,
        uint256 sellerBps,
        uint256 protocolFeeBps,
        uint256 arbitrationFee
    ) internal pure returns (Split memory parts) {
        unchecked {
            uint256 gross = share(amount - arbitrationFee, sellerBps);
            uint256 fee = (amount * sellerBps * protocolFeeBps) / (BPS * BPS);
            // Rounding down twice may leave a gross of a few units below the fee.
            if (fee > gross) fee = gross;
            parts.seller = gross - fee;
            parts.buyer = amount - arbitrationFee - gross;
            parts.protocolFee = fee;
            parts.arbitrationFee = arbitrationFee;
        }
    }
}
