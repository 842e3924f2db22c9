// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Result, State} from "../interfaces/IPactEscrow.sol";

/// @notice An `Escrow` in its one storage slot.
/// @dev From the least significant bit: state 8, result 8, flags 8, round 8, seq 24, timerEnd 40,
/// fundedAt 40, proposedBps 16.
type Slot is uint256;

using SlotLib for Slot global;

/// @title Reads and transitions of the packed escrow
/// @dev Every transition but `find` and the flags counts one change, so that no signature over an
/// earlier `seq` fits afterwards.
library SlotLib {
    uint256 private constant NOTICED = 1 << 16;
    uint256 private constant BUYER_DISPUTED = 1 << 17;
    uint256 private constant SELLER_DISPUTED = 1 << 18;
    uint256 private constant BONDED = 1 << 19;
    uint256 private constant PROPOSED = 1 << 20;
    uint256 private constant ARBITRATED = 1 << 21;

    uint256 private constant RESULT_AT = 8;
    uint256 private constant ROUND_AT = 24;
    uint256 private constant SEQ_AT = 32;
    uint256 private constant TIMER_AT = 56;
    uint256 private constant FUNDED_AT = 96;
    uint256 private constant BPS_AT = 136;

    uint256 private constant STATE_MASK = 0xff;
    uint256 private constant SEQ_MASK = 0xffffff << SEQ_AT;
    uint256 private constant TIMER_MASK = 0xffffffffff << TIMER_AT;
    uint256 private constant BPS_MASK = 0xffff << BPS_AT;
    /// @dev What a new round forgets: state, result, flags, timer, proposal.
    uint256 private constant ROUND_DATA_MASK = 0xffffff | TIMER_MASK | BPS_MASK;

    // ------------------------------------------------------------------ READS

    /// @dev Only values of the enum are ever packed, so the conversion needs no check.
    function state(Slot slot) internal pure returns (State value) {
        assembly ("memory-safe") {
            value := and(slot, 0xff)
        }
    }

    /// @dev Only values of the enum are ever packed, so the conversion needs no check.
    function result(Slot slot) internal pure returns (Result value) {
        assembly ("memory-safe") {
            value := and(shr(RESULT_AT, slot), 0xff)
        }
    }

    function isIn(Slot slot, State expected) internal pure returns (bool) {
        return uint8(Slot.unwrap(slot)) == uint8(expected);
    }

    function isFound(Slot slot, Result expected) internal pure returns (bool) {
        return uint8(Slot.unwrap(slot) >> RESULT_AT) == uint8(expected);
    }

    /// @dev The arbiter itself found less than a PASS.
    function isDoubted(Slot slot) internal pure returns (bool) {
        return uint8(Slot.unwrap(slot) >> RESULT_AT) > uint8(Result.Pass);
    }

    /// @dev Funded and not ended.
    function isOpen(Slot slot) internal pure returns (bool) {
        unchecked {
            return uint256(uint8(Slot.unwrap(slot))) - 1 < uint256(State.Arbitration);
        }
    }

    function round(Slot slot) internal pure returns (uint256) {
        return uint8(Slot.unwrap(slot) >> ROUND_AT);
    }

    function seq(Slot slot) internal pure returns (uint256) {
        return uint24(Slot.unwrap(slot) >> SEQ_AT);
    }

    function timerEnd(Slot slot) internal pure returns (uint256) {
        return uint40(Slot.unwrap(slot) >> TIMER_AT);
    }

    function fundedAt(Slot slot) internal pure returns (uint256) {
        return uint40(Slot.unwrap(slot) >> FUNDED_AT);
    }

    function proposedBps(Slot slot) internal pure returns (uint256) {
        return uint16(Slot.unwrap(slot) >> BPS_AT);
    }

    function noticed(Slot slot) internal pure returns (bool) {
        return Slot.unwrap(slot) & NOTICED != 0;
    }

    function buyerDisputed(Slot slot) internal pure returns (bool) {
        return Slot.unwrap(slot) & BUYER_DISPUTED != 0;
    }

    function sellerDisputed(Slot slot) internal pure returns (bool) {
        return Slot.unwrap(slot) & SELLER_DISPUTED != 0;
    }

    function disputed(Slot slot) internal pure returns (bool) {
        return Slot.unwrap(slot) & (BUYER_DISPUTED | SELLER_DISPUTED) != 0;
    }

    function proposed(Slot slot) internal pure returns (bool) {
        return Slot.unwrap(slot) & PROPOSED != 0;
    }

    /// @notice Ends the call with the fields of `Escrow`, in its order, a word each.
    function answer(Slot slot) internal pure {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, and(slot, 0xff))
            mstore(add(m, 0x20), and(shr(TIMER_AT, slot), 0xffffffffff))
            mstore(add(m, 0x40), and(shr(FUNDED_AT, slot), 0xffffffffff))
            mstore(add(m, 0x60), and(shr(SEQ_AT, slot), 0xffffff))
            mstore(add(m, 0x80), and(shr(ROUND_AT, slot), 0xff))
            mstore(add(m, 0xa0), and(shr(RESULT_AT, slot), 0xff))
            // Flags: noticed, buyerDisputed, sellerDisputed, bonded, proposed; arbitrated.
            mstore(add(m, 0xc0), and(shr(16, slot), 1))
            mstore(add(m, 0xe0), and(shr(17, slot), 1))
            mstore(add(m, 0x100), and(shr(18, slot), 1))
            mstore(add(m, 0x120), and(shr(19, slot), 1))
            mstore(add(m, 0x140), and(shr(20, slot), 1))
            mstore(add(m, 0x160), and(shr(BPS_AT, slot), 0xffff))
            mstore(add(m, 0x180), and(shr(21, slot), 1))
            return(m, 0x1a0)
        }
    }

    // ------------------------------------------------------------ TRANSITIONS

    /// @dev Both times fit 40 bits: one is the clock, the other a clause of 40 bits.
    function open(uint256 timestamp, uint256 deliverBy) internal pure returns (Slot) {
        return
            Slot.wrap(
                uint256(State.Funded) |
                    (1 << SEQ_AT) |
                    (deliverBy << TIMER_AT) |
                    (timestamp << FUNDED_AT)
            );
    }

    /// @dev The same escrow in another state with another timer.
    function to(Slot slot, State next, uint256 until) internal pure returns (Slot) {
        uint256 word = Slot.unwrap(slot.count()) & ~(STATE_MASK | TIMER_MASK);
        return Slot.wrap(word | uint256(next) | (until << TIMER_AT));
    }

    /// @dev The timer stays, as the record of when the last window ends.
    function end(Slot slot, State terminal) internal pure returns (Slot) {
        return Slot.wrap((Slot.unwrap(slot.count()) & ~STATE_MASK) | uint256(terminal));
    }

    /// @dev A new round: the result, the disputes and the proposal of the last one are gone.
    function deliver(Slot slot, uint256 reviewEnd, bool buyerSigned) internal pure returns (Slot) {
        uint256 word = (Slot.unwrap(slot.count()) & ~ROUND_DATA_MASK) + (1 << ROUND_AT);
        word |= uint256(State.Delivered) | (reviewEnd << TIMER_AT);
        return Slot.wrap(buyerSigned ? word | NOTICED : word);
    }

    /// @dev Not a change of its own: it comes with a delivery, a dispute, or `count`.
    function find(Slot slot, Result found) internal pure returns (Slot) {
        return Slot.wrap(Slot.unwrap(slot) | (uint256(found) << RESULT_AT));
    }

    function propose(Slot slot, uint256 sellerBps) internal pure returns (Slot) {
        return
            Slot.wrap((Slot.unwrap(slot.count()) & ~BPS_MASK) | PROPOSED | (sellerBps << BPS_AT));
    }

    /// @dev One change on its own.
    function count(Slot slot) internal pure returns (Slot) {
        uint256 word = Slot.unwrap(slot);
        return Slot.wrap((word & ~SEQ_MASK) | ((word + (1 << SEQ_AT)) & SEQ_MASK));
    }

    // ------------------------------------------------------------------ FLAGS

    function setBuyerDisputed(Slot slot) internal pure returns (Slot) {
        return Slot.wrap(Slot.unwrap(slot) | BUYER_DISPUTED);
    }

    function setSellerDisputed(Slot slot) internal pure returns (Slot) {
        return Slot.wrap(Slot.unwrap(slot) | SELLER_DISPUTED);
    }

    function setBonded(Slot slot) internal pure returns (Slot) {
        return Slot.wrap(Slot.unwrap(slot) | BONDED);
    }

    function setArbitrated(Slot slot) internal pure returns (Slot) {
        return Slot.wrap(Slot.unwrap(slot) | ARBITRATED);
    }
}
