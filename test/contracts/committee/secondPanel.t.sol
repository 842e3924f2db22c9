// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICommittee, StrikeReason} from "../../../contracts/src/interfaces/ICommittee.sol";
import {IPactArbiter} from "../../../contracts/src/interfaces/IPactArbiter.sol";
import {Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {vm} from "../support/Vm.sol";
import {CommitteeTest} from "./CommitteeTest.sol";

contract SecondPanelTest is CommitteeTest {
    uint256 private constant FEE = 5e6;

    function setUp() public override {
        super.setUp();
        vm.recordLogs();
    }

    function _credit(address member) private view returns (uint256) {
        return committee.memberOf(member).credit;
    }

    /// @dev The seven that sat are passed over: the second panel shares nobody with the first.
    function test_isDisjoint_TAP_04() public {
        (Terms memory t, bytes32 id, address[] memory first) = _decidedFirst(3000);
        _appeal(t, seller);
        address[] memory second = _draw(t, 1, _seven(first), first);
        for (uint256 i; i < 7; i++) {
            for (uint256 j; j < 14; j++) {
                vm.assertTrue(first[i] != second[j], "disjoint");
            }
        }
        _vote(id, 1, second, _all(3500, 7));
        court.execute(t, second, first);
        vm.assertEq(_ruled(t), 3500, "ruled");
        vm.assertEq(court.creditOf(seller), APPEAL_BOND, "moved 500 bps: returned");
        vm.assertEq(_credit(second[0]), FEE / 7, "the fee is the second panel's");
        vm.assertEq(_credit(first[0]), 0, "overturned, unpaid");

        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NotOpen.selector, id));
        court.appeal(t, buyer, 0, "");
        _solventCommittee(7);
    }

    function test_reverts_withAnotherFirst() public {
        (Terms memory t, bytes32 id, address[] memory first) = _decidedFirst(3000);
        _appeal(t, seller);
        bytes32 hash = keccak256(abi.encode("block", id, uint256(1)));
        _seedBlock(id, 1, hash);
        Drawing memory drawing = _drawing(_seedOf(id, 1, hash), _none());
        vm.expectPartialRevert(ICommittee.WrongDrawn.selector);
        committee.draw(t, 1, drawing.leaves, drawing.order, drawing.drawn);
        first[0] = address(0);
    }

    /// @dev Upheld: the bond pays the second panel, the fee the first.
    function test_upholds_TAP_05() public {
        (Terms memory t, bytes32 id, address[] memory first) = _decidedFirst(3000);
        _appeal(t, seller);
        address[] memory second = _draw(t, 1, _seven(first), first);
        _vote(id, 1, second, _all(3499, 7));
        court.execute(t, second, first);
        vm.assertEq(_ruled(t), 3499, "the appeal's result is executed all the same");
        vm.assertEq(court.creditOf(seller), 0, "lost");
        vm.assertEq(_credit(second[0]), APPEAL_BOND / 7, "bond");
        vm.assertEq(_credit(first[0]), FEE / 7, "fee");
        _solventCommittee(14);
    }

    function test_belowTheQuorum_theFirstStands() public {
        (Terms memory t, bytes32 id, address[] memory first) = _decidedFirst(3000);
        _appeal(t, seller);
        address[] memory second = _draw(t, 1, _seven(first), first);
        _vote(id, 1, second, _all(9000, 4));
        court.execute(t, second, first);
        vm.assertEq(_ruled(t), 3000, "the first");
        vm.assertEq(court.creditOf(seller), APPEAL_BOND, "returned");
        vm.assertEq(_credit(first[0]), FEE / 7, "fee");
        _solventCommittee(14);
    }

    /// @dev Who was struck did not sit: the second panel may draw it, and passes over who sat instead.
    function test_mayDrawWhoWasStruckFromTheFirst_TAP_04() public {
        (Terms memory t, bytes32 id) = _convened();
        address[] memory first = _draw(t, 0, _none(), _none());
        for (uint256 i; i < 3; i++) {
            vm.prank(buyer);
            committee.strike(t, 0, first, i, StrikeReason.FrequentCounterparty, "");
        }
        address[] memory sat = new address[](7);
        _toPhase(id, 0, 1);
        for (uint256 i; i < 7; i++) {
            sat[i] = first[3 + i];
            vm.prank(sat[i]);
            committee.commit(id, 0, first, 3 + i, _commitment(id, 0, sat[i], 3000, SALT));
        }
        for (uint256 i; i < 7; i++) {
            vm.prank(sat[i]);
            committee.reveal(id, 0, i, 3000, SALT);
        }
        court.execute(t, first, _none());
        _appeal(t, seller);

        // Seeds until one hits the first and the last of the struck, and the wrong seven take more or fewer.
        Drawing memory drawing;
        Drawing memory wrong;
        bytes32 hash;
        for (
            uint256 nonce;
            !_isIn(drawing.drawn, first[0]) ||
            !_isIn(drawing.drawn, first[2]) ||
            wrong.order.length == drawing.order.length;
            nonce++
        ) {
            hash = keccak256(abi.encode(nonce));
            drawing = _drawing(_seedOf(id, 1, hash), sat);
            wrong = _drawing(_seedOf(id, 1, hash), _seven(first));
        }
        _seedBlock(id, 1, hash);
        vm.expectRevert();
        committee.draw(t, 1, wrong.leaves, wrong.order, first);
        committee.draw(t, 1, drawing.leaves, drawing.order, first);
    }

    /// @dev Whoever executes a first decision so late that no panel fits any more ends its appeal; anyone
    /// may execute it in time.
    function test_appeal_reverts_whereNoPanelFitsAnyMore() public {
        (Terms memory t, bytes32 id) = _convened();
        address[] memory first = _draw(t, 0, _none(), _none());
        _vote(id, 0, first, _all(3000, 7));
        uint256 end = _of(t).timerEnd;
        vm.warp(end - 30 hours);
        court.execute(t, first, _none());
        vm.warp(end - 30 hours + 1);
        vm.prank(seller);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NoTimeLeft.selector, end + 1, end));
        court.appeal(t, seller, 0, "");
        vm.warp(end - 30 hours);
        _appeal(t, seller);
    }
}
