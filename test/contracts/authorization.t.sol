// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {Stage} from "./support/EscrowTest.sol";
import {Verb, Verbs} from "./support/Verbs.sol";
import {vm} from "./support/Vm.sol";

/// @notice Every verb of a party by signature: what a signature binds, and that nothing else is one.
contract AuthorizationTest is Verbs {
    struct Case {
        Terms terms;
        bytes32 id;
        address actor;
        uint256 key;
        uint256 seq;
        uint256 end;
    }

    function test_lastsUntilExactlyValidBefore() external {
        for (uint256 i = 0; i <= uint256(LAST_SIGNED); ++i) {
            uint256 snapshot = vm.snapshotState();
            Case memory c = _case(Verb(i));
            vm.warp(c.end);
            _refused(Verb(i), c, _signed(Verb(i), c), IPactEscrow.AuthorizationExpired.selector);
            vm.warp(c.end - 1);
            _accepted(Verb(i), c, _signed(Verb(i), c));
            vm.revertToState(snapshot);
        }
    }

    function test_refusesTheSignatureOfAnotherKey_W_30() external {
        for (uint256 i = 0; i <= uint256(LAST_SIGNED); ++i) {
            uint256 snapshot = vm.snapshotState();
            Case memory c = _case(Verb(i));
            uint256 own = c.key;
            c.key = own == BUYER ? SELLER : BUYER;
            _refused(Verb(i), c, _signed(Verb(i), c), IPactEscrow.InvalidSignature.selector);
            c.key = STRANGER;
            _refused(Verb(i), c, _signed(Verb(i), c), IPactEscrow.InvalidSignature.selector);
            c.key = attestors[0];
            _refused(Verb(i), c, _signed(Verb(i), c), IPactEscrow.InvalidSignature.selector);
            c.key = own;
            _accepted(Verb(i), c, _signed(Verb(i), c));
            vm.revertToState(snapshot);
        }
    }

    function test_refusesAnotherSeqActorIdDeadlineOrVerb() external {
        for (uint256 i = 0; i <= uint256(LAST_SIGNED); ++i) {
            uint256 snapshot = vm.snapshotState();
            Case memory c = _case(Verb(i));
            _refusesChanged(Verb(i), c);
            _accepted(Verb(i), c, _signed(Verb(i), c));
            vm.revertToState(snapshot);
        }
    }

    function _refusesChanged(Verb verb, Case memory c) private {
        bytes4 selector = IPactEscrow.InvalidSignature.selector;
        c.seq -= 1;
        _refused(verb, c, _signed(verb, c), selector);
        c.seq += 2;
        _refused(verb, c, _signed(verb, c), selector);
        c.seq -= 1;

        address actor = c.actor;
        c.actor = stranger;
        _refused(verb, c, _signed(verb, c), selector);
        c.actor = actor;

        bytes32 id = c.id;
        c.id = keccak256("another escrow");
        _refused(verb, c, _signed(verb, c), selector);
        c.id = id;

        // The deadline in front of the signature is part of what was signed.
        bytes memory late = _signed(verb, c);
        late[5] = bytes1(uint8(late[5]) ^ 1);
        _refused(verb, c, late, selector);

        Verb other = verb == Verb.Release ? Verb.Refund : Verb.Release;
        bytes32 hash = _hashOf(other, c.terms, c.id, c.actor, c.seq, c.end);
        _refused(verb, c, _authorization(c.key, hash, c.end), selector);
    }

    function test_refusesTheSignatureOfAnotherChain() external {
        for (uint256 i = 0; i <= uint256(LAST_SIGNED); ++i) {
            uint256 snapshot = vm.snapshotState();
            Case memory c = _case(Verb(i));
            bytes32 hash = _hashOf(Verb(i), c.terms, c.id, c.actor, c.seq, c.end);
            bytes memory foreign = abi.encodePacked(
                uint48(c.end),
                _sign(c.key, _digestOn(8453, address(escrow), hash))
            );
            _refused(Verb(i), c, foreign, IPactEscrow.InvalidSignature.selector);
            foreign = abi.encodePacked(
                uint48(c.end),
                _sign(c.key, _digestOn(block.chainid, address(0xE5C), hash))
            );
            _refused(Verb(i), c, foreign, IPactEscrow.InvalidSignature.selector);
            vm.revertToState(snapshot);
        }
    }

    function test_refusesTruncatedAuthorizations() external {
        for (uint256 i = 0; i <= uint256(LAST_SIGNED); ++i) {
            uint256 snapshot = vm.snapshotState();
            Case memory c = _case(Verb(i));
            bytes memory whole = _signed(Verb(i), c);
            for (uint256 length = 0; length < whole.length; length += 5) {
                bytes memory cut = new bytes(length);
                for (uint256 j = 0; j < length; ++j) {
                    cut[j] = whole[j];
                }
                vm.prank(stranger);
                (bool ok, ) = address(escrow).call(_callOf(Verb(i), c.terms, cut));
                vm.assertTrue(!ok, string.concat(vm.toString(i), " cut to ", vm.toString(length)));
            }
            vm.revertToState(snapshot);
        }
    }

    /// @dev Whoever knows a signature can send it, once.
    function test_worksOnceOnly_DRV_04() external {
        for (uint256 i = 0; i <= uint256(LAST_SIGNED); ++i) {
            uint256 snapshot = vm.snapshotState();
            Case memory c = _case(Verb(i));
            bytes memory call_ = _callOf(Verb(i), c.terms, _signed(Verb(i), c));
            vm.prank(stranger);
            (bool ok, ) = address(escrow).call(call_);
            vm.assertTrue(ok, string.concat("first ", vm.toString(i)));
            vm.prank(stranger);
            (ok, ) = address(escrow).call(call_);
            vm.assertTrue(!ok, string.concat("second ", vm.toString(i)));
            vm.revertToState(snapshot);
        }
    }

    /// @dev An old signature dies with the next change, whoever made it.
    function test_diesWithTheNextChange() external {
        Terms memory t = _reach(Stage.Delivered);
        bytes memory release = _callOf(Verb.Release, t, _authorizationOf(Verb.Release, t));
        _doAttestPass(t);
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        (bool ok, ) = address(escrow).call(release);
        ok;
    }

    function _doAttestPass(Terms memory t) private {
        (bool ok, ) = address(escrow).call(
            _callOf(Verb.AttestPass, t, _proofOf(Verb.AttestPass, t, 2))
        );
        vm.assertTrue(ok, "attested");
    }

    function _case(Verb verb) private returns (Case memory c) {
        c.terms = _reach(_stageOf(verb));
        c.id = _id(c.terms);
        c.actor = _actorOf(verb, c.terms);
        c.key = _keyOf(verb);
        c.seq = _of(c.terms).seq;
        c.end = block.timestamp + 30 minutes;
    }

    function _signed(Verb verb, Case memory c) private view returns (bytes memory) {
        return _authorization(c.key, _hashOf(verb, c.terms, c.id, c.actor, c.seq, c.end), c.end);
    }

    function _refused(
        Verb verb,
        Case memory c,
        bytes memory authorization,
        bytes4 selector
    ) private {
        bytes memory call_ = _callOf(verb, c.terms, authorization);
        vm.prank(stranger);
        (bool ok, bytes memory answer) = address(escrow).call(call_);
        vm.assertTrue(!ok, string.concat("refused ", vm.toString(uint256(verb))));
        vm.assertEq(bytes4(answer), selector, vm.toString(uint256(verb)));
    }

    function _accepted(Verb verb, Case memory c, bytes memory authorization) private {
        bytes memory call_ = _callOf(verb, c.terms, authorization);
        vm.prank(stranger);
        (bool ok, ) = address(escrow).call(call_);
        vm.assertTrue(ok, string.concat("accepted ", vm.toString(uint256(verb))));
    }
}
