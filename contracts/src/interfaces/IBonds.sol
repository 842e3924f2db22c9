// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBondVault} from "./IBondVault.sol";
import {Terms} from "./IPactEscrow.sol";

/// @notice The life of one reservation.
enum Reservation {
    /// @dev The escrow was not released against this vault.
    Free,
    /// @dev Released at once; the buyer may claim until the review would have ended.
    Reserved,
    /// @dev The buyer claimed; the arbiter may rule until `claimOf(id).end`.
    Claimed,
    /// @dev Over, and nothing was taken.
    Freed,
    /// @dev Over, and the buyer was compensated.
    Slashed
}

/// @notice A seller's bond: one storage slot. USDC base units.
struct Bond {
    uint64 amount;
    /// @dev Held for escrows that were released at once.
    uint64 reserved;
    /// @dev Asked back; no longer counts, neither for a tier nor for a reservation.
    uint64 leaving;
    /// @dev Unix seconds at which `leaving` was asked back.
    uint40 leavingAt;
}

/// @notice A buyer's claim: one storage slot, written at the first act after the release.
struct Claim {
    Reservation state;
    /// @dev Unix seconds at which the PASS stands if the arbiter was silent.
    uint40 end;
    /// @dev The buyer's dispute stake, base units.
    uint64 stake;
}

/// @title Bonds of sellers, the recourse behind a release at once
/// @notice A seller stakes USDC. With the seller's signed consent an escrow that names this vault pays
/// as soon as its delivery passed; until the review would have ended the buyer may claim, and the
/// arbiter then decides on the reserved part of the bond.
///
/// | state | who may act | until | when it runs out, anyone may |
/// |---|---|---|---|
/// | Reserved | buyer: `claim` (with a stake of one arbitration fee) | end of the review | `free` |
/// | Claimed | the arbiter: `rule`; buyer: `drop` | claim + arbitrationWindow | `conclude`: the PASS stands |
/// | Freed, Slashed | nobody | - | - |
///
/// A reservation costs no slot: it is read from the escrow's own terminal slot (`bonded`, `timerEnd`)
/// and one counter of the seller. It has no event of its own; the escrow's `Released(id, .., bonded = true)` tells it.
///
/// A ruling moves what the same ruling in the escrow would have moved: `gross = floor((amount -
/// arbitration) x sellerBps / 1e4)` stays with the seller, the buyer is compensated with `amount -
/// arbitration - gross`, the arbiter is paid `arbitration`: from the bond, or, where the claim was
/// frivolous (sellerBps above 9000), from the buyer's stake, which otherwise returns in the same
/// transaction. So a slashing never exceeds the reservation and never enriches who runs the vault.
///
/// Warning: a seller cannot give the bond to a claimant by agreement. That would let a seller take it
/// out at once through a buyer of its own, around the withdrawal delay that everybody else relies on.
///
/// Warning: the vault's arbiter rules, also where the terms name another one. Buyers should check that
/// both are the same.
interface IBonds is IBondVault {
    event Staked(address indexed seller, uint256 amount);
    event WithdrawalRequested(address indexed seller, uint256 amount, uint256 readyAt);
    event BondWithdrawn(address indexed seller, address indexed to, uint256 amount);
    event Claimed(
        bytes32 indexed id,
        address indexed buyer,
        bytes32 claimHash,
        uint256 stake,
        uint256 end
    );
    event Dropped(bytes32 indexed id, uint256 stake);
    event Freed(bytes32 indexed id, address indexed seller, uint256 amount);
    /// @param slashed Taken from the bond: compensation, and the arbitration fee unless the stake paid it.
    event ClaimRuled(
        bytes32 indexed id,
        uint256 sellerBps,
        uint256 slashed,
        uint256 compensation,
        uint256 arbitrationFee,
        bytes32 recordHash
    );
    event ClaimConcluded(bytes32 indexed id, uint256 stake);
    /// @dev A transfer failed (blacklist, pause); the amount waits for its owner.
    event VaultCredited(address indexed owner, uint256 amount);
    event VaultCreditWithdrawn(address indexed owner, address indexed to, uint256 amount);

    error NotEscrow(address sender, address escrow);
    error NotBuyer(address sender, address buyer);
    error NotAuthorized(address sender, bytes32 id);
    error ZeroAmount();
    error ZeroAddress();
    error ReviewTooLong(uint256 until, uint256 limit);
    error InsufficientBond(uint256 amount, uint256 free);
    error NotReserved(bytes32 id);
    error NotClaimed(bytes32 id, Reservation state);
    error AfterReview(uint256 timestamp, uint256 end);
    error BeforeReviewEnd(uint256 timestamp, uint256 end);
    error AfterClaimEnd(uint256 timestamp, uint256 end);
    error BeforeClaimEnd(uint256 timestamp, uint256 end);
    error BeforeReady(uint256 timestamp, uint256 readyAt);
    error InvalidSplit(uint256 sellerBps);

    // ----------------------------------------------------------------- SELLER

    /// @notice Stakes from the sender's allowance.
    function stake(uint256 amount) external;

    /// @notice Stakes by ERC-3009, open to any sender: to = this vault, validAfter = 0,
    /// nonce = keccak256("earnest/bond" || salt).
    function stakeByAuthorization(
        address seller,
        uint256 amount,
        uint256 validBefore,
        bytes32 salt,
        bytes calldata signature
    ) external;

    /// @notice Asks back `amount` of what is not reserved; replaces what was asked before, and the wait
    /// starts anew. Zero takes the request back.
    function requestWithdrawal(uint256 amount) external;

    /// @notice Pays what was asked back, after `WITHDRAWAL_DELAY`.
    function withdrawBond(address to) external;

    // ------------------------------------------------------------------ BUYER

    /// @notice Claims against the reservation of an escrow that was released at once, with a stake of
    /// one arbitration fee, before the review would have ended.
    /// @param signature Empty: the buyer sends and the stake comes from its allowance. Else ERC-3009, open
    /// to any sender: value = the stake, validAfter = 0, nonce = keccak256("earnest/claim" || id || claimHash).
    function claim(
        Terms calldata terms,
        bytes32 claimHash,
        uint256 validBefore,
        bytes calldata signature
    ) external;

    /// @notice Takes the claim back; the stake goes to the seller.
    function drop(Terms calldata terms) external;

    // ---------------------------------------------------------------- ARBITER

    /// @notice Decides a claim. By the arbiter itself, or with a proof that it authorises (kind Ruling)
    /// over `Ruling(bytes32 escrowId,uint256 round,uint256 sellerBps,bytes32 recordHash)` in the domain
    /// "Earnest BondVault", version "1".
    function rule(
        Terms calldata terms,
        uint256 sellerBps,
        bytes32 recordHash,
        bytes calldata proof
    ) external;

    // ----------------------------------------------------------------- ANYONE

    /// @notice Ends a reservation that nobody claimed.
    function free(Terms calldata terms) external;

    /// @notice The arbiter was silent: the PASS stands, and the stake goes to the seller.
    function conclude(Terms calldata terms) external;

    /// @notice Sends the sender's credit (payouts that had failed) to `to`.
    function withdrawCredit(address to) external;

    // ------------------------------------------------------------------ VIEWS

    function escrow() external view returns (address);
    function arbiter() external view returns (address);
    function token() external view returns (address);
    function bondOf(address seller) external view returns (Bond memory);
    /// @notice What may still be reserved: neither reserved nor asked back.
    function freeOf(address seller) external view returns (uint256);
    /// @notice 0; 1 from 500; 2 from 5,000; 3 from 25,000; 4 from 100,000 USDC, without what was asked back.
    function tierOf(address seller) external view returns (uint256);
    function reservationOf(Terms calldata terms) external view returns (Reservation);
    function claimOf(bytes32 id) external view returns (Claim memory);
    function creditOf(address owner) external view returns (uint256);
}
