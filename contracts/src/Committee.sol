// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Ladder} from "./arbiter/Ladder.sol";
import {Seed} from "./arbiter/Seed.sol";
import {Leaf, SumTree} from "./arbiter/SumTree.sol";
import {IArbiter} from "./interfaces/IArbiter.sol";
import {ICommittee, Member, Panel, Pool, StrikeReason} from "./interfaces/ICommittee.sol";
import {IPactEscrow, Kind, Terms} from "./interfaces/IPactEscrow.sol";
import {TokenLib} from "./libraries/TokenLib.sol";

/// @title Members, pools and panels; what a decision does is the arbiter's, which creates this contract
contract Committee is ICommittee, EIP712, ReentrancyGuardTransient {
    using TokenLib for address;

    /// @notice Members that sit.
    uint256 public constant SEATS = 7;
    /// @notice Members that are drawn: twice the seats, so that both sides' strikes leave seven.
    uint256 public constant DRAWN = 14;
    /// @notice Reveals that decide.
    uint256 public constant QUORUM = 5;
    /// @notice Strikes of one side.
    uint256 public constant STRIKES = 3;
    /// @notice A pool of three panels: a second, disjoint one can always be drawn.
    uint256 public constant MIN_MEMBERS = 21;
    /// @notice Settled trades in the domain that a member needs.
    uint256 public constant MIN_TRADES = 5;
    /// @notice Longer than the escrow's longest arbitration (30 days).
    uint256 public constant LEAVE_DELAY = 31 days;

    uint256 private constant BPS = 10_000;
    uint256 private constant VOTE_BITS = 14;
    uint256 private constant ALL_SEATS = 0x7f;

    bytes32 private constant POOL_TYPEHASH = keccak256(
        "Pool(uint256 number,bytes32 domain,bytes32 root,uint256 total,uint256 members)"
    );

    /// @inheritdoc ICommittee
    uint256 public immutable memberStake;
    /// @inheritdoc ICommittee
    address public immutable arbiter;
    IPactEscrow private immutable _escrow;
    address private immutable _token;

    mapping(address member => Member) private _members;
    Pool[] private _pools;
    mapping(bytes32 id => mapping(uint256 panel => Panel)) private _panels;
    mapping(bytes32 id => mapping(uint256 panel => mapping(uint256 seat => bytes32)))
        private _commitments;

    /// @dev What a draw depends on.
    struct Draw {
        bytes32 id;
        uint256 panel;
        bytes32 seed;
        Pool pool;
        uint256 fundedAt;
        uint256 openedAt;
        address buyer;
        address seller;
        /// @dev The fourteen of the panel appealed against; its seven that sat are passed over.
        address[] earlier;
    }

    modifier onlyArbiter() {
        if (msg.sender != arbiter) revert NotArbiter(msg.sender, arbiter);
        _;
    }

    constructor(IPactEscrow escrow_, uint64 memberStake_) EIP712("Earnest Committee", "1") {
        arbiter = msg.sender;
        _escrow = escrow_;
        _token = escrow_.token();
        memberStake = memberStake_;
    }

    // ---------------------------------------------------------------- MEMBERS

    /// @inheritdoc ICommittee
    function join() external nonReentrant {
        // Check: whoever left stays away until every panel that opened before is over, or it could choose,
        // once a seed is known, whether to be drawn.
        Member storage account = _members[msg.sender];
        bool again = account.since == 0 || account.leavingAt != 0;
        uint256 readyAt = account.leavingAt == 0 ? 0 : account.leavingAt + LEAVE_DELAY;
        if (block.timestamp < readyAt) revert BeforeStakeReady(block.timestamp, readyAt);
        uint256 missing = memberStake - account.stake;
        if (missing == 0 && !again) revert AlreadyMember(msg.sender);

        // Effect: whoever comes back is drawn only for escrows funded from now on.
        account.stake = uint64(memberStake);
        if (again) {
            account.since = uint40(block.timestamp);
            account.leavingAt = 0;
        }
        emit Joined(msg.sender, missing);

        // Interaction
        _token.pull(msg.sender, missing);
    }

    /// @inheritdoc ICommittee
    function resign() external {
        Member storage account = _members[msg.sender];
        if (account.since == 0 || account.leavingAt != 0) revert NotMember(msg.sender);
        _leave(msg.sender, account);
    }

    /// @inheritdoc ICommittee
    function withdrawStake() external {
        // Check: every panel that it may sit on is over.
        Member storage account = _members[msg.sender];
        if (account.leavingAt == 0) revert NotMember(msg.sender);
        uint256 readyAt = account.leavingAt + LEAVE_DELAY;
        if (block.timestamp < readyAt) revert BeforeStakeReady(block.timestamp, readyAt);

        // Effect
        uint64 amount = account.stake;
        account.credit += amount;
        account.stake = 0;
        account.since = 0;
        account.leavingAt = 0;
        emit StakeReturned(msg.sender, amount);
    }

    /// @inheritdoc ICommittee
    function commit(
        bytes32 id,
        uint256 panel,
        address[] calldata drawn,
        uint256 index,
        bytes32 commitment
    ) external {
        // Check: the phase, and that the sender sits.
        Panel storage sitting = _panels[id][panel];
        _checkDrawn(sitting, drawn);
        uint256 start = uint256(sitting.clock) + sitting.phase;
        if (block.timestamp < start) revert BeforePhase(block.timestamp, start);
        if (block.timestamp >= start + sitting.phase)
            revert AfterPhase(block.timestamp, start + sitting.phase);
        if (index >= DRAWN || drawn[index] != msg.sender) revert NotSeated(msg.sender, index);
        uint256 struck = sitting.struck;
        uint256 seat = _unstruckBefore(struck, index);
        if ((struck >> index) & 1 != 0 || seat >= SEATS) revert NotSeated(msg.sender, index);
        if ((sitting.committed >> seat) & 1 != 0) revert AlreadyCommitted(seat);

        // Effect
        sitting.committed |= uint8(1 << seat);
        _commitments[id][panel][seat] = commitment;
        emit VoteCommitted(id, panel, msg.sender, commitment);
    }

    /// @inheritdoc ICommittee
    function reveal(
        bytes32 id,
        uint256 panel,
        uint256 seat,
        uint256 sellerBps,
        bytes32 salt
    ) external {
        // Check: the phase; nobody reveals before the last vote is fixed.
        Panel storage sitting = _panels[id][panel];
        uint256 start = uint256(sitting.clock) + 2 * uint256(sitting.phase);
        uint256 end = start + sitting.phase;
        if (block.timestamp < start && sitting.committed != ALL_SEATS)
            revert BeforePhase(block.timestamp, start);
        if (block.timestamp >= end) revert AfterPhase(block.timestamp, end);
        if (sellerBps > BPS) revert InvalidVote(sellerBps);

        // Check: the commitment names the sender, so only the seat's own voter can open it.
        bytes32 commitment = _commitments[id][panel][seat];
        if (
            commitment == 0 ||
            commitment !=
                keccak256(
                    abi.encode(block.chainid, arbiter, id, panel, msg.sender, sellerBps, salt)
                )
        ) revert WrongReveal(seat);

        // Effect
        delete _commitments[id][panel][seat];
        sitting.revealed |= uint8(1 << seat);
        sitting.votes |= uint104(sellerBps << (seat * VOTE_BITS));
        emit VoteRevealed(id, panel, msg.sender, sellerBps);
    }

    // ----------------------------------------------------------------- PARTIES

    /// @inheritdoc ICommittee
    function strike(
        Terms calldata terms,
        uint256 panel,
        address[] calldata drawn,
        uint256 index,
        StrikeReason reason,
        bytes32 evidenceHash
    ) external {
        // Check: a party, the phase, and that a strike is left.
        bool bySeller = msg.sender == terms.seller;
        if (!bySeller && msg.sender != terms.buyer) revert NotParty(msg.sender);
        bytes32 id = _escrow.hashTerms(terms);
        Panel storage sitting = _panels[id][panel];
        _checkDrawn(sitting, drawn);
        uint256 end = uint256(sitting.clock) + sitting.phase;
        if (block.timestamp >= end) revert AfterPhase(block.timestamp, end);
        uint256 strikes = bySeller ? sitting.sellerStrikes++ : sitting.buyerStrikes++;
        if (strikes == STRIKES) revert TooManyStrikes(msg.sender);
        if (index >= DRAWN || (sitting.struck >> index) & 1 != 0) revert AlreadyStruck(index);

        // Effect
        sitting.struck |= uint16(1 << index);
        emit Struck(id, panel, drawn[index], msg.sender, reason, evidenceHash);
    }

    // ---------------------------------------------------------------- ARBITER

    /// @inheritdoc ICommittee
    function open(bytes32 id, uint256 panel, uint256 openedAt, uint256 limit) external onlyArbiter {
        Panel storage sitting = _panels[id][panel];
        sitting.openBlock = uint40(block.number);
        sitting.clock = uint40(openedAt);
        sitting.phase = uint24(limit / 5);
        emit PanelOpened(id, panel, block.number, openedAt, limit / 5);
    }

    /// @inheritdoc ICommittee
    function close(
        bytes32 id,
        uint256 panel,
        address[] calldata drawn
    )
        external
        onlyArbiter
        nonReentrant
        returns (bool decided, uint256 sellerBps, uint256 against, bytes32 recordHash)
    {
        Panel memory sitting = _panels[id][panel];
        uint256 phase = sitting.phase;
        uint256 reveals;

        if (sitting.drawnHash == 0) {
            // Check: it cannot be drawn any more.
            if (block.timestamp < sitting.clock + phase) revert NotDrawn(id, panel);
        } else {
            // Check: nobody can reveal any more.
            _checkDrawn(_panels[id][panel], drawn);
            uint256 end = sitting.clock + 3 * phase;
            if (block.timestamp < end && sitting.revealed != ALL_SEATS)
                revert BeforePhase(block.timestamp, end);

            // Effect
            (reveals, sellerBps, against) = _tally(sitting.votes, sitting.revealed);
            decided = reveals >= QUORUM;
            _slash(id, panel, sitting, drawn);
        }
        recordHash = keccak256(abi.encode(sitting));
        emit PanelClosed(id, panel, decided, sellerBps, reveals, recordHash);
    }

    /// @inheritdoc ICommittee
    function pay(
        bytes32 id,
        uint256 panel,
        address[] calldata drawn,
        uint256 pot
    ) external onlyArbiter {
        _checkDrawn(_panels[id][panel], drawn);
        _share(_panels[id][panel], drawn, pot);
    }

    // ----------------------------------------------------------------- ANYONE

    /// @inheritdoc ICommittee
    function anchorPool(
        bytes32 domain,
        bytes32 root,
        uint64 total,
        uint32 members,
        bytes calldata proof
    ) external returns (uint256 number) {
        // Check: large enough, and m attestors speak for it.
        if (members < MIN_MEMBERS) revert PoolTooSmall(members, MIN_MEMBERS);
        number = _pools.length + 1;
        bytes32 digest = _hashTypedDataV4(
            keccak256(
                abi.encode(POOL_TYPEHASH, number, domain, root, uint256(total), uint256(members))
            )
        );
        if (
            !IArbiter(arbiter).isAuthorized(
                root,
                0,
                Kind.Attestation,
                block.timestamp,
                digest,
                proof
            )
        ) {
            revert PoolNotAuthorized(number);
        }

        // Effect
        _pools.push(Pool(root, total, members, uint40(block.timestamp)));
        emit PoolAnchored(number, domain, root, total, members);
    }

    /// @inheritdoc ICommittee
    function draw(
        Terms calldata terms,
        uint256 panel,
        Leaf[] calldata leaves,
        bytes calldata order,
        address[] calldata earlier
    ) external {
        // Check: an open panel that was not drawn, and the phase.
        bytes32 id = _escrow.hashTerms(terms);
        Panel storage sitting = _panels[id][panel];
        if (sitting.openBlock == 0 || sitting.drawnHash != 0) revert NotDrawable(id, panel);
        uint256 openedAt = sitting.clock;
        if (block.timestamp >= openedAt + sitting.phase)
            revert AfterPhase(block.timestamp, openedAt + sitting.phase);
        if (panel != 0) _checkDrawn(_panels[id][0], earlier);

        // Effect
        (uint256 seedBlock, bytes32 seed) = _seed(id, panel, sitting.openBlock);
        address[] memory drawn = _pick(
            Draw({
                id: id,
                panel: panel,
                seed: seed,
                pool: _pools[Ladder.unpack(terms.ladder).pool - 1],
                fundedAt: _escrow.escrowOf(id).fundedAt,
                openedAt: openedAt,
                buyer: terms.buyer,
                seller: terms.seller,
                earlier: earlier
            }),
            leaves,
            order
        );
        sitting.drawnHash = keccak256(abi.encode(drawn));
        sitting.clock = uint40(block.timestamp);
        emit PanelDrawn(id, panel, seedBlock, seed, drawn);
    }

    /// @inheritdoc ICommittee
    function withdraw(address to) external nonReentrant {
        // Check
        if (to == address(0)) revert ZeroReceiver();
        uint256 amount = _members[msg.sender].credit;
        if (amount == 0) revert NothingOwed(msg.sender);

        // Effect
        _members[msg.sender].credit = 0;
        emit Paid(msg.sender, to, amount);

        // Interaction
        _token.push(to, amount);
    }

    // ------------------------------------------------------------------ VIEWS

    /// @inheritdoc ICommittee
    function memberOf(address member) external view returns (Member memory) {
        return _members[member];
    }

    /// @inheritdoc ICommittee
    function poolOf(uint256 number) external view returns (Pool memory) {
        return _pools[number - 1];
    }

    /// @inheritdoc ICommittee
    function isPoolOpen(uint256 number, uint256 fundedAt) external view returns (bool) {
        return number != 0 && number <= _pools.length && _pools[number - 1].anchoredAt < fundedAt;
    }

    /// @inheritdoc ICommittee
    function poolCount() external view returns (uint256) {
        return _pools.length;
    }

    /// @inheritdoc ICommittee
    function panelOf(bytes32 id, uint256 panel) external view returns (Panel memory) {
        return _panels[id][panel];
    }

    // ---------------------------------------------------------------- PRIVATE

    function _leave(address member, Member storage account) private {
        account.leavingAt = uint40(block.timestamp);
        emit Leaving(member, block.timestamp + LEAVE_DELAY);
    }

    function _seed(
        bytes32 id,
        uint256 panel,
        uint256 openBlock
    ) private view returns (uint256 seedBlock, bytes32 seed) {
        seedBlock = Seed.blockOf(openBlock);
        if (seedBlock == 0) revert SeedNotReady(block.number, openBlock);
        bytes32 blockHash = Seed.hashOf(seedBlock);
        if (blockHash == 0) revert SeedLost(seedBlock);
        seed = keccak256(abi.encode(blockHash, id, panel));
    }

    /// @dev Follows the attempts one by one: each must name the leaf that holds its target.
    function _pick(
        Draw memory one,
        Leaf[] calldata leaves,
        bytes calldata order
    ) private view returns (address[] memory drawn) {
        uint256[] memory prefixes = new uint256[](leaves.length);
        for (uint256 i; i < leaves.length; i++) {
            prefixes[i] = SumTree.prefixOf(leaves[i], one.pool.root, one.pool.total);
        }

        drawn = new address[](DRAWN);
        uint256 width = leaves.length > 256 ? 2 : 1;
        uint256 attempts = order.length / width;
        bool[] memory seen = new bool[](leaves.length);
        uint256 count;
        for (uint256 i; i < attempts; i++) {
            if (count == DRAWN) revert WrongCount(attempts, i);
            uint256 which = uint16(bytes2(order[i * width:])) >> (16 - 8 * width);
            Leaf calldata leaf = leaves[which];
            uint256 target = uint256(keccak256(abi.encode(one.seed, i))) % one.pool.total;
            if (target < prefixes[which] || target - prefixes[which] >= leaf.weight)
                revert WrongLeaf(i, target);
            if (seen[which]) continue;
            seen[which] = true;
            if (_maySit(one, leaf) && !_contains(drawn, leaf.member, count))
                drawn[count++] = leaf.member;
        }
        if (count != DRAWN) revert WrongCount(count, DRAWN);
    }

    function _maySit(Draw memory one, Leaf calldata leaf) private view returns (bool) {
        address member = leaf.member;
        if (member == one.buyer || member == one.seller) return false;
        if (leaf.trades < MIN_TRADES || leaf.weight * DRAWN > one.pool.total) return false;
        // What a member does, or loses, from the opening on changes nothing here: the seed may be known.
        Member memory account = _members[member];
        if (account.since == 0 || account.since >= one.fundedAt) return false;
        if (account.leavingAt != 0 && account.leavingAt < one.openedAt) return false;
        return !_sat(one, member);
    }

    /// @dev True when `member` sat on the panel appealed against.
    function _sat(Draw memory one, address member) private view returns (bool) {
        if (one.panel == 0) return false;
        uint256 struck = _panels[one.id][0].struck;
        uint256 seat;
        for (uint256 i; seat < SEATS; i++) {
            if ((struck >> i) & 1 != 0) continue;
            if (one.earlier[i] == member) return true;
            seat++;
        }
        return false;
    }

    function _contains(
        address[] memory list,
        address member,
        uint256 count
    ) private pure returns (bool) {
        for (uint256 i; i < count; i++) {
            if (list[i] == member) return true;
        }
        return false;
    }

    function _checkDrawn(Panel storage sitting, address[] calldata drawn) private view {
        bytes32 got = keccak256(abi.encode(drawn));
        if (got != sitting.drawnHash) revert WrongDrawn(got, sitting.drawnHash);
    }

    function _unstruckBefore(uint256 struck, uint256 index) private pure returns (uint256 rank) {
        for (uint256 i; i < index; i++) {
            if ((struck >> i) & 1 == 0) rank++;
        }
    }

    /// @dev Sorts the reveals by insertion; seven at most.
    function _tally(
        uint256 votes,
        uint256 revealed
    ) private pure returns (uint256 reveals, uint256 median, uint256 against) {
        uint256[7] memory sorted;
        for (uint256 seat; seat < SEATS; seat++) {
            if ((revealed >> seat) & 1 == 0) continue;
            uint256 vote = (votes >> (seat * VOTE_BITS)) & ((1 << VOTE_BITS) - 1);
            if (vote < BPS) against++;
            uint256 i = reveals++;
            for (; i > 0 && sorted[i - 1] > vote; i--) {
                sorted[i] = sorted[i - 1];
            }
            sorted[i] = vote;
        }
        if (reveals == 0) return (0, 0, 0);
        median = (sorted[(reveals - 1) / 2] + sorted[reveals / 2]) / 2;
    }

    function _noShow() private view returns (uint256) {
        return memberStake / 10;
    }

    function _slash(
        bytes32 id,
        uint256 panel,
        Panel memory sitting,
        address[] calldata drawn
    ) private {
        uint256 pot;
        uint256 seat;
        for (uint256 i; seat < SEATS; i++) {
            if ((sitting.struck >> i) & 1 != 0) continue;
            if ((sitting.revealed >> seat) & 1 == 0) {
                Member storage account = _members[drawn[i]];
                uint256 amount = _noShow() < account.stake ? _noShow() : account.stake;
                account.stake -= uint64(amount);
                pot += amount;
                emit NoShow(id, panel, drawn[i], amount);
                // Nothing is left to lose: it leaves, and may join again like whoever resigned.
                if (account.stake < _noShow() && account.since != 0 && account.leavingAt == 0)
                    _leave(drawn[i], account);
            }
            seat++;
        }
        // Where nobody revealed, there is nobody to pay: it waits for the arbiter, which collects it.
        if (sitting.revealed == 0) _members[arbiter].credit += uint64(pot);
        else if (pot != 0) _share(sitting, drawn, pot);
    }

    /// @dev In equal parts among the seats that revealed, of which there are some; what does not divide
    /// stays here for ever.
    function _share(Panel memory sitting, address[] calldata drawn, uint256 pot) private {
        uint256 reveals;
        for (uint256 seat; seat < SEATS; seat++) {
            reveals += (sitting.revealed >> seat) & 1;
        }

        uint256 share = pot / reveals;
        uint256 rank;
        for (uint256 i; rank < SEATS; i++) {
            if ((sitting.struck >> i) & 1 != 0) continue;
            if ((sitting.revealed >> rank) & 1 != 0) _members[drawn[i]].credit += uint64(share);
            rank++;
        }
    }
}
