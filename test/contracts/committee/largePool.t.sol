// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Leaf} from "../../../contracts/src/arbiter/SumTree.sol";
import {ICommittee} from "../../../contracts/src/interfaces/ICommittee.sol";
import {Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {ArbiterTest, cheats} from "../arbiter/ArbiterTest.sol";
import {vm} from "../support/Vm.sol";

/// @notice A pool of 320 of whom sixteen are still members: a draw has to pass over more than 256 leaves.
contract LargePoolTest is ArbiterTest {
    uint256 private constant WIDTH = 512;
    uint256 private constant LEAVES = 320;
    uint256 private constant STAKED = 16;
    uint64 private constant WEIGHT = 10;

    /// @dev Nodes of the sum tree, root first: children of i are 2i and 2i + 1.
    bytes32[2 * WIDTH] private nodes;
    uint64[2 * WIDTH] private sums;

    function setUp() public override {
        super.setUp();
        for (uint256 i; i < LEAVES; i++) {
            address member = _member(i);
            nodes[WIDTH + i] = keccak256(abi.encodePacked(uint8(0), member, WEIGHT, uint32(5)));
            sums[WIDTH + i] = WEIGHT;
            if (i >= STAKED) continue;
            usdc.mint(member, MEMBER_STAKE);
            _approve(member);
            vm.prank(member);
            committee.join();
        }
        for (uint256 i = WIDTH - 1; i > 0; i--) {
            sums[i] = sums[2 * i] + sums[2 * i + 1];
            nodes[i] = keccak256(
                abi.encodePacked(
                    uint8(1),
                    nodes[2 * i],
                    sums[2 * i],
                    nodes[2 * i + 1],
                    sums[2 * i + 1]
                )
            );
        }
        _anchor();
        vm.warp(block.timestamp + 1);
    }

    function test_aDrawOverMoreThan256Leaves() public {
        Terms memory t = _court(_agent());
        bytes32 id = _arbitrate(t);
        _propose(t, 6000);
        _appeal(t, buyer);

        uint256 nonce;
        uint256 used;
        uint16[] memory hits;
        uint256[] memory places;
        bytes32 hash;
        while (used <= 256) {
            hash = keccak256(abi.encode(nonce++));
            (used, hits, places) = _attempts(keccak256(abi.encode(hash, id, uint256(0))));
        }
        uint256 number = committee.panelOf(id, 0).openBlock + 64;
        cheats.roll(number + 1);
        cheats.setBlockhash(number, hash);

        Leaf[] memory leaves = new Leaf[](used);
        bytes memory order = new bytes(2 * hits.length);
        for (uint256 i; i < hits.length; i++) {
            uint256 place = places[hits[i]] - 1;
            if (leaves[place].member == address(0)) leaves[place] = _leaf(hits[i]);
            order[2 * i] = bytes1(uint8(place >> 8));
            order[2 * i + 1] = bytes1(uint8(place));
        }

        // One byte for each does not fit, and a byte that is missing is an attempt that is missing.
        bytes memory shorter = new bytes(order.length - 1);
        for (uint256 i; i < shorter.length; i++) {
            shorter[i] = order[i];
        }
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongCount.selector, 13, 14));
        committee.draw(t, 0, leaves, shorter, _none());
        committee.draw(t, 0, leaves, order, _none());
        vm.assertTrue(committee.panelOf(id, 0).drawnHash != 0, "drawn");
    }

    // -------------------------------------------------------------------- helpers

    /// @dev Fewer than sixteen are needed, so that the last of them is found late.
    function _attempts(
        bytes32 seed
    ) private view returns (uint256 used, uint16[] memory hits, uint256[] memory places) {
        hits = new uint16[](8 * LEAVES);
        places = new uint256[](LEAVES);
        uint256 count;
        uint256 attempt;
        for (; count < 14; attempt++) {
            uint256 target = uint256(keccak256(abi.encode(seed, attempt))) % sums[1];
            uint256 hit = target / WEIGHT;
            hits[attempt] = uint16(hit);
            if (places[hit] != 0) continue;
            places[hit] = ++used;
            if (hit < STAKED) count++;
        }
        assembly ("memory-safe") {
            mstore(hits, attempt)
        }
    }

    function _member(uint256 i) private pure returns (address) {
        return address(uint160(0x3E3B00000 + i));
    }

    function _leaf(uint256 i) private view returns (Leaf memory leaf) {
        bytes memory siblings;
        for (uint256 node = WIDTH + i; node > 1; node /= 2) {
            siblings = abi.encodePacked(siblings, nodes[node ^ 1], sums[node ^ 1]);
        }
        return Leaf(_member(i), WEIGHT, 5, uint32(i), siblings);
    }

    function _anchor() private {
        bytes32 separator = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Earnest Committee"),
                keccak256("1"),
                block.chainid,
                address(committee)
            )
        );
        bytes32 hash = keccak256(
            abi.encode(
                keccak256(
                    "Pool(uint256 number,bytes32 domain,bytes32 root,uint256 total,uint256 members)"
                ),
                uint256(1),
                bytes32(0),
                nodes[1],
                uint256(sums[1]),
                LEAVES
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", separator, hash));
        committee.anchorPool(0, nodes[1], sums[1], uint32(LEAVES), _courtProof(digest, 2));
    }
}
