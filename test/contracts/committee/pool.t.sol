// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICommittee, Pool} from "../../../contracts/src/interfaces/ICommittee.sol";
import {Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {vm} from "../support/Vm.sol";
import {CommitteeTest} from "./CommitteeTest.sol";

contract PoolTest is CommitteeTest {
    function test_reverts_belowTwentyOne() public {
        bytes32 digest = _poolDigest(2, DOMAIN, nodes[1], sums[1], 20);
        bytes memory proof = _courtProof(digest, 2);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.PoolTooSmall.selector, 20, 21));
        committee.anchorPool(DOMAIN, nodes[1], sums[1], 20, proof);
    }

    function test_reverts_withFewerThanTheThreshold() public {
        bytes memory proof = _courtProof(_poolDigest(2, DOMAIN, nodes[1], sums[1], 30), 1);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.PoolNotAuthorized.selector, 2));
        committee.anchorPool(DOMAIN, nodes[1], sums[1], 30, proof);
    }

    /// @dev The number is signed: an anchored pool cannot be anchored again.
    function test_reverts_asAReplay() public {
        bytes memory proof = _courtProof(_poolDigest(1, DOMAIN, nodes[1], sums[1], 30), 2);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.PoolNotAuthorized.selector, 2));
        committee.anchorPool(DOMAIN, nodes[1], sums[1], 30, proof);
    }

    /// @dev What was anchored can be read by its number, and nothing below or above it.
    function test_isReadByItsNumber() public {
        trades[0] = 11;
        _plant();
        vm.expectEmit(true, true, true, true, address(committee));
        emit ICommittee.PoolAnchored(2, DOMAIN, nodes[1], sums[1], MEMBERS);
        uint256 number = _anchor();
        vm.assertEq(number, 2, "the second");
        Pool memory pool = committee.poolOf(2);
        vm.assertEq(pool.root, nodes[1], "root");
        vm.assertEq(pool.total, sums[1], "total");
        vm.assertEq(pool.members, MEMBERS, "members");
        vm.assertEq(pool.anchoredAt, block.timestamp, "anchored now");
        vm.assertTrue(!committee.isPoolOpen(2, block.timestamp), "not for this second's escrows");
        vm.assertTrue(committee.isPoolOpen(2, block.timestamp + 1), "for the next second's");
        vm.assertTrue(!committee.isPoolOpen(0, block.timestamp), "no pool 0");
        vm.assertTrue(!committee.isPoolOpen(3, type(uint256).max), "no third");
        vm.expectRevert();
        committee.poolOf(0);
        vm.expectRevert();
        committee.poolOf(3);
    }

    /// @dev A member that stands in the pool twice has one seat.
    function test_aMemberOnTwoLeavesSitsOnce() public {
        members[29] = members[0];
        uint256 number = _anchor();
        vm.warp(block.timestamp + 1);
        Terms memory t = _court(
            bytes32(
                (uint256(_encode(_agent())) & ~(uint256(type(uint32).max) << 168)) | (number << 168)
            )
        );
        bytes32 id = _arbitrate(t);
        _propose(t, 6000);
        _appeal(t, buyer);

        // Seeds until one hits both leaves.
        Drawing memory drawing;
        bytes32 hash;
        for (uint256 nonce; _leavesOf(drawing, members[0]) != 2; nonce++) {
            hash = keccak256(abi.encode(nonce));
            drawing = _drawing(_seedOf(id, 0, hash), _none());
        }
        _seedBlock(id, 0, hash);
        committee.draw(t, 0, drawing.leaves, drawing.order, _none());
        vm.assertEq(
            committee.panelOf(id, 0).drawnHash,
            keccak256(abi.encode(drawing.drawn)),
            "fourteen different members"
        );
    }

    function _leavesOf(
        Drawing memory drawing,
        address member
    ) private pure returns (uint256 count) {
        for (uint256 i; i < drawing.leaves.length; i++) {
            if (drawing.leaves[i].member == member) count++;
        }
    }
}
