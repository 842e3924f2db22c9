// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {BondVault} from "./BondVault.sol";
import {Committee} from "./Committee.sol";
import {Attestors} from "./arbiter/Attestors.sol";
import {Ladder, Rungs} from "./arbiter/Ladder.sol";
import {IArbiter} from "./interfaces/IArbiter.sol";
import {Claim, IBonds, Reservation} from "./interfaces/IBonds.sol";
import {ICommittee} from "./interfaces/ICommittee.sol";
import {Docket, IPactArbiter, Setup, Stage} from "./interfaces/IPactArbiter.sol";
import {Clauses, Escrow, IPactEscrow, Kind, State, Terms} from "./interfaces/IPactEscrow.sol";
import {ClausesLib} from "./libraries/ClausesLib.sol";
import {TermsLib} from "./libraries/TermsLib.sol";
import {TokenLib} from "./libraries/TokenLib.sol";
import {VerbLib} from "./libraries/VerbLib.sol";

/// @title Attestors and the ladder above them
contract PactArbiter is IPactArbiter, Attestors, ReentrancyGuardTransient {
    using ClausesLib for Clauses;
    using TermsLib for Terms;
    using TokenLib for address;

    /// @notice An appeal succeeds from this move of the result on.
    uint256 public constant APPEAL_MARGIN_BPS = 500;
    /// @notice Votes that take something from a bond.
    uint256 public constant SLASHING_VOTES = 5;

    uint256 private constant BPS = 10_000;
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    /// @inheritdoc IPactArbiter
    uint256 public immutable panelCost;
    ICommittee private immutable _committee;
    IBonds private immutable _vault;
    IPactEscrow private immutable _escrow;
    address private immutable _token;

    /// @inheritdoc IPactArbiter
    address public treasury;
    /// @inheritdoc IPactArbiter
    bytes32 public rosterHash;
    /// @inheritdoc IPactArbiter
    address public moderator;
    uint40 private _moderatorSince;

    /// @inheritdoc IPactArbiter
    uint256 public owed;
    /// @inheritdoc IPactArbiter
    uint256 public promised;
    /// @inheritdoc IPactArbiter
    mapping(address owner => uint256) public creditOf;
    /// @inheritdoc IPactArbiter
    mapping(bytes32 id => mapping(uint256 panel => uint256)) public unpaidOf;
    mapping(bytes32 id => Docket) private _dockets;

    /// @dev Where a dispute stands outside: the escrow's arbitration or a claim in the vault.
    struct Forum {
        bytes32 id;
        bool open;
        bool inVault;
        /// @dev A party staked on it, so that the arbitration fee is due whatever is decided.
        bool disputed;
        uint256 start;
        uint256 end;
        Escrow lock;
    }

    constructor(
        Setup memory setup
    ) Attestors(setup.governance, setup.guardian, setup.threshold, setup.seats, setup.attestors) {
        _escrow = setup.escrow;
        _token = setup.escrow.token();
        _committee = new Committee(setup.escrow, setup.memberStake);
        _vault = new BondVault(setup.escrow, this);
        panelCost = setup.panelCost;
        treasury = setup.treasury;
        moderator = setup.moderator;
        rosterHash = setup.rosterHash;
    }

    // --------------------------------------------------------- BUYER, SELLER

    /// @inheritdoc IPactArbiter
    function appeal(
        Terms calldata terms,
        address by,
        uint256 validBefore,
        bytes calldata signature
    ) external nonReentrant {
        // Check: a proposal stands, its appeal window runs, and nobody has appealed.
        (Forum memory forum, Docket storage docket) = _opened(terms);
        Rungs memory rungs = Ladder.unpack(terms.ladder);
        if (docket.appealed) revert AlreadyAppealed(forum.id);
        if (docket.stage != Stage.Proposed) revert WrongStage(forum.id, docket.stage);
        if (!Ladder.isAppealable(rungs)) revert NoSuchRung(forum.id);
        uint256 end = docket.proposedAt + rungs.appealWindow;
        if (block.timestamp >= end) revert AfterLimit(block.timestamp, end);
        if (by != terms.buyer && by != terms.seller) revert NotParty(by);
        if (signature.length == 0 && msg.sender != by) revert NotParty(msg.sender);
        uint256 needed =
            block.timestamp + (rungs.committee ? rungs.committeeLimit : rungs.moderatorLimit);
        if (needed > forum.end) revert NoTimeLeft(needed, forum.end);

        // Effect
        docket.appealed = true;
        docket.bySeller = by == terms.seller;
        docket.bond = uint64(rungs.appealBond);
        owed += rungs.appealBond;
        emit Appealed(forum.id, by, rungs.appealBond);
        if (rungs.committee) {
            docket.stage = Stage.Sitting;
            docket.panel = docket.byCommittee ? 1 : 0;
            if (!docket.byCommittee) promised += terms.arbitrationFee();
            _committee.open(forum.id, docket.panel, block.timestamp, rungs.committeeLimit);
        } else {
            docket.stage = Stage.Moderation;
        }

        // Interaction
        if (signature.length == 0) {
            _token.pull(by, rungs.appealBond);
        } else {
            _token.receiveWithAuthorization(
                by,
                rungs.appealBond,
                validBefore,
                appealNonce(forum.id),
                signature
            );
        }
    }

    /// @inheritdoc IPactArbiter
    function withdraw(address to) external nonReentrant {
        // Check
        uint256 amount = creditOf[msg.sender];
        if (amount == 0) revert NothingOwed(msg.sender);

        // Effect
        creditOf[msg.sender] = 0;
        owed -= amount;
        emit Paid(msg.sender, to, amount);

        // Interaction
        _token.push(to, amount);
    }

    // -------------------------------------------------------------- MODERATOR

    /// @inheritdoc IPactArbiter
    function moderate(
        Terms calldata terms,
        uint256 sellerBps,
        bytes32 recordHash
    ) external nonReentrant {
        // Check: the moderator, of an escrow funded since, and its turn.
        (Forum memory forum, Docket storage docket) = _opened(terms);
        if (msg.sender != moderator || _moderatorSince >= forum.lock.fundedAt)
            revert NotModerator(msg.sender, moderator);
        if (sellerBps > BPS) revert InvalidSplit(sellerBps);
        Rungs memory rungs = Ladder.unpack(terms.ladder);
        if (docket.stage == Stage.None) {
            if (!rungs.moderator) revert NoSuchRung(forum.id);
            // Above a committee only where no panel can be convened, or none was.
            uint256 end = forum.start + rungs.juryLimit;
            if (rungs.committee && forum.disputed && terms.arbitrationFee() >= panelCost)
                end += rungs.committeeLimit / 5;
            if (block.timestamp < end) revert BeforeLimit(block.timestamp, end);
        } else if (docket.stage != Stage.Moderation) {
            revert WrongStage(forum.id, docket.stage);
        }

        // Effect, interaction
        docket.stage = Stage.Closed;
        if (docket.appealed) {
            bool won = _isWon(docket, sellerBps);
            _closeAppeal(forum.id, terms, docket, won, won ? 0 : docket.bond);
        }
        _decide(terms, forum, sellerBps, recordHash);
    }

    // ----------------------------------------------------------------- ANYONE

    /// @inheritdoc IPactArbiter
    function propose(
        Terms calldata terms,
        uint256 sellerBps,
        bytes32 recordHash,
        bytes calldata proof
    ) external nonReentrant {
        // Check: the jury's turn, and m attestors speak for it.
        (Forum memory forum, Docket storage docket) = _opened(terms);
        if (sellerBps > BPS) revert InvalidSplit(sellerBps);
        Rungs memory rungs = Ladder.unpack(terms.ladder);
        if (!rungs.jury) revert NoSuchRung(forum.id);
        if (docket.stage != Stage.None) revert WrongStage(forum.id, docket.stage);
        uint256 end = forum.start + rungs.juryLimit;
        if (block.timestamp >= end) revert AfterLimit(block.timestamp, end);
        if (
            !_isSigned(
                _proposalDigest(forum, sellerBps, recordHash),
                forum.lock.fundedAt,
                threshold,
                proof
            )
        ) revert NotAuthorized(forum.id);

        // Effect, interaction
        _propose(terms, forum, docket, rungs.appealWindow, sellerBps, recordHash);
    }

    /// @inheritdoc IPactArbiter
    function finalize(Terms calldata terms, address[] calldata drawn) external nonReentrant {
        // Check: a proposal stands that nobody can appeal any more, or a panel that made one is unpaid.
        Forum memory forum = _forumOf(terms);
        Docket storage docket = _dockets[forum.id];
        if (!forum.open && !docket.byCommittee) revert NotOpen(forum.id);
        if (docket.stage != Stage.Proposed) revert WrongStage(forum.id, docket.stage);
        uint256 end = docket.proposedAt + Ladder.unpack(terms.ladder).appealWindow;
        if (forum.open && block.timestamp < end) revert BeforeLimit(block.timestamp, end);

        // Effect, interaction
        docket.stage = Stage.Closed;
        if (docket.byCommittee) promised -= terms.arbitrationFee();
        uint256 fee = _decide(terms, forum, docket.sellerBps, docket.recordHash);
        if (docket.byCommittee) _payPanel(forum.id, 0, drawn, fee);
    }

    /// @inheritdoc IPactArbiter
    function convene(Terms calldata terms) external nonReentrant {
        // Check: the committee's turn, time for it, and a fee that pays it whatever it decides.
        (Forum memory forum, Docket storage docket) = _opened(terms);
        Rungs memory rungs = Ladder.unpack(terms.ladder);
        if (!rungs.committee) revert NoSuchRung(forum.id);
        if (docket.stage != Stage.None) revert WrongStage(forum.id, docket.stage);
        uint256 openedAt = forum.start + rungs.juryLimit;
        if (block.timestamp < openedAt) revert BeforeLimit(block.timestamp, openedAt);
        uint256 end = openedAt + rungs.committeeLimit / 5;
        if (block.timestamp >= end) revert AfterLimit(block.timestamp, end);
        uint256 fee = terms.arbitrationFee();
        if (fee < panelCost) revert FeeBelowPanelCost(fee, panelCost);
        if (!forum.disputed) revert Undisputed(forum.id);

        // Effect
        docket.stage = Stage.Sitting;
        promised += fee;
        _committee.open(forum.id, 0, openedAt, rungs.committeeLimit);
    }

    /// @inheritdoc IPactArbiter
    function execute(
        Terms calldata terms,
        address[] calldata drawn,
        address[] calldata earlier
    ) external nonReentrant {
        // Check: a panel is open; the committee checks that it is over.
        Forum memory forum = _forumOf(terms);
        Docket storage docket = _dockets[forum.id];
        if (docket.stage != Stage.Sitting) revert WrongStage(forum.id, docket.stage);
        uint256 panel = docket.panel;
        (bool decided, uint256 sellerBps, uint256 against, bytes32 recordHash) = _committee.close(
            forum.id,
            panel,
            drawn
        );
        if (forum.inVault && against < SLASHING_VOTES) sellerBps = BPS;

        // Effect, interaction
        if (docket.appealed) {
            _executeAppeal(terms, forum, decided, sellerBps, recordHash, drawn, earlier);
        } else {
            _executeFirst(terms, forum, decided, sellerBps, recordHash, drawn);
        }
    }

    /// @inheritdoc IPactArbiter
    function lapse(Terms calldata terms) external nonReentrant {
        // Check: an appeal waits for a moderator who cannot rule any more.
        Forum memory forum = _forumOf(terms);
        Docket storage docket = _dockets[forum.id];
        if (forum.open || docket.stage != Stage.Moderation)
            revert WrongStage(forum.id, docket.stage);

        // Effect
        docket.stage = Stage.Closed;
        if (docket.appealed) _closeAppeal(forum.id, terms, docket, true, 0);
        emit Lapsed(forum.id);
    }

    /// @inheritdoc IPactArbiter
    function payPanel(bytes32 id, uint256 panel, address[] calldata drawn) external nonReentrant {
        // Check
        uint256 pot = unpaidOf[id][panel];
        if (pot == 0) revert NothingOwed(address(_committee));

        // Effect, interaction
        unpaidOf[id][panel] = 0;
        owed -= pot;
        _payPanel(id, panel, drawn, pot);
    }

    /// @inheritdoc IPactArbiter
    function collect() external nonReentrant {
        // Interaction: what waits elsewhere comes in first; what others have a claim to never goes out here.
        _fetch();
        uint256 balance = _balance();
        uint256 kept = owed + promised;
        if (balance <= kept) revert NothingOwed(treasury);
        emit Collected(treasury, balance - kept);
        _token.push(treasury, balance - kept);
    }

    // ----------------------------------------------------------------- ESCROW

    /// @inheritdoc IArbiter
    function isAuthorized(
        bytes32,
        bytes32 ladder,
        Kind kind,
        uint256 fundedAt,
        bytes32 digest,
        bytes calldata proof
    ) external view returns (bool) {
        // Check: with a ladder, proposals and rulings come from this contract itself.
        if (ladder != 0 && (kind == Kind.Proposal || kind == Kind.Ruling)) return false;
        return _isSigned(digest, fundedAt, kind == Kind.Receipt ? 1 : threshold, proof);
    }

    /// @inheritdoc IArbiter
    /// @dev Nothing to do: the clocks of the ladder run from the escrow's own timer.
    function onDispute(bytes32, address) external {}

    // --------------------------------------------------- GUARDIAN, GOVERNANCE

    /// @inheritdoc IPactArbiter
    function setModerator(address moderator_) external {
        bool removes =
            moderator_ == address(0) && (msg.sender == guardian || msg.sender == moderator);
        if (msg.sender != governance && !removes) revert NotGovernance(msg.sender, governance);
        moderator = moderator_;
        _moderatorSince = uint40(block.timestamp);
        emit ModeratorChanged(moderator_);
    }

    /// @inheritdoc IPactArbiter
    function setRoster(bytes32 rosterHash_) external onlyGovernance {
        rosterHash = rosterHash_;
        emit RosterChanged(rosterHash_);
    }

    /// @inheritdoc IPactArbiter
    function setTreasury(address treasury_) external onlyGovernance {
        treasury = treasury_;
        emit TreasuryChanged(treasury_);
    }

    // ------------------------------------------------------------------ VIEWS

    /// @inheritdoc IPactArbiter
    function escrow() external view returns (address) {
        return address(_escrow);
    }

    /// @inheritdoc IPactArbiter
    function committee() external view returns (address) {
        return address(_committee);
    }

    /// @inheritdoc IPactArbiter
    function vault() external view returns (address) {
        return address(_vault);
    }

    /// @inheritdoc IPactArbiter
    function docketOf(bytes32 id) external view returns (Docket memory) {
        return _dockets[id];
    }

    /// @inheritdoc IPactArbiter
    function acceptsLadder(Terms calldata terms) external view returns (bool) {
        return terms.ladder == 0 || _isLadderAccepted(terms, block.timestamp + 1);
    }

    /// @inheritdoc IPactArbiter
    function appealNonce(bytes32 id) public pure returns (bytes32) {
        return keccak256(abi.encodePacked("earnest/appeal", id));
    }

    // ---------------------------------------------------------------- PRIVATE

    function _executeFirst(
        Terms calldata terms,
        Forum memory forum,
        bool decided,
        uint256 sellerBps,
        bytes32 recordHash,
        address[] calldata drawn
    ) private {
        Docket storage docket = _dockets[forum.id];
        Rungs memory rungs = Ladder.unpack(terms.ladder);
        if (decided && forum.open && !rungs.jury) {
            docket.byCommittee = true;
            return _propose(terms, forum, docket, rungs.appealWindow, sellerBps, recordHash);
        }
        promised -= terms.arbitrationFee();
        if (!decided || !forum.open) {
            docket.stage = rungs.moderator && forum.open ? Stage.Moderation : Stage.Closed;
            emit Lapsed(forum.id);
        } else {
            // The jury was silent and its limit spent: no time was signed for an appeal.
            docket.stage = Stage.Closed;
            _payPanel(forum.id, 0, drawn, _decide(terms, forum, sellerBps, recordHash));
        }
    }

    function _executeAppeal(
        Terms calldata terms,
        Forum memory forum,
        bool decided,
        uint256 sellerBps,
        bytes32 recordHash,
        address[] calldata drawn,
        address[] calldata earlier
    ) private {
        Docket storage docket = _dockets[forum.id];
        docket.stage = Stage.Closed;
        promised -= terms.arbitrationFee();
        uint256 fee =
            decided
                ? _decide(terms, forum, sellerBps, recordHash)
                : _decide(terms, forum, docket.sellerBps, docket.recordHash);

        // A panel that decided is paid its cost: from the fee, and what that lacks from the bond.
        bool won = decided && _isWon(docket, sellerBps);
        uint256 kept = decided ? docket.bond : 0;
        if (won) kept = fee < panelCost ? panelCost - fee : 0;
        _closeAppeal(forum.id, terms, docket, won || !decided, kept);
        if (won) return _payPanel(forum.id, docket.panel, drawn, fee + kept);
        if (docket.byCommittee) _payPanel(forum.id, 0, earlier, fee);
        _payPanel(forum.id, docket.panel, drawn, kept);
    }

    /// @param kept What the panel, or the treasury, is paid from the bond.
    function _closeAppeal(
        bytes32 id,
        Terms calldata terms,
        Docket storage docket,
        bool won,
        uint256 kept
    ) private {
        address by = docket.bySeller ? terms.seller : terms.buyer;
        uint256 returned = docket.bond - kept;
        docket.bond = 0;
        owed -= kept;
        creditOf[by] += returned;
        emit AppealClosed(id, by, won, returned);
    }

    function _isWon(Docket storage docket, uint256 sellerBps) private view returns (bool) {
        return
            docket.bySeller
                ? sellerBps >= docket.sellerBps + APPEAL_MARGIN_BPS
                : sellerBps + APPEAL_MARGIN_BPS <= docket.sellerBps;
    }

    function _propose(
        Terms calldata terms,
        Forum memory forum,
        Docket storage docket,
        uint256 appealWindow,
        uint256 sellerBps,
        bytes32 recordHash
    ) private {
        docket.stage = Stage.Proposed;
        docket.proposedAt = uint40(block.timestamp);
        docket.sellerBps = uint16(sellerBps);
        docket.recordHash = recordHash;
        emit ProposalMade(
            forum.id,
            docket.byCommittee,
            sellerBps,
            recordHash,
            block.timestamp + appealWindow
        );
        if (!forum.inVault) _escrow.propose(terms, sellerBps, recordHash, "");
    }

    /// @return What this contract was paid for the dispute, now or when it ended otherwise: by the escrow's
    /// own record, so that it does not hang on when anyone comes here.
    function _decide(
        Terms calldata terms,
        Forum memory forum,
        uint256 sellerBps,
        bytes32 recordHash
    ) private returns (uint256) {
        emit Decided(forum.id, sellerBps, recordHash, forum.open);
        if (forum.inVault) {
            // A ruling on a claim always pays; one that was dropped or ran out never did.
            if (!forum.open) return 0;
            _vault.rule(terms, sellerBps, recordHash, "");
            return terms.arbitrationFee();
        }
        if (forum.open) _escrow.rule(terms, sellerBps, recordHash, "");
        else if (forum.lock.state == State.Arbitration) _escrow.conclude(terms);
        return _escrow.escrowOf(forum.id).arbitrated ? terms.arbitrationFee() : 0;
    }

    /// @dev What is owed to this contract elsewhere is fetched when it is needed. A token that is paused
    /// delays the panel's pay, never the ruling.
    function _payPanel(bytes32 id, uint256 panel, address[] calldata drawn, uint256 pot) private {
        if (pot == 0) return;
        if (_balance() < owed + pot) _fetch();
        if (_balance() >= owed + pot && _token.tryPush(address(_committee), pot)) {
            _committee.pay(id, panel, drawn, pot);
        } else {
            unpaidOf[id][panel] += pot;
            owed += pot;
            emit PanelUnpaid(id, panel, pot);
        }
    }

    /// @dev Fees of escrows, fees of claims that the token refused, and the slashes of a panel that nobody
    /// showed up for wait as credits; what cannot come now comes later.
    function _fetch() private {
        if (_escrow.creditOf(address(this)) != 0) {
            try _escrow.withdraw(address(this), address(this), "") {} catch {}
        }
        if (_vault.creditOf(address(this)) != 0) {
            try _vault.withdrawCredit(address(this)) {} catch {}
        }
        if (_committee.memberOf(address(this)).credit != 0) {
            try _committee.withdraw(address(this)) {} catch {}
        }
    }

    function _balance() private view returns (uint256) {
        return IERC20(_token).balanceOf(address(this));
    }

    function _opened(
        Terms calldata terms
    ) private view returns (Forum memory forum, Docket storage docket) {
        forum = _forumOf(terms);
        if (!forum.open) revert NotOpen(forum.id);
        if (!_isLadderAccepted(terms, forum.lock.fundedAt))
            revert LadderRefused(forum.id, terms.ladder);
        docket = _dockets[forum.id];
    }

    function _forumOf(Terms calldata terms) private view returns (Forum memory forum) {
        forum.id = _escrow.hashTerms(terms);
        Escrow memory lock = _escrow.escrowOf(forum.id);
        forum.lock = lock;
        forum.disputed = lock.buyerDisputed || lock.sellerDisputed;
        if (lock.state == State.Arbitration && terms.arbiter == address(this)) {
            forum.end = lock.timerEnd;
        } else if (lock.bonded && terms.vault == address(_vault)) {
            Claim memory claim = _vault.claimOf(forum.id);
            forum.inVault = true;
            forum.disputed = true;
            if (claim.state == Reservation.Claimed) forum.end = claim.end;
        }
        forum.open = block.timestamp < forum.end;
        if (forum.open) forum.start = forum.end - terms.clauses.arbitrationWindow();
    }

    function _isLadderAccepted(Terms calldata terms, uint256 fundedAt) private view returns (bool) {
        Rungs memory rungs = Ladder.unpack(terms.ladder);
        if (!Ladder.isValid(terms.ladder, rungs, terms.clauses.arbitrationWindow())) return false;
        if (rungs.appealBond != 0 && rungs.appealBond < panelCost) return false;
        // A ladder that starts at a committee whose first panel nobody would pay.
        if (rungs.committee && !rungs.jury && terms.arbitrationFee() < panelCost) return false;
        return !rungs.committee || _committee.isPoolOpen(rungs.pool, fundedAt);
    }

    /// @dev The digest of `Proposal` in the escrow's domain, so that a jury signs one thing in both forums.
    function _proposalDigest(
        Forum memory forum,
        uint256 sellerBps,
        bytes32 recordHash
    ) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                DOMAIN_TYPEHASH,
                keccak256("Earnest PactEscrow"),
                keccak256("1"),
                block.chainid,
                address(_escrow)
            )
        );
        bytes32 structHash = VerbLib.hashVerdict(
            VerbLib.PROPOSAL,
            forum.id,
            forum.lock.round,
            sellerBps,
            recordHash
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }
}
