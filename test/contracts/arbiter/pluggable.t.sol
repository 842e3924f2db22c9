// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IArbiter} from "../../../contracts/src/interfaces/IArbiter.sol";
import {IBonds, Reservation} from "../../../contracts/src/interfaces/IBonds.sol";
import {
    Completion,
    IPactEscrow,
    Kind,
    Receipt,
    Result,
    State,
    Terms
} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest} from "../support/EscrowTest.sol";
import {vm} from "../support/Vm.sol";

/// @notice An arbitration house that shares no line with the default arbiter: three arbitrators vote on
/// chain, two votes for the same act do it. No keys that sign, no ladder, no committee.
contract ArbitrationHouse is IArbiter {
    IPactEscrow private immutable _escrow;
    mapping(address => bool) private _isArbitrator;
    mapping(bytes32 act => mapping(address => bool)) private _voted;
    mapping(bytes32 act => uint256) private _votes;
    mapping(bytes32 digest => bool) private _vouched;

    constructor(IPactEscrow escrow, address[3] memory arbitrators) {
        _escrow = escrow;
        for (uint256 i; i < 3; i++) {
            _isArbitrator[arbitrators[i]] = true;
        }
    }

    modifier bySecondVote() {
        require(_isArbitrator[msg.sender], "no arbitrator");
        bytes32 act = keccak256(msg.data);
        require(!_voted[act][msg.sender], "voted");
        _voted[act][msg.sender] = true;
        if (++_votes[act] == 2) _;
    }

    function vouch(bytes32 digest) external bySecondVote {
        _vouched[digest] = true;
    }

    function attest(Terms calldata terms, Result result, bytes32 reportHash) external bySecondVote {
        _escrow.attest(terms, result, reportHash, "");
    }

    function rule(
        Terms calldata terms,
        uint256 sellerBps,
        bytes32 recordHash
    ) external bySecondVote {
        _escrow.rule(terms, sellerBps, recordHash, "");
    }

    function ruleClaim(
        IBonds vault,
        Terms calldata terms,
        uint256 sellerBps,
        bytes32 recordHash
    ) external bySecondVote {
        vault.rule(terms, sellerBps, recordHash, "");
    }

    function isAuthorized(
        bytes32,
        bytes32,
        Kind kind,
        uint256,
        bytes32 digest,
        bytes calldata
    ) external view returns (bool) {
        return _vouched[digest] && kind <= Kind.Attestation;
    }

    function onDispute(bytes32, address) external {}
}

contract PluggableTest is EscrowTest {
    ArbitrationHouse private house;
    IBonds private bonds;
    address[3] private arbitrators = [address(0xA11), address(0xB22), address(0xC33)];

    function setUp() public override {
        super.setUp();
        house = new ArbitrationHouse(escrow, arbitrators);
        bonds = IBonds(_deploy("contracts/src/BondVault.sol:BondVault", abi.encode(escrow, house)));
        vm.startPrank(seller);
        usdc.approve(address(bonds), type(uint256).max);
        bonds.stake(1_000e6);
        vm.stopPrank();
        vm.prank(buyer);
        usdc.approve(address(bonds), type(uint256).max);
    }

    function _house() private view returns (Terms memory t) {
        t = _terms();
        t.arbiter = address(house);
        t.vault = address(bonds);
    }

    function _vouch(bytes32 digest) private {
        for (uint256 i; i < 2; i++) {
            vm.prank(arbitrators[i]);
            house.vouch(digest);
        }
    }

    /// @dev The same escrow, the same vault, another arbiter: receipt, PASS, dispute, ruling.
    function test_anotherArbiterRunsAWholeTrade_GOV_07() public {
        Terms memory t = _house();
        bytes32 id = _doFund(t);
        bytes32 digest = _digest(address(escrow), _receipt(id, 1, ARTIFACT));
        vm.prank(seller);
        vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
        escrow.deliver(t, ARTIFACT, Receipt({byBuyer: false, proof: ""}), "");
        _vouch(digest);
        vm.prank(seller);
        escrow.deliver(t, ARTIFACT, Receipt({byBuyer: false, proof: ""}), "");

        vm.prank(arbitrators[0]);
        house.attest(t, Result.Partial, REPORT);
        _same(_of(t).state, State.Delivered, "one vote is none");
        vm.prank(arbitrators[2]);
        house.attest(t, Result.Partial, REPORT);
        _same(_of(t).state, State.Disputed, "two are enough");

        _doEscalate(t);
        for (uint256 i; i < 2; i++) {
            vm.prank(arbitrators[i]);
            house.rule(t, 6000, RECORD);
        }
        _same(_of(t).state, State.Resolved, "ruled");
        vm.assertEq(escrow.creditOf(address(house)), 5e6, "its fee");
    }

    /// @dev Its own vault: a claim is decided by it and by nobody else.
    function test_anotherArbiterDecidesClaims_GOV_07() public {
        Terms memory t = _house();
        bytes32 id = _doFund(t);
        _vouch(_digest(address(escrow), _statement(id, 1, ARTIFACT, REPORT)));
        Completion memory completion = _completion(t, true);
        completion.proof = "";
        escrow.complete(t, completion);
        vm.assertTrue(_of(t).bonded, "bonded");
        vm.prank(buyer);
        bonds.claim(t, CLAIM, 0, "");

        // A signature of the default arbiter's keys is worth nothing here.
        bytes memory foreign = _proof(_ruling(id, 1, 0, RECORD), 2);
        vm.expectPartialRevert(IBonds.NotAuthorized.selector);
        bonds.rule(t, 0, RECORD, foreign);
        for (uint256 i; i < 2; i++) {
            vm.prank(arbitrators[i]);
            house.ruleClaim(bonds, t, 0, RECORD);
        }
        vm.assertEq(uint256(bonds.reservationOf(t)), uint256(Reservation.Slashed), "slashed");
        vm.assertEq(usdc.balanceOf(address(house)), 5e6, "its fee");
    }

    /// @dev An account without code is no arbiter.
    function test_anAccountWithoutCodeIsNoArbiter_GOV_02() public {
        Terms memory t = _terms();
        t.arbiter = arbitrators[0];
        bytes memory signature = _fundSignature(t, BUYER);
        vm.expectPartialRevert(IPactEscrow.InvalidArbiter.selector);
        escrow.fund(t, signature);
    }
}
