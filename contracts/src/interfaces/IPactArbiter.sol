// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IArbiter} from "./IArbiter.sol";
import {IAttestors} from "./IAttestors.sol";
import {IPactEscrow, Terms} from "./IPactEscrow.sol";

/// @notice How an arbiter starts.
struct Setup {
    IPactEscrow escrow;
    /// @dev The timelock.
    address governance;
    /// @dev May remove a key or the moderator at once, and nothing else.
    address guardian;
    /// @dev Receives what no panel and no appellant has a claim to.
    address treasury;
    /// @dev m.
    uint256 threshold;
    /// @dev n; the keys beyond the first n are standbys.
    uint256 seats;
    address[] attestors;
    /// @dev Zero: no moderator.
    address moderator;
    /// @dev Hash of the published judge roster.
    bytes32 rosterHash;
    /// @dev USDC base units that a committee member stakes.
    uint64 memberStake;
    /// @dev USDC base units: the least appeal bond, and the least fee for which a panel convenes first.
    uint64 panelCost;
}

enum Stage {
    None,
    /// @dev A proposal stands and may be appealed until `proposedAt` + appealWindow.
    Proposed,
    /// @dev A panel is open.
    Sitting,
    /// @dev The moderator decides.
    Moderation,
    /// @dev Nothing more to do here.
    Closed
}

/// @notice The dispute of one escrow: two storage slots.
struct Docket {
    Stage stage;
    /// @dev The one appeal was made.
    bool appealed;
    bool bySeller;
    /// @dev The standing proposal is the first panel's, not the jury's.
    bool byCommittee;
    /// @dev The panel that sits or sat last.
    uint8 panel;
    /// @dev Unix seconds of the standing proposal.
    uint40 proposedAt;
    uint16 sellerBps;
    /// @dev Appeal bond held, base units.
    uint64 bond;
    bytes32 recordHash;
}

/// @title The arbiter that pacts name by default
/// @notice Ladder zero: m of n attestors rule directly, by proof. Any other ladder (32 bytes, see
/// `arbiter/Ladder.sol`): signatures of kind Proposal and Ruling are refused by `isAuthorized`; a
/// proposal never executes as a ruling by itself, and rulings come only from this contract.
///
/// | ladder | first decision | appeal, once, bonded | then |
/// |---|---|---|---|
/// | jury | `propose` | none | `finalize` at once |
/// | jury, committee | `propose`; a silent jury: `convene`, whose result is final | `appeal` to a panel | `execute` |
/// | committee | `convene`, `execute` makes a proposal | `appeal` to a disjoint panel | `execute` |
/// | jury, moderator | `propose`; a silent jury: `moderate` | `appeal` to the moderator | `moderate` |
/// | moderator | `moderate` | none | |
///
/// With a committee, a moderator stands in where a first panel did not decide, or cannot be convened. A decision counts in
/// two places with one course: an escrow in Arbitration, and a claim in the vault, where a committee
/// takes something from a bond only with five votes. A panel that did not decide, or was never drawn,
/// costs the appellant nothing and the standing proposal is executed.
///
/// Who pays a panel. The first: the arbitration fee, when its decision stands, also where the escrow ends
/// before `finalize`; so it convenes only where buyer or seller disputed (a claim is a dispute), whose fee
/// is due whatever it decides, and where that fee reaches `panelCost`. The one that hears an appeal: where
/// the result moves less than 500 bps towards the appellant, the bond; else the arbitration fee, and the
/// bond returns but for what the fee lacks to `panelCost` (a small trade, an escrow that no party
/// disputed, one that ended otherwise meanwhile).
///
/// A ladder is refused, and its escrow concludes by evidence, unless the encoding is canonical, the sum of
/// its limits fits arbitrationWindow, its pool was anchored before the funding, its appeal bond reaches
/// `panelCost`, and, where it starts at a committee, the arbitration fee does too: see `acceptsLadder`.
///
/// The committee and the vault are contracts of their own, created here, so that stakes and bonds lie
/// apart from each other and from the attestors' keys.
///
/// Warning: nobody, the governance included, can move an escrow, a bond or a stake in any other way.
interface IPactArbiter is IArbiter, IAttestors {
    event ProposalMade(
        bytes32 indexed id,
        bool byCommittee,
        uint256 sellerBps,
        bytes32 recordHash,
        uint256 appealEnd
    );
    event Appealed(bytes32 indexed id, address indexed by, uint256 bond);
    /// @param won The result moved, or nobody decided.
    event AppealClosed(bytes32 indexed id, address indexed by, bool won, uint256 bondReturned);
    /// @dev `executed` is false where the dispute had ended otherwise before.
    event Decided(bytes32 indexed id, uint256 sellerBps, bytes32 recordHash, bool executed);
    /// @dev A first decision was due and did not come: the escrow concludes by its evidence.
    event Lapsed(bytes32 indexed id);
    /// @dev The token refused; `payPanel` pays it later.
    event PanelUnpaid(bytes32 indexed id, uint256 indexed panel, uint256 pot);
    event RosterChanged(bytes32 rosterHash);
    event ModeratorChanged(address moderator);
    event TreasuryChanged(address treasury);
    event Paid(address indexed owner, address indexed to, uint256 amount);
    event Collected(address indexed treasury, uint256 amount);

    error LadderRefused(bytes32 id, bytes32 ladder);
    error NoSuchRung(bytes32 id);
    error NotOpen(bytes32 id);
    error WrongStage(bytes32 id, Stage stage);
    error AfterLimit(uint256 timestamp, uint256 end);
    error BeforeLimit(uint256 timestamp, uint256 end);
    error NotAuthorized(bytes32 id);
    error AlreadyAppealed(bytes32 id);
    error NoTimeLeft(uint256 needed, uint256 end);
    error FeeBelowPanelCost(uint256 fee, uint256 panelCost);
    /// @dev Neither buyer nor seller disputed, so no fee is sure to pay a first panel.
    error Undisputed(bytes32 id);
    error NotModerator(address sender, address moderator);
    error InvalidSplit(uint256 sellerBps);
    error NotParty(address sender);
    error NothingOwed(address owner);

    // --------------------------------------------------------- BUYER, SELLER

    /// @notice Appeals the standing proposal.
    /// @param by Buyer or seller.
    /// @param signature Empty: `by` sends, and the bond comes from its allowance. Else ERC-3009, open to
    /// any sender: value = the ladder's appealBond, validAfter = 0, nonce = keccak256("earnest/appeal" || id).
    function appeal(
        Terms calldata terms,
        address by,
        uint256 validBefore,
        bytes calldata signature
    ) external;

    /// @notice Sends the sender's credit (an appeal bond that came back) to `to`.
    function withdraw(address to) external;

    // -------------------------------------------------------------- MODERATOR

    function moderate(Terms calldata terms, uint256 sellerBps, bytes32 recordHash) external;

    // ----------------------------------------------------------------- ANYONE

    /// @notice Files the jury's proposal, within its limit.
    /// @param proof m attestors over `Proposal(bytes32 escrowId,uint256 round,uint256 sellerBps,bytes32 recordHash)`
    /// in the escrow's domain, also for a claim in the vault.
    function propose(
        Terms calldata terms,
        uint256 sellerBps,
        bytes32 recordHash,
        bytes calldata proof
    ) external;

    /// @notice Executes the standing proposal once the appeal window is over. Where the escrow ended
    /// otherwise meanwhile (settled, concluded, refunded), pays the first panel what the escrow has paid.
    /// @param drawn The first panel's fourteen where the proposal is the committee's; else empty.
    function finalize(Terms calldata terms, address[] calldata drawn) external;

    /// @notice Opens the first panel: where the ladder starts at the committee, or the jury was silent; only
    /// in a dispute of buyer or seller.
    function convene(Terms calldata terms) external;

    /// @notice Ends the open panel and does what it decided.
    /// @param drawn Empty where nobody drew it in time.
    /// @param earlier The fourteen of the panel appealed against, or empty.
    function execute(
        Terms calldata terms,
        address[] calldata drawn,
        address[] calldata earlier
    ) external;

    /// @notice Returns the bond of an appeal that the moderator let run out.
    function lapse(Terms calldata terms) external;

    /// @notice Pays a panel whose pay the token had refused.
    function payPanel(bytes32 id, uint256 panel, address[] calldata drawn) external;

    /// @notice Sends to the treasury what nobody has a claim to.
    function collect() external;

    // ----------------------------------------------------- GUARDIAN, GOVERNANCE

    /// @notice Governance adds or replaces; guardian and moderator may only remove (zero). Like a key,
    /// a moderator counts only for escrows funded later.
    function setModerator(address moderator) external;

    function setRoster(bytes32 rosterHash) external;

    function setTreasury(address treasury) external;

    // ------------------------------------------------------------------ VIEWS

    function escrow() external view returns (address);
    /// @notice The committee that this arbiter created.
    function committee() external view returns (address);
    /// @notice The vault that this arbiter created, and whose claims it decides.
    function vault() external view returns (address);
    function treasury() external view returns (address);
    function moderator() external view returns (address);
    function rosterHash() external view returns (bytes32);
    function panelCost() external view returns (uint256);
    /// @notice Credits, appeal bonds and unpaid panels: what this contract owes, base units.
    function owed() external view returns (uint256);
    /// @notice Arbitration fees that a panel may have a claim to, paid already or not: `collect` leaves them.
    function promised() external view returns (uint256);
    function creditOf(address owner) external view returns (uint256);
    function unpaidOf(bytes32 id, uint256 panel) external view returns (uint256);
    function docketOf(bytes32 id) external view returns (Docket memory);
    /// @notice True when an escrow with these terms, funded now or later, has its ladder walked; also for ladder zero.
    function acceptsLadder(Terms calldata terms) external view returns (bool);
    /// @notice The ERC-3009 nonce of an appeal.
    function appealNonce(bytes32 id) external pure returns (bytes32);
}
