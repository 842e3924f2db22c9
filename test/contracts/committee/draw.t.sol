// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Leaf, SumTree} from "../../../contracts/src/arbiter/SumTree.sol";
import {ICommittee, Panel} from "../../../contracts/src/interfaces/ICommittee.sol";
import {IPactArbiter} from "../../../contracts/src/interfaces/IPactArbiter.sol";
import {Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {cheats} from "../arbiter/ArbiterTest.sol";
import {vm} from "../support/Vm.sol";
import {CommitteeTest} from "./CommitteeTest.sol";

contract DrawTest is CommitteeTest {
    /// @dev EIP-2935 as specified, its bytecode and its storage layout.
    address private constant HISTORY = 0x0000F90827F1C53a10cb7A02335B175320002935;
    bytes private constant HISTORY_CODE =
        hex"3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";

    function test_reverts_withoutAnOpenPanel() public {
        Terms memory t = _court(_agent());
        bytes32 id = _arbitrate(t);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotDrawable.selector, id, 0));
        committee.draw(t, 0, new Leaf[](0), "", _none());
    }

    function test_reverts_beforeTheSeedBlockIsPast() public {
        (Terms memory t, bytes32 id) = _appealed();
        uint256 open = committee.panelOf(id, 0).openBlock;
        cheats.roll(open + 64);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.SeedNotReady.selector, open + 64, open));
        committee.draw(t, 0, new Leaf[](0), "", _none());
    }

    function test_reverts_exactlyAtTheEndOfTheDrawPhase() public {
        (Terms memory t, bytes32 id) = _appealed();
        bytes32 hash = keccak256("hash");
        _seedBlock(id, 0, hash);
        Drawing memory drawing = _drawing(_seedOf(id, 0, hash), _none());
        uint256 end = block.timestamp + 8 hours;
        vm.warp(end);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.AfterPhase.selector, end, end));
        committee.draw(t, 0, drawing.leaves, drawing.order, _none());
        vm.warp(end - 1);
        committee.draw(t, 0, drawing.leaves, drawing.order, _none());
    }

    function test_reverts_twice() public {
        (Terms memory t, bytes32 id, ) = _drawnAppeal();
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotDrawable.selector, id, 0));
        committee.draw(t, 0, new Leaf[](0), "", _none());
    }

    /// @dev Anybody computes the same fourteen from the public seed, and nobody can hand in others.
    function test_isReproducibleFromThePublicSeed_TAP_02() public {
        (Terms memory t, bytes32 id) = _appealed();
        bytes32 hash = keccak256("hash");
        _seedBlock(id, 0, hash);
        bytes32 seed = _seedOf(id, 0, hash);
        Drawing memory drawing = _drawing(seed, _none());
        vm.expectEmit(true, true, true, true, address(committee));
        emit ICommittee.PanelDrawn(
            id,
            0,
            committee.panelOf(id, 0).openBlock + 64,
            seed,
            drawing.drawn
        );
        vm.prank(stranger);
        committee.draw(t, 0, drawing.leaves, drawing.order, _none());
        vm.assertEq(
            committee.panelOf(id, 0).drawnHash,
            keccak256(abi.encode(drawing.drawn)),
            "drawn"
        );
    }

    /// @dev Parties are passed over, whatever their weight and stake.
    function test_passesOverTheParties_TAP_02() public {
        Terms memory t = _court(_agent());
        (t.buyer, t.seller) = (members[3], members[4]);
        _provide(t.buyer, t.amount);
        _provide(t.seller, t.amount);
        bytes32 id = _id(t);
        vm.prank(t.buyer);
        escrow.fundByAllowance(t, "");
        vm.prank(t.seller);
        escrow.deliverInline(t, "artifact", "");
        _doDispute(t, t.seller);
        _propose(t, 6000);
        _appeal(t, t.buyer);
        address[] memory parties = new address[](2);
        (parties[0], parties[1]) = (t.buyer, t.seller);

        // Seeds until one hits the party, so that the test cannot pass by luck.
        uint256 snapshot = vm.snapshotState();
        for (uint256 i; i < 2; i++) {
            (bytes32 hash, Drawing memory free) = _hitting(id, parties[i]);
            _seedBlock(id, 0, hash);
            vm.expectRevert();
            committee.draw(t, 0, free.leaves, free.order, _none());
            Drawing memory drawing = _drawing(_seedOf(id, 0, hash), parties);
            committee.draw(t, 0, drawing.leaves, drawing.order, _none());
            vm.assertTrue(!_isIn(drawing.drawn, parties[i]), "passed over");
            vm.assertTrue(vm.revertToState(snapshot), "snapshot");
        }
    }

    function test_reverts_withAMissingAddedOrReorderedAttempt() public {
        (Terms memory t, bytes32 id) = _appealed();
        bytes32 hash = keccak256("hash");
        _seedBlock(id, 0, hash);
        Drawing memory drawing = _drawing(_seedOf(id, 0, hash), _none());
        bytes memory order = drawing.order;

        bytes memory shorter = new bytes(order.length - 1);
        for (uint256 i; i < shorter.length; i++) {
            shorter[i] = order[i];
        }
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongCount.selector, 13, 14));
        committee.draw(t, 0, drawing.leaves, shorter, _none());

        vm.expectRevert(
            abi.encodeWithSelector(ICommittee.WrongCount.selector, order.length + 1, order.length)
        );
        committee.draw(t, 0, drawing.leaves, abi.encodePacked(order, order[0]), _none());

        (order[0], order[1]) = (order[1], order[0]);
        vm.expectPartialRevert(ICommittee.WrongLeaf.selector);
        committee.draw(t, 0, drawing.leaves, order, _none());
    }

    /// @dev 256 leaves are told apart by one byte; the next one makes it two for each attempt.
    function test_anAttemptTakesASecondByteFromThe257thLeafOn() public {
        (Terms memory t, bytes32 id) = _appealed();
        uint256 snapshot = vm.snapshotState();
        bytes32 hash = keccak256("hash");
        _seedBlock(id, 0, hash);
        Drawing memory drawing = _drawing(_seedOf(id, 0, hash), _none());
        committee.draw(t, 0, _padded(drawing.leaves, 256), drawing.order, _none());

        vm.assertTrue(vm.revertToState(snapshot), "snapshot");
        _seedBlock(id, 0, hash);
        // The first leaf moves to the last place, whose number has two bytes.
        Leaf[] memory leaves = _padded(drawing.leaves, 257);
        (leaves[0], leaves[256]) = (leaves[256], leaves[0]);
        bytes memory order;
        for (uint256 i; i < drawing.order.length; i++) {
            uint16 place = uint8(drawing.order[i]);
            order = abi.encodePacked(order, place == 0 ? 256 : place);
        }
        committee.draw(t, 0, leaves, order, _none());
    }

    function _padded(
        Leaf[] memory leaves,
        uint256 length
    ) private pure returns (Leaf[] memory padded) {
        padded = new Leaf[](length);
        for (uint256 i; i < length; i++) {
            padded[i] = leaves[i < leaves.length ? i : leaves.length - 1];
        }
    }

    /// @dev Each leaf holds its first number and not its last plus one: a target on the border belongs to
    /// the leaf behind it, and the one before it is refused.
    function test_aTargetOnTheBorderBelongsToTheLeafBehindIt() public {
        (Terms memory t, bytes32 id) = _appealed();
        // Seeds until the first target is the first number of a leaf that is not the first.
        for (uint256 nonce; ; nonce++) {
            bytes32 hash = keccak256(abi.encode(nonce));
            bytes32 seed = _seedOf(id, 0, hash);
            uint256 target = uint256(keccak256(abi.encode(seed, uint256(0)))) % sums[1];
            uint256 behind;
            for (uint256 left; left < target; behind++) {
                left += weights[behind];
                if (left != target) continue;

                _seedBlock(id, 0, hash);
                Drawing memory drawing = _drawing(seed, _none());
                vm.assertEq(drawing.leaves[0].member, members[behind + 1], "the leaf behind");
                Leaf memory right = drawing.leaves[0];
                drawing.leaves[0] = _leaf(behind);
                vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongLeaf.selector, 0, target));
                committee.draw(t, 0, drawing.leaves, drawing.order, _none());
                // The one behind the right one begins too late.
                drawing.leaves[0] = _leaf((behind + 2) % MEMBERS);
                vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongLeaf.selector, 0, target));
                committee.draw(t, 0, drawing.leaves, drawing.order, _none());
                drawing.leaves[0] = right;
                committee.draw(t, 0, drawing.leaves, drawing.order, _none());
                return;
            }
        }
    }

    /// @dev No leaf can claim another member, weight, age in the domain, place or way to the root.
    function test_reverts_withAForgedLeaf() public {
        (Terms memory t, bytes32 id) = _appealed();
        bytes32 hash = keccak256("hash");
        _seedBlock(id, 0, hash);
        for (uint256 forgery; forgery < 6; forgery++) {
            Drawing memory drawing = _drawing(_seedOf(id, 0, hash), _none());
            Leaf memory leaf = drawing.leaves[0];
            if (forgery == 0) leaf.member = stranger;
            if (forgery == 1) leaf.weight++;
            if (forgery == 2) leaf.trades++;
            if (forgery == 3) leaf.index += 32;
            if (forgery == 4) leaf.siblings[39] = bytes1(uint8(leaf.siblings[39]) ^ 1);
            if (forgery == 5) leaf.siblings = abi.encodePacked(leaf.siblings, new bytes(40));
            vm.expectPartialRevert(SumTree.InvalidLeaf.selector);
            committee.draw(t, 0, drawing.leaves, drawing.order, _none());
        }
    }

    /// @dev Fewer than five settled trades in the domain: passed over, also with weight and stake.
    function test_passesOverWhoHasTooFewTradesInTheDomain_TAP_21() public {
        address[] memory passed = new address[](8);
        for (uint256 i; i < 8; i++) {
            trades[3 * i] = 4;
            trades[3 * i + 1] = 5;
            passed[i] = members[3 * i];
        }
        _drawnWithout(_anchor(), passed);
    }

    /// @dev No stake, joined too late, asked to leave, or stake lost: passed over.
    function test_passesOverWhoIsNoMember() public {
        uint256 pool = _anchor();
        address[] memory passed = new address[](3);
        // Gone.
        vm.prank(members[0]);
        committee.resign();
        passed[0] = members[0];
        // Gone and back, in the second of the funding.
        passed[1] = members[1];
        vm.warp(START + 3 - 31 days);
        vm.prank(members[1]);
        committee.resign();
        vm.warp(START + 3);
        vm.prank(members[1]);
        committee.join();
        passed[2] = members[2];
        vm.prank(members[2]);
        committee.resign();
        vm.warp(block.timestamp + 31 days);
        vm.prank(members[2]);
        committee.withdrawStake();
        vm.warp(START + 2);
        _drawnWithout(pool, passed);
    }

    /// @dev Once the seed is known, a member that would be drawn cannot step aside for the next one.
    function test_nobodyStepsAsideOnceTheSeedIsKnown() public {
        (Terms memory t, bytes32 id) = _appealed();
        bytes32 hash = keccak256("hash");
        _seedBlock(id, 0, hash);
        vm.warp(block.timestamp + 130);
        Drawing memory drawing = _drawing(_seedOf(id, 0, hash), _none());
        address shy = drawing.drawn[0];
        vm.prank(shy);
        committee.resign();
        uint256 ready = block.timestamp + 31 days;
        vm.prank(shy);
        vm.expectRevert(
            abi.encodeWithSelector(ICommittee.BeforeStakeReady.selector, block.timestamp, ready)
        );
        committee.join();
        committee.draw(t, 0, drawing.leaves, drawing.order, _none());

        // It can be away for good only when that panel, and every other that it may sit on, is over.
        Panel memory sitting = committee.panelOf(id, 0);
        vm.assertGe(ready, sitting.clock + 5 * uint256(sitting.phase), "bound to its seat");
    }

    /// @dev A seat that loses its stake elsewhere, after the opening, is drawn all the same: whoever may
    /// execute that other panel would choose this one.
    function test_aSlashAfterTheOpeningChangesNothing() public {
        (Terms memory other, bytes32 otherId, address[] memory sat) = _drawnAppeal();
        _setStake(sat[0], 2 * (MEMBER_STAKE / 10) - 1);
        Terms memory t = _fundedSecond();
        _toPhase(otherId, 0, 3);
        bytes32 id = _appealedSecond(t);
        (bytes32 hash, Drawing memory drawing) = _hitting(id, sat[0]);
        _seedBlock(id, 0, hash);
        court.execute(other, sat, _none());
        vm.assertEq(committee.memberOf(sat[0]).leavingAt, block.timestamp, "nothing left to lose");
        committee.draw(t, 0, drawing.leaves, drawing.order, _none());
    }

    /// @dev Who has nothing left to lose has left; topping up gains no seat and keeps no age.
    function test_aTopUpGainsNoSeat() public {
        (Terms memory other, bytes32 otherId, address[] memory sat) = _drawnAppeal();
        _setStake(sat[0], 2 * (MEMBER_STAKE / 10) - 1);
        vm.warp(block.timestamp + 1);
        Terms memory t = _fundedSecond();
        _toPhase(otherId, 0, 3);
        court.execute(other, sat, _none());
        uint256 left = block.timestamp;
        vm.assertEq(committee.memberOf(sat[0]).leavingAt, left, "it leaves");
        vm.assertEq(committee.memberOf(sat[1]).leavingAt, 0, "with enough left, it stays");
        vm.warp(left + 1);
        bytes32 id = _appealedSecond(t);
        address[] memory passed = new address[](1);
        passed[0] = sat[0];
        (bytes32 hash, Drawing memory free) = _hitting(id, sat[0]);
        _seedBlock(id, 0, hash);
        vm.prank(sat[0]);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICommittee.BeforeStakeReady.selector,
                block.timestamp,
                left + 31 days
            )
        );
        committee.join();
        vm.expectRevert();
        committee.draw(t, 0, free.leaves, free.order, _none());
        Drawing memory drawing = _drawing(_seedOf(id, 0, hash), passed);
        committee.draw(t, 0, drawing.leaves, drawing.order, _none());

        // Back after the delay, it is young.
        vm.warp(left + 31 days);
        vm.prank(sat[0]);
        committee.join();
        vm.assertEq(committee.memberOf(sat[0]).since, block.timestamp, "young");
        vm.assertEq(committee.memberOf(sat[0]).stake, MEMBER_STAKE, "topped up");
    }

    function _fundedSecond() private returns (Terms memory t) {
        t = _court(_agent());
        t.salt = keccak256("second");
        _doFund(t);
    }

    function _appealedSecond(Terms memory t) private returns (bytes32 id) {
        _doDeliverNoticed(t);
        _doDispute(t, seller);
        _propose(t, 6000);
        _appeal(t, buyer);
        return _id(t);
    }

    /// @dev A block hash with which `member` is drawn.
    function _hitting(
        bytes32 id,
        address member
    ) private view returns (bytes32 hash, Drawing memory drawing) {
        for (uint256 nonce; !_isIn(drawing.drawn, member); nonce++) {
            hash = keccak256(abi.encode(nonce));
            drawing = _drawing(_seedOf(id, 0, hash), _none());
        }
    }

    /// @dev A member heavier than a fourteenth of the pool is passed over: reputation is capped.
    function test_passesOverWhoIsAboveTheCap() public {
        weights[7] = 300;
        address[] memory passed = new address[](1);
        passed[0] = members[7];
        _drawnWithout(_anchor(), passed);
    }

    function _drawnWithout(uint256 pool, address[] memory passed) private {
        vm.warp(block.timestamp + (pool == 1 ? 0 : 1));
        Terms memory t = _court(_agent());
        t.ladder = _poolLadder(pool);
        bytes32 id = _arbitrate(t);
        _propose(t, 6000);
        _appeal(t, buyer);
        for (uint256 nonce; ; nonce++) {
            bytes32 hash = keccak256(abi.encode(nonce));
            _seedBlock(id, 0, hash);
            Drawing memory free = _drawing(_seedOf(id, 0, hash), _none());
            uint256 hit;
            for (uint256 i; i < passed.length; i++) {
                if (_isIn(free.drawn, passed[i])) hit++;
            }
            if (hit == 0 || (passed.length == 3 && hit < 3)) continue;
            vm.expectRevert();
            committee.draw(t, 0, free.leaves, free.order, _none());
            Drawing memory drawing = _drawing(_seedOf(id, 0, hash), passed);
            committee.draw(t, 0, drawing.leaves, drawing.order, _none());
            return;
        }
    }

    function _poolLadder(uint256 pool) private pure returns (bytes32) {
        return
            bytes32(
                (uint256(_encode(_agent())) & ~(uint256(type(uint32).max) << 168)) | (pool << 168)
            );
    }

    /// @dev Anchored in the second of the funding is too late: nobody picks a pool for a dispute.
    function test_aPoolAnchoredAfterTheFundingIsRefused_TAP_02() public {
        Terms memory t = _court(_agent());
        t.ladder = _poolLadder(2);
        bytes32 id = _doFund(t);
        _anchor();
        _doDeliverNoticed(t);
        _doDispute(t, seller);
        bytes memory proof = _proposalProof(t, 6000, 2);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.LadderRefused.selector, id, t.ladder));
        court.propose(t, 6000, RECORD, proof);
    }

    // ----------------------------------------------------------------------- seed

    /// @dev Up to 256 blocks the chain itself knows the hash, with or without EIP-2935.
    function test_seed_fromTheChainItself() public {
        (Terms memory t, bytes32 id) = _appealed();
        bytes32 hash = keccak256("hash");
        _seedBlock(id, 0, hash);
        vm.etch(HISTORY, "");
        Drawing memory drawing = _drawing(_seedOf(id, 0, hash), _none());
        cheats.roll(committee.panelOf(id, 0).openBlock + 64 + 256);
        committee.draw(t, 0, drawing.leaves, drawing.order, _none());
    }

    /// @dev After 256 blocks the hash comes from EIP-2935.
    function test_seed_fromHistory() public {
        (Terms memory t, bytes32 id) = _appealed();
        uint256 seedBlock = committee.panelOf(id, 0).openBlock + 64;
        vm.etch(HISTORY, HISTORY_CODE);
        bytes32 hash = keccak256("history");
        vm.store(HISTORY, bytes32(seedBlock % 8191), hash);
        Drawing memory drawing = _drawing(_seedOf(id, 0, hash), _none());
        uint256 snapshot = vm.snapshotState();
        uint256[2] memory ages = [uint256(257), 8191];
        for (uint256 i; i < 2; i++) {
            cheats.roll(seedBlock + ages[i]);
            committee.draw(t, 0, drawing.leaves, drawing.order, _none());
            vm.assertTrue(vm.revertToState(snapshot), "snapshot");
        }
    }

    /// @dev One block later it is lost, and the next fixed block, 8,191 later, is the only one that counts.
    function test_seed_missed_nextFixedBlock() public {
        (Terms memory t, bytes32 id) = _appealed();
        uint256 seedBlock = committee.panelOf(id, 0).openBlock + 64;
        cheats.roll(seedBlock + 8192);
        bytes32 hash = keccak256("next");
        cheats.setBlockhash(seedBlock + 8191, hash);
        Drawing memory drawing = _drawing(_seedOf(id, 0, hash), _none());
        vm.expectEmit(true, true, true, true, address(committee));
        emit ICommittee.PanelDrawn(id, 0, seedBlock + 8191, _seedOf(id, 0, hash), drawing.drawn);
        committee.draw(t, 0, drawing.leaves, drawing.order, _none());
    }

    function test_seed_reverts_whereTheChainServesNoHistory() public {
        (Terms memory t, bytes32 id) = _appealed();
        uint256 seedBlock = committee.panelOf(id, 0).openBlock + 64;
        cheats.roll(seedBlock + 257);
        // No contract there; one that refuses; one that answers 31 bytes.
        bytes[3] memory codes = [bytes(""), hex"5f5ffd", hex"601f5ff3"];
        for (uint256 i; i < 3; i++) {
            vm.etch(HISTORY, codes[i]);
            vm.expectRevert(abi.encodeWithSelector(ICommittee.SeedLost.selector, seedBlock));
            committee.draw(t, 0, new Leaf[](0), "", _none());
        }
    }

    /// @dev Any seed gives fourteen different members.
    function testFuzz_fourteenDifferentMembers(bytes32 hash) public {
        (Terms memory t, bytes32 id) = _appealed();
        vm.assume(hash != 0);
        _seedBlock(id, 0, hash);
        Drawing memory drawing = _drawing(_seedOf(id, 0, hash), _none());
        committee.draw(t, 0, drawing.leaves, drawing.order, _none());
        for (uint256 i; i < 14; i++) {
            for (uint256 j; j < i; j++) {
                vm.assertTrue(drawing.drawn[i] != drawing.drawn[j], "different");
            }
        }
    }

    /// @dev What a bribe has to buy: four of seven seats, of members that nobody knows before the dispute.
    /// Somebody who owns a fifth of the pool's members gets four seats in fewer than 1 of 20 draws, and in
    /// fewer than 1 of 100 once the other side has struck three of them; each seat costs a stake and a record
    /// of trades, and four of them decide nothing about a bond (five do).
    function test_briberyCost_W_27() public view {
        uint256 captured;
        uint256 struckCaptured;
        for (uint256 i; i < 400; i++) {
            address[] memory drawn = _drawing(keccak256(abi.encode("bribe", i)), _none()).drawn;
            uint256 seats;
            for (uint256 j; j < 7; j++) {
                if (_isOwned(drawn[j])) seats++;
            }
            if (seats >= 4) captured++;

            // The other side strikes the first three that are owned; the next ones move up.
            uint256 strikes;
            uint256 sitting;
            seats = 0;
            for (uint256 j; sitting < 7; j++) {
                bool owned = _isOwned(drawn[j]);
                if (owned && strikes < 3) {
                    strikes++;
                    continue;
                }
                if (owned) seats++;
                sitting++;
            }
            if (seats >= 4) struckCaptured++;
        }
        vm.assertLe(captured, 20, "drawn");
        vm.assertLe(struckCaptured, 4, "after strikes");
    }

    /// @dev Six of thirty.
    function _isOwned(address member) private view returns (bool) {
        for (uint256 i; i < MEMBERS; i += 5) {
            if (members[i] == member) return true;
        }
        return false;
    }
}
