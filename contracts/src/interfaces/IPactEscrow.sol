// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice Ten numbers of the terms in one word, so that calldata and the first event stay cheap.
/// @dev From the least significant bit: milestone 16, fundBy 40, deliverBy 40, reviewWindow 24,
/// responseWindow 24, negotiationWindow 24, arbitrationWindow 24, protocolFeeBps 16,
/// arbitrationFeeBps 16, fallbackSellerBps 16. The upper 16 bits are zero. Times are unix seconds,
/// windows seconds, fees and splits basis points.
type Clauses is uint256;

/// @notice What both parties agreed to; derived from the signed pact and nothing else.
/// @dev The escrow id is the EIP-712 digest of these terms with every clause as a field of its own
/// (see `hashTerms`), so a wallet shows names and the chain carries one word.
struct Terms {
    address buyer;
    address seller;
    address arbiter;
    /// @dev Zero: no instant release.
    address vault;
    address feeRecipient;
    /// @dev USDC base units.
    uint256 amount;
    /// @dev sha256 of the canonical pact.
    bytes32 pactHash;
    /// @dev Opaque here: the arbiter's tiers, limits and bonds.
    bytes32 ladder;
    bytes32 salt;
    Clauses clauses;
}

enum State {
    None,
    Funded,
    Delivered,
    Disputed,
    Negotiating,
    Arbitration,
    Completed,
    Refunded,
    Resolved,
    Amended
}

/// @notice What the arbiter's attestors found when they checked a delivery.
enum Result {
    None,
    Pass,
    Partial,
    Fail
}

/// @notice What an arbiter is asked to authorise; thresholds may differ by kind.
enum Kind {
    Receipt,
    Attestation,
    Proposal,
    Ruling
}

/// @notice Everything the escrow remembers about one id: one storage slot.
struct Escrow {
    State state;
    /// @dev End of the running window (deliverBy while Funded); kept when the escrow ends, after a bonded
    /// release as the end of the recourse.
    uint40 timerEnd;
    uint40 fundedAt;
    /// @dev 1 when funded, +1 at every change, `complete` being two (delivery, PASS); signatures bind it.
    uint24 seq;
    /// @dev +1 at every delivery.
    uint8 round;
    /// @dev This round's attestation.
    Result result;
    /// @dev The buyer signed this round's receipt.
    bool noticed;
    /// @dev The buyer disputed or objected in this round; its stake is held until the escrow ends.
    bool buyerDisputed;
    /// @dev The seller disputed in this round; its stake is held until the escrow ends.
    bool sellerDisputed;
    /// @dev Released against a reservation in the vault.
    bool bonded;
    /// @dev A proposal of the arbiter stands.
    bool proposed;
    uint16 proposedBps;
    /// @dev It ended with the arbitration fee paid to the arbiter.
    bool arbitrated;
}

/// @notice Proof that the artifact of a delivery exists and is held.
struct Receipt {
    /// @dev True: `proof` is the buyer's signature; false: the arbiter authorises `proof`.
    bool byBuyer;
    bytes proof;
}

/// @notice Delivery, receipt and PASS of one trade, carried in one transaction.
struct Completion {
    bytes32 artifactHash;
    bytes32 reportHash;
    /// @dev The seller consents to reserve the full amount of its bond in the vault.
    bool reserve;
    /// @dev The seller's `Deliver` authorization; empty when the seller sends.
    bytes sellerAuthorization;
    /// @dev Authorised by the arbiter over `Statement`; ignored where a batch carries one proof.
    bytes proof;
    /// @dev The buyer's `Release` authorization (bound to the `seq` after the delivery and the PASS), or
    /// empty. Warning: until it expires it also serves a `release` at that `seq`, however it was reached.
    bytes buyerAuthorization;
}

/// @title Escrow of a signed pact
/// @notice Holds USDC between one buyer and one seller. No owner, no upgrade, no pause, no admin key.
///
/// An `authorization` is empty when the actor itself sends, else
/// `abi.encodePacked(uint48 validBefore, signature)`, good while block.timestamp < validBefore, where the
/// signature (ECDSA first, then ERC-1271) is over the verb's EIP-712 struct
/// `<Verb>(bytes32 escrowId,address actor,<arguments>,uint256 seq,uint256 validBefore)`:
/// Release(), Refund(), Escalate(), Deliver(bytes32 artifactHash,bool reserve),
/// Redeliver(bytes32 artifactHash), Defend(bytes32 responseHash), Dispute(bytes32 claimHash),
/// Settle(uint256 sellerBps), Amend(bytes32 amendedId); the arguments stand between actor and seq. It
/// binds `seq`, so it dies with the next change of the escrow.
///
/// A `proof` is what the arbiter accepts (`IArbiter.isAuthorized`) over
/// Receipt(bytes32 escrowId,uint256 round,bytes32 artifactHash),
/// Attestation(bytes32 escrowId,uint256 round,uint256 result,bytes32 reportHash),
/// Statement(bytes32 escrowId,uint256 round,bytes32 artifactHash,bytes32 reportHash),
/// Statements(bytes32[] statements), Proposal or
/// Ruling(bytes32 escrowId,uint256 round,uint256 sellerBps,bytes32 recordHash). It is not read when the
/// arbiter itself sends.
///
/// Acts that need a running window hold while block.timestamp < end, what anyone may do afterwards holds
/// from block.timestamp >= end on. Giving up one's own claim (`refund`, the buyer's `release`) and
/// `settle` are open until the end of the escrow.
/// @dev The token is USDC (FiatToken v2.2) or behaves like it: it takes no fee on a transfer, calls
/// nobody back, moves exactly what it says, and has ERC-3009 and EIP-2612 with signatures as bytes.
/// Nothing here reads `balanceOf`; what is sent here without a verb is nobody's.
///
/// Warning: the arbiter is trusted by both parties to judge. It can split the amount as it likes in
/// Arbitration, and nothing else: it cannot take more than its fee, pay a third party, or keep an escrow
/// from ending.
///
/// Warning: while USDC is paused, or has blacklisted a party, that party cannot bring a stake and so
/// cannot dispute. What is due to it is credited and waits.
interface IPactEscrow {
    // ----------------------------------------------------------------- ERRORS

    /// @dev The escrow stands in another state than the verb needs.
    error UnexpectedState(bytes32 id, State state, State expected);
    /// @dev Never funded, or ended.
    error NotOpen(bytes32 id, State state);
    error AlreadyExists(bytes32 id, State state);
    error AfterFundBy(uint256 timestamp, uint256 fundBy);
    error AfterDeliverBy(uint256 timestamp, uint256 deliverBy);
    error BeforeDeliverBy(uint256 timestamp, uint256 deliverBy);
    /// @dev The window in which this act was a right has run out.
    error AfterWindow(uint256 timestamp, uint256 timerEnd);
    /// @dev The window still runs; the timer has no right yet.
    error BeforeWindowEnd(uint256 timestamp, uint256 timerEnd);

    error DeliverByNotAfterFundBy(uint256 deliverBy, uint256 fundBy);
    error InvalidWindow(uint256 window, uint256 min, uint256 max);
    error InvalidAmount(uint256 amount, uint256 min, uint256 max);
    error FeeTooHigh(uint256 bps, uint256 cap);
    error InvalidSplit(uint256 bps, uint256 max);
    /// @dev Zero, the token, this contract, or one address in two roles.
    error InvalidParty(address party);
    /// @dev The arbiter has no code, or code delegated by EIP-7702.
    error InvalidArbiter(address arbiter);
    /// @dev Bits above the ten clauses, or above an address, would be a second spelling of the same terms.
    error UnusedBitsSet(uint256 bits);
    error UnexpectedChain(uint256 chainId, uint256 expected);

    error UnexpectedSender(address sender, address expected);
    error InvalidSignature(address signer, bytes32 digest);
    error AuthorizationExpired(uint256 timestamp, uint256 validBefore);
    error InvalidAuthorizationLength(uint256 length, uint256 expected);
    error ArbiterRefused(address arbiter, Kind kind, bytes32 digest);
    /// @dev `by` is neither the buyer nor the seller.
    error NotParty(address by);

    error InvalidArtifactLength(uint256 length, uint256 min, uint256 max);
    error RoundsExhausted(uint256 round, uint256 max);
    error InvalidResult(Result result);
    /// @dev The first attestation of a round stands.
    error AlreadyAttested(Result result);
    /// @dev A PASS is released, not escalated; anything else is escalated, not released.
    error UnexpectedResult(Result result, Result expected);
    error AlreadyDisputed(address by);
    /// @dev A signed proposal could be played again over a later one: only the arbiter itself replaces it.
    error AlreadyProposed(uint256 sellerBps);

    error EmptyBatch();
    error LengthMismatch(uint256 length, uint256 expected);
    /// @dev All escrows of a batch share the buyer (funding) or the arbiter (one statement).
    error BatchMixed(address got, address expected);
    /// @dev Amended terms keep buyer, seller and amount.
    error AmendmentMismatch(bytes32 got, bytes32 expected);

    error InvalidToken(address token);
    error TokenCallFailed(bytes4 selector);
    error NothingToWithdraw(address owner, uint256 credit);
    error InvalidRecipient(address recipient);
    /// @dev Too little gas to tell a refusal from starvation.
    error InsufficientGas(uint256 gas, uint256 expected);
    error Reentered();

    // ----------------------------------------------------------------- EVENTS

    /// @notice The first event of an id carries its terms; an indexer never reads storage.
    event Funded(bytes32 indexed id, address indexed buyer, address indexed seller, Terms terms);
    /// @param noticed The buyer signed the receipt.
    event Delivered(bytes32 indexed id, uint256 round, bytes32 artifactHash, bool noticed);
    event Attested(bytes32 indexed id, uint256 round, Result result, bytes32 reportHash);
    /// @param by The arbiter when its own partial or fail opened the dispute. A buyer's objection during
    /// arbitration changes no state.
    event Disputed(bytes32 indexed id, address indexed by, bytes32 claimHash, uint256 stake);
    event Defended(bytes32 indexed id, bytes32 responseHash);
    /// @notice Arbitration begins; also beside `Disputed` when the seller disputes.
    event Escalated(bytes32 indexed id);
    event Proposed(bytes32 indexed id, uint256 sellerBps, bytes32 recordHash);
    event Released(bytes32 indexed id, uint256 sellerAmount, uint256 protocolFee, bool bonded);
    event Refunded(bytes32 indexed id, uint256 buyerAmount);
    event Expired(bytes32 indexed id, uint256 buyerAmount);
    event Settled(
        bytes32 indexed id,
        uint256 sellerBps,
        uint256 sellerAmount,
        uint256 buyerAmount,
        uint256 protocolFee,
        uint256 arbitrationFee
    );
    event Ruled(
        bytes32 indexed id,
        uint256 sellerBps,
        uint256 sellerAmount,
        uint256 buyerAmount,
        uint256 protocolFee,
        uint256 arbitrationFee,
        bytes32 recordHash
    );
    event Concluded(
        bytes32 indexed id,
        uint256 sellerBps,
        uint256 sellerAmount,
        uint256 buyerAmount,
        uint256 protocolFee,
        uint256 arbitrationFee
    );
    /// @notice The first event of `amendedId`, which is funded from here on; `id` has ended.
    event Amended(bytes32 indexed id, bytes32 indexed amendedId, Terms terms);
    /// @dev A stake went back to its owner (`to == from`) or to the other side.
    event StakePaid(bytes32 indexed id, address indexed from, address indexed to, uint256 amount);
    /// @dev A transfer failed, the amount waits for its owner.
    event Credited(address indexed owner, uint256 amount);
    event Withdrawn(address indexed owner, address indexed to, uint256 amount);

    // ------------------------------------------------------------------ BUYER

    /// @notice Funds by ERC-3009: one signature pays and accepts the terms. Any sender.
    /// @param signature The buyer's `ReceiveWithAuthorization` with to = this escrow, value = amount,
    /// validAfter = 0, validBefore = fundBy, nonce = the escrow id.
    function fund(Terms calldata terms, bytes calldata signature) external returns (bytes32 id);

    /// @notice Funds many escrows of one buyer with one ERC-3009 authorization: value = the sum,
    /// validBefore = the earliest fundBy, nonce = keccak256("earnest/batch" || ids).
    function fundBatch(
        Terms[] calldata terms,
        bytes calldata signature
    ) external returns (bytes32[] memory ids);

    /// @notice Funds by EIP-2612; a permit that was already used is no error.
    /// @param deadline Of the permit.
    /// @param permit The buyer's EIP-2612 signature with spender = this escrow, value = amount.
    /// @param signature The buyer's signature over the terms (the id), empty when the buyer sends.
    function fundByPermit(
        Terms calldata terms,
        uint256 deadline,
        bytes calldata permit,
        bytes calldata signature
    ) external returns (bytes32 id);

    /// @notice Funds from the buyer's allowance.
    /// @param signature The buyer's signature over the terms (the id), empty when the buyer sends: an
    /// allowance alone says nothing of the terms.
    function fundByAllowance(
        Terms calldata terms,
        bytes calldata signature
    ) external returns (bytes32 id);

    /// @notice Pays the seller in full: the buyer at any time; after the review of a PASS, anyone.
    function release(Terms calldata terms, bytes calldata authorization) external;

    // ----------------------------------------------------------------- SELLER

    /// @notice Delivers in time; the review begins, which where the terms waive it (window 0) lasts one
    /// response window: it is waived for a PASS, not for a delivery that nobody has attested. The artifact
    /// is held by the buyer or by one attestor, who signed `Receipt`.
    /// @param artifactHash sha256 of the canonical manifest.
    /// @param authorization `Deliver` of the seller, with either value of `reserve`: nothing is reserved here.
    function deliver(
        Terms calldata terms,
        bytes32 artifactHash,
        Receipt calldata receipt,
        bytes calldata authorization
    ) external;

    /// @notice Delivers the artifact itself (1 to 24,576 bytes, ciphertext allowed); its hash is sha256 of
    /// the bytes, and no receipt is needed.
    function deliverInline(
        Terms calldata terms,
        bytes calldata artifact,
        bytes calldata authorization
    ) external;

    /// @notice Delivers again while negotiating, at most twice. Ends the dispute: the stake returns, the
    /// attestation is cleared, the review begins anew.
    /// @param receipt The buyer's plain signature over `Receipt` of the next round.
    function redeliver(
        Terms calldata terms,
        bytes32 artifactHash,
        bytes calldata receipt,
        bytes calldata authorization
    ) external;

    /// @notice Answers a dispute instead of refunding; both may now negotiate.
    function defend(
        Terms calldata terms,
        bytes32 responseHash,
        bytes calldata authorization
    ) external;

    /// @notice Gives everything back to the buyer, at any time before the end. No fee.
    function refund(Terms calldata terms, bytes calldata authorization) external;

    // ------------------------------------------------------------------- BOTH

    /// @notice Disputes a delivery with a stake of one arbitration fee. The buyer's dispute asks the seller
    /// to answer, the seller's goes straight to arbitration; during arbitration the buyer may still object.
    /// The stake goes to the other side where arbitration ends more than 90 % against the disputer (a
    /// release there counts as 100 %, a refund as 0 %), else it returns when the escrow ends.
    /// @param by Buyer or seller; once a round.
    /// @param stakeAuthorization ERC-3009 signature of `by` with value = the stake, validAfter = 0,
    /// validBefore = `validBefore` of the authorization, nonce = digest of the `Dispute` struct: it pays
    /// and disputes at once (authorization then carries only the 6 bytes of validBefore). Empty: allowance.
    function dispute(
        Terms calldata terms,
        address by,
        bytes32 claimHash,
        bytes calldata authorization,
        bytes calldata stakeAuthorization
    ) external;

    /// @notice Splits by agreement, at any time before the end. The arbiter earns its fee if a proposal
    /// of its stands.
    /// @param sellerBps The seller's share in basis points, from which the protocol fee is taken.
    /// @param buyerAuthorization Empty where the buyer sends.
    /// @param sellerAuthorization Empty where the seller sends.
    function settle(
        Terms calldata terms,
        uint256 sellerBps,
        bytes calldata buyerAuthorization,
        bytes calldata sellerAuthorization
    ) external;

    /// @notice Moves a funded lock, before deliverBy, to new terms with the same parties and amount. The
    /// new terms must be fit for funding now, fundBy included.
    /// @param buyerAuthorization Empty where the buyer sends.
    /// @param sellerAuthorization Empty where the seller sends.
    function amend(
        Terms calldata terms,
        Terms calldata amended,
        bytes calldata buyerAuthorization,
        bytes calldata sellerAuthorization
    ) external returns (bytes32 amendedId);

    // ---------------------------------------------------------------- ARBITER

    /// @notice Records this round's result during the review; the first one stands. A PASS lets the
    /// review run out into a release, Partial and Fail open the dispute.
    function attest(
        Terms calldata terms,
        Result result,
        bytes32 reportHash,
        bytes calldata proof
    ) external;

    /// @notice Stores a split that pays only when the arbitration window has run out. It is replaced by
    /// the arbiter itself only, since a signature could be played again.
    function propose(
        Terms calldata terms,
        uint256 sellerBps,
        bytes32 recordHash,
        bytes calldata proof
    ) external;

    /// @notice Splits at once during arbitration. The arbiter earns its fee if a party disputed, or if its
    /// own Partial or Fail ends below 90 %.
    function rule(
        Terms calldata terms,
        uint256 sellerBps,
        bytes32 recordHash,
        bytes calldata proof
    ) external;

    // ----------------------------------------------------------------- ANYONE

    /// @notice Delivery, receipt and PASS at once; pays where the buyer signed the release, the review
    /// window is zero, or the vault reserved the seller's bond; else stops at Delivered with a PASS.
    /// @dev A buyer who sends this does not thereby release.
    function complete(Terms calldata terms, Completion calldata completion) external;

    /// @notice Completes many trades; all of them or none.
    /// @param proof Authorised by the one arbiter of all over `Statements`, asked with escrowId = keccak256
    /// of the concatenated statement hashes; empty: each completion has its own.
    function completeBatch(
        Terms[] calldata terms,
        Completion[] calldata completions,
        bytes calldata proof
    ) external;

    /// @notice Nothing was delivered by deliverBy: everything back to the buyer.
    function expire(Terms calldata terms) external;

    /// @notice Moves on to arbitration: anyone when a review without an attestation, a response or a
    /// negotiation has run out; while negotiating, `by`.
    /// @param by Buyer or seller; ignored, like `authorization`, once the window has run out.
    function escalate(Terms calldata terms, address by, bytes calldata authorization) external;

    /// @notice The arbitration window has run out; pays by the first that applies: the standing proposal;
    /// this round's attestation (PASS the seller, FAIL the buyer, PARTIAL the fallback split); the fallback
    /// split where the buyer objected or never signed for the delivery; else the seller. Silence earns the
    /// arbiter nothing.
    function conclude(Terms calldata terms) external;

    /// @notice Sends the whole credit of `owner` to `to`.
    /// @param authorization Over `Withdraw(address owner,address to,uint256 nonce,uint256 validBefore)`.
    function withdraw(address owner, address to, bytes calldata authorization) external;

    /// @notice Pushes a credit to its owner, all but the one base unit that keeps the next accrual cheap.
    /// Warning: this also pushes what a failed transfer left. An owner who wants it elsewhere withdraws
    /// before its own address can receive again.
    function sweep(address recipient) external;

    // ------------------------------------------------------------------ VIEWS

    /// @notice The escrow id. It says nothing of whether these terms could be funded.
    function hashTerms(Terms calldata terms) external view returns (bytes32 id);
    /// @notice All that is stored of an id; `State.None` for one that was never funded.
    function escrowOf(bytes32 id) external view returns (Escrow memory);
    /// @notice USDC base units that wait for `owner`: fees, and transfers that failed.
    function creditOf(address owner) external view returns (uint256);
    /// @notice The nonce that the next signed `Withdraw` of `owner` binds; +1 at every withdrawal.
    function withdrawNonceOf(address owner) external view returns (uint256);
    function token() external view returns (address);
    /// @notice EIP-5267.
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        );
}
