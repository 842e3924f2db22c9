// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Completion,
    IPactEscrow,
    State,
    Terms
} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {Numbers, pack, unpack} from "../support/Signatures.sol";
import {Verb, Verbs} from "../support/Verbs.sol";
import {vm} from "../support/Vm.sol";

/// @notice Every state that an escrow can reach, found by trying every act in every state, one second
/// before and exactly at the end of its window, on the real bytecode over real USDC.
/// @dev An escrow remembers one word, so a state is that word without its numbers (seq, timerEnd, fundedAt,
/// proposedBps); an end is told by its state alone. The search stops when no act leads to a new one; what
/// is asserted on each of its steps then holds for every sequence of acts. Splits are 0, 60 and 100 %;
/// amounts and windows are those of `_terms`. Callers are the matrix's matter.
contract ExhaustiveTest is Verbs {
    // Acts: the verbs, then what they leave out.
    uint256 private constant DELIVER_NOTICED = 23;
    uint256 private constant RELEASE_BY_ANYONE = 24;
    uint256 private constant COMPLETE_ACCEPTED = 25;
    uint256 private constant COMPLETE_BONDED = 26;
    uint256 private constant PROPOSE_NONE = 27;
    uint256 private constant PROPOSE_ALL = 28;
    uint256 private constant RULE_NONE = 29;
    uint256 private constant RULE_ALL = 30;
    uint256 private constant ACTS = 31;

    uint256 private constant NOTICED = 1 << 16;
    uint256 private constant BUYER_DISPUTED = 1 << 17;
    uint256 private constant SELLER_DISPUTED = 1 << 18;
    uint256 private constant PROPOSED = 1 << 20;
    uint256 private constant ARBITRATED = 1 << 21;
    /// @dev seq, timerEnd, fundedAt and proposedBps: bits 32 to 151. Which split was proposed decides
    /// nothing but the split.
    uint256 private constant NUMBERS = (1 << 152) - (1 << 32);

    /// @dev A smaller search has missed something, a larger one has found a new state.
    uint256 private constant OPEN_STATES = 129;
    uint256 private constant ENDED_STATES = 4;

    struct Step {
        uint256 act;
        bool late;
        uint256 from;
        uint256 to;
        Balances before;
        Balances since;
    }

    function test_everyReachableState_ESC_06_TRZ_03_TRZ_08_W_4_W_30_W_32() external {
        Terms memory t = _terms();
        t.vault = address(vault);
        (uint256 open, uint256 ended) = _explore(t);
        vm.assertEq(open, OPEN_STATES, "open states");
        vm.assertEq(ended, ENDED_STATES, "ended states");
    }

    function test_everyReachableStateWithoutReview() external {
        Terms memory t = _terms();
        t.vault = address(vault);
        Numbers memory numbers = _numbers();
        numbers.reviewWindow = 0;
        t.clauses = pack(numbers);
        (uint256 open, uint256 ended) = _explore(t);
        vm.assertEq(open, OPEN_STATES, "open states");
        vm.assertEq(ended, ENDED_STATES, "ended states");
    }

    // ----------------------------------------------------------------- search

    function _explore(Terms memory t) private returns (uint256 open, uint256 ended) {
        uint256[] memory words = new uint256[](2048);
        uint256 count = 1;
        _doFund(t);
        words[0] = _word(t);
        usdc.mint(address(escrow), 1e15);

        for (uint256 i = 0; i < count; ++i) {
            bool isOpen = _state(words[i]) <= State.Arbitration;
            if (isOpen) ++open;
            else ++ended;
            uint256 timers = 0;
            for (uint256 act = 0; act < ACTS; ++act) {
                for (uint256 late = 0; late < 2; ++late) {
                    uint256 to = this.attempt(t, act, late == 1, words[i]);
                    if (to == 0) continue;
                    if (_isTimer(act)) ++timers;
                    if (!_seen(words, count, to)) words[count++] = to;
                }
            }
            // I3: an end is an end. I7: in every open state exactly one timer waits for the window's end.
            vm.assertEq(timers, isOpen ? 1 : 0, "timers");
        }
    }

    /// @dev A call of its own, so that its memory is gone afterwards.
    /// @return to The new word; zero if the escrow refused the act.
    function attempt(
        Terms memory t,
        uint256 act,
        bool late,
        uint256 from
    ) external returns (uint256 to) {
        Step memory step = Step(act, late, from, 0, _zero(), _zero());
        if (!_try(t, step)) return 0;
        _check(t, step);
        return step.to;
    }

    /// @return done Whether the escrow allowed the act; the step then has both balances and the new word.
    function _try(Terms memory t, Step memory step) private returns (bool done) {
        uint256 end = uint40(step.from >> 56);
        // While funded the early try is at the funding, where terms can still be amended.
        uint256 early = _state(step.from) == State.Funded ? uint40(step.from >> 96) : end - 1;
        vm.warp(step.late ? end : early);
        vm.store(address(escrow), _slotOf(_id(t)), bytes32(step.from));
        vm.store(address(escrow), _slotOf(_id(_amendedOf(t))), 0);
        bytes memory data = _dataOf(step.act, t);
        step.before = _balances();
        vm.prank(stranger);
        (done, ) = address(escrow).call(data);
        if (!done) return false;
        step.to = _word(t);
        step.since = _balances();
    }

    function _dataOf(uint256 act, Terms memory t) private returns (bytes memory) {
        split =
            act == PROPOSE_NONE || act == RULE_NONE
                ? 0
                : act == PROPOSE_ALL || act == RULE_ALL
                    ? 10_000
                    : 6_000;
        if (act == DELIVER_NOTICED) {
            bytes memory authorization = _authorizationOf(Verb.Deliver, t);
            return
                abi.encodeCall(
                    IPactEscrow.deliver,
                    (t, ARTIFACT, _buyerReceipt(t, ARTIFACT), authorization)
                );
        }
        if (act == RELEASE_BY_ANYONE) return abi.encodeCall(IPactEscrow.release, (t, ""));
        if (act == COMPLETE_ACCEPTED || act == COMPLETE_BONDED) {
            Completion memory c = _completion(t, act == COMPLETE_BONDED);
            if (act == COMPLETE_ACCEPTED) {
                bytes32 hash = _release(_id(t), t.buyer, _of(t).seq + 2, _later());
                c.buyerAuthorization = _authorization(BUYER, hash, _later());
            }
            return abi.encodeCall(IPactEscrow.complete, (t, c));
        }
        Verb verb =
            act == PROPOSE_NONE || act == PROPOSE_ALL
                ? Verb.Propose
                : act == RULE_NONE || act == RULE_ALL
                    ? Verb.Rule
                    : Verb(act);
        if (verb <= LAST_SIGNED) return _callOf(verb, t, _authorizationOf(verb, t));
        if (verb == Verb.Complete)
            return _callOf(verb, t, _deliverAuthorization(t, ARTIFACT, false));
        if (verb <= Verb.Rule) return _callOf(verb, t, _proofOf(verb, t, 2));
        return _callOf(verb, t, "");
    }

    // --------------------------------------------------------------- theorems

    function _check(Terms memory t, Step memory step) private pure {
        State from = _state(step.from);
        State to = _state(step.to);

        // I4, I5: only the arrows of the diagram, and nothing leaves an end.
        vm.assertTrue(_isArrow(from, to), "arrow");
        // Signatures of before are void.
        vm.assertTrue(uint24(step.to >> 32) > uint24(step.from >> 32), "seq");
        // Rights hold before the end, timers from the end on.
        if (_isTimer(step.act)) vm.assertTrue(step.late, "timer before the end");
        if (_isRight(step.act)) vm.assertTrue(!step.late, "right after the end");

        uint256 stake = _stake(t);
        uint256 buyers = step.from & BUYER_DISPUTED != 0 ? stake : 0;
        uint256 sellers = step.from & SELLER_DISPUTED != 0 ? stake : 0;
        if (to > State.Arbitration && to != State.Amended) _checkEnd(t, step, buyers + sellers);
        else _checkOpen(step, to, stake, buyers);
    }

    /// @dev I2, I8, I9.
    function _checkEnd(Terms memory t, Step memory step, uint256 stakes) private pure {
        uint256 toBuyer = step.since.buyer - step.before.buyer;
        uint256 toSeller = step.since.seller - step.before.seller;
        uint256 toFees = step.since.fees - step.before.fees;
        uint256 toArbiter = step.since.arbiter - step.before.arbiter;
        vm.assertEq(toBuyer + toSeller + toFees + toArbiter, t.amount + stakes, "conservation");
        vm.assertTrue(
            toFees <= (t.amount * unpack(t.clauses).protocolFeeBps) / 1e4,
            "protocol fee"
        );
        vm.assertTrue(toArbiter <= _stake(t), "arbitration fee");
        vm.assertTrue((step.to & ARBITRATED != 0) == (toArbiter != 0), "the fee on record");

        bool consented = !_isTimer(step.act) || step.from & PROPOSED != 0;
        if (consented) return;
        uint256 result = uint8(step.from >> 8);
        if (result == 1) vm.assertEq(toBuyer, 0, "a PASS pays the seller");
        if (result == 3) vm.assertEq(toSeller, 0, "a FAIL pays the buyer");
        if (uint8(step.from >> 24) == 0) vm.assertEq(toSeller, 0, "no delivery pays the buyer");
    }

    /// @dev While it is open only stakes move: in by a dispute, home by a new delivery.
    function _checkOpen(Step memory step, State to, uint256 stake, uint256 buyers) private pure {
        bool byBuyer = step.act == uint256(Verb.DisputeByBuyer);
        bool bySeller = step.act == uint256(Verb.DisputeBySeller);
        bool home = to == State.Delivered;
        vm.assertEq(
            step.since.buyer + (byBuyer ? stake : 0),
            step.before.buyer + (home ? buyers : 0),
            "buyer's stake"
        );
        vm.assertEq(
            step.since.seller + (bySeller ? stake : 0),
            step.before.seller,
            "seller's stake"
        );
        vm.assertEq(step.since.fees, step.before.fees, "fees");
        vm.assertEq(step.since.arbiter, step.before.arbiter, "arbiter");
        vm.assertEq(step.to & ARBITRATED, 0, "no fee on record");
    }

    // ------------------------------------------------------------------ words

    function _isArrow(State from, State to) private pure returns (bool) {
        if (from == State.Funded) return to == State.Delivered || to > State.Arbitration;
        if (to == State.Amended || from > State.Arbitration || from == State.None) return false;
        if (to > State.Arbitration) return true;
        if (from == State.Delivered) return to != State.Funded && to != State.Negotiating;
        if (from == State.Disputed) return to == State.Negotiating || to == State.Arbitration;
        if (from == State.Negotiating) return to == State.Delivered || to == State.Arbitration;
        return to == State.Arbitration;
    }

    function _isTimer(uint256 act) private pure returns (bool) {
        return
            act == RELEASE_BY_ANYONE ||
            act == uint256(Verb.Expire) ||
            act == uint256(Verb.Escalate) ||
            act == uint256(Verb.Conclude);
    }

    function _isRight(uint256 act) private pure returns (bool) {
        return
            !_isTimer(act) &&
            act != uint256(Verb.Release) &&
            act != uint256(Verb.Refund) &&
            act != uint256(Verb.SettleByBuyer) &&
            act != uint256(Verb.SettleBySeller) &&
            act != uint256(Verb.EscalateByBuyer) &&
            act != uint256(Verb.EscalateBySeller);
    }

    function _state(uint256 word) private pure returns (State) {
        return State(uint8(word));
    }

    function _seen(
        uint256[] memory words,
        uint256 count,
        uint256 word
    ) private pure returns (bool) {
        uint256 mask = _state(word) > State.Arbitration ? 0xff : ~NUMBERS;
        for (uint256 i = 0; i < count; ++i) {
            if ((words[i] ^ word) & mask == 0) return true;
        }
        return false;
    }

    function _word(Terms memory t) private view returns (uint256) {
        return uint256(vm.load(address(escrow), _slotOf(_id(t))));
    }

    function _slotOf(bytes32 id) private pure returns (bytes32) {
        return keccak256(abi.encode(id, uint256(0)));
    }

    function _zero() private pure returns (Balances memory) {}
}
