// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAttestors} from "../../../contracts/src/interfaces/IAttestors.sol";
import {IPactArbiter, Setup} from "../../../contracts/src/interfaces/IPactArbiter.sol";
import {IPactEscrow, Kind, State, Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {Vm, vm} from "../support/Vm.sol";
import {ArbiterTest} from "./ArbiterTest.sol";

contract IsAuthorizedTest is ArbiterTest {
    bytes32 private constant DIGEST = keccak256("digest");

    function _isAuthorized(
        Kind kind,
        bytes32 ladder,
        bytes memory proof
    ) private view returns (bool) {
        return court.isAuthorized("", ladder, kind, block.timestamp, DIGEST, proof);
    }

    /// @dev One of n for a receipt, m of n for everything else, and never more signatures than that.
    function test_thresholdsByKind() public view {
        for (uint256 kind; kind < 4; kind++) {
            uint256 need = kind == uint256(Kind.Receipt) ? 1 : 2;
            for (uint256 count; count <= 3; count++) {
                bool accepted = _isAuthorized(Kind(kind), 0, _courtProof(DIGEST, count));
                vm.assertTrue(accepted == (count == need), "threshold");
            }
        }
    }

    function test_withALadder_refusesProposalsAndRulings() public view {
        bytes memory proof = _courtProof(DIGEST, 2);
        vm.assertTrue(!_isAuthorized(Kind.Proposal, bytes32(uint256(1)), proof), "proposal");
        vm.assertTrue(!_isAuthorized(Kind.Ruling, bytes32(uint256(1)), proof), "ruling");
        vm.assertTrue(_isAuthorized(Kind.Attestation, bytes32(uint256(1)), proof), "attestation");
    }

    function test_refusesAnotherDigest() public view {
        vm.assertTrue(
            !_isAuthorized(Kind.Attestation, 0, _courtProof(keccak256("other"), 2)),
            "digest"
        );
    }

    function test_refusesASignerTwiceAndADisorder() public view {
        IAttestors.Attestor[] memory set = court.attestors();
        bytes memory keys = _setOf(set);
        bytes memory first = _sign(_keyOf(set[0].key), DIGEST);
        bytes memory second = _sign(_keyOf(set[1].key), DIGEST);
        vm.assertTrue(!_isAuthorized(Kind.Ruling, 0, bytes.concat(keys, first, first)), "twice");
        vm.assertTrue(
            !_isAuthorized(Kind.Ruling, 0, bytes.concat(keys, second, first)),
            "disorder"
        );
        vm.assertTrue(_isAuthorized(Kind.Ruling, 0, bytes.concat(keys, first, second)), "order");
    }

    /// @dev The second root of an ECDSA signature is refused.
    function test_refusesAHighS() public view {
        IAttestors.Attestor[] memory set = court.attestors();
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_keyOf(set[0].key), DIGEST);
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        bytes memory high = abi.encodePacked(
            r,
            bytes32(order - uint256(s)),
            v == 27 ? uint8(28) : uint8(27)
        );
        vm.assertTrue(!_isAuthorized(Kind.Receipt, 0, bytes.concat(_setOf(set), high)), "high s");
    }

    function test_refusesAnotherSet() public view {
        IAttestors.Attestor[] memory set = court.attestors();
        bytes memory signatures = bytes.concat(
            _sign(_keyOf(set[0].key), DIGEST),
            _sign(_keyOf(set[1].key), DIGEST)
        );

        // A key that never was one.
        set[2].key = stranger;
        vm.assertTrue(
            !_isAuthorized(Kind.Ruling, 0, bytes.concat(_setOf(set), signatures)),
            "foreign"
        );

        // A younger key made older.
        set = court.attestors();
        set[0].addedAt = 1;
        vm.assertTrue(!_isAuthorized(Kind.Ruling, 0, bytes.concat(_setOf(set), signatures)), "age");
    }

    function testFuzz_neverRevertsOnAnyProof(bytes calldata proof) public view {
        vm.assertTrue(!_isAuthorized(Kind.Receipt, 0, proof), "noise");
        vm.assertTrue(!_isAuthorized(Kind.Ruling, 0, proof), "noise");
    }

    function testFuzz_refusesACutOrLongerProof(uint256 length) public view {
        bytes memory proof = _courtProof(DIGEST, 2);
        length = _bound(length, 0, 2 * proof.length);
        vm.assume(length != proof.length);
        bytes memory other = new bytes(length);
        for (uint256 i; i < length && i < proof.length; i++) {
            other[i] = proof[i];
        }
        vm.assertTrue(!_isAuthorized(Kind.Ruling, 0, other), "length");
    }

    /// @dev A key counts for an escrow funded one second after it was added, not for one of the same second.
    function test_keyAge_exactlyAtFunding() public {
        vm.prank(guardian);
        court.removeAttestor(vm.addr(KEY));
        vm.prank(guardian);
        court.removeAttestor(vm.addr(KEY + 1));
        vm.prank(governance);
        court.addAttestor(vm.addr(KEY + 9));

        IAttestors.Attestor[] memory set = court.attestors();
        vm.assertEq(set.length, 3, "three");
        bytes memory proof = bytes.concat(
            _setOf(set),
            _sign(_keyOf(set[1].key), DIGEST),
            _sign(_keyOf(set[2].key), DIGEST)
        );
        uint256 added = block.timestamp;
        vm.assertEq(set[2].addedAt, added, "age");
        vm.assertTrue(!court.isAuthorized("", 0, Kind.Ruling, added - 1, DIGEST, proof), "before");
        vm.assertTrue(!court.isAuthorized("", 0, Kind.Ruling, added, DIGEST, proof), "same second");
        vm.assertTrue(court.isAuthorized("", 0, Kind.Ruling, added + 1, DIGEST, proof), "after");
    }

    // ------------------------------------------------------------ in the escrow

    function test_ladderZero_attestorsRuleInTheEscrow_DSP_17() public {
        Terms memory t = _court(bytes32(0));
        _arbitrate(t);
        escrow.rule(t, 6000, RECORD, _rulingProof(t, 6000, 2));
        _same(_of(t).state, State.Resolved, "ruled");
        vm.assertEq(escrow.creditOf(address(court)), 5e6, "arbitration");
    }

    function test_ladder_signedRulingsAndProposalsAreRefusedByTheEscrow() public {
        Terms memory t = _court(_micro());
        _arbitrate(t);
        bytes memory ruling = _rulingProof(t, 6000, 2);
        bytes memory proposal = _proposalProof(t, 6000, 2);
        vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
        escrow.rule(t, 6000, RECORD, ruling);
        vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
        escrow.propose(t, 6000, RECORD, proposal);
    }

    /// @dev A proposal can never execute as a ruling, whatever it is handed to.
    function test_aProposalIsNoRuling() public {
        Terms memory t = _court(bytes32(0));
        _arbitrate(t);
        bytes memory proposal = _proposalProof(t, 6000, 2);
        vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
        escrow.rule(t, 6000, RECORD, proposal);
    }

    function test_anyoneMayTellOfADispute() public {
        court.onDispute("id", stranger);
    }

    // --------------------------------------------------------------- construction

    function test_constructor_reverts_withAThresholdThatCannotBeMet() public {
        Setup memory setup = _setup();
        setup.threshold = 4;
        _expectRefused(setup, abi.encodeWithSelector(IAttestors.InvalidThreshold.selector, 4, 3));
        setup.threshold = 0;
        _expectRefused(setup, abi.encodeWithSelector(IAttestors.InvalidThreshold.selector, 0, 3));
        setup = _setup();
        setup.seats = 5;
        _expectRefused(setup, abi.encodeWithSelector(IAttestors.InvalidThreshold.selector, 2, 5));
    }

    /// @dev Every key a seat, every seat needed, no standby.
    function test_constructor_takesAsManySeatsAsKeys() public {
        Setup memory setup = _setup();
        (setup.threshold, setup.seats) = (4, 4);
        IPactArbiter whole = _deployCourt(setup);
        vm.assertEq(whole.attestors().length, 4, "seats");
        vm.assertEq(whole.standbys().length, 0, "standbys");
    }

    function test_constructor_emitsWhoHasASeatAndWhoStandsBy() public {
        vm.recordLogs();
        address deployed = address(_deployCourt(_setup()));
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 added;
        for (uint256 i; i < logs.length; i++) {
            if (logs[i].emitter != deployed) continue;
            if (logs[i].topics[0] != IAttestors.AttestorAdded.selector) continue;
            bool standby = abi.decode(logs[i].data, (bool));
            vm.assertTrue(standby == (added++ == 3), "the fourth of three seats");
        }
        vm.assertEq(added, 4, "every key");
    }

    function test_constructor_reverts_withATwiceOrMissingKey() public {
        Setup memory setup = _setup();
        setup.attestors[1] = setup.attestors[0];
        _expectRefused(setup, abi.encodeWithSelector(IAttestors.InvalidKey.selector, vm.addr(KEY)));
        setup.attestors[1] = address(0);
        _expectRefused(setup, abi.encodeWithSelector(IAttestors.InvalidKey.selector, address(0)));
    }

    function test_constructor_reverts_withMoreThanThirtyTwoKeys() public {
        Setup memory setup = _setup();
        setup.attestors = _keys(33);
        _expectRefused(setup, abi.encodeWithSelector(IAttestors.TooManyKeys.selector, 33, 32));
        setup.attestors = _keys(32);
        vm.assertEq(_deployCourt(setup).standbys().length, 29, "thirty-two are not too many");
    }

    function _keys(uint256 count) private pure returns (address[] memory keys) {
        keys = new address[](count);
        for (uint256 i; i < count; i++) {
            keys[i] = vm.addr(KEY + i);
        }
    }

    function _expectRefused(Setup memory setup, bytes memory reason) private {
        bytes memory code = abi.encodePacked(
            vm.getCode("contracts/src/PactArbiter.sol:PactArbiter"),
            abi.encode(setup)
        );
        bytes memory got = new bytes(reason.length);
        assembly ("memory-safe") {
            if iszero(create(0, add(code, 32), mload(code))) {
                returndatacopy(add(got, 32), 0, mload(got))
            }
        }
        vm.assertEq(keccak256(got), keccak256(reason), "refused");
    }

    function test_theParts() public view {
        vm.assertEq(court.escrow(), address(escrow), "escrow");
        vm.assertEq(committee.arbiter(), address(court), "committee");
        vm.assertEq(bonds.arbiter(), address(court), "vault");
        vm.assertEq(bonds.escrow(), address(escrow), "vault's escrow");
        vm.assertEq(bonds.token(), address(usdc), "vault's token");
        vm.assertEq(court.treasury(), treasury, "treasury");
        vm.assertEq(court.panelCost(), PANEL_COST, "panel cost");
        vm.assertEq(committee.memberStake(), MEMBER_STAKE, "member stake");
        vm.assertEq(court.rosterHash(), keccak256("roster"), "roster");
        vm.assertEq(IPactArbiter(address(court)).moderator(), moderator, "moderator");
    }
}
