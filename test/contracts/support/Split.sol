// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice How one amount is divided.
struct Shares {
    uint256 seller;
    uint256 buyer;
    uint256 protocol;
    uint256 arbitration;
}

/// @notice The law's arithmetic from the buyer's end, so that it shares no expression with the contract:
/// the buyer's part is rounded up where the contract rounds the seller's part down.
function splitOf(
    uint256 amount,
    uint256 sellerBps,
    uint256 protocolBps,
    uint256 arbitrationBps,
    bool arbitrated
) pure returns (Shares memory shares) {
    shares.arbitration = arbitrated ? (amount * arbitrationBps) / 10_000 : 0;
    uint256 distributable = amount - shares.arbitration;
    shares.buyer = (distributable * (10_000 - sellerBps) + 9_999) / 10_000;
    uint256 gross = distributable - shares.buyer;
    shares.protocol = (amount * (sellerBps * protocolBps)) / 100_000_000;
    if (shares.protocol > gross) shares.protocol = gross;
    shares.seller = gross - shares.protocol;
}
