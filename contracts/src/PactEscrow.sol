// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Authorization} from "./escrow/Authorization.sol";
import {IBondVault} from "./interfaces/IBondVault.sol";
import {
    Clauses,
    Completion,
    Escrow,
    IPactEscrow,
    Kind,
    Receipt,
    Result,
    State,
    Terms
} from "./interfaces/IPactEscrow.sol";
import {ArbiterLib} from "./libraries/ArbiterLib.sol";
import {ClausesLib} from "./libraries/ClausesLib.sol";
import {Slot, SlotLib} from "./libraries/SlotLib.sol";
import {SplitLib} from "./libraries/SplitLib.sol";
import {TermsLib} from "./libraries/TermsLib.sol";
import {TokenLib} from "./libraries/TokenLib.sol";
import {VerbLib} from "./libraries/VerbLib.sol";

/// @title PactEscrow
/// @notice See `IPactEscrow`, which is the manual; here it says how.
contract PactEscrow is IPactEscrow, Authorization {
    using ClausesLib for Clauses;
    using TermsLib for Terms;
    using ArbiterLib for address;
    using TokenLib for address;

    /// @dev The size of the largest contract, hence of what a block explorer surely shows.
    uint256 private constant MAX_ARTIFACT = 24_576;
    /// @dev The first delivery and two more.
    uint256 private constant MAX_ROUNDS = 3;
    /// @dev An outcome more than 90 % against a disputer takes its stake.
    uint256 private constant LOST_ABOVE_BPS = 9_000;
    uint256 private constant LOST_BELOW_BPS = 1_000;
    /// @dev A vault that had less than this may have been starved on purpose.
    uint256 private constant RESERVE_GAS = 300_000;
    /// @dev An account is a credit of 192 bits below a withdrawal nonce of 64. Amounts have 128 bits,
    /// so no number of payouts reaches the nonce.
    uint256 private constant CREDIT_MASK = type(uint192).max;
    uint256 private constant NONCE_AT = 192;

    /// @inheritdoc IPactEscrow
    address public immutable override token;
    mapping(bytes32 id => Slot) private _slots;
    mapping(address owner => uint256) private _accounts;
    uint256 private transient _entered;

    /// @dev Transient storage on every chain id; cleared, so that one transaction may act many times.
    modifier nonReentrant() {
        if (_entered != 0) revert Reentered();
        _entered = 1;
        _;
        _entered = 0;
    }

    constructor(address token_) {
        if (token_.code.length == 0) revert InvalidToken(token_);
        token = token_;
    }

    // ------------------------------------------------------------------ BUYER

    /// @inheritdoc IPactEscrow
    function fund(
        Terms calldata terms,
        bytes calldata signature
    ) external nonReentrant returns (bytes32 id) {
        // Check and effect: valid terms open a lock that never existed.
        id = _idOf(terms);
        _open(id, terms);
        terms.emitFunded(id);

        // Interaction: the nonce is the id, so the buyer's signature pays for these terms only.
        token.receiveWithAuthorization(
            terms.buyerOf(),
            terms.amount,
            terms.clauses.fundBy(),
            id,
            signature
        );
    }

    /// @inheritdoc IPactEscrow
    function fundBatch(
        Terms[] calldata terms,
        bytes calldata signature
    ) external nonReentrant returns (bytes32[] memory ids) {
        uint256 length = terms.length;
        if (length == 0) revert EmptyBatch();
        ids = new bytes32[](length);
        address buyer = terms[0].buyerOf();
        uint256 sum;
        uint256 fundBy = type(uint256).max;

        // Check and effect: each lock as in `fund`, all of one buyer.
        for (uint256 i; i < length; ++i) {
            Terms calldata one = terms[i];
            if (one.buyerOf() != buyer) revert BatchMixed(one.buyerOf(), buyer);
            bytes32 id = _idOf(one);
            ids[i] = id;
            _open(id, one);
            one.emitFunded(id);
            sum += one.amount;
            if (one.clauses.fundBy() < fundBy) fundBy = one.clauses.fundBy();
        }

        // Interaction: one authorization over all ids.
        bytes32 nonce = keccak256(abi.encodePacked("earnest/batch", ids));
        token.receiveWithAuthorization(buyer, sum, fundBy, nonce, signature);
    }

    /// @inheritdoc IPactEscrow
    function fundByPermit(
        Terms calldata terms,
        uint256 deadline,
        bytes calldata permit,
        bytes calldata signature
    ) external nonReentrant returns (bytes32 id) {
        // Check and effect: an allowance says nothing of the terms, the buyer has to.
        id = _openForBuyer(terms, signature);

        // Interaction: a permit that anyone already used has left the allowance.
        token.tryPermit(terms.buyerOf(), terms.amount, deadline, permit);
        token.pull(terms.buyerOf(), terms.amount);
    }

    /// @inheritdoc IPactEscrow
    function fundByAllowance(
        Terms calldata terms,
        bytes calldata signature
    ) external nonReentrant returns (bytes32 id) {
        // Check and effect: an allowance says nothing of the terms, the buyer has to.
        id = _openForBuyer(terms, signature);

        // Interaction: exactly the amount.
        token.pull(terms.buyerOf(), terms.amount);
    }

    /// @inheritdoc IPactEscrow
    function release(Terms calldata terms, bytes calldata authorization) external nonReentrant {
        (bytes32 id, Slot slot) = _loadOpen(terms);

        // Check: the buyer at any time, anyone once the review of a PASS has ended.
        if (authorization.length != 0 || msg.sender == terms.buyerOf()) {
            _authorize(terms.buyerOf(), VerbLib.RELEASE, id, slot.seq(), authorization);
        } else {
            if (!slot.isIn(State.Delivered)) revert UnexpectedSender(msg.sender, terms.buyerOf());
            if (!slot.isFound(Result.Pass)) revert UnexpectedResult(slot.result(), Result.Pass);
            _requireEnded(slot);
        }

        // Effect and interaction.
        _release(terms, id, slot, false);
    }

    // ----------------------------------------------------------------- SELLER

    /// @inheritdoc IPactEscrow
    function deliver(
        Terms calldata terms,
        bytes32 artifactHash,
        Receipt calldata receipt,
        bytes calldata authorization
    ) external nonReentrant {
        (bytes32 id, Slot slot) = _loadFunded(terms);

        // Check: the seller delivers, and the buyer or one attestor holds the artifact.
        _authorizePlainDeliver(terms.sellerOf(), id, artifactHash, slot.seq(), authorization);
        bytes32 structHash = VerbLib.hashReceipt(id, slot.round() + 1, artifactHash);
        if (receipt.byBuyer) {
            _authorizeBuyer(terms.buyerOf(), _digest(structHash), receipt.proof);
        } else {
            _authorizeArbiter(terms, id, Kind.Receipt, slot.fundedAt(), structHash, receipt.proof);
        }

        // Effect: the review begins.
        _deliver(id, slot, artifactHash, _after(terms.clauses.deliveryReview()), receipt.byBuyer);
    }

    /// @inheritdoc IPactEscrow
    function deliverInline(
        Terms calldata terms,
        bytes calldata artifact,
        bytes calldata authorization
    ) external nonReentrant {
        (bytes32 id, Slot slot) = _loadFunded(terms);

        // Check: there is an artifact, and the seller delivers it.
        if (artifact.length == 0 || artifact.length > MAX_ARTIFACT) {
            revert InvalidArtifactLength(artifact.length, 1, MAX_ARTIFACT);
        }
        bytes32 artifactHash = sha256(artifact);
        _authorizePlainDeliver(terms.sellerOf(), id, artifactHash, slot.seq(), authorization);

        // Effect: the review begins.
        _deliver(id, slot, artifactHash, _after(terms.clauses.deliveryReview()), false);
    }

    /// @inheritdoc IPactEscrow
    function redeliver(
        Terms calldata terms,
        bytes32 artifactHash,
        bytes calldata receipt,
        bytes calldata authorization
    ) external nonReentrant {
        (bytes32 id, Slot slot) = _load(terms);

        // Check: the seller offers another round in time, and the buyer took it.
        _requireState(id, slot, State.Negotiating);
        _requireRunning(slot);
        if (slot.round() >= MAX_ROUNDS) revert RoundsExhausted(slot.round(), MAX_ROUNDS);
        _authorize(
            terms.sellerOf(),
            VerbLib.REDELIVER,
            id,
            artifactHash,
            slot.seq(),
            authorization
        );
        bytes32 digest = _digest(VerbLib.hashReceipt(id, slot.round() + 1, artifactHash));
        _authorizeBuyer(terms.buyerOf(), digest, receipt);

        // Effect: a new round with its full review; the dispute is over.
        _deliver(id, slot, artifactHash, _after(terms.clauses.deliveryReview()), true);

        // Interaction: the stake of an ended dispute goes home.
        if (slot.buyerDisputed()) {
            uint256 stake = terms.arbitrationFee();
            _stakeTo(id, terms.buyerOf(), terms.sellerOf(), stake, false);
            _pay(terms.buyerOf(), stake);
        }
    }

    /// @inheritdoc IPactEscrow
    function defend(
        Terms calldata terms,
        bytes32 responseHash,
        bytes calldata authorization
    ) external nonReentrant {
        (bytes32 id, Slot slot) = _load(terms);

        // Check: the seller answers a dispute in time.
        _requireState(id, slot, State.Disputed);
        _requireRunning(slot);
        _authorize(terms.sellerOf(), VerbLib.DEFEND, id, responseHash, slot.seq(), authorization);

        // Effect: both may now talk.
        _slots[id] = slot.to(State.Negotiating, _after(terms.clauses.negotiationWindow()));
        emit Defended(id, responseHash);
    }

    /// @inheritdoc IPactEscrow
    function refund(Terms calldata terms, bytes calldata authorization) external nonReentrant {
        (bytes32 id, Slot slot) = _loadOpen(terms);

        // Check: only the seller gives up the seller's claim.
        _authorize(terms.sellerOf(), VerbLib.REFUND, id, slot.seq(), authorization);

        // Effect: all of it is the buyer's.
        _slots[id] = slot.end(State.Refunded);
        emit Refunded(id, terms.amount);

        // Interaction.
        _payOut(terms, id, slot, 0, 0, terms.amount);
    }

    // ------------------------------------------------------------------- BOTH

    /// @inheritdoc IPactEscrow
    function dispute(
        Terms calldata terms,
        address by,
        bytes32 claimHash,
        bytes calldata authorization,
        bytes calldata stakeAuthorization
    ) external nonReentrant {
        (bytes32 id, Slot slot) = _load(terms);
        bool byBuyer = by == terms.buyerOf();
        if (!byBuyer && by != terms.sellerOf()) revert NotParty(by);

        // Check: either side of a delivery, or the buyer's objection in arbitration; once, in time.
        bool opens = slot.isIn(State.Delivered);
        if (!opens) {
            if (!byBuyer) revert UnexpectedState(id, slot.state(), State.Delivered);
            _requireState(id, slot, State.Arbitration);
            if (slot.buyerDisputed()) revert AlreadyDisputed(by);
        }
        _requireRunning(slot);

        // Check: signed by `by`, here or in the token, whose nonce is then the digest.
        uint256 validBefore;
        bytes32 digest;
        if (stakeAuthorization.length == 0) {
            _authorize(by, VerbLib.DISPUTE, id, claimHash, slot.seq(), authorization);
        } else {
            if (authorization.length != 6) {
                revert InvalidAuthorizationLength(authorization.length, 6);
            }
            (validBefore, ) = _unpack(authorization);
            digest = _digest(
                VerbLib.hash(VerbLib.DISPUTE, id, by, claimHash, slot.seq(), validBefore)
            );
        }

        // Effect: the dispute stands, and its stake is held.
        uint256 stake = terms.arbitrationFee();
        Slot next = byBuyer ? slot.setBuyerDisputed() : slot.setSellerDisputed();
        if (!opens) next = next.count();
        else if (byBuyer) next = next.to(State.Disputed, _after(terms.clauses.responseWindow()));
        else next = next.to(State.Arbitration, _after(terms.clauses.arbitrationWindow()));
        _slots[id] = next;
        emit Disputed(id, by, claimHash, stake);
        if (opens && !byBuyer) emit Escalated(id);

        // Interaction: the stake comes in, the arbiter is told.
        if (stakeAuthorization.length == 0) token.pull(by, stake);
        else token.receiveWithAuthorization(by, stake, validBefore, digest, stakeAuthorization);
        if (opens) terms.arbiterOf().notify(id, by);
    }

    /// @inheritdoc IPactEscrow
    function settle(
        Terms calldata terms,
        uint256 sellerBps,
        bytes calldata buyerAuthorization,
        bytes calldata sellerAuthorization
    ) external nonReentrant {
        (bytes32 id, Slot slot) = _loadOpen(terms);

        // Check: both agree to the same split.
        _requireSplit(sellerBps);
        bytes32 argument = bytes32(sellerBps);
        _authorize(terms.buyerOf(), VerbLib.SETTLE, id, argument, slot.seq(), buyerAuthorization);
        _authorize(terms.sellerOf(), VerbLib.SETTLE, id, argument, slot.seq(), sellerAuthorization);

        // Effect: an arbiter that proposed has done its work.
        (uint256 sellerAmount, uint256 buyerAmount, uint256 fee, uint256 arbitrationFee) = _resolve(
            terms,
            id,
            slot,
            sellerBps,
            slot.proposed()
        );
        emit Settled(id, sellerBps, sellerAmount, buyerAmount, fee, arbitrationFee);

        // Interaction.
        _payOut(terms, id, slot, sellerBps, sellerAmount, buyerAmount);
    }

    /// @inheritdoc IPactEscrow
    function amend(
        Terms calldata terms,
        Terms calldata amended,
        bytes calldata buyerAuthorization,
        bytes calldata sellerAuthorization
    ) external nonReentrant returns (bytes32 amendedId) {
        (bytes32 id, Slot slot) = _loadFunded(terms);
        amendedId = _idOf(amended);

        // Check: the same money between the same parties.
        _requireSame(bytes32(bytes20(amended.buyerOf())), bytes32(bytes20(terms.buyerOf())));
        _requireSame(bytes32(bytes20(amended.sellerOf())), bytes32(bytes20(terms.sellerOf())));
        _requireSame(bytes32(amended.amount), bytes32(terms.amount));

        // Check: both agree to the amended terms.
        _authorize(terms.buyerOf(), VerbLib.AMEND, id, amendedId, slot.seq(), buyerAuthorization);
        _authorize(terms.sellerOf(), VerbLib.AMEND, id, amendedId, slot.seq(), sellerAuthorization);

        // Effect: the lock moves.
        _slots[id] = slot.end(State.Amended);
        _open(amendedId, amended);
        amended.emitAmended(id, amendedId);
    }

    // ---------------------------------------------------------------- ARBITER

    /// @inheritdoc IPactEscrow
    function attest(
        Terms calldata terms,
        Result result,
        bytes32 reportHash,
        bytes calldata proof
    ) external nonReentrant {
        (bytes32 id, Slot slot) = _load(terms);

        // Check: the first result of a round, in time, from the arbiter.
        _requireState(id, slot, State.Delivered);
        _requireRunning(slot);
        if (result == Result.None) revert InvalidResult(result);
        if (!slot.isFound(Result.None)) revert AlreadyAttested(slot.result());
        bytes32 structHash = VerbLib.hashStated(
            VerbLib.ATTESTATION,
            id,
            slot.round(),
            bytes32(uint256(result)),
            reportHash
        );
        _authorizeArbiter(terms, id, Kind.Attestation, slot.fundedAt(), structHash, proof);

        // Effect: a PASS lets the review run out, anything else opens the dispute.
        slot = slot.find(result);
        emit Attested(id, slot.round(), result, reportHash);
        if (result == Result.Pass) {
            _slots[id] = slot.count();
            return;
        }
        _slots[id] = slot.to(State.Disputed, _after(terms.clauses.responseWindow()));
        emit Disputed(id, terms.arbiterOf(), reportHash, 0);

        // Interaction.
        terms.arbiterOf().notify(id, terms.arbiterOf());
    }

    /// @inheritdoc IPactEscrow
    function propose(
        Terms calldata terms,
        uint256 sellerBps,
        bytes32 recordHash,
        bytes calldata proof
    ) external nonReentrant {
        (bytes32 id, Slot slot) = _load(terms);

        // Check: the arbiter in time; a later proposal only from the arbiter itself.
        _requireVerdict(terms, id, slot, Kind.Proposal, sellerBps, recordHash, proof);
        if (slot.proposed() && msg.sender != terms.arbiterOf()) {
            revert AlreadyProposed(slot.proposedBps());
        }

        // Effect: it stands, and pays nobody yet.
        _slots[id] = slot.propose(sellerBps);
        emit Proposed(id, sellerBps, recordHash);
    }

    /// @inheritdoc IPactEscrow
    function rule(
        Terms calldata terms,
        uint256 sellerBps,
        bytes32 recordHash,
        bytes calldata proof
    ) external nonReentrant {
        (bytes32 id, Slot slot) = _load(terms);

        // Check: the arbiter in time.
        _requireVerdict(terms, id, slot, Kind.Ruling, sellerBps, recordHash, proof);

        // Effect: an exact split.
        (uint256 sellerAmount, uint256 buyerAmount, uint256 fee, uint256 arbitrationFee) = _resolve(
            terms,
            id,
            slot,
            sellerBps,
            _arbitrated(slot, sellerBps)
        );
        emit Ruled(id, sellerBps, sellerAmount, buyerAmount, fee, arbitrationFee, recordHash);

        // Interaction.
        _payOut(terms, id, slot, sellerBps, sellerAmount, buyerAmount);
    }

    // ----------------------------------------------------------------- ANYONE

    /// @inheritdoc IPactEscrow
    function complete(Terms calldata terms, Completion calldata completion) external nonReentrant {
        _completeAlone(terms, completion);
    }

    /// @inheritdoc IPactEscrow
    function completeBatch(
        Terms[] calldata terms,
        Completion[] calldata completions,
        bytes calldata proof
    ) external nonReentrant {
        uint256 length = terms.length;
        if (length == 0) revert EmptyBatch();
        if (completions.length != length) revert LengthMismatch(completions.length, length);

        if (proof.length != 0) {
            _completeTogether(terms, completions, proof);
        } else {
            for (uint256 i; i < length; ++i) _completeAlone(terms[i], completions[i]);
        }
    }

    /// @inheritdoc IPactEscrow
    function expire(Terms calldata terms) external nonReentrant {
        (bytes32 id, Slot slot) = _load(terms);

        // Check: funded, never delivered, too late.
        _requireState(id, slot, State.Funded);
        if (block.timestamp < slot.timerEnd()) {
            revert BeforeDeliverBy(block.timestamp, slot.timerEnd());
        }

        // Effect: all of it is the buyer's.
        _slots[id] = slot.end(State.Refunded);
        emit Expired(id, terms.amount);

        // Interaction.
        _payOut(terms, id, slot, 0, 0, terms.amount);
    }

    /// @inheritdoc IPactEscrow
    function escalate(
        Terms calldata terms,
        address by,
        bytes calldata authorization
    ) external nonReentrant {
        (bytes32 id, Slot slot) = _load(terms);

        // Check: a state that arbitration may follow; a PASS is released instead.
        if (slot.isIn(State.Delivered)) {
            if (!slot.isFound(Result.None)) revert UnexpectedResult(slot.result(), Result.None);
        } else if (!slot.isIn(State.Disputed)) {
            _requireState(id, slot, State.Negotiating);
        }

        // Check: anyone when the window has run out, one of the two while they negotiate.
        if (block.timestamp >= slot.timerEnd()) {
            by = address(0);
        } else {
            if (!slot.isIn(State.Negotiating)) _requireEnded(slot);
            if (by != terms.buyerOf() && by != terms.sellerOf()) revert NotParty(by);
            _authorize(by, VerbLib.ESCALATE, id, slot.seq(), authorization);
        }

        // Effect: the arbiter's time begins.
        _slots[id] = slot.to(State.Arbitration, _after(terms.clauses.arbitrationWindow()));
        emit Escalated(id);

        // Interaction.
        terms.arbiterOf().notify(id, by);
    }

    /// @inheritdoc IPactEscrow
    function conclude(Terms calldata terms) external nonReentrant {
        (bytes32 id, Slot slot) = _load(terms);

        // Check: the arbiter had its time.
        _requireState(id, slot, State.Arbitration);
        _requireEnded(slot);

        // Effect: the first of proposal, attestation, doubt, silence.
        (uint256 sellerBps, bool decided) = _evidence(terms.clauses, slot);
        bool arbitrated = decided && _arbitrated(slot, sellerBps);
        (uint256 sellerAmount, uint256 buyerAmount, uint256 fee, uint256 arbitrationFee) = _resolve(
            terms,
            id,
            slot,
            sellerBps,
            arbitrated
        );
        emit Concluded(id, sellerBps, sellerAmount, buyerAmount, fee, arbitrationFee);

        // Interaction.
        _payOut(terms, id, slot, sellerBps, sellerAmount, buyerAmount);
    }

    /// @inheritdoc IPactEscrow
    function withdraw(
        address owner,
        address to,
        bytes calldata authorization
    ) external nonReentrant {
        // Check: the owner sends what there is to where it can be used.
        uint256 account = _accounts[owner];
        uint256 credit = account & CREDIT_MASK;
        uint256 nonce = account >> NONCE_AT;
        if (credit == 0) revert NothingToWithdraw(owner, credit);
        if (to == address(0) || to == address(this)) revert InvalidRecipient(to);
        _authorizeWithdraw(owner, to, nonce, authorization);

        // Effect: nothing is left but the count.
        _accounts[owner] = (nonce + 1) << NONCE_AT;
        emit Withdrawn(owner, to, credit);

        // Interaction: a refusal keeps the credit.
        token.push(to, credit);
    }

    /// @inheritdoc IPactEscrow
    function sweep(address recipient) external nonReentrant {
        // Check: more than the unit that keeps the account warm.
        uint256 credit = creditOf(recipient);
        if (credit < 2) revert NothingToWithdraw(recipient, credit);

        // Effect: the next accrual finds a used word, which is a quarter of the price.
        _accounts[recipient] -= credit - 1;
        emit Withdrawn(recipient, recipient, credit - 1);

        // Interaction: a refusal keeps the credit.
        token.push(recipient, credit - 1);
    }

    // ------------------------------------------------------------------ VIEWS

    /// @inheritdoc IPactEscrow
    function hashTerms(Terms calldata terms) external view returns (bytes32 id) {
        return _idOf(terms);
    }

    /// @inheritdoc IPactEscrow
    function escrowOf(bytes32 id) external view returns (Escrow memory) {
        _slots[id].answer();
    }

    /// @inheritdoc IPactEscrow
    function creditOf(address owner) public view returns (uint256) {
        return _accounts[owner] & CREDIT_MASK;
    }

    /// @inheritdoc IPactEscrow
    function withdrawNonceOf(address owner) external view returns (uint256) {
        return _accounts[owner] >> NONCE_AT;
    }

    // ------------------------------------------------------------------- LOAD

    function _idOf(Terms calldata terms) private view returns (bytes32) {
        return VerbLib.digest(_DOMAIN, terms.hash());
    }

    function _load(Terms calldata terms) private view returns (bytes32 id, Slot slot) {
        id = _idOf(terms);
        slot = _slots[id];
    }

    function _loadOpen(Terms calldata terms) private view returns (bytes32 id, Slot slot) {
        (id, slot) = _load(terms);
        if (!slot.isOpen()) revert NotOpen(id, slot.state());
    }

    /// @dev Funded, and the delivery not yet due.
    function _loadFunded(Terms calldata terms) private view returns (bytes32 id, Slot slot) {
        (id, slot) = _load(terms);
        _requireState(id, slot, State.Funded);
        if (block.timestamp >= slot.timerEnd()) {
            revert AfterDeliverBy(block.timestamp, slot.timerEnd());
        }
    }

    // ------------------------------------------------------------------ CHECK

    function _requireState(bytes32 id, Slot slot, State expected) private pure {
        if (!slot.isIn(expected)) revert UnexpectedState(id, slot.state(), expected);
    }

    /// @dev Rights hold before the end, timers from the end on: no instant has both or neither.
    function _requireRunning(Slot slot) private view {
        if (block.timestamp >= slot.timerEnd()) {
            revert AfterWindow(block.timestamp, slot.timerEnd());
        }
    }

    function _requireEnded(Slot slot) private view {
        if (block.timestamp < slot.timerEnd()) {
            revert BeforeWindowEnd(block.timestamp, slot.timerEnd());
        }
    }

    function _requireSplit(uint256 sellerBps) private pure {
        if (sellerBps > SplitLib.BPS) revert InvalidSplit(sellerBps, SplitLib.BPS);
    }

    function _requireSame(bytes32 got, bytes32 expected) private pure {
        if (got != expected) revert AmendmentMismatch(got, expected);
    }

    /// @dev What proposal and ruling have in common.
    function _requireVerdict(
        Terms calldata terms,
        bytes32 id,
        Slot slot,
        Kind kind,
        uint256 sellerBps,
        bytes32 recordHash,
        bytes calldata proof
    ) private view {
        _requireState(id, slot, State.Arbitration);
        _requireRunning(slot);
        _requireSplit(sellerBps);
        bytes32 structHash = VerbLib.hashVerdict(
            kind == Kind.Ruling ? VerbLib.RULING : VerbLib.PROPOSAL,
            id,
            slot.round(),
            sellerBps,
            recordHash
        );
        _authorizeArbiter(terms, id, kind, slot.fundedAt(), structHash, proof);
    }

    // ----------------------------------------------------------------- EFFECT

    function _after(uint256 window) private view returns (uint256) {
        return block.timestamp + window;
    }

    /// @dev An id is used once for ever: every terminal state stays.
    function _open(bytes32 id, Terms calldata terms) private {
        if (block.chainid != _CHAIN_ID) revert UnexpectedChain(block.chainid, _CHAIN_ID);
        Slot slot = _slots[id];
        if (!slot.isIn(State.None)) revert AlreadyExists(id, slot.state());
        terms.check(token);
        _slots[id] = SlotLib.open(block.timestamp, terms.clauses.deliverBy());
    }

    function _openForBuyer(
        Terms calldata terms,
        bytes calldata signature
    ) private returns (bytes32 id) {
        id = _idOf(terms);
        _authorizeBuyer(terms.buyerOf(), id, signature);
        _open(id, terms);
        terms.emitFunded(id);
    }

    function _deliver(
        bytes32 id,
        Slot slot,
        bytes32 artifactHash,
        uint256 reviewEnd,
        bool buyerSigned
    ) private {
        Slot next = slot.deliver(reviewEnd, buyerSigned);
        _slots[id] = next;
        emit Delivered(id, next.round(), artifactHash, buyerSigned);
    }

    function _hashStatement(
        bytes32 id,
        Slot slot,
        Completion calldata completion
    ) private pure returns (bytes32) {
        return
            VerbLib.hashStated(
                VerbLib.STATEMENT,
                id,
                slot.round() + 1,
                completion.artifactHash,
                completion.reportHash
            );
    }

    function _completeAlone(Terms calldata terms, Completion calldata completion) private {
        (bytes32 id, Slot slot) = _loadFunded(terms);

        // Check: the arbiter states that this artifact is held and passed.
        bytes32 statement = _hashStatement(id, slot, completion);
        _authorizeArbiter(
            terms,
            id,
            Kind.Attestation,
            slot.fundedAt(),
            statement,
            completion.proof
        );

        _complete(terms, id, slot, completion);
    }

    function _completeTogether(
        Terms[] calldata terms,
        Completion[] calldata completions,
        bytes calldata proof
    ) private {
        uint256 length = terms.length;
        bytes32[] memory ids = new bytes32[](length);
        bytes32[] memory statements = new bytes32[](length);
        uint256 fundedAt = type(uint256).max;

        // Check: each lock waits for a delivery in time, all of them with one arbiter.
        for (uint256 i; i < length; ++i) {
            Terms calldata one = terms[i];
            (bytes32 id, Slot slot) = _loadFunded(one);
            if (one.arbiterOf() != terms[0].arbiterOf()) {
                revert BatchMixed(one.arbiterOf(), terms[0].arbiterOf());
            }
            ids[i] = id;
            statements[i] = _hashStatement(id, slot, completions[i]);
            if (slot.fundedAt() < fundedAt) fundedAt = slot.fundedAt();
        }

        // Check: one statement over all of them; a key must be older than the oldest lock.
        bytes32 batch = keccak256(abi.encodePacked(statements));
        bytes32 structHash = keccak256(abi.encode(VerbLib.STATEMENTS, batch));
        _authorizeArbiter(terms[0], batch, Kind.Attestation, fundedAt, structHash, proof);

        // Effect and interaction: read again, since an id may stand twice in the batch.
        for (uint256 i; i < length; ++i) {
            Slot slot = _slots[ids[i]];
            _requireState(ids[i], slot, State.Funded);
            _complete(terms[i], ids[i], slot, completions[i]);
        }
    }

    /// @dev The arbiter's statement was checked by the caller.
    function _complete(
        Terms calldata terms,
        bytes32 id,
        Slot slot,
        Completion calldata completion
    ) private {
        // Check: the seller delivers, with or without its bond.
        _authorizeDeliver(
            terms.sellerOf(),
            id,
            completion.artifactHash,
            completion.reserve,
            slot.seq(),
            completion.sellerAuthorization
        );

        // Effect: delivered and passed, which is two changes.
        uint256 reviewEnd = _after(terms.clauses.reviewWindow());
        slot = slot.deliver(reviewEnd, false).find(Result.Pass).count();
        emit Delivered(id, slot.round(), completion.artifactHash, false);
        emit Attested(id, slot.round(), Result.Pass, completion.reportHash);

        // Effect and interaction: pay at once if the buyer released or waived the review.
        if (completion.buyerAuthorization.length != 0) {
            _authorize(
                terms.buyerOf(),
                VerbLib.RELEASE,
                id,
                slot.seq(),
                completion.buyerAuthorization
            );
            return _release(terms, id, slot, false);
        }
        if (terms.clauses.reviewWindow() == 0) return _release(terms, id, slot, false);

        // Interaction: or if the vault now holds the seller's bond instead.
        _slots[id] = slot;
        if (completion.reserve && terms.vaultOf() != address(0)) {
            if (_reserve(terms, id, reviewEnd)) _release(terms, id, slot, true);
        }
    }

    function _release(Terms calldata terms, bytes32 id, Slot slot, bool bonded) private {
        // Effect: all of it is the seller's, but for the fee.
        Slot next = slot.end(State.Completed);
        _slots[id] = bonded ? next.setBonded() : next;
        uint256 fee = SplitLib.share(terms.amount, terms.clauses.protocolFeeBps());
        uint256 sellerAmount = terms.amount - fee;
        _credit(terms.feeRecipientOf(), fee);
        emit Released(id, sellerAmount, fee, bonded);

        // Interaction.
        _payOut(terms, id, slot, SplitLib.BPS, sellerAmount, 0);
    }

    function _resolve(
        Terms calldata terms,
        bytes32 id,
        Slot slot,
        uint256 sellerBps,
        bool arbitrated
    )
        private
        returns (uint256 sellerAmount, uint256 buyerAmount, uint256 fee, uint256 arbitrationFee)
    {
        if (arbitrated) arbitrationFee = terms.arbitrationFee();
        (sellerAmount, buyerAmount, fee) = SplitLib.split(
            terms.amount,
            sellerBps,
            terms.clauses.protocolFeeBps(),
            arbitrationFee
        );
        Slot next = slot.end(State.Resolved);
        _slots[id] = arbitrated ? next.setArbitrated() : next;
        _credit(terms.feeRecipientOf(), fee);
        _credit(terms.arbiterOf(), arbitrationFee);
    }

    /// @dev A party asked for it, or the arbiter's own doubt was borne out.
    function _arbitrated(Slot slot, uint256 sellerBps) private pure returns (bool) {
        return slot.disputed() || (slot.isDoubted() && sellerBps < LOST_ABOVE_BPS);
    }

    /// @return sellerBps What the evidence says.
    /// @return decided Whether the arbiter's work said it; silence earns no fee.
    function _evidence(
        Clauses clauses,
        Slot slot
    ) private pure returns (uint256 sellerBps, bool decided) {
        if (slot.proposed()) return (slot.proposedBps(), true);
        if (slot.isFound(Result.Pass)) return (SplitLib.BPS, true);
        if (slot.isFound(Result.Fail)) return (0, true);
        if (slot.isFound(Result.Partial)) return (clauses.fallbackSellerBps(), true);
        if (slot.buyerDisputed() || !slot.noticed()) return (clauses.fallbackSellerBps(), false);
        return (SplitLib.BPS, false);
    }

    function _credit(address owner, uint256 amount) private {
        if (amount == 0) return;
        // 2^64 credits of 128 bits do not reach the nonce.
        unchecked {
            _accounts[owner] += amount;
        }
    }

    // ------------------------------------------------------------ INTERACTION

    /// @dev Pays both sides, each together with the stakes that go its way.
    function _payOut(
        Terms calldata terms,
        bytes32 id,
        Slot slot,
        uint256 sellerBps,
        uint256 sellerAmount,
        uint256 buyerAmount
    ) private {
        address seller = terms.sellerOf();
        address buyer = terms.buyerOf();
        // Two amounts of 128 bits and two stakes do not leave 256.
        unchecked {
            if (slot.disputed()) {
                // Only arbitration takes a stake, and only from a side that lost by far.
                bool judged = slot.isIn(State.Arbitration);
                uint256 stake = terms.arbitrationFee();
                if (slot.buyerDisputed()) {
                    if (_stakeTo(id, buyer, seller, stake, judged && sellerBps > LOST_ABOVE_BPS)) {
                        sellerAmount += stake;
                    } else {
                        buyerAmount += stake;
                    }
                }
                if (slot.sellerDisputed()) {
                    if (_stakeTo(id, seller, buyer, stake, judged && sellerBps < LOST_BELOW_BPS)) {
                        buyerAmount += stake;
                    } else {
                        sellerAmount += stake;
                    }
                }
            }
        }
        _pay(seller, sellerAmount);
        _pay(buyer, buyerAmount);
    }

    function _stakeTo(
        bytes32 id,
        address disputer,
        address other,
        uint256 stake,
        bool lost
    ) private returns (bool) {
        emit StakePaid(id, disputer, lost ? other : disputer, stake);
        return lost;
    }

    /// @dev What the token refuses to deliver waits for its owner and blocks nobody.
    function _pay(address to, uint256 amount) private {
        if (amount == 0 || token.tryPush(to, amount)) return;
        _credit(to, amount);
        emit Credited(to, amount);
    }

    function _reserve(
        Terms calldata terms,
        bytes32 id,
        uint256 until
    ) private returns (bool reserved) {
        uint256 available = gasleft();
        bytes memory data = abi.encodeCall(
            IBondVault.reserve,
            (id, terms.sellerOf(), terms.amount, until)
        );
        address vault = terms.vaultOf();
        bytes32 magic = bytes32(IBondVault.reserve.selector);
        assembly ("memory-safe") {
            let success := call(gas(), vault, 0, add(data, 32), mload(data), 0, 32)
            reserved := and(and(success, gt(returndatasize(), 31)), eq(mload(0), magic))
        }
        if (!reserved && available < RESERVE_GAS) {
            revert InsufficientGas(available, RESERVE_GAS);
        }
    }
}
