// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Escrow,
    IPactEscrow,
    Result,
    State,
    Terms
} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {Numbers, pack, unpack} from "./Signatures.sol";
import {Shares, splitOf} from "./Split.sol";
import {Verb, Verbs} from "./Verbs.sol";
import {vm} from "./Vm.sol";

/// @notice Who may do something right now, by the table.
enum Who {
    Nobody,
    Actor,
    Arbiter,
    Anyone
}

/// @notice How a verb is tried.
enum Way {
    Buyer,
    Seller,
    Arbiter,
    Stranger,
    Signed,
    Forged
}

/// @notice One trade as the law sees it, written beside the contract and from the table alone.
struct Trade {
    Terms terms;
    State state;
    uint256 end;
    uint256 round;
    Result result;
    bool noticed;
    bool buyerDisputed;
    bool sellerDisputed;
    bool bonded;
    bool proposed;
    uint256 proposedBps;
    uint256 paidOut;
}

/// @notice Plays random trades against the contract and against the law at once. Every call is predicted:
/// whether it is allowed, which state follows, and who owns what afterwards, to the base unit.
abstract contract Handler is Verbs {
    uint256 public constant TRADES = 3;
    uint256 private constant REMEMBERED = 16;
    address private constant SAFE = address(0x5AFE);

    Trade[TRADES] internal trades;
    uint256 public clock;
    uint256 public calls;
    uint256 public accepted;
    uint256 public salt;
    bool public paused;
    uint256 public donated;
    mapping(address => uint256) public expected;

    /// @dev By the number of the invariant; `what` says the first one.
    mapping(uint256 => uint256) public violations;
    string public what;

    bytes[REMEMBERED] private sent;
    mapping(uint256 => mapping(uint256 => uint256)) public transitions;

    function setUp() public override {
        super.setUp();
        clock = START;
        expected[buyer] = usdc.balanceOf(buyer);
        expected[seller] = usdc.balanceOf(seller);
        for (uint256 i = 0; i < TRADES; ++i) {
            _open(i, uint256(keccak256(abi.encode(i))));
        }
    }

    /// @dev Gives each campaign a course of its own: the runner starts them all from one seed.
    constructor(uint256 campaign) {
        salt = campaign << 128;
    }

    // ---------------------------------------------------------------- what the fuzzer calls

    /// @notice One random step, from a fuzzed number of which every choice gets bits of its own.
    function play(uint256 seed) external {
        vm.warp(clock);
        seed = uint256(keccak256(abi.encode(seed, salt, ++calls)));
        uint256 dice = (seed >> 248) % 100;
        if (dice < 45) return _advance(seed);
        if (dice < 60) return _intrude(seed);
        if (dice < 78) return _pass(seed);
        if (dice < 83) return _replay(seed);
        if (dice < 88) return _transplant(seed);
        if (dice < 91) return _grab(seed);
        _disturb(seed);
    }

    /// @dev A step that the law allows now: this is what carries trades to their ends.
    function _advance(uint256 seed) private {
        uint256 i = seed % TRADES;
        if (trades[i].state >= State.Completed || trades[i].state == State.None)
            return _open(i, seed);
        uint256 verbs = uint256(Verb.Conclude) + 1;
        uint256 first = (seed >> 8) % verbs;
        for (uint256 n = 0; n < verbs; ++n) {
            Verb verb = Verb((first + n) % verbs);
            // The ways out are few steps away from everywhere: take them seldom, or no trade gets deep.
            if (_isExit(verb) && (seed >> 16) % 8 != 0) continue;
            Who who = _may(trades[i], verb);
            if (who == Who.Nobody) continue;
            Way way = (seed >> 24) % 2 == 0 ? Way.Signed : _ownWay(verb, who);
            return _attempt(i, verb, way, seed);
        }
        _pass(seed);
    }

    /// @dev Any step by anybody: mostly refused, and that is the point.
    function _intrude(uint256 seed) private {
        uint256 i = seed % TRADES;
        _attempt(i, Verb((seed >> 8) % (uint256(Verb.Conclude) + 1)), Way((seed >> 16) % 6), seed);
    }

    /// @dev What was signed and sent once is sent again.
    function _replay(uint256 seed) private {
        bytes memory call_ = sent[seed % REMEMBERED];
        if (call_.length == 0) return;
        // A verb that anyone may send by now is no replay of the signature.
        if (_isFree(call_)) return;
        bytes32 before = _world();
        vm.prank(stranger);
        (bool ok, ) = address(escrow).call(call_);
        if (ok) _violated(10, "a signature worked twice");
        if (!ok && before != _world()) _violated(10, "a refused replay left a trace");
    }

    /// @dev A signature for one trade is tried on another one.
    function _transplant(uint256 seed) private {
        uint256 from = seed % TRADES;
        uint256 to = (from + 1) % TRADES;
        Verb verb = Verb((seed >> 8) % (uint256(Verb.Rule) + 1));
        if (_may(trades[to], verb) == Who.Anyone) return;
        Terms memory t = trades[from].terms;
        Terms memory u = trades[to].terms;
        _prepare(seed);
        bytes memory proof = verb <= LAST_SIGNED ? _authorizationOf(verb, t) : _proofOf(verb, t, 2);
        bytes memory call_ = _callOf(verb, u, proof);
        vm.prank(stranger);
        (bool ok, ) = address(escrow).call(call_);
        if (ok) _violated(10, "a signature worked elsewhere");
    }

    /// @dev What was never funded gives nothing.
    function _grab(uint256 seed) private {
        Terms memory t = _terms();
        t.salt = keccak256(abi.encode("never funded", seed));
        bytes memory proof;
        Verb verb = Verb(seed % (uint256(Verb.Conclude) + 1));
        if (verb <= LAST_SIGNED) proof = _authorizationOf(verb, t);
        else if (verb <= Verb.Rule) proof = _proofOf(verb, t, 2);
        bytes memory call_ = _callOf(verb, t, proof);
        vm.prank(seed % 2 == 0 ? seller : buyer);
        (bool ok, ) = address(escrow).call(call_);
        if (ok) _violated(4, "what was never funded moved");
    }

    /// @dev The world outside: blacklists, pauses, donations, withdrawals, sweeps.
    function _disturb(uint256 seed) private {
        address[4] memory people = [buyer, seller, fees, address(arbiter)];
        address who = people[(seed >> 8) % 4];
        uint256 kind = seed % 6;
        if (kind == 0) {
            if (usdc.isBlacklisted(who)) usdc.unBlacklist(who);
            else if ((seed >> 16) % 3 == 0) usdc.blacklist(who);
        }
        if (kind == 1) {
            if (paused) usdc.unpause();
            else if ((seed >> 16) % 4 == 0) usdc.pause();
            else return;
            paused = !paused;
        }
        if (kind == 2 && !paused) {
            uint256 gift = 1 + ((seed >> 16) % 1000);
            usdc.mint(address(escrow), gift);
            donated += gift;
        }
        if (kind == 3) _withdrawOf(who, seed);
        if (kind == 4) _sweepOf(who);
        if (kind == 5) {
            vm.prank(stranger);
            (bool ok, ) = address(escrow).call(
                abi.encodeCall(IPactEscrow.withdraw, (who, stranger, ""))
            );
            if (ok) _violated(6, "a stranger withdrew");
        }
    }

    // ------------------------------------------------------------------------ views

    function held() external view returns (uint256 locked, uint256 credits, uint256 balance) {
        for (uint256 i = 0; i < TRADES; ++i) {
            Trade storage trade = trades[i];
            if (trade.state < State.Funded || trade.state > State.Arbitration) continue;
            locked += trade.terms.amount;
            uint256 stake = _stake(trade.terms);
            if (trade.buyerDisputed) locked += stake;
            if (trade.sellerDisputed) locked += stake;
        }
        credits =
            escrow.creditOf(buyer) +
            escrow.creditOf(seller) +
            escrow.creditOf(fees) +
            escrow.creditOf(address(arbiter));
        balance = usdc.balanceOf(address(escrow));
    }

    function owners() external view returns (address[5] memory) {
        return [buyer, seller, fees, address(arbiter), SAFE];
    }

    function ownedBy(address who) external view returns (uint256) {
        return _owned(who);
    }

    function supply() external view returns (uint256) {
        return usdc.totalSupply();
    }

    /// @notice Compares each trade with the contract, field by field.
    function differences() external view returns (uint256 count) {
        for (uint256 i = 0; i < TRADES; ++i) {
            if (!_agrees(trades[i], _of(trades[i].terms))) ++count;
        }
    }

    /// @notice Lets time alone work on each open trade and reports how many do not end.
    function stuck() external returns (uint256 count) {
        for (uint256 i = 0; i < TRADES; ++i) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = trades[i].terms;
            for (uint256 step = 0; step < 5; ++step) {
                Escrow memory e = _of(t);
                if (e.state == State.None || e.state >= State.Completed) break;
                if (e.timerEnd > block.timestamp) vm.warp(e.timerEnd);
                vm.prank(stranger);
                (bool ok, ) = address(escrow).call(_timerOf(t, e));
                if (!ok) break;
            }
            State last = _of(t).state;
            if (last != State.None && last < State.Completed) ++count;
            vm.revertToStateAndDelete(snapshot);
        }
    }

    function _timerOf(Terms memory t, Escrow memory e) private view returns (bytes memory) {
        if (e.state == State.Funded) return abi.encodeCall(IPactEscrow.expire, (t));
        if (e.state == State.Arbitration) return abi.encodeCall(IPactEscrow.conclude, (t));
        if (e.state == State.Delivered && e.result == Result.Pass) {
            return abi.encodeCall(IPactEscrow.release, (t, ""));
        }
        return abi.encodeCall(IPactEscrow.escalate, (t, stranger, ""));
    }

    // ------------------------------------------------------------------- trying a verb

    /// @dev Time goes on: to an edge of a window, or a little.
    function _pass(uint256 seed) private {
        uint256 end = trades[seed % TRADES].end;
        uint256 edge = (seed >> 8) % 5;
        if (edge < 3 && end + edge > clock + 1) clock = end + edge - 1;
        else clock += (seed >> 16) % 600;
        vm.warp(clock);
    }

    function _open(uint256 i, uint256 seed) private {
        Terms memory t = _anyTerms(seed);
        bool possible = !paused && !usdc.isBlacklisted(buyer);
        bytes memory call_ = abi.encodeCall(IPactEscrow.fund, (t, _fundSignature(t, BUYER)));
        (bool ok, ) = address(escrow).call(call_);
        if (ok != possible) _violated(6, "funding");
        if (!ok) return;
        ++accepted;
        delete trades[i];
        trades[i].terms = t;
        trades[i].state = State.Funded;
        trades[i].end = unpack(t.clauses).deliverBy;
        expected[buyer] -= t.amount;
        ++transitions[uint256(State.None)][uint256(State.Funded)];
        sent[seed % REMEMBERED] = call_;
    }

    function _anyTerms(uint256 seed) private returns (Terms memory t) {
        uint256 random = uint256(keccak256(abi.encode(seed, ++salt)));
        t = _terms();
        t.salt = bytes32(random);
        t.amount = random % 3 == 0 ? 10_000 + (random % 1000) : 10_000 + (random % 1e11);
        if (random % 5 == 0) t.vault = address(vault);
        Numbers memory n = Numbers({
            milestone: uint16(random),
            fundBy: uint40(clock + 600),
            deliverBy: uint40(clock + 3000),
            reviewWindow: random % 4 == 0 ? 0 : uint24(60 + ((random >> 8) % 900)),
            responseWindow: uint24(60 + ((random >> 16) % 900)),
            negotiationWindow: uint24(60 + ((random >> 24) % 900)),
            arbitrationWindow: uint24(60 + ((random >> 32) % 900)),
            protocolFeeBps: uint16((random >> 40) % 201),
            arbitrationFeeBps: uint16((random >> 56) % 501),
            fallbackSellerBps: uint16((random >> 72) % 10_001)
        });
        t.clauses = pack(n);
    }

    function _prepare(uint256 seed) private {
        split = (seed >> 32) % 3 == 0 ? ((seed >> 40) % 5) * 2500 : (seed >> 40) % 10_001;
        noticing = (seed >> 56) % 2 == 0;
        reserving = (seed >> 57) % 2 == 0;
    }

    struct Before {
        Escrow escrow;
        uint256 seller;
        uint256 buyer;
    }

    function _attempt(uint256 i, Verb verb, Way way, uint256 seed) private {
        Terms memory t = trades[i].terms;
        _prepare(seed);
        Who who = _may(trades[i], verb);
        // A forged authorization of a verb that is free by now decides nothing.
        if (way == Way.Forged && (who == Who.Anyone || verb > LAST_SIGNED)) way = Way.Stranger;
        bool allowed = _isAllowed(trades[i], verb, who, way);
        bytes memory call_ = _callOf(verb, t, _proofFor(verb, t, way));
        Before memory before = Before(_of(t), _owned(seller), _owned(buyer));

        vm.prank(_senderOf(way));
        (bool ok, ) = address(escrow).call(call_);

        if (ok != allowed) _mispredicted(ok, verb, way, before.escrow.state);
        if (ok && way == Way.Signed && verb <= LAST_SIGNED) sent[(seed >> 64) % REMEMBERED] = call_;
        _observe(t, verb, ok, before);
        if (ok && allowed) _apply(i, verb);
        if (!_agrees(trades[i], _of(trades[i].terms))) {
            _violated(
                5,
                string.concat(
                    "another state than the law says after verb ",
                    vm.toString(uint256(verb))
                )
            );
        }
    }

    function _mispredicted(bool ok, Verb verb, Way way, State state) private {
        string memory tried = string.concat(
            vm.toString(uint256(verb)),
            " way ",
            vm.toString(uint256(way))
        );
        string memory in_ = string.concat(tried, " state ", vm.toString(uint256(state)));
        _violated(6, string.concat(ok ? "accepted verb " : "refused verb ", in_));
    }

    function _observe(Terms memory t, Verb verb, bool ok, Before memory before) private {
        Escrow memory e = _of(t);
        if (!ok) {
            if (keccak256(abi.encode(e)) != keccak256(abi.encode(before.escrow))) {
                _violated(5, "a refused call left a trace");
            }
            return;
        }
        ++accepted;
        if (e.seq <= before.escrow.seq) _violated(5, "seq did not move");
        ++transitions[uint256(before.escrow.state)][uint256(e.state)];
        if (before.escrow.state >= State.Completed)
            _violated(3, "something happened after the end");
        if (verb == Verb.Expire || verb == Verb.Conclude) _evidence(t, before);
    }

    /// @dev Measured, not modelled: what the timers paid against what had been proved.
    function _evidence(Terms memory t, Before memory before) private {
        uint256 toSeller = _owned(seller) - before.seller;
        uint256 toBuyer = _owned(buyer) - before.buyer;
        if (before.escrow.round == 0 && (toSeller != 0 || toBuyer != t.amount))
            _violated(8, "never delivered");
        if (before.escrow.proposed) return;
        if (before.escrow.result == Result.Pass && toBuyer != 0)
            _violated(8, "a PASS was not paid in full");
        if (before.escrow.result == Result.Fail && toSeller != 0) _violated(8, "a FAIL was paid");
    }

    function _senderOf(Way way) private view returns (address) {
        if (way == Way.Buyer) return buyer;
        if (way == Way.Seller) return seller;
        if (way == Way.Arbiter) return address(arbiter);
        return stranger;
    }

    function _proofFor(Verb verb, Terms memory t, Way way) private view returns (bytes memory) {
        if (way < Way.Signed) return "";
        if (verb == Verb.Complete) return _deliverAuthorization(t, ARTIFACT, reserving);
        if (verb > Verb.Rule) return "";
        if (verb > LAST_SIGNED) return _proofOf(verb, t, 2);
        if (way == Way.Signed) return _authorizationOf(verb, t);
        bytes32 hash = _hashOf(verb, t, _id(t), _actorOf(verb, t), _of(t).seq, _later());
        return _authorization(STRANGER, hash, _later());
    }

    function _ownWay(Verb verb, Who who) private pure returns (Way) {
        if (who == Who.Arbiter) return Way.Arbiter;
        if (who == Who.Anyone) return Way.Stranger;
        return _isOfBuyer(verb) ? Way.Buyer : Way.Seller;
    }

    function _isExit(Verb verb) private pure returns (bool) {
        return
            verb == Verb.Release ||
            verb == Verb.Refund ||
            verb == Verb.SettleByBuyer ||
            verb == Verb.SettleBySeller ||
            verb == Verb.Rule ||
            verb == Verb.Complete;
    }

    // ------------------------------------------------------------------------ the law

    /// @dev The table of design.md.
    function _may(Trade storage trade, Verb verb) private view returns (Who) {
        State state = trade.state;
        bool open = state >= State.Funded && state <= State.Arbitration;
        if (!open) return Who.Nobody;
        bool running = clock < trade.end;
        bool passed = trade.result == Result.Pass;

        if (verb == Verb.Release)
            return state == State.Delivered && passed && !running ? Who.Anyone : Who.Actor;
        if (verb == Verb.Refund || verb == Verb.SettleByBuyer || verb == Verb.SettleBySeller)
            return Who.Actor;
        if (verb == Verb.Expire) return state == State.Funded && !running ? Who.Anyone : Who.Nobody;
        if (verb == Verb.Conclude)
            return state == State.Arbitration && !running ? Who.Anyone : Who.Nobody;
        if (
            verb == Verb.Escalate || verb == Verb.EscalateByBuyer || verb == Verb.EscalateBySeller
        ) {
            if (state == State.Funded || state == State.Arbitration) return Who.Nobody;
            if (state == State.Delivered && passed) return Who.Nobody;
            if (!running) return Who.Anyone;
            return state == State.Negotiating && verb != Verb.Escalate ? Who.Actor : Who.Nobody;
        }
        if (!running) return Who.Nobody;

        if (verb == Verb.Deliver || verb == Verb.DeliverInline || verb == Verb.Complete) {
            return state == State.Funded ? Who.Actor : Who.Nobody;
        }
        if (verb == Verb.AmendByBuyer || verb == Verb.AmendBySeller) {
            bool inTime = clock < unpack(trade.terms.clauses).fundBy;
            return state == State.Funded && inTime ? Who.Actor : Who.Nobody;
        }
        if (verb == Verb.Redeliver)
            return state == State.Negotiating && trade.round < 3 ? Who.Actor : Who.Nobody;
        if (verb == Verb.Defend) return state == State.Disputed ? Who.Actor : Who.Nobody;
        if (verb == Verb.DisputeByBuyer) {
            if (state != State.Delivered && state != State.Arbitration) return Who.Nobody;
            return trade.buyerDisputed || !_canPay(buyer, trade) ? Who.Nobody : Who.Actor;
        }
        if (verb == Verb.DisputeBySeller) {
            return state == State.Delivered && _canPay(seller, trade) ? Who.Actor : Who.Nobody;
        }
        if (verb == Verb.Propose || verb == Verb.Rule) {
            return state == State.Arbitration ? Who.Arbiter : Who.Nobody;
        }
        return state == State.Delivered && trade.result == Result.None ? Who.Arbiter : Who.Nobody;
    }

    function _canPay(address who, Trade storage trade) private view returns (bool) {
        return _stake(trade.terms) == 0 || (!paused && !usdc.isBlacklisted(who));
    }

    function _isAllowed(
        Trade storage trade,
        Verb verb,
        Who who,
        Way way
    ) private view returns (bool) {
        if (who == Who.Nobody) return false;
        if (who == Who.Anyone) return true;
        if (way == Way.Forged) return false;
        if (who == Who.Arbiter) {
            if (way == Way.Arbiter) return true;
            return way == Way.Signed && !(verb == Verb.Propose && trade.proposed);
        }
        if (way == Way.Signed) return true;
        return _isOfBuyer(verb) ? way == Way.Buyer : way == Way.Seller;
    }

    /// @dev What the law says that a verb does.
    function _apply(uint256 i, Verb verb) private {
        Trade storage trade = trades[i];
        Numbers memory n = unpack(trade.terms.clauses);
        if (verb == Verb.Release) return _pay(trade, State.Completed, 10_000, false);
        if (verb == Verb.Refund || verb == Verb.Expire)
            return _pay(trade, State.Refunded, 0, false);
        if (verb == Verb.SettleByBuyer || verb == Verb.SettleBySeller) {
            return _pay(trade, State.Resolved, split, trade.proposed);
        }
        if (verb == Verb.Rule) return _pay(trade, State.Resolved, split, _isDue(trade, split));
        if (verb == Verb.Conclude) return _conclude(trade, n.fallbackSellerBps);
        if (verb == Verb.Deliver) return _delivered(trade, n, noticing);
        if (verb == Verb.DeliverInline) return _delivered(trade, n, false);
        if (verb == Verb.Redeliver) {
            _returnStakes(trade);
            trade.result = Result.None;
            trade.proposed = false;
            trade.proposedBps = 0;
            return _delivered(trade, n, true);
        }
        if (verb == Verb.Complete) return _complete(trade, n);
        if (verb == Verb.Defend) return _to(trade, State.Negotiating, n.negotiationWindow);
        if (verb == Verb.DisputeByBuyer) {
            trade.buyerDisputed = true;
            expected[buyer] -= _stake(trade.terms);
            if (trade.state == State.Delivered) _to(trade, State.Disputed, n.responseWindow);
            return;
        }
        if (verb == Verb.DisputeBySeller) {
            trade.sellerDisputed = true;
            expected[seller] -= _stake(trade.terms);
            return _to(trade, State.Arbitration, n.arbitrationWindow);
        }
        if (verb == Verb.AttestPass) {
            trade.result = Result.Pass;
            return;
        }
        if (verb == Verb.AttestPartial || verb == Verb.AttestFail) {
            trade.result = verb == Verb.AttestFail ? Result.Fail : Result.Partial;
            return _to(trade, State.Disputed, n.responseWindow);
        }
        if (verb == Verb.Propose) {
            trade.proposed = true;
            trade.proposedBps = split;
            return;
        }
        if (verb == Verb.AmendByBuyer || verb == Verb.AmendBySeller) {
            trade.terms = _amendedOf(trade.terms);
            trade.end = n.deliverBy;
            return;
        }
        _to(trade, State.Arbitration, n.arbitrationWindow);
    }

    function _to(Trade storage trade, State state, uint256 window) private {
        trade.state = state;
        trade.end = clock + window;
    }

    function _delivered(Trade storage trade, Numbers memory n, bool noticed) private {
        trade.round += 1;
        trade.noticed = noticed;
        // A waived review is waived for an attested PASS only.
        _to(trade, State.Delivered, n.reviewWindow == 0 ? n.responseWindow : n.reviewWindow);
    }

    function _complete(Trade storage trade, Numbers memory n) private {
        _delivered(trade, n, false);
        trade.result = Result.Pass;
        bool bonded = n.reviewWindow != 0 && trade.terms.vault != address(0) && reserving;
        if (n.reviewWindow != 0 && !bonded) return;
        trade.bonded = bonded;
        _pay(trade, State.Completed, 10_000, false);
    }

    /// @dev Due only if a party disputed, or the arbiter's own partial or fail ended below 90 %.
    function _isDue(Trade storage trade, uint256 bps) private view returns (bool) {
        if (trade.buyerDisputed || trade.sellerDisputed) return true;
        return (trade.result == Result.Partial || trade.result == Result.Fail) && bps < 9000;
    }

    function _conclude(Trade storage trade, uint256 fallbackBps) private {
        if (trade.proposed) {
            return _pay(trade, State.Resolved, trade.proposedBps, _isDue(trade, trade.proposedBps));
        }
        if (trade.result != Result.None) {
            uint256 bps =
                trade.result == Result.Pass
                    ? 10_000
                    : trade.result == Result.Fail
                        ? 0
                        : fallbackBps;
            return _pay(trade, State.Resolved, bps, _isDue(trade, bps));
        }
        bool silent = trade.noticed && !trade.buyerDisputed;
        _pay(trade, State.Resolved, silent ? 10_000 : fallbackBps, false);
    }

    function _pay(Trade storage trade, State state, uint256 bps, bool arbitrated) private {
        Terms memory t = trade.terms;
        Numbers memory n = unpack(t.clauses);
        Shares memory shares = splitOf(
            t.amount,
            bps,
            n.protocolFeeBps,
            n.arbitrationFeeBps,
            arbitrated
        );
        if (shares.protocol > (t.amount * n.protocolFeeBps) / 1e4) _violated(9, "protocol fee");
        if (shares.arbitration > (t.amount * n.arbitrationFeeBps) / 1e4)
            _violated(9, "arbitration fee");
        expected[seller] += shares.seller;
        expected[buyer] += shares.buyer;
        expected[fees] += shares.protocol;
        expected[address(arbiter)] += shares.arbitration;
        trade.paidOut += shares.seller + shares.buyer + shares.protocol + shares.arbitration;
        if (trade.paidOut != t.amount) _violated(3, "settled twice or not in full");

        bool decided = trade.state == State.Arbitration;
        uint256 stake = _stake(t);
        if (trade.buyerDisputed) expected[decided && bps > 9000 ? seller : buyer] += stake;
        if (trade.sellerDisputed) expected[decided && bps < 1000 ? buyer : seller] += stake;
        trade.state = state;
    }

    function _returnStakes(Trade storage trade) private {
        uint256 stake = _stake(trade.terms);
        if (trade.buyerDisputed) expected[buyer] += stake;
        if (trade.sellerDisputed) expected[seller] += stake;
        trade.buyerDisputed = false;
        trade.sellerDisputed = false;
    }

    /// @dev After the end only the state counts, and the recourse of a bonded release.
    function _agrees(Trade storage trade, Escrow memory e) private view returns (bool) {
        if (e.state != trade.state) return false;
        if (e.state == State.None) return true;
        if (e.state >= State.Completed)
            return e.bonded == trade.bonded && (!e.bonded || e.timerEnd == trade.end);
        return
            e.timerEnd == trade.end &&
            e.round == trade.round &&
            e.result == trade.result &&
            e.noticed == trade.noticed &&
            e.buyerDisputed == trade.buyerDisputed &&
            e.sellerDisputed == trade.sellerDisputed &&
            e.proposed == trade.proposed &&
            e.proposedBps == trade.proposedBps &&
            !e.bonded;
    }

    // ----------------------------------------------------------------- credits, replays

    function _withdrawOf(address who, uint256 seed) private {
        uint256 credit = escrow.creditOf(who);
        address to = (seed >> 16) % 2 == 0 ? SAFE : who;
        bool possible = credit != 0 && !paused && !usdc.isBlacklisted(to);
        vm.prank(who);
        (bool ok, ) = address(escrow).call(abi.encodeCall(IPactEscrow.withdraw, (who, to, "")));
        if (ok != possible) _violated(6, "withdraw");
        if (!ok) return;
        expected[who] -= credit;
        expected[to] += credit;
    }

    function _sweepOf(address who) private {
        bool possible = escrow.creditOf(who) > 1 && !paused && !usdc.isBlacklisted(who);
        vm.prank(stranger);
        (bool ok, ) = address(escrow).call(abi.encodeCall(IPactEscrow.sweep, (who)));
        if (ok != possible) _violated(6, "sweep");
    }

    /// @dev A signed `release` or `escalate` whose window has run out since.
    function _isFree(bytes memory call_) private view returns (bool) {
        bytes4 selector = bytes4(call_);
        if (selector != IPactEscrow.release.selector && selector != IPactEscrow.escalate.selector)
            return false;
        Verb verb = selector == IPactEscrow.release.selector ? Verb.Release : Verb.Escalate;
        for (uint256 i = 0; i < TRADES; ++i) {
            if (_may(trades[i], verb) == Who.Anyone) return true;
        }
        return false;
    }

    function _world() private view returns (bytes32 hash) {
        for (uint256 i = 0; i < TRADES; ++i) {
            hash = keccak256(abi.encode(hash, _of(trades[i].terms)));
        }
        return keccak256(abi.encode(hash, usdc.balanceOf(address(escrow))));
    }

    function _violated(uint256 invariant, string memory why) private {
        if (bytes(what).length == 0) what = string.concat(vm.toString(invariant), ": ", why);
        ++violations[invariant];
    }
}
