// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Rungs} from "../../../contracts/src/arbiter/Ladder.sol";
import {IAttestors} from "../../../contracts/src/interfaces/IAttestors.sol";
import {IBonds} from "../../../contracts/src/interfaces/IBonds.sol";
import {ICommittee} from "../../../contracts/src/interfaces/ICommittee.sol";
import {
    Docket,
    IPactArbiter,
    Setup,
    Stage as DocketStage
} from "../../../contracts/src/interfaces/IPactArbiter.sol";
import {Completion, State, Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest} from "../support/EscrowTest.sol";
import {Numbers, pack} from "../support/Signatures.sol";
import {vm} from "../support/Vm.sol";

interface Cheats {
    function roll(uint256 number) external;
    function setBlockhash(uint256 number, bytes32 hash) external;
}

Cheats constant cheats = Cheats(address(uint160(uint256(keccak256("hevm cheat code")))));

/// @notice The real arbiter, its committee and vault, on the real escrow and real USDC.
abstract contract ArbiterTest is EscrowTest {
    uint256 internal constant KEY = 0xC0;
    uint64 internal constant MEMBER_STAKE = 250e6;
    uint64 internal constant PANEL_COST = 4e6;
    uint64 internal constant APPEAL_BOND = 7e6;

    address internal guardian = address(0x60A2D1A2);
    address internal governance = address(0x607);
    address internal treasury = address(0x7EA5);
    address internal moderator = address(0x30D);

    IPactArbiter internal court;
    ICommittee internal committee;
    IBonds internal bonds;

    function setUp() public virtual override {
        super.setUp();
        court = _deployCourt(_setup());
        committee = ICommittee(court.committee());
        bonds = IBonds(court.vault());
        vm.warp(START + 1);
        _approve(buyer);
        _approve(seller);
    }

    // -------------------------------------------------------------------- setting

    /// @dev 2 of 3, and one standby.
    function _setup() internal view returns (Setup memory) {
        address[] memory keys = new address[](4);
        for (uint256 i; i < 4; i++) {
            keys[i] = vm.addr(KEY + i);
        }
        return
            Setup({
                escrow: escrow,
                governance: governance,
                guardian: guardian,
                treasury: treasury,
                threshold: 2,
                seats: 3,
                attestors: keys,
                moderator: moderator,
                rosterHash: keccak256("roster"),
                memberStake: MEMBER_STAKE,
                panelCost: PANEL_COST
            });
    }

    function _deployCourt(Setup memory setup) internal returns (IPactArbiter) {
        return
            IPactArbiter(_deploy("contracts/src/PactArbiter.sol:PactArbiter", abi.encode(setup)));
    }

    function _approve(address who) internal {
        vm.startPrank(who);
        usdc.approve(address(court), type(uint256).max);
        usdc.approve(address(bonds), type(uint256).max);
        usdc.approve(address(committee), type(uint256).max);
        vm.stopPrank();
    }

    function _encode(Rungs memory rungs) internal pure returns (bytes32) {
        uint256 word = (rungs.jury ? 1 : 0) | (rungs.committee ? 2 : 0) | (rungs.moderator ? 4 : 0);
        word |= (rungs.juryLimit << 8) | (rungs.appealWindow << 32) | (rungs.committeeLimit << 56);
        word |=
            (rungs.moderatorLimit << 80) |
            (rungs.appealBond << 104) |
            (rungs.pool << 168) |
            (uint256(1) << 248);
        return bytes32(word);
    }

    function _micro() internal pure returns (Rungs memory rungs) {
        rungs.jury = true;
        rungs.juryLimit = 6 hours;
    }

    function _agent() internal pure returns (Rungs memory rungs) {
        rungs.jury = true;
        rungs.committee = true;
        rungs.juryLimit = 6 hours;
        rungs.appealWindow = 12 hours;
        rungs.committeeLimit = 40 hours;
        rungs.appealBond = APPEAL_BOND;
        rungs.pool = 1;
    }

    function _committeeFirst() internal pure returns (Rungs memory rungs) {
        rungs.committee = true;
        rungs.appealWindow = 12 hours;
        rungs.committeeLimit = 30 hours;
        rungs.appealBond = APPEAL_BOND;
        rungs.pool = 1;
    }

    function _human() internal pure returns (Rungs memory rungs) {
        rungs.jury = true;
        rungs.moderator = true;
        rungs.juryLimit = 6 hours;
        rungs.appealWindow = 12 hours;
        rungs.moderatorLimit = 48 hours;
        rungs.appealBond = APPEAL_BOND;
    }

    function _moderated() internal pure returns (Rungs memory rungs) {
        rungs.moderator = true;
        rungs.moderatorLimit = 48 hours;
    }

    function _court(Rungs memory rungs) internal view returns (Terms memory t) {
        return _court(_encode(rungs));
    }

    function _court(bytes32 ladder) internal view returns (Terms memory t) {
        t = _terms();
        t.arbiter = address(court);
        t.vault = address(bonds);
        t.ladder = ladder;
    }

    // -------------------------------------------------------------------- proofs

    function _keyOf(address account) internal view returns (uint256) {
        for (uint256 key = KEY; key < KEY + 16; key++) {
            if (vm.addr(key) == account) return key;
        }
        revert("unknown attestor");
    }

    /// @dev The set as it stands, and the first `count` of it sign: the shape that IAttestors documents.
    function _courtProof(bytes32 digest, uint256 count) internal view returns (bytes memory proof) {
        IAttestors.Attestor[] memory set = court.attestors();
        proof = _setOf(set);
        for (uint256 i; i < count; i++) {
            proof = bytes.concat(proof, _sign(_keyOf(set[i].key), digest));
        }
    }

    function _setOf(IAttestors.Attestor[] memory set) internal pure returns (bytes memory packed) {
        packed = abi.encodePacked(uint8(set.length));
        for (uint256 i; i < set.length; i++) {
            packed = abi.encodePacked(packed, set[i].key, set[i].addedAt);
        }
    }

    function _proposalProof(
        Terms memory t,
        uint256 bps,
        uint256 count
    ) internal view returns (bytes memory) {
        bytes32 hash = _proposal(_id(t), _of(t).round, bps, RECORD);
        return _courtProof(_digest(address(escrow), hash), count);
    }

    function _rulingProof(
        Terms memory t,
        uint256 bps,
        uint256 count
    ) internal view returns (bytes memory) {
        bytes32 hash = _ruling(_id(t), _of(t).round, bps, RECORD);
        return _courtProof(_digest(address(escrow), hash), count);
    }

    // --------------------------------------------------------------------- steps

    /// @dev Funded, delivered with the buyer's receipt, and disputed by the seller: the shortest way to arbitration.
    function _arbitrate(Terms memory t) internal returns (bytes32 id) {
        id = _doFund(t);
        _doDeliverNoticed(t);
        _doDispute(t, t.seller);
        _same(_of(t).state, State.Arbitration, "arbitration");
    }

    function _propose(Terms memory t, uint256 bps) internal {
        court.propose(t, bps, RECORD, _proposalProof(t, bps, 2));
    }

    function _appeal(Terms memory t, address by) internal {
        vm.prank(by);
        court.appeal(t, by, 0, "");
    }

    function _finalize(Terms memory t) internal {
        court.finalize(t, new address[](0));
    }

    function _none() internal pure returns (address[] memory) {
        return new address[](0);
    }

    /// @dev Staked bond, completed at once against it: the way to a claim.
    function _bonded(Terms memory t) internal returns (bytes32 id) {
        id = _doFund(t);
        _completeBonded(t);
        vm.assertTrue(_of(t).bonded, "bonded");
    }

    function _completeBonded(Terms memory t) internal {
        bytes32 digest = _digest(
            address(escrow),
            _statement(_id(t), uint256(_of(t).round) + 1, ARTIFACT, REPORT)
        );
        escrow.complete(
            t,
            Completion({
                artifactHash: ARTIFACT,
                reportHash: REPORT,
                reserve: true,
                sellerAuthorization: _deliverAuthorization(t, ARTIFACT, true),
                proof: _courtProof(digest, 2),
                buyerAuthorization: ""
            })
        );
    }

    function _stakeBond(uint256 amount) internal {
        vm.prank(seller);
        bonds.stake(amount);
    }

    function _claim(Terms memory t) internal {
        vm.prank(t.buyer);
        bonds.claim(t, CLAIM, 0, "");
    }

    // --------------------------------------------------------------------- checks

    function _stage(Terms memory t) internal view returns (DocketStage) {
        return court.docketOf(_id(t)).stage;
    }

    function _inStage(Terms memory t, DocketStage want) internal view {
        vm.assertEq(uint256(_stage(t)), uint256(want), "stage");
    }

    function _clauses(Terms memory t, function(Numbers memory) internal pure change) internal pure {
        Numbers memory n = _numbers();
        change(n);
        t.clauses = pack(n);
    }
}
