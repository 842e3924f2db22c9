// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAttestors} from "../../../contracts/src/interfaces/IAttestors.sol";
import {Kind, Result, State, Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {vm} from "../support/Vm.sol";
import {GovernanceTest} from "./GovernanceTest.sol";

contract AttestorsTest is GovernanceTest {
    bytes32 private constant DIGEST = keccak256("digest");

    function _remove(address sender, uint256 index) private {
        vm.prank(sender);
        court.removeAttestor(vm.addr(KEY + index));
    }

    function _add(uint256 index) private {
        _enact(address(court), abi.encodeCall(IAttestors.addAttestor, (vm.addr(KEY + index))));
    }

    function test_add_reverts_forAnyoneButTheGovernance() public {
        vm.prank(guardian);
        vm.expectRevert(
            abi.encodeWithSelector(IAttestors.NotGovernance.selector, guardian, governance)
        );
        court.addAttestor(stranger);
    }

    function test_add_reverts_forAKeyThatIsThereOrZero() public {
        vm.prank(governance);
        vm.expectRevert(abi.encodeWithSelector(IAttestors.InvalidKey.selector, vm.addr(KEY)));
        court.addAttestor(vm.addr(KEY));
        vm.prank(governance);
        vm.expectRevert(abi.encodeWithSelector(IAttestors.InvalidKey.selector, address(0)));
        court.addAttestor(address(0));
    }

    function test_add_reverts_beyondThirtyTwo() public {
        for (uint256 i = 4; i < 32; i++) {
            vm.prank(governance);
            court.addAttestor(vm.addr(KEY + 0x100 + i));
        }
        vm.prank(governance);
        vm.expectRevert(abi.encodeWithSelector(IAttestors.TooManyKeys.selector, 33, 32));
        court.addAttestor(stranger);
    }

    function test_add_waitsAsAStandby() public {
        bytes32 before = court.attestorsHash();
        vm.expectEmit(true, true, true, true, address(court));
        emit IAttestors.AttestorAdded(vm.addr(KEY + 9), true);
        vm.prank(governance);
        court.addAttestor(vm.addr(KEY + 9));
        vm.assertEq(court.attestorsHash(), before, "the active set stands");
        vm.assertEq(court.standbys().length, 2, "standby");
    }

    function test_remove_reverts_forAnyoneElse() public {
        address[4] memory senders = [proposer, vm.addr(KEY + 1), moderator, stranger];
        for (uint256 i; i < 4; i++) {
            vm.prank(senders[i]);
            vm.expectRevert(
                abi.encodeWithSelector(IAttestors.NotRemover.selector, senders[i], vm.addr(KEY))
            );
            court.removeAttestor(vm.addr(KEY));
        }
    }

    function test_remove_reverts_forAnUnknownKey() public {
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(IAttestors.UnknownKey.selector, stranger));
        court.removeAttestor(stranger);
    }

    /// @dev At once by the guardian, the key itself or the governance; the standby takes the seat by itself.
    function test_remove_isImmediate_andTheStandbyReplaces() public {
        vm.expectEmit(true, true, true, true, address(court));
        emit IAttestors.AttestorRemoved(vm.addr(KEY + 1), guardian, vm.addr(KEY + 3));
        _remove(guardian, 1);
        IAttestors.Attestor[] memory set = court.attestors();
        vm.assertEq(set.length, 3, "full");
        vm.assertEq(set[0].key, vm.addr(KEY), "order");
        vm.assertEq(set[1].key, vm.addr(KEY + 2), "order");
        vm.assertEq(set[2].key, vm.addr(KEY + 3), "successor");
        vm.assertEq(court.standbys().length, 0, "seated");
        vm.assertEq(court.attestorsHash(), keccak256(_packed(set)), "committed");

        bytes memory proof = _courtProof(DIGEST, 2);
        vm.assertTrue(
            court.isAuthorized("", 0, Kind.Ruling, block.timestamp, DIGEST, proof),
            "still two of three"
        );
        _remove(vm.addr(KEY), 0);
        vm.assertTrue(
            !court.isAuthorized("", 0, Kind.Ruling, block.timestamp, DIGEST, proof),
            "an old set proves nothing"
        );
        _remove(governance, 2);
    }

    function test_remove_ofAStandby() public {
        bytes32 before = court.attestorsHash();
        vm.expectEmit(true, true, true, true, address(court));
        emit IAttestors.AttestorRemoved(vm.addr(KEY + 3), guardian, address(0));
        _remove(guardian, 3);
        vm.assertEq(court.attestorsHash(), before, "the active set stands");
        vm.assertEq(court.standbys().length, 0, "gone");
    }

    /// @dev Below m nothing but a receipt can be signed; the escrow concludes by its evidence.
    function test_frozen_belowTheThreshold_DRV_13() public {
        Terms memory t = _court(bytes32(0));
        _doFund(t);
        _remove(guardian, 0);
        _remove(guardian, 1);
        vm.assertTrue(!court.frozen(), "two of two");
        _remove(guardian, 2);
        vm.assertTrue(court.frozen(), "frozen");

        bytes memory one = _courtProof(DIGEST, 1);
        vm.assertTrue(
            court.isAuthorized("", 0, Kind.Receipt, block.timestamp, DIGEST, one),
            "receipt"
        );
        for (uint256 kind = 1; kind < 4; kind++) {
            vm.assertTrue(
                !court.isAuthorized("", 0, Kind(kind), block.timestamp, DIGEST, one),
                "nothing else"
            );
        }

        // Delivered and objected to, nobody rules: the published default, by time alone.
        _doDeliverNoticed(t);
        _doDispute(t, buyer);
        _doEscalate(t);
        uint256 before = usdc.balanceOf(seller);
        _doConclude(t);
        _same(_of(t).state, State.Resolved, "concluded");
        vm.assertEq(usdc.balanceOf(seller) - before, 199e6, "the fallback of 40 %, less the fee");
    }

    function test_frozen_recoversWithAnAddedKey() public {
        for (uint256 i; i < 3; i++) {
            _remove(guardian, i);
        }
        vm.assertTrue(court.frozen(), "frozen");
        _add(9);
        vm.assertTrue(!court.frozen(), "two again");
        vm.assertEq(court.attestors().length, 2, "the free seat is taken at once");
        vm.assertEq(court.attestors()[1].addedAt, block.timestamp, "young");
    }

    function test_remove_ofTheLastKey() public {
        for (uint256 i; i < 4; i++) {
            _remove(guardian, i);
        }
        vm.assertEq(court.attestors().length, 0, "none");
        vm.assertEq(court.attestorsHash(), keccak256(""), "empty set");
        bytes memory proof = hex"00";
        vm.assertTrue(
            !court.isAuthorized("", 0, Kind.Receipt, block.timestamp, DIGEST, proof),
            "nothing"
        );
    }

    /// @dev Any run of removals and additions leaves the hash, the list and the count of one set.
    function testFuzz_theHashIsTheSet(uint256 seed) public {
        for (uint256 i; i < 12; i++) {
            seed = uint256(keccak256(abi.encode(seed)));
            address key = vm.addr(KEY + (seed % 6));
            if (seed & 0x100 == 0) {
                vm.prank(governance);
                try court.addAttestor(key) {} catch {}
            } else {
                vm.prank(guardian);
                try court.removeAttestor(key) {} catch {}
            }
            IAttestors.Attestor[] memory set = court.attestors();
            vm.assertEq(court.attestorsHash(), keccak256(_packed(set)), "hash");
            vm.assertLe(set.length, 3, "seats");
            if (court.standbys().length > 0)
                vm.assertEq(set.length, 3, "no standby waits at a free seat");
            vm.assertTrue(court.frozen() == (set.length < 2), "frozen");
        }
    }

    function _packed(IAttestors.Attestor[] memory set) private pure returns (bytes memory packed) {
        for (uint256 i; i < set.length; i++) {
            packed = abi.encodePacked(packed, set[i].key, set[i].addedAt);
        }
    }
}
