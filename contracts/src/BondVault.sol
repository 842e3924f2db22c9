// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IArbiter} from "./interfaces/IArbiter.sol";
import {IBondVault} from "./interfaces/IBondVault.sol";
import {Bond, Claim, IBonds, Reservation} from "./interfaces/IBonds.sol";
import {Clauses, Escrow, IPactEscrow, Kind, State, Terms} from "./interfaces/IPactEscrow.sol";
import {ClausesLib} from "./libraries/ClausesLib.sol";
import {TermsLib} from "./libraries/TermsLib.sol";
import {TokenLib} from "./libraries/TokenLib.sol";
import {VerbLib} from "./libraries/VerbLib.sol";

/// @title Bonds of sellers, for one escrow and one arbiter
contract BondVault is IBonds, EIP712, ReentrancyGuardTransient {
    using ClausesLib for Clauses;
    using TermsLib for Terms;
    using TokenLib for address;

    /// @notice The longest review that a reservation may cover.
    uint256 public constant MAX_REVIEW = 7 days;
    /// @notice Longer than the longest dispute here: `MAX_REVIEW` and the escrow's longest arbitration (30 days).
    uint256 public constant WITHDRAWAL_DELAY = 38 days;

    uint256 private constant BPS = 10_000;
    uint256 private constant FRIVOLOUS_BPS = 9_000;

    IPactEscrow private immutable _escrow;
    IArbiter private immutable _arbiter;
    /// @inheritdoc IBonds
    address public immutable token;

    mapping(address seller => Bond) private _bonds;
    mapping(bytes32 id => Claim) private _claims;

    /// @inheritdoc IBonds
    mapping(address owner => uint256) public creditOf;

    constructor(IPactEscrow escrow_, IArbiter arbiter_) EIP712("Earnest BondVault", "1") {
        _escrow = escrow_;
        _arbiter = arbiter_;
        token = escrow_.token();
    }

    // ----------------------------------------------------------------- SELLER

    /// @inheritdoc IBonds
    function stake(uint256 amount) external nonReentrant {
        _credit(msg.sender, amount);
        token.pull(msg.sender, amount);
    }

    /// @inheritdoc IBonds
    function stakeByAuthorization(
        address seller,
        uint256 amount,
        uint256 validBefore,
        bytes32 salt,
        bytes calldata signature
    ) external nonReentrant {
        _credit(seller, amount);
        // The prefix keeps a claim's authorization from being spent here.
        bytes32 nonce = keccak256(abi.encodePacked("earnest/bond", salt));
        token.receiveWithAuthorization(seller, amount, validBefore, nonce, signature);
    }

    /// @inheritdoc IBonds
    function requestWithdrawal(uint256 amount) external nonReentrant {
        // Check: it is not reserved.
        Bond storage bond = _bonds[msg.sender];
        uint256 unreserved = bond.amount - bond.reserved;
        if (amount > unreserved) revert InsufficientBond(amount, unreserved);

        // Effect
        bond.leaving = uint64(amount);
        bond.leavingAt = uint40(block.timestamp);
        emit WithdrawalRequested(msg.sender, amount, block.timestamp + WITHDRAWAL_DELAY);
    }

    /// @inheritdoc IBonds
    function withdrawBond(address to) external nonReentrant {
        // Check: something was asked back, long enough ago.
        if (to == address(0)) revert ZeroAddress();
        Bond storage bond = _bonds[msg.sender];
        uint64 amount = bond.leaving;
        if (amount == 0) revert ZeroAmount();
        uint256 readyAt = bond.leavingAt + WITHDRAWAL_DELAY;
        if (block.timestamp < readyAt) revert BeforeReady(block.timestamp, readyAt);

        // Effect
        bond.amount -= amount;
        bond.leaving = 0;
        emit BondWithdrawn(msg.sender, to, amount);

        // Interaction
        token.push(to, amount);
    }

    // ------------------------------------------------------------------ BUYER

    /// @inheritdoc IBonds
    function claim(
        Terms calldata terms,
        bytes32 claimHash,
        uint256 validBefore,
        bytes calldata signature
    ) external nonReentrant {
        // Check: a reservation in this vault that nobody claimed, and the review has not ended.
        (bytes32 id, Escrow memory lock) = _reserved(terms);
        if (block.timestamp >= lock.timerEnd) revert AfterReview(block.timestamp, lock.timerEnd);
        if (signature.length == 0 && msg.sender != terms.buyer)
            revert NotBuyer(msg.sender, terms.buyer);

        // Effect
        uint256 amount = terms.arbitrationFee();
        uint256 end = block.timestamp + terms.clauses.arbitrationWindow();
        _claims[id] = Claim(Reservation.Claimed, uint40(end), uint64(amount));
        emit Claimed(id, terms.buyer, claimHash, amount, end);

        // Interaction
        if (signature.length == 0) {
            token.pull(terms.buyer, amount);
        } else {
            bytes32 nonce = keccak256(abi.encodePacked("earnest/claim", id, claimHash));
            token.receiveWithAuthorization(terms.buyer, amount, validBefore, nonce, signature);
        }
    }

    /// @inheritdoc IBonds
    function drop(Terms calldata terms) external nonReentrant {
        // Check: the buyer's own claim.
        if (msg.sender != terms.buyer) revert NotBuyer(msg.sender, terms.buyer);
        (bytes32 id, Claim memory pending) = _claimed(terms);

        // Effect, interaction
        emit Dropped(id, pending.stake);
        _free(id, terms);
        _pay(terms.seller, pending.stake);
    }

    // ---------------------------------------------------------------- ARBITER

    /// @inheritdoc IBonds
    function rule(
        Terms calldata terms,
        uint256 sellerBps,
        bytes32 recordHash,
        bytes calldata proof
    ) external nonReentrant {
        // Check: an open claim, and the arbiter speaks.
        if (sellerBps > BPS) revert InvalidSplit(sellerBps);
        (bytes32 id, Claim memory pending) = _claimed(terms);
        if (block.timestamp >= pending.end) revert AfterClaimEnd(block.timestamp, pending.end);
        if (msg.sender != address(_arbiter))
            _checkRuling(id, terms.ladder, sellerBps, recordHash, proof);

        // Effect: what the ruling would have moved in the escrow, bounded by the reservation.
        uint256 arbitration = pending.stake;
        uint256 compensation = terms.amount - arbitration;
        compensation -= (compensation * sellerBps) / BPS;
        bool frivolous = sellerBps > FRIVOLOUS_BPS;
        uint256 slashed = frivolous ? compensation : compensation + arbitration;
        Bond storage bond = _bonds[terms.seller];
        bond.amount -= uint64(slashed);
        bond.reserved -= uint64(terms.amount);
        _claims[id].state = slashed == 0 ? Reservation.Freed : Reservation.Slashed;
        emit ClaimRuled(id, sellerBps, slashed, compensation, arbitration, recordHash);

        // Interaction
        _pay(terms.buyer, frivolous ? compensation : compensation + arbitration);
        _pay(address(_arbiter), arbitration);
    }

    // ----------------------------------------------------------------- ESCROW

    /// @inheritdoc IBondVault
    function reserve(
        bytes32,
        address seller,
        uint256 amount,
        uint256 until
    ) external returns (bytes4 magic) {
        // Check: only this escrow, which calls the vault that the terms name, with the seller's consent.
        if (msg.sender != address(_escrow)) revert NotEscrow(msg.sender, address(_escrow));
        if (until > block.timestamp + MAX_REVIEW)
            revert ReviewTooLong(until, block.timestamp + MAX_REVIEW);
        Bond memory bond = _bonds[seller];
        uint256 unreserved = bond.amount - bond.reserved - bond.leaving;
        if (amount > unreserved) revert InsufficientBond(amount, unreserved);

        // Effect
        _bonds[seller].reserved = bond.reserved + uint64(amount);
        return IBondVault.reserve.selector;
    }

    // ----------------------------------------------------------------- ANYONE

    /// @inheritdoc IBonds
    function free(Terms calldata terms) external nonReentrant {
        // Check: nobody claimed, and nobody may any more.
        (bytes32 id, Escrow memory lock) = _reserved(terms);
        if (block.timestamp < lock.timerEnd) revert BeforeReviewEnd(block.timestamp, lock.timerEnd);

        // Effect
        _free(id, terms);
    }

    /// @inheritdoc IBonds
    function conclude(Terms calldata terms) external nonReentrant {
        // Check: the arbiter's time is over.
        (bytes32 id, Claim memory pending) = _claimed(terms);
        if (block.timestamp < pending.end) revert BeforeClaimEnd(block.timestamp, pending.end);

        // Effect, interaction: more than 90 % against the claimant, as in the escrow.
        emit ClaimConcluded(id, pending.stake);
        _free(id, terms);
        _pay(terms.seller, pending.stake);
    }

    /// @inheritdoc IBonds
    function withdrawCredit(address to) external nonReentrant {
        // Check
        if (to == address(0)) revert ZeroAddress();
        uint256 amount = creditOf[msg.sender];
        if (amount == 0) revert ZeroAmount();

        // Effect
        creditOf[msg.sender] = 0;
        emit VaultCreditWithdrawn(msg.sender, to, amount);

        // Interaction
        token.push(to, amount);
    }

    // ------------------------------------------------------------------ VIEWS

    /// @inheritdoc IBonds
    function escrow() external view returns (address) {
        return address(_escrow);
    }

    /// @inheritdoc IBonds
    function arbiter() external view returns (address) {
        return address(_arbiter);
    }

    /// @inheritdoc IBonds
    function bondOf(address seller) external view returns (Bond memory) {
        return _bonds[seller];
    }

    /// @inheritdoc IBonds
    function freeOf(address seller) external view returns (uint256) {
        Bond memory bond = _bonds[seller];
        return bond.amount - bond.reserved - bond.leaving;
    }

    /// @inheritdoc IBonds
    function tierOf(address seller) external view returns (uint256) {
        Bond memory bond = _bonds[seller];
        uint256 standing = bond.amount - bond.leaving;
        if (standing >= 100_000e6) return 4;
        if (standing >= 25_000e6) return 3;
        if (standing >= 5_000e6) return 2;
        if (standing >= 500e6) return 1;
        return 0;
    }

    /// @inheritdoc IBonds
    function reservationOf(Terms calldata terms) external view returns (Reservation) {
        bytes32 id = _escrow.hashTerms(terms);
        Reservation state = _claims[id].state;
        if (state == Reservation.Free && _isBonded(terms, _escrow.escrowOf(id)))
            return Reservation.Reserved;
        return state;
    }

    /// @inheritdoc IBonds
    function claimOf(bytes32 id) external view returns (Claim memory) {
        return _claims[id];
    }

    // --------------------------------------------------------------- INTERNAL

    function _credit(address seller, uint256 amount) private {
        if (amount == 0) revert ZeroAmount();
        // More than all USDC there can be overflows here and reverts.
        _bonds[seller].amount += SafeCast.toUint64(amount);
        emit Staked(seller, amount);
    }

    /// @dev The id and slot of an escrow that was released against this vault and is unclaimed.
    function _reserved(Terms calldata terms) private view returns (bytes32 id, Escrow memory lock) {
        id = _escrow.hashTerms(terms);
        lock = _escrow.escrowOf(id);
        if (!_isBonded(terms, lock) || _claims[id].state != Reservation.Free)
            revert NotReserved(id);
    }

    function _isBonded(Terms calldata terms, Escrow memory lock) private view returns (bool) {
        return lock.state == State.Completed && lock.bonded && terms.vault == address(this);
    }

    function _claimed(
        Terms calldata terms
    ) private view returns (bytes32 id, Claim memory pending) {
        id = _escrow.hashTerms(terms);
        pending = _claims[id];
        if (pending.state != Reservation.Claimed) revert NotClaimed(id, pending.state);
    }

    function _checkRuling(
        bytes32 id,
        bytes32 ladder,
        uint256 sellerBps,
        bytes32 recordHash,
        bytes calldata proof
    ) private view {
        Escrow memory lock = _escrow.escrowOf(id);
        bytes32 digest = _hashTypedDataV4(
            VerbLib.hashVerdict(VerbLib.RULING, id, lock.round, sellerBps, recordHash)
        );
        if (!_arbiter.isAuthorized(id, ladder, Kind.Ruling, lock.fundedAt, digest, proof)) {
            revert NotAuthorized(msg.sender, id);
        }
    }

    function _free(bytes32 id, Terms calldata terms) private {
        _claims[id].state = Reservation.Freed;
        _bonds[terms.seller].reserved -= uint64(terms.amount);
        emit Freed(id, terms.seller, terms.amount);
    }

    /// @dev A payee that cannot receive never blocks the others.
    function _pay(address to, uint256 amount) private {
        if (amount == 0) return;
        if (token.tryPush(to, amount)) return;
        creditOf[to] += amount;
        emit VaultCredited(to, amount);
    }
}
