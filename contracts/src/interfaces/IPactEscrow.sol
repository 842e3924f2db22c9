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
    /// @dev End of the running window; kept after a bonded release as the end of the recourse.
    uint40 timerEnd;
    uint40 fundedAt;
    /// @dev +1 at every change; signatures bind it.
    uint24 seq;
    /// @dev +1 at every delivery.
    uint8 round;
    /// @dev This round's attestation.
    Result result;
    /// @dev The buyer signed this round's receipt.
    bool noticed;
    /// @dev The buyer disputed (objected) and its stake is held.
    bool buyerDisputed;
    /// @dev The seller disputed and its stake is held.
    bool sellerDisputed;
    /// @dev Released against a reservation in the vault.
    bool bonded;
    /// @dev A proposal of the arbiter stands.
    bool proposed;
    uint16 proposedBps;
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
    /// @dev The buyer's `Release` authorization (bound to the `seq` after the delivery and the PASS), or empty.
    bytes buyerAuthorization;
}

/// @title Escrow of a signed pact
/// @notice Holds USDC between one buyer and one seller. No owner, no upgrade, no pause.
/// @dev An `authorization` is empty when the actor itself sends, else
/// `abi.encodePacked(uint48 validBefore, signature)` where the signature (ECDSA first, then ERC-1271)
/// is over the verb's EIP-712 struct `<Verb>(bytes32 escrowId,address actor,<arguments>,uint256 seq,uint256 validBefore)`.
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

    event Funded(bytes32 indexed id, address indexed buyer, address indexed seller, Terms terms);
    event Delivered(bytes32 indexed id, uint256 round, bytes32 artifactHash, bool noticed);
    event Attested(bytes32 indexed id, uint256 round, Result result, bytes32 reportHash);
    /// @dev `by` is the arbiter when its own partial or fail opened the dispute.
    event Disputed(bytes32 indexed id, address indexed by, bytes32 claimHash, uint256 stake);
    event Defended(bytes32 indexed id, bytes32 responseHash);
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
    /// @param signature The buyer's signature over the terms (the id), empty when the buyer sends.
    function fundByPermit(
        Terms calldata terms,
        uint256 deadline,
        bytes calldata permit,
        bytes calldata signature
    ) external returns (bytes32 id);

    /// @notice Funds from the buyer's allowance.
    function fundByAllowance(
        Terms calldata terms,
        bytes calldata signature
    ) external returns (bytes32 id);

    /// @notice Pays the seller in full: the buyer at any time; after the review of a PASS, anyone.
    function release(Terms calldata terms, bytes calldata authorization) external;

    // ----------------------------------------------------------------- SELLER

    function deliver(
        Terms calldata terms,
        bytes32 artifactHash,
        Receipt calldata receipt,
        bytes calldata authorization
    ) external;

    /// @notice Delivers the artifact itself (at most 24,576 bytes); its hash is sha256 of the bytes.
    function deliverInline(
        Terms calldata terms,
        bytes calldata artifact,
        bytes calldata authorization
    ) external;

    /// @notice Delivers again while negotiating, with a receipt signed by the buyer; at most twice.
    function redeliver(
        Terms calldata terms,
        bytes32 artifactHash,
        bytes calldata receipt,
        bytes calldata authorization
    ) external;

    function defend(
        Terms calldata terms,
        bytes32 responseHash,
        bytes calldata authorization
    ) external;

    /// @notice Gives everything back to the buyer, at any time before the end.
    function refund(Terms calldata terms, bytes calldata authorization) external;

    // ------------------------------------------------------------------- BOTH

    /// @notice Disputes a delivery with a stake of one arbitration fee.
    /// @param by Buyer or seller.
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

    /// @notice Splits by agreement; each authorization empty where that party sends.
    function settle(
        Terms calldata terms,
        uint256 sellerBps,
        bytes calldata buyerAuthorization,
        bytes calldata sellerAuthorization
    ) external;

    /// @notice Moves a funded lock to new terms with the same parties and amount.
    function amend(
        Terms calldata terms,
        Terms calldata amended,
        bytes calldata buyerAuthorization,
        bytes calldata sellerAuthorization
    ) external returns (bytes32 amendedId);

    // ---------------------------------------------------------------- ARBITER

    /// @notice Records this round's result. Partial and Fail open the dispute.
    function attest(
        Terms calldata terms,
        Result result,
        bytes32 reportHash,
        bytes calldata proof
    ) external;

    function propose(
        Terms calldata terms,
        uint256 sellerBps,
        bytes32 recordHash,
        bytes calldata proof
    ) external;

    function rule(
        Terms calldata terms,
        uint256 sellerBps,
        bytes32 recordHash,
        bytes calldata proof
    ) external;

    // ----------------------------------------------------------------- ANYONE

    /// @notice Delivery, receipt and PASS at once; pays where the buyer released, the review window is
    /// zero, or the vault reserved the seller's bond; else stops at Delivered with a PASS.
    function complete(Terms calldata terms, Completion calldata completion) external;

    /// @param proof Authorised by the one arbiter of all over `Statements`; empty: each completion has its own.
    function completeBatch(
        Terms[] calldata terms,
        Completion[] calldata completions,
        bytes calldata proof
    ) external;

    /// @notice Nothing was delivered by deliverBy: everything back to the buyer.
    function expire(Terms calldata terms) external;

    /// @notice Moves on to arbitration: when the window ran out, anyone; while negotiating, `by`.
    function escalate(Terms calldata terms, address by, bytes calldata authorization) external;

    /// @notice The arbiter was silent: pays by the standing proposal, else by the evidence.
    function conclude(Terms calldata terms) external;

    /// @notice Sends the whole credit of `owner` to `to`.
    function withdraw(address owner, address to, bytes calldata authorization) external;

    /// @notice Pushes accrued fees to their recipient, all but one base unit.
    function sweep(address recipient) external;

    // ------------------------------------------------------------------ VIEWS

    function hashTerms(Terms calldata terms) external view returns (bytes32 id);
    function escrowOf(bytes32 id) external view returns (Escrow memory);
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
