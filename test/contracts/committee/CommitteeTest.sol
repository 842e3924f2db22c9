// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Leaf} from "../../../contracts/src/arbiter/SumTree.sol";
import {Panel} from "../../../contracts/src/interfaces/ICommittee.sol";
import {IPactEscrow, State, Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {ArbiterTest, cheats} from "../arbiter/ArbiterTest.sol";
import {Vm, vm} from "../support/Vm.sol";

/// @notice Thirty members with unequal weights, their pool, and the draw written a second time from its description.
abstract contract CommitteeTest is ArbiterTest {
    uint256 internal constant MEMBERS = 30;
    uint256 internal constant WIDTH = 32;
    uint256 internal constant MEMBER = 0x3E3B0;
    bytes32 internal constant DOMAIN = keccak256("text/translation");
    bytes32 internal constant SALT = keccak256("vote");

    address[] internal members;
    uint64[] internal weights;
    uint32[] internal trades;
    /// @dev Nodes of the sum tree, root first: children of i are 2i and 2i + 1.
    bytes32[64] internal nodes;
    uint64[64] internal sums;

    function setUp() public virtual override {
        super.setUp();
        for (uint256 i; i < MEMBERS; i++) {
            address member = vm.addr(MEMBER + i);
            members.push(member);
            weights.push(uint64(50 + 7 * (i % 5)));
            trades.push(10);
            usdc.mint(member, 1_000e6);
            _approve(member);
            vm.prank(member);
            committee.join();
        }
        _anchor();
        vm.warp(block.timestamp + 1);
    }

    // ----------------------------------------------------------------------- pool

    function _anchor() internal returns (uint256 number) {
        _plant();
        number = committee.poolCount() + 1;
        bytes32 digest = _poolDigest(number, DOMAIN, nodes[1], sums[1], MEMBERS);
        committee.anchorPool(DOMAIN, nodes[1], sums[1], uint32(MEMBERS), _courtProof(digest, 2));
    }

    function _plant() internal {
        for (uint256 i; i < MEMBERS; i++) {
            nodes[WIDTH + i] = keccak256(
                abi.encodePacked(uint8(0), members[i], weights[i], trades[i])
            );
            sums[WIDTH + i] = weights[i];
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
    }

    function _leaf(uint256 i) internal view returns (Leaf memory leaf) {
        bytes memory siblings;
        for (uint256 node = WIDTH + i; node > 1; node /= 2) {
            siblings = abi.encodePacked(siblings, nodes[node ^ 1], sums[node ^ 1]);
        }
        leaf = Leaf({
            member: members[i],
            weight: weights[i],
            trades: trades[i],
            index: uint32(i),
            siblings: siblings
        });
    }

    function _poolDigest(
        uint256 number,
        bytes32 domain,
        bytes32 root,
        uint256 total,
        uint256 count
    ) internal view returns (bytes32) {
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
                number,
                domain,
                root,
                total,
                count
            )
        );
        return keccak256(abi.encodePacked(hex"1901", separator, hash));
    }

    // ----------------------------------------------------------------------- draw

    /// @dev Makes the seed block's hash known, one block after it.
    function _seedBlock(bytes32 id, uint256 panel, bytes32 hash) internal {
        uint256 number = committee.panelOf(id, panel).openBlock + 64;
        cheats.roll(number + 1);
        cheats.setBlockhash(number, hash);
    }

    struct Drawing {
        Leaf[] leaves;
        bytes order;
        address[] drawn;
    }

    /// @param passed Members that may not sit.
    function _drawing(
        bytes32 seed,
        address[] memory passed
    ) internal view returns (Drawing memory drawing) {
        uint256[] memory places = new uint256[](MEMBERS);
        uint256 used;
        uint256 count;
        drawing.drawn = new address[](14);
        Leaf[] memory leaves = new Leaf[](MEMBERS);
        for (uint256 attempt; count < 14; attempt++) {
            uint256 target = uint256(keccak256(abi.encode(seed, attempt))) % sums[1];
            uint256 hit;
            for (uint256 left; left + weights[hit] <= target; hit++) {
                left += weights[hit];
            }
            if (places[hit] == 0) {
                leaves[used++] = _leaf(hit);
                places[hit] = used;
                if (!_isIn(passed, members[hit]) && !_isIn(drawing.drawn, members[hit]))
                    drawing.drawn[count++] = members[hit];
            }
            drawing.order = abi.encodePacked(drawing.order, uint8(places[hit] - 1));
        }
        assembly ("memory-safe") {
            mstore(leaves, used)
        }
        drawing.leaves = leaves;
    }

    function _isIn(address[] memory list, address who) internal pure returns (bool) {
        for (uint256 i; i < list.length; i++) {
            if (list[i] == who) return true;
        }
        return false;
    }

    function _seedOf(bytes32 id, uint256 panel, bytes32 hash) internal pure returns (bytes32) {
        return keccak256(abi.encode(hash, id, panel));
    }

    /// @return drawn The fourteen.
    function _draw(
        Terms memory t,
        uint256 panel,
        address[] memory passed,
        address[] memory earlier
    ) internal returns (address[] memory drawn) {
        bytes32 id = _id(t);
        bytes32 hash = keccak256(abi.encode("block", id, panel));
        _seedBlock(id, panel, hash);
        Drawing memory drawing = _drawing(_seedOf(id, panel, hash), passed);
        committee.draw(t, panel, drawing.leaves, drawing.order, earlier);
        return drawing.drawn;
    }

    function _seven(address[] memory drawn) internal pure returns (address[] memory seven) {
        seven = new address[](7);
        for (uint256 i; i < 7; i++) {
            seven[i] = drawn[i];
        }
    }

    // ----------------------------------------------------------------------- votes

    function _commitment(
        bytes32 id,
        uint256 panel,
        address voter,
        uint256 bps,
        bytes32 salt
    ) internal view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(court), id, panel, voter, bps, salt));
    }

    function _toPhase(bytes32 id, uint256 panel, uint256 phase) internal {
        Panel memory sitting = committee.panelOf(id, panel);
        vm.warp(uint256(sitting.clock) + phase * sitting.phase);
    }

    /// @dev The first `votes.length` seats commit and reveal; without strikes seat = place.
    function _vote(
        bytes32 id,
        uint256 panel,
        address[] memory drawn,
        uint256[] memory votes
    ) internal {
        _toPhase(id, panel, 1);
        for (uint256 i; i < votes.length; i++) {
            vm.prank(drawn[i]);
            committee.commit(id, panel, drawn, i, _commitment(id, panel, drawn[i], votes[i], SALT));
        }
        if (votes.length < 7) _toPhase(id, panel, 2);
        for (uint256 i; i < votes.length; i++) {
            vm.prank(drawn[i]);
            committee.reveal(id, panel, i, votes[i], SALT);
        }
        if (votes.length < 7) _toPhase(id, panel, 3);
    }

    function _votes(
        uint256 a,
        uint256 b,
        uint256 c,
        uint256 d,
        uint256 e,
        uint256 f,
        uint256 g
    ) internal pure returns (uint256[] memory votes) {
        votes = new uint256[](7);
        (votes[0], votes[1], votes[2], votes[3], votes[4], votes[5], votes[6]) = (
            a,
            b,
            c,
            d,
            e,
            f,
            g
        );
    }

    function _all(uint256 bps, uint256 count) internal pure returns (uint256[] memory votes) {
        votes = new uint256[](count);
        for (uint256 i; i < count; i++) {
            votes[i] = bps;
        }
    }

    // ------------------------------------------------------------------- situations

    /// @dev A jury proposed 60 %, the buyer appealed, the panel is open.
    function _appealed() internal returns (Terms memory t, bytes32 id) {
        t = _court(_agent());
        id = _arbitrate(t);
        _propose(t, 6000);
        _appeal(t, buyer);
    }

    function _drawnAppeal() internal returns (Terms memory t, bytes32 id, address[] memory drawn) {
        (t, id) = _appealed();
        drawn = _draw(t, 0, _none(), _none());
    }

    /// @dev A first panel is open, in a pact that starts at the committee.
    function _convened() internal returns (Terms memory t, bytes32 id) {
        t = _court(_committeeFirst());
        id = _arbitrate(t);
        court.convene(t);
    }

    /// @dev A first panel decided `bps`, which now stands as a proposal.
    function _decidedFirst(
        uint256 bps
    ) internal returns (Terms memory t, bytes32 id, address[] memory drawn) {
        (t, id) = _convened();
        drawn = _draw(t, 0, _none(), _none());
        _vote(id, 0, drawn, _all(bps, 7));
        court.execute(t, drawn, _none());
    }

    /// @dev Leaves a member so much of its stake, as if it had lost the rest.
    function _setStake(address member, uint64 stake) internal {
        vm.record();
        uint256 had = committee.memberOf(member).stake;
        (bytes32[] memory reads, ) = vm.accesses(address(committee));
        uint256 word = uint256(vm.load(address(committee), reads[0]));
        vm.store(address(committee), reads[0], bytes32(word - had + stake));
        vm.assertEq(committee.memberOf(member).stake, stake, "stake");
    }

    /// @dev The split of the last ruling, from the escrow's own event; the test records logs.
    function _ruled(Terms memory t) internal returns (uint256) {
        _same(_of(t).state, State.Resolved, "resolved");
        bytes32 id = _id(t);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = logs.length; i > 0; i--) {
            Vm.Log memory log = logs[i - 1];
            if (log.emitter != address(escrow) || log.topics[0] != IPactEscrow.Ruled.selector)
                continue;
            if (log.topics[1] == id) return abi.decode(log.data, (uint256));
        }
        revert("not ruled");
    }

    // ----------------------------------------------------------------------- money

    /// @dev Every base unit of the committee is a stake or a credit, but for what did not divide.
    function _committeeOwes() internal view returns (uint256 sum) {
        for (uint256 i; i < MEMBERS; i++) {
            sum +=
                uint256(committee.memberOf(members[i]).stake) +
                committee.memberOf(members[i]).credit;
        }
    }

    function _solventCommittee(uint256 dust) internal view {
        uint256 owes = _committeeOwes();
        uint256 has = usdc.balanceOf(address(committee));
        vm.assertGe(has, owes, "solvent");
        vm.assertLe(has, owes + dust, "nothing lost");
        vm.assertGe(
            usdc.balanceOf(address(court)) + escrow.creditOf(address(court)),
            court.owed(),
            "the arbiter is solvent"
        );
    }
}
