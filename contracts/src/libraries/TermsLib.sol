// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clauses, IPactEscrow, Terms} from "../interfaces/IPactEscrow.sol";
import {ClausesLib} from "./ClausesLib.sol";
import {SplitLib} from "./SplitLib.sol";

/// @title Identity and validity of terms
library TermsLib {
    using ClausesLib for Clauses;
    using TermsLib for Terms;

    bytes32 internal constant TYPEHASH = keccak256(
        "Terms(address buyer,address seller,address arbiter,address vault,uint256 amount,bytes32 pactHash,uint16 milestone,uint40 fundBy,uint40 deliverBy,uint24 reviewWindow,uint24 responseWindow,uint24 negotiationWindow,uint24 arbitrationWindow,uint16 protocolFeeBps,uint16 arbitrationFeeBps,address feeRecipient,uint16 fallbackSellerBps,bytes32 ladder,bytes32 salt)"
    );

    /// @dev 0.01 USDC: the smallest amount on which one basis point is one base unit.
    uint256 internal constant MIN_AMOUNT = 10_000;
    uint256 internal constant MAX_AMOUNT = type(uint128).max;
    /// @dev What a sequencer may shift its clock by, several times over.
    uint256 internal constant MIN_WINDOW = 60;
    uint256 internal constant MAX_WINDOW = 30 days;
    uint256 internal constant MAX_PROTOCOL_FEE_BPS = 200;
    uint256 internal constant MAX_ARBITRATION_FEE_BPS = 500;

    /// @notice EIP-712 struct hash with every clause as a field of its own.
    /// @dev Words are hashed as they stand in calldata: an address with dirty upper bits is another id,
    /// which `check` never opens.
    function hash(Terms calldata terms) internal pure returns (bytes32 structHash) {
        bytes32 typehash = TYPEHASH;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typehash)
            // buyer, seller, arbiter, vault; amount, pactHash
            calldatacopy(add(m, 0x20), terms, 0x80)
            calldatacopy(add(m, 0xa0), add(terms, 0xa0), 0x40)
            let clauses := calldataload(add(terms, 0x120))
            mstore(add(m, 0xe0), and(clauses, 0xffff))
            mstore(add(m, 0x100), and(shr(16, clauses), 0xffffffffff))
            mstore(add(m, 0x120), and(shr(56, clauses), 0xffffffffff))
            mstore(add(m, 0x140), and(shr(96, clauses), 0xffffff))
            mstore(add(m, 0x160), and(shr(120, clauses), 0xffffff))
            mstore(add(m, 0x180), and(shr(144, clauses), 0xffffff))
            mstore(add(m, 0x1a0), and(shr(168, clauses), 0xffffff))
            mstore(add(m, 0x1c0), and(shr(192, clauses), 0xffff))
            mstore(add(m, 0x1e0), and(shr(208, clauses), 0xffff))
            // feeRecipient
            calldatacopy(add(m, 0x200), add(terms, 0x80), 0x20)
            mstore(add(m, 0x220), and(shr(224, clauses), 0xffff))
            // ladder, salt
            calldatacopy(add(m, 0x240), add(terms, 0xe0), 0x40)
            structHash := keccak256(m, 0x280)
        }
    }

    // Addresses as they stand in calldata. Dirty upper bits make another id, which `check` never opens,
    // so whoever has loaded an open escrow need not look at them again.

    function buyerOf(Terms calldata terms) internal pure returns (address buyer) {
        assembly ("memory-safe") {
            buyer := calldataload(terms)
        }
    }

    function sellerOf(Terms calldata terms) internal pure returns (address seller) {
        assembly ("memory-safe") {
            seller := calldataload(add(terms, 0x20))
        }
    }

    function arbiterOf(Terms calldata terms) internal pure returns (address arbiter) {
        assembly ("memory-safe") {
            arbiter := calldataload(add(terms, 0x40))
        }
    }

    function vaultOf(Terms calldata terms) internal pure returns (address vault) {
        assembly ("memory-safe") {
            vault := calldataload(add(terms, 0x60))
        }
    }

    function feeRecipientOf(Terms calldata terms) internal pure returns (address feeRecipient) {
        assembly ("memory-safe") {
            feeRecipient := calldataload(add(terms, 0x80))
        }
    }

    /// @notice Emits `Funded`; `check` has validated the words that are copied.
    function emitFunded(Terms calldata terms, bytes32 id) internal {
        bytes32 topic = IPactEscrow.Funded.selector;
        assembly ("memory-safe") {
            let m := mload(0x40)
            calldatacopy(m, terms, 0x140)
            log4(m, 0x140, topic, id, calldataload(terms), calldataload(add(terms, 0x20)))
        }
    }

    /// @notice Emits `Amended`; `check` has validated the words that are copied.
    function emitAmended(Terms calldata amended, bytes32 id, bytes32 amendedId) internal {
        bytes32 topic = IPactEscrow.Amended.selector;
        assembly ("memory-safe") {
            let m := mload(0x40)
            calldatacopy(m, amended, 0x140)
            log3(m, 0x140, topic, id, amendedId)
        }
    }

    /// @notice One arbitration fee: what arbitration costs and what a dispute stakes.
    function arbitrationFee(Terms calldata terms) internal pure returns (uint256) {
        return SplitLib.share(terms.amount, terms.clauses.arbitrationFeeBps());
    }

    /// @notice Reverts unless the terms can be funded now.
    function check(Terms calldata terms, address token) internal view {
        Clauses clauses = terms.clauses;
        if (Clauses.unwrap(clauses) >> 240 != 0) {
            revert IPactEscrow.UnusedBitsSet(Clauses.unwrap(clauses));
        }

        // Check: fund in time, and not one block before the delivery is due.
        uint256 fundBy = clauses.fundBy();
        if (block.timestamp >= fundBy) revert IPactEscrow.AfterFundBy(block.timestamp, fundBy);
        if (fundBy >= clauses.deliverBy()) {
            revert IPactEscrow.DeliverByNotAfterFundBy(clauses.deliverBy(), fundBy);
        }

        // Check: windows.
        if (clauses.reviewWindow() != 0) _checkWindow(clauses.reviewWindow());
        _checkWindow(clauses.responseWindow());
        _checkWindow(clauses.negotiationWindow());
        _checkWindow(clauses.arbitrationWindow());

        // Check: amount, fees and split.
        if (terms.amount < MIN_AMOUNT || terms.amount > MAX_AMOUNT) {
            revert IPactEscrow.InvalidAmount(terms.amount, MIN_AMOUNT, MAX_AMOUNT);
        }
        if (clauses.protocolFeeBps() > MAX_PROTOCOL_FEE_BPS) {
            revert IPactEscrow.FeeTooHigh(clauses.protocolFeeBps(), MAX_PROTOCOL_FEE_BPS);
        }
        if (clauses.arbitrationFeeBps() > MAX_ARBITRATION_FEE_BPS) {
            revert IPactEscrow.FeeTooHigh(clauses.arbitrationFeeBps(), MAX_ARBITRATION_FEE_BPS);
        }
        if (clauses.fallbackSellerBps() > SplitLib.BPS) {
            revert IPactEscrow.InvalidSplit(clauses.fallbackSellerBps(), SplitLib.BPS);
        }

        // Check: addresses are addresses.
        address buyer = terms.buyerOf();
        address seller = terms.sellerOf();
        address arbiter = terms.arbiterOf();
        address vault = terms.vaultOf();
        address feeRecipient = terms.feeRecipientOf();
        uint256 dirt;
        assembly ("memory-safe") {
            dirt := shr(160, or(or(or(buyer, seller), or(arbiter, vault)), feeRecipient))
        }
        if (dirt != 0) revert IPactEscrow.UnusedBitsSet(dirt);

        // Check: three different parties, and nobody who is a trap for tokens.
        _checkParty(buyer, arbiter, token);
        _checkParty(seller, buyer, token);
        _checkParty(arbiter, seller, token);
        if (vault != address(0)) _checkParty(vault, address(0), token);
        if (feeRecipient != address(0) || clauses.protocolFeeBps() != 0) {
            _checkParty(feeRecipient, address(0), token);
        }

        // Check: the arbiter is a contract whose code its owner cannot swap.
        _checkArbiter(arbiter);
    }

    function _checkWindow(uint256 window) private pure {
        unchecked {
            if (window - MIN_WINDOW > MAX_WINDOW - MIN_WINDOW) {
                revert IPactEscrow.InvalidWindow(window, MIN_WINDOW, MAX_WINDOW);
            }
        }
    }

    function _checkParty(address party, address other, address token) private view {
        if (party == address(0) || party == other || party == token || party == address(this))
            revert IPactEscrow.InvalidParty(party);
    }

    /// @dev No contract starts with 0xef (EIP-3541) except the designator of a delegated account.
    function _checkArbiter(address arbiter) private view {
        bool valid;
        assembly ("memory-safe") {
            mstore(0, 0)
            extcodecopy(arbiter, 0, 0, 1)
            let first := byte(0, mload(0))
            valid := iszero(eq(first, 0xef))
            // A zero is no code, or code that starts with STOP.
            if iszero(first) {
                valid := iszero(iszero(extcodesize(arbiter)))
            }
        }
        if (!valid) revert IPactEscrow.InvalidArbiter(arbiter);
    }
}
