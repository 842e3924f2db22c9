// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Leaf} from "../arbiter/SumTree.sol";
import {Terms} from "./IPactEscrow.sol";

/// @notice A member: one storage slot. USDC base units.
struct Member {
    uint64 stake;
    /// @dev Pay, and a stake that was asked back; `withdraw` takes it.
    uint64 credit;
    /// @dev Unix seconds since when it may be drawn, for escrows funded later; 0: no member.
    uint40 since;
    /// @dev Unix seconds at which it asked to leave, or had nothing left to lose; 0: it did not.
    uint40 leavingAt;
}

/// @notice An anchored pool of members.
struct Pool {
    bytes32 root;
    /// @dev Sum of all weights.
    uint64 total;
    uint32 members;
    uint40 anchoredAt;
}

/// @notice A panel: two storage slots and one commitment a seat.
struct Panel {
    /// @dev keccak256(abi.encode(address[14])); zero before the draw.
    bytes32 drawnHash;
    uint40 openBlock;
    /// @dev Unix seconds: before the draw its opening, after it the draw.
    uint40 clock;
    /// @dev Seconds of each of the five phases: draw, strike, commit, reveal, execute.
    uint24 phase;
    /// @dev Bit i: the i-th that was drawn is struck.
    uint16 struck;
    uint8 buyerStrikes;
    uint8 sellerStrikes;
    /// @dev Bit of each seat.
    uint8 committed;
    uint8 revealed;
    /// @dev 14 bits a seat.
    uint104 votes;
}

enum StrikeReason {
    Party,
    SameOrganisation,
    DirectVoucher,
    FrequentCounterparty
}

/// @title The committee of seven
/// @notice Members stake USDC and are drawn, at random and weighted by capped reputation in the domain,
/// from a pool that was anchored before the escrow was funded and whose number both parties signed in
/// the ladder. Fourteen are drawn in order; the first seven that are not struck sit. Each commits to a
/// vote, then reveals it. Decision: the median of the reveals, of an even number the floor of the two
/// middle ones' mean; five are a quorum.
///
/// | phase | who may act | from the draw |
/// |---|---|---|
/// | draw | anyone, from 64 blocks after the opening | a fifth of the limit from the opening |
/// | strike | buyer, seller: at most three each | 0 to 1 phase |
/// | commit | the seven | 1 to 2 phases |
/// | reveal | the seven, as soon as all have committed | to 3 phases |
/// | execute | anyone, as soon as all have revealed | from 3 phases |
///
/// Seed: keccak256(blockhash, id, panel); the block is openBlock + 64, and, when that was missed, the
/// next fixed one (every 8,191 blocks, EIP-2935). Attempt i picks the leaf that holds
/// uint256(keccak256(abi.encode(seed, i))) % total; a leaf whose member was drawn before or may not sit
/// is passed over. A member may sit when it joined before the escrow was funded, had not left before the
/// panel opened, is no party, did not sit on the panel appealed against, has at least `MIN_TRADES` trades
/// in the domain and at most a fourteenth of the pool's weight. Nothing that a member does or loses from
/// the opening on, hence knowing the seed, changes whether it is drawn.
///
/// A seat that does not reveal loses a tenth of a full stake to those that did; who has less than that
/// left leaves. The panel is paid from the arbitration fee or the lost appeal bond.
///
/// The arbiter creates this contract, and only the arbiter opens, closes and pays panels.
///
/// Warning: a commitment hides the vote only behind its salt: 32 random bytes, never used twice.
interface ICommittee {
    event Joined(address indexed member, uint256 stake);
    event Leaving(address indexed member, uint256 readyAt);
    event StakeReturned(address indexed member, uint256 amount);
    event Paid(address indexed owner, address indexed to, uint256 amount);
    event PoolAnchored(
        uint256 indexed number,
        bytes32 indexed domain,
        bytes32 root,
        uint256 total,
        uint256 members
    );
    event PanelOpened(
        bytes32 indexed id,
        uint256 indexed panel,
        uint256 openBlock,
        uint256 openedAt,
        uint256 phase
    );
    event PanelDrawn(
        bytes32 indexed id,
        uint256 indexed panel,
        uint256 seedBlock,
        bytes32 seed,
        address[] drawn
    );
    event Struck(
        bytes32 indexed id,
        uint256 indexed panel,
        address indexed member,
        address by,
        StrikeReason reason,
        bytes32 evidenceHash
    );
    event VoteCommitted(
        bytes32 indexed id,
        uint256 indexed panel,
        address indexed voter,
        bytes32 commitment
    );
    event VoteRevealed(
        bytes32 indexed id,
        uint256 indexed panel,
        address indexed voter,
        uint256 sellerBps
    );
    /// @dev `decided` is false below the quorum.
    event PanelClosed(
        bytes32 indexed id,
        uint256 indexed panel,
        bool decided,
        uint256 sellerBps,
        uint256 reveals,
        bytes32 recordHash
    );
    event NoShow(
        bytes32 indexed id,
        uint256 indexed panel,
        address indexed member,
        uint256 slashed
    );

    error AlreadyMember(address member);
    error NotMember(address member);
    error BeforeStakeReady(uint256 timestamp, uint256 readyAt);
    error NothingOwed(address owner);
    error ZeroReceiver();
    error PoolTooSmall(uint256 members, uint256 minimum);
    error PoolNotAuthorized(uint256 number);
    error SeedNotReady(uint256 blockNumber, uint256 openBlock);
    error SeedLost(uint256 seedBlock);
    error NotArbiter(address sender, address arbiter);
    error NotDrawable(bytes32 id, uint256 panel);
    error NotDrawn(bytes32 id, uint256 panel);
    error WrongDrawn(bytes32 got, bytes32 want);
    error WrongLeaf(uint256 attempt, uint256 target);
    error WrongCount(uint256 drawn, uint256 want);
    error AfterPhase(uint256 timestamp, uint256 end);
    error BeforePhase(uint256 timestamp, uint256 start);
    error NotParty(address sender);
    error NotSeated(address sender, uint256 index);
    error TooManyStrikes(address sender);
    error AlreadyStruck(uint256 index);
    error AlreadyCommitted(uint256 seat);
    error WrongReveal(uint256 seat);
    error InvalidVote(uint256 sellerBps);

    // ---------------------------------------------------------------- MEMBERS

    /// @notice Stakes, from the sender's allowance, what is missing to `memberStake`. Who had left may come
    /// back `LEAVE_DELAY` later, as a new member.
    function join() external;

    /// @notice Asks the stake back; from now on panels that open later pass the sender over.
    function resign() external;

    /// @notice Turns the stake into credit, `LEAVE_DELAY` after `resign`.
    function withdrawStake() external;

    /// @param drawn The fourteen of `PanelDrawn`.
    /// @param index The sender's place among them.
    /// @param commitment keccak256(abi.encode(chainId, arbiter, id, panel, voter, sellerBps, salt)).
    function commit(
        bytes32 id,
        uint256 panel,
        address[] calldata drawn,
        uint256 index,
        bytes32 commitment
    ) external;

    /// @param seat Rank of the sender among those not struck, 0 to 6.
    function reveal(
        bytes32 id,
        uint256 panel,
        uint256 seat,
        uint256 sellerBps,
        bytes32 salt
    ) external;

    // ---------------------------------------------------------- BUYER, SELLER

    /// @notice Strikes one of the fourteen.
    /// @param evidenceHash Of the public evidence for the reason; a strike without ground counts in reputation.
    function strike(
        Terms calldata terms,
        uint256 panel,
        address[] calldata drawn,
        uint256 index,
        StrikeReason reason,
        bytes32 evidenceHash
    ) external;

    // ---------------------------------------------------------------- ARBITER

    /// @param panel 0, or 1 for the disjoint panel that hears an appeal from a committee.
    /// @param openedAt Unix seconds from which its limit runs.
    function open(bytes32 id, uint256 panel, uint256 openedAt, uint256 limit) external;

    /// @notice Ends a panel, slashes who did not reveal for those who did, and gives its decision.
    /// @return decided False below the quorum, and when nobody drew it in time.
    /// @return sellerBps The median of the reveals; 0 without one.
    /// @return against Reveals below 10,000, that is for taking something from the seller.
    /// @return recordHash keccak256(abi.encode(panelOf(id, panel))): draw, strikes and votes.
    function close(
        bytes32 id,
        uint256 panel,
        address[] calldata drawn
    ) external returns (bool decided, uint256 sellerBps, uint256 against, bytes32 recordHash);

    /// @notice Shares what the arbiter has sent before among the seats that revealed.
    function pay(bytes32 id, uint256 panel, address[] calldata drawn, uint256 pot) external;

    // ----------------------------------------------------------------- ANYONE

    /// @notice Draws the fourteen of an open panel.
    /// @param leaves Every leaf that an attempt hits, once.
    /// @param order Which of the leaves holds the target of each attempt: one byte an attempt, two
    /// (big-endian) where there are more than 256 leaves.
    /// @param earlier The fourteen of the panel appealed against, or empty.
    function draw(
        Terms calldata terms,
        uint256 panel,
        Leaf[] calldata leaves,
        bytes calldata order,
        address[] calldata earlier
    ) external;

    /// @notice Anchors the next pool: m attestors over
    /// `Pool(uint256 number,bytes32 domain,bytes32 root,uint256 total,uint256 members)` in the domain
    /// "Earnest Committee", version "1". The leaves are public; who signs a pact checks them.
    function anchorPool(
        bytes32 domain,
        bytes32 root,
        uint64 total,
        uint32 members,
        bytes calldata proof
    ) external returns (uint256 number);

    /// @notice Sends the sender's credit to `to`.
    function withdraw(address to) external;

    // ------------------------------------------------------------------ VIEWS

    function arbiter() external view returns (address);
    function memberStake() external view returns (uint256);
    function memberOf(address member) external view returns (Member memory);
    /// @param number From 1.
    function poolOf(uint256 number) external view returns (Pool memory);
    function poolCount() external view returns (uint256);
    /// @notice True when panels may be drawn from pool `number` for an escrow funded at `fundedAt`.
    function isPoolOpen(uint256 number, uint256 fundedAt) external view returns (bool);
    function panelOf(bytes32 id, uint256 panel) external view returns (Panel memory);
}
