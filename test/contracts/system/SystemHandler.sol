// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Rungs} from "../../../contracts/src/arbiter/Ladder.sol";
import {Bond, Claim, Reservation} from "../../../contracts/src/interfaces/IBonds.sol";
import {Member, Panel} from "../../../contracts/src/interfaces/ICommittee.sol";
import {Docket, Stage as DocketStage} from "../../../contracts/src/interfaces/IPactArbiter.sol";
import {
    Clauses,
    Completion,
    Escrow,
    Result,
    State,
    Terms
} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {CommitteeTest} from "../committee/CommitteeTest.sol";
import {Numbers, pack} from "../support/Signatures.sol";
import {SmartWallet} from "../support/SmartWallet.sol";
import {vm} from "../support/Vm.sol";

/// @notice Everybody at once: parties with smart wallets, attestors, moderator, committee, vault, treasury,
/// and a USDC that is paused and blacklists. Every step is one act of one of them; an act that the law refuses is a step
/// that changed nothing.
contract SystemHandler is CommitteeTest {
    uint256 public constant KINDS = 35;
    uint256 private constant LIVE = 3;
    /// @dev What buyer and seller have at the start.
    uint256 private constant PURSES = 2e15;

    Terms[] private _trades;
    bytes32[] private _ids;
    /// @dev Trades, by their place, in which something can still move.
    uint256[] private _pending;
    mapping(bytes32 id => State) private _ended;
    uint256[KINDS] public tried;
    uint256[KINDS] public done;

    /// @dev What left the bond of the seller by rulings, and what the same ids had reserved.
    uint256 public slashed;
    uint256 public slashable;

    address private immutable _owner = msg.sender;

    /// @dev The fuzzer calls every function of a target; only `step` is meant for it.
    modifier onlyOwner() {
        if (msg.sender == _owner) _;
    }

    /// @dev The buyer is a contract that signs by ERC-1271, the seller a key with delegated code (EIP-7702).
    function setUp() public override onlyOwner {
        buyer = address(new SmartWallet(vm.addr(BUYER)));
        vm.etch(seller, abi.encodePacked(hex"ef0100", address(new SmartWallet(seller))));
        super.setUp();
        _stakeBond(3_000e6);
    }

    function step(uint256 kind, uint256 seed) external {
        // The fuzzer likes small numbers, whose higher bits are all the same.
        seed = uint256(keccak256(abi.encode(kind, seed)));
        // One step of three does anything; the others do what somebody would do next.
        kind %= 3 * KINDS;
        uint256 i = _recent(seed);
        seed >>= 8;
        if (kind >= KINDS) (kind, i) = _sensible(seed);
        tried[kind]++;
        (bool success, ) = address(this).call(abi.encodeCall(this.act, (kind, i, seed >> 16)));
        if (success) done[kind]++;
        for (uint256 last = _pending.length; last > 0; last--) {
            if (!_isStill(_pending[last - 1])) continue;
            _pending[last - 1] = _pending[_pending.length - 1];
            _pending.pop();
        }
    }

    /// @notice Who does what, by the number of the act.
    function names() external pure returns (string[KINDS] memory) {
        return
            [
                "buyer: fund",
                "time: up to three hours",
                "time: to the end of what runs",
                "token: pause, blacklist, or neither",
                "seller: stake a bond",
                "seller: take a bond back",
                "anyone: collect",
                "parties and members: withdraw",
                "seller: deliver",
                "attestors: complete against a bond",
                "attestors: rule a claim",
                "party: dispute",
                "seller: dispute",
                "seller: defend",
                "anyone: escalate",
                "attestors: attest",
                "seller: refund",
                "buyer: release",
                "parties: settle",
                "anyone: conclude",
                "anyone: expire",
                "attestors: rule",
                "attestors: propose",
                "party: appeal",
                "anyone: finalize",
                "moderator: moderate",
                "committee: draw, vote, execute",
                "anyone: convene",
                "anyone: lapse",
                "buyer: claim",
                "anyone: free a reservation",
                "anyone: conclude a claim",
                "buyer: drop a claim",
                "member: join, resign, take the stake",
                "anyone: pay a panel"
            ];
    }

    /// @dev Reverts where the law refuses; `step` takes that back as a whole.
    function act(uint256 kind, uint256 i, uint256 seed) external {
        if (msg.sender != address(this)) return;
        if (kind == 0) return _open(seed);
        if (kind == 1) return vm.warp(block.timestamp + (seed % 3 hours));
        if (kind == 3) return _toggle(seed);
        if (kind == 4) return _stakeBond(1 + (seed % 500e6));
        if (kind == 5) return _withdrawal(seed);
        if (kind == 6) return court.collect();
        if (kind == 7) return _withdrawEverything(seed);
        if (kind == 33) return _move(seed);

        Terms memory t = _trades[i];
        if (kind == 2) return _wait(t, seed);
        if (kind == 8) return _doDeliver2(t, seed);
        if (kind == 9) return _completeBonded(t);
        if (kind == 10) return _tracked(t, kind, seed);
        if (kind == 11) return _doDispute(t, seed & 1 == 0 ? t.buyer : t.seller);
        if (kind == 12) return _doDispute(t, t.seller);
        if (kind == 13) return _doDefend(t);
        if (kind == 14) return escrow.escalate(t, stranger, "");
        if (kind == 15) return _attest(t, Result(1 + (seed % 3)));
        if (kind == 16) return _doRefund(t);
        if (kind == 17) return _doRelease(t);
        if (kind == 18) return _doSettle(t, seed % 10_001);
        if (kind == 19) return escrow.conclude(t);
        if (kind == 20) return escrow.expire(t);
        if (kind == 21)
            return escrow.rule(t, seed % 10_001, RECORD, _rulingProof(t, seed % 10_001, 2));
        if (kind == 22) return _propose(t, seed % 10_001);
        if (kind == 23) return _appeal(t, seed & 1 == 0 ? t.buyer : t.seller);
        if (kind == 24) return _tracked(t, kind, seed);
        if (kind == 25) return _tracked(t, kind, seed);
        if (kind == 26) return _tracked(t, kind, seed);
        if (kind == 27) return court.convene(t);
        if (kind == 28) return court.lapse(t);
        if (kind == 29) return _claim(t);
        if (kind == 30) return bonds.free(t);
        if (kind == 31) return bonds.conclude(t);
        if (kind == 32) return _drop(t);
        if (kind == 34) return _payPanel(t, seed & 1);
    }

    // ----------------------------------------------------------------- situations

    /// @return kind What somebody would do next.
    /// @return i About which of the trades that are not over.
    function _sensible(uint256 seed) private view returns (uint256 kind, uint256 i) {
        if (seed % 8 == 1) return (3, 0);
        if (_pending.length < LIVE && seed % 2 == 0) return (0, 0);
        if (_pending.length == 0) return (0, 0);
        i = _pending[(seed >> 3) % _pending.length];
        kind = _next(_trades[i], seed >> 8);
    }

    function _next(Terms memory t, uint256 seed) private view returns (uint256) {
        Escrow memory lock = _of(t);
        State state = lock.state;
        if (state == State.Funded) return _choose(seed, 8, 9, seed & 8 == 0 ? 8 : 20);
        if (state == State.Delivered)
            return
                seed & 8 == 0
                    ? _choose(seed, lock.result == Result.None ? 15 : 2, 11, 12)
                    : _choose(seed, 14, 17, 2);
        if (state == State.Disputed) return _choose(seed, 13, 2, 14);
        if (state == State.Negotiating) return _choose(seed, 14, 2, 14);
        Reservation reservation = bonds.reservationOf(t);
        if (reservation == Reservation.Reserved) return _choose(seed, 29, 2, 30);
        if (state == State.Arbitration || reservation == Reservation.Claimed)
            return _disputed(t, seed);
        DocketStage stage = _stage(t);
        if (stage == DocketStage.Moderation) return 28;
        if (stage == DocketStage.Sitting) return 26;
        if (stage == DocketStage.Proposed) return 24;
        return _choose(seed, 34, 6, 34);
    }

    function _disputed(Terms memory t, uint256 seed) private view returns (uint256) {
        DocketStage stage = _stage(t);
        bool claimed = _of(t).state == State.Completed;
        if (stage == DocketStage.Proposed) return _choose(seed, 23, 24, 2);
        if (stage == DocketStage.Sitting) return 26;
        if (stage == DocketStage.Moderation) return _choose(seed, 25, 2, claimed ? 31 : 19);
        if (stage == DocketStage.Closed) return claimed ? 31 : 19;
        if (t.ladder == 0) return _choose(seed, claimed ? 10 : 21, 2, claimed ? 31 : 19);
        uint256 rungs = uint256(t.ladder);
        uint256 first =
            rungs & 1 != 0
                ? 22
                : rungs & 2 != 0
                    ? 27
                    : 25;
        return _choose(seed, first, 2, claimed ? 31 : 19);
    }

    function _choose(uint256 seed, uint256 a, uint256 b, uint256 c) private pure returns (uint256) {
        seed %= 3;
        return
            seed == 0
                ? a
                : seed == 1
                    ? b
                    : c;
    }

    // --------------------------------------------------------------------- acts

    /// @dev One of the last few trades: acts have to meet, or nothing gets far.
    function _recent(uint256 seed) private view returns (uint256) {
        uint256 count = _trades.length < LIVE ? _trades.length : LIVE;
        return count == 0 ? 0 : _trades.length - 1 - ((seed & 0xff) % count);
    }

    /// @dev Over, and nothing of it is held anywhere: no act can move it.
    function _isStill(uint256 i) private view returns (bool) {
        bytes32 id = _ids[i];
        if (escrow.escrowOf(id).state < State.Completed) return false;
        Reservation state = bonds.reservationOf(_trades[i]);
        if (state == Reservation.Reserved || state == Reservation.Claimed) return false;
        Docket memory docket = court.docketOf(id);
        if (docket.stage == DocketStage.Sitting || docket.stage == DocketStage.Moderation)
            return false;
        // What a jury proposed and nobody needs any more stays; a panel's holds back its fee.
        if (docket.stage == DocketStage.Proposed && docket.byCommittee) return false;
        return court.unpaidOf(id, 0) + court.unpaidOf(id, 1) == 0;
    }

    function _open(uint256 seed) private {
        require(_pending.length < LIVE, "enough");
        Terms memory t = _court(_ladderOf(seed % 6));
        t.amount = 10_000 + ((seed >> 8) % 1_000e6);
        t.salt = bytes32(_trades.length + 1);
        Numbers memory n = _numbers();
        n.fundBy = uint40(block.timestamp + 1 days);
        n.deliverBy = uint40(block.timestamp + 7 days);
        t.clauses = pack(n);
        _ids.push(_doFund(t));
        _pending.push(_trades.length);
        _trades.push(t);
    }

    function _ladderOf(uint256 kind) private pure returns (bytes32) {
        if (kind == 0) return 0;
        if (kind == 1) return _encode(_micro());
        if (kind == 2) return _encode(_agent());
        if (kind == 3) return _encode(_committeeFirst());
        if (kind == 4) return _encode(_human());
        return _encode(_moderated());
    }

    /// @dev A jury's limit, an appeal window, or to the end of what runs.
    function _wait(Terms memory t, uint256 seed) private {
        if (seed % 3 != 0) return vm.warp(block.timestamp + (seed % 3) * 6 hours);
        Claim memory claim = bonds.claimOf(_id(t));
        uint256 end = claim.state == Reservation.Claimed ? claim.end : _of(t).timerEnd;
        if (end > block.timestamp) vm.warp(end);
    }

    function _toggle(uint256 seed) private {
        uint256 which = seed % 8;
        if (which == 0) return usdc.pause();
        if (which == 1) return usdc.blacklist(buyer);
        if (which == 2) return usdc.blacklist(seller);
        if (which == 3) return usdc.blacklist(treasury);
        // More often clean than not, or nothing would ever happen.
        usdc.unpause();
        usdc.unBlacklist(buyer);
        usdc.unBlacklist(seller);
        usdc.unBlacklist(treasury);
    }

    function _withdrawal(uint256 seed) private {
        if (seed % 16 == 1) vm.warp(block.timestamp + 38 days);
        vm.prank(seller);
        if (seed & 1 == 0) bonds.requestWithdrawal(seed % 1_000e6);
        else bonds.withdrawBond(seller);
    }

    function _withdrawEverything(uint256 seed) private {
        address owner = seed & 1 == 0 ? buyer : seller;
        uint256 which = (seed >> 1) % 5;
        vm.prank(which == 4 ? members[(seed >> 8) % MEMBERS] : owner);
        if (which == 0) escrow.withdraw(owner, stranger, "");
        else if (which == 1) bonds.withdrawCredit(stranger);
        else if (which == 2) court.withdraw(stranger);
        else if (which == 3) escrow.sweep(fees);
        else committee.withdraw(members[(seed >> 8) % MEMBERS]);
    }

    function _doDeliver2(Terms memory t, uint256 seed) private {
        if (seed & 1 == 0) return _doDeliverNoticed(t);
        vm.prank(t.seller);
        escrow.deliverInline(t, "artifact", "");
    }

    function _attest(Terms memory t, Result result) private {
        bytes32 hash = _attestation(_id(t), _of(t).round, result, REPORT);
        escrow.attest(t, result, REPORT, _courtProof(_digest(address(escrow), hash), 2));
    }

    function _drop(Terms memory t) private {
        vm.prank(t.buyer);
        bonds.drop(t);
    }

    /// @dev What may slash: the bond before and after, beside what was reserved for this very escrow.
    function _tracked(Terms memory t, uint256 kind, uint256 seed) private {
        uint256 reserved = bonds.reservationOf(t) == Reservation.Claimed ? t.amount : 0;
        uint256 before = bonds.bondOf(t.seller).amount;
        if (kind == 24) {
            court.finalize(t, _drawnOf[_id(t)][0]);
        } else if (kind == 25) {
            vm.prank(moderator);
            court.moderate(t, seed % 10_001, RECORD);
        } else if (kind == 26) {
            _sit(t, seed);
        } else {
            bytes32 hash = _ruling(_id(t), _of(t).round, seed % 10_001, RECORD);
            bonds.rule(t, seed % 10_001, RECORD, _courtProof(_vaultDigest(hash), 2));
        }
        uint256 left = before - bonds.bondOf(t.seller).amount;
        vm.assertLe(left, reserved, "never above the reservation");
        slashed += left;
        slashable += reserved;
    }

    mapping(bytes32 id => mapping(uint256 panel => address[])) private _drawnOf;

    /// @dev A whole panel: drawn, or not; some of the seven vote; what it decided is executed.
    function _sit(Terms memory t, uint256 seed) private {
        bytes32 id = _id(t);
        Docket memory docket = court.docketOf(id);
        require(docket.stage == DocketStage.Sitting, "no panel");
        address[] storage first = _drawnOf[id][0];
        if (seed % 8 == 0) {
            Panel memory sitting = committee.panelOf(id, docket.panel);
            vm.warp(sitting.clock + sitting.phase);
            return court.execute(t, _none(), first);
        }
        address[] memory passed = _passed(t, docket.panel, docket.panel == 1 ? first : _none());
        address[] memory drawn = _draw(
            t,
            docket.panel,
            passed,
            docket.panel == 1 ? first : _none()
        );
        _drawnOf[id][docket.panel] = drawn;
        uint256[] memory votes = new uint256[](2 + ((seed >> 8) % 6));
        for (uint256 i; i < votes.length; i++) {
            votes[i] = uint256(keccak256(abi.encode(seed, i))) % 10_001;
        }
        _vote(id, docket.panel, drawn, votes);
        // The token may stop at the worst moment: who sat is paid later.
        if (seed % 4 == 3) usdc.pause();
        court.execute(t, drawn, first);
    }

    /// @dev Who may not sit: who sat before, joined after the funding, or had left when the panel opened.
    function _passed(
        Terms memory t,
        uint256 panel,
        address[] memory first
    ) private view returns (address[] memory passed) {
        uint256 openedAt = committee.panelOf(_id(t), panel).clock;
        uint256 fundedAt = _of(t).fundedAt;
        passed = new address[](MEMBERS + 7);
        uint256 count;
        for (uint256 i; i < first.length && i < 7; i++) {
            passed[count++] = first[i];
        }
        for (uint256 i; i < MEMBERS; i++) {
            Member memory account = committee.memberOf(members[i]);
            bool left = account.leavingAt != 0 && account.leavingAt < openedAt;
            if (left || account.since == 0 || account.since >= fundedAt)
                passed[count++] = members[i];
        }
        require(MEMBERS + first.length / 2 >= count + 14, "too few to sit");
    }

    /// @dev A member leaves, comes back, tops up or takes its stake out; most stay, or nobody could be drawn.
    function _move(uint256 seed) private {
        address member = members[(seed >> 8) % 5];
        if (seed % 16 == 1) vm.warp(block.timestamp + 31 days);
        vm.prank(member);
        if (seed & 1 == 0) committee.resign();
        else if (seed & 2 == 0) committee.withdrawStake();
        else committee.join();
    }

    function _payPanel(Terms memory t, uint256 panel) private {
        bytes32 id = _id(t);
        court.payPanel(id, panel, _drawnOf[id][panel]);
    }

    function _vaultDigest(bytes32 structHash) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Earnest BondVault"),
                keccak256("1"),
                block.chainid,
                address(bonds)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    // ------------------------------------------------------------------ invariants

    /// @dev What each contract should hold, and what the pair still has in the trades.
    struct Books {
        uint256 escrow;
        uint256 bonds;
        uint256 reserved;
        uint256 court;
        uint256 promised;
        uint256 pair;
    }

    /// @notice Every contract holds exactly what it owes, the pair gains nothing, what ended stays ended.
    /// @param whole Also of trades that are long over, and to the last unit that was ever minted: of the cost of
    /// hundreds of steps, and what it would find stays to be found.
    function check(bool whole) external onlyOwner {
        Books memory books;
        uint256 count = whole ? _trades.length : _pending.length;
        for (uint256 i; i < count; i++) {
            _enter(books, whole ? i : _pending[i]);
        }
        _checkEscrow(books);
        _checkVault(books);
        _checkArbiter(books);
        _checkCollusion(books);
        if (whole) _checkConservation();
    }

    function _enter(Books memory books, uint256 i) private {
        Terms memory t = _trades[i];
        bytes32 id = _ids[i];
        Escrow memory lock = escrow.escrowOf(id);
        _checkSettlement(id, lock.state);
        if (lock.state < State.Completed) {
            uint256 open = t.amount;
            if (lock.buyerDisputed) open += _stake(t);
            if (lock.sellerDisputed) open += _stake(t);
            books.escrow += open;
            books.pair += open;
        }
        _enterBond(books, t, id);
        _enterDocket(books, t, id);
    }

    function _enterBond(Books memory books, Terms memory t, bytes32 id) private view {
        Reservation state = bonds.reservationOf(t);
        if (state == Reservation.Reserved || state == Reservation.Claimed)
            books.reserved += t.amount;
        if (state != Reservation.Claimed) return;
        uint256 stake = bonds.claimOf(id).stake;
        books.bonds += stake;
        books.pair += stake;
    }

    /// @dev One arbitration fee is promised for every panel that sits, or whose proposal stands.
    function _enterDocket(Books memory books, Terms memory t, bytes32 id) private view {
        Docket memory docket = court.docketOf(id);
        if (docket.stage == DocketStage.Closed)
            vm.assertEq(docket.bond, 0, "no bond behind a closed docket");
        books.court += docket.bond + court.unpaidOf(id, 0) + court.unpaidOf(id, 1);
        books.pair += docket.bond;
        bool stands = docket.stage == DocketStage.Proposed && docket.byCommittee;
        if (stands || docket.stage == DocketStage.Sitting) books.promised += _stake(t);
    }

    /// @dev Open amounts, stakes and credits are exactly what the escrow holds.
    function _checkEscrow(Books memory books) private view {
        uint256 owes = books.escrow + escrow.creditOf(buyer) + escrow.creditOf(seller);
        owes += escrow.creditOf(fees) + escrow.creditOf(address(court));
        vm.assertEq(usdc.balanceOf(address(escrow)), owes, "escrow holds what it owes");
    }

    /// @dev Bonds, stakes of open claims and credits are exactly what the vault holds; what is reserved
    /// is the sum of the reservations; nothing is promised twice.
    function _checkVault(Books memory books) private view {
        Bond memory bond = bonds.bondOf(seller);
        uint256 owes = books.bonds + bond.amount + bonds.creditOf(buyer) + bonds.creditOf(seller);
        owes += bonds.creditOf(address(court));
        vm.assertEq(usdc.balanceOf(address(bonds)), owes, "vault holds what it owes");
        vm.assertEq(bond.reserved, books.reserved, "reserved");
        vm.assertGe(bond.amount, bond.reserved + bond.leaving, "nothing is promised twice");
        vm.assertLe(slashed, slashable, "slashed");
    }

    /// @dev The arbiter covers what it owes, with what others hold for it while the token refuses; an appeal
    /// bond is held exactly while it is at stake.
    function _checkArbiter(Books memory books) private view {
        uint256 owes = books.court + court.creditOf(buyer) + court.creditOf(seller);
        vm.assertEq(court.owed(), owes, "owed");
        vm.assertEq(court.promised(), books.promised, "promised");
        uint256 has = usdc.balanceOf(address(court)) + escrow.creditOf(address(court));
        has += bonds.creditOf(address(court));
        vm.assertGe(has, owes, "arbiter holds what it owes");
    }

    /// @dev Buyer and seller are one colluding pair, and the stranger is their wallet: whatever they do
    /// with escrows, claims, appeals and bonds, all they have together never grows.
    function _checkCollusion(Books memory books) private view {
        uint256 has = books.pair + _has(buyer) + _has(seller) + _has(stranger);
        vm.assertLe(has + bonds.bondOf(seller).amount, PURSES, "the pair gains nothing");
    }

    function _has(address who) private view returns (uint256) {
        return
            usdc.balanceOf(who) + escrow.creditOf(who) + bonds.creditOf(who) + court.creditOf(who);
    }

    /// @dev What has ended stays as it ended.
    function _checkSettlement(bytes32 id, State state) private {
        if (_ended[id] != State.None) _same(state, _ended[id], "settled once");
        else if (state >= State.Completed) _ended[id] = state;
    }

    /// @dev Every base unit that was ever minted lies with somebody we know, and the committee covers its members.
    function _checkConservation() private view {
        address[10] memory known = [
            buyer,
            seller,
            stranger,
            fees,
            treasury,
            address(escrow),
            address(court),
            address(committee),
            address(bonds),
            moderator
        ];
        uint256 sum;
        for (uint256 i; i < known.length; i++) {
            sum += usdc.balanceOf(known[i]);
        }
        for (uint256 i; i < MEMBERS; i++) {
            sum += usdc.balanceOf(members[i]);
        }
        vm.assertEq(sum, usdc.totalSupply(), "conserved");
        uint256 has = usdc.balanceOf(address(committee));
        vm.assertGe(has, _committeeOwes(), "committee holds what it owes");
    }

    /// @notice By time alone everything ends, pays out, and leaves nothing behind.
    function checkLiveness() external onlyOwner {
        try usdc.unpause() {} catch {}
        usdc.unBlacklist(buyer);
        usdc.unBlacklist(seller);
        for (uint256 i; i < _trades.length; i++) {
            Terms memory t = _trades[i];
            while (_of(t).state < State.Completed) {
                Escrow memory lock = _of(t);
                if (block.timestamp < lock.timerEnd) vm.warp(lock.timerEnd);
                if (lock.state == State.Funded) escrow.expire(t);
                else if (lock.state == State.Arbitration) escrow.conclude(t);
                else if (lock.state == State.Delivered && lock.result == Result.Pass)
                    escrow.release(t, "");
                else escrow.escalate(t, stranger, "");
            }
            Reservation state = bonds.reservationOf(t);
            if (state == Reservation.Reserved) {
                if (block.timestamp < _of(t).timerEnd) vm.warp(_of(t).timerEnd);
                bonds.free(t);
            }
            if (state == Reservation.Claimed) {
                uint256 end = bonds.claimOf(_id(t)).end;
                if (block.timestamp < end) vm.warp(end);
                bonds.conclude(t);
            }
            _closeDocket(t);
            for (uint256 panel; panel < 2; panel++) {
                if (court.unpaidOf(_id(t), panel) == 0) continue;
                court.payPanel(_id(t), panel, _drawnOf[_id(t)][panel]);
            }
        }
        uint256 left = escrow.creditOf(buyer) + escrow.creditOf(seller) + escrow.creditOf(fees);
        vm.assertEq(
            usdc.balanceOf(address(escrow)),
            left + escrow.creditOf(address(court)),
            "only credits left"
        );
        vm.assertEq(bonds.bondOf(seller).reserved, 0, "nothing reserved");
        vm.assertEq(court.owed(), court.creditOf(buyer) + court.creditOf(seller), "no bond held");
        vm.assertEq(court.promised(), 0, "no fee held back");
    }

    function _closeDocket(Terms memory t) private {
        bytes32 id = _id(t);
        Docket memory docket = court.docketOf(id);
        if (docket.stage == DocketStage.Moderation) return court.lapse(t);
        if (docket.stage == DocketStage.Proposed && docket.byCommittee)
            return court.finalize(t, _drawnOf[id][0]);
        if (docket.stage != DocketStage.Sitting) return;
        Panel memory sitting = committee.panelOf(id, docket.panel);
        uint256 end = uint256(sitting.clock) + 3 * uint256(sitting.phase);
        if (block.timestamp < end) vm.warp(end);
        court.execute(t, _none(), _drawnOf[id][0]);
    }
}
