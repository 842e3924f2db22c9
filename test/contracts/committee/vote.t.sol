// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICommittee, Panel, StrikeReason} from "../../../contracts/src/interfaces/ICommittee.sol";
import {Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {vm} from "../support/Vm.sol";
import {CommitteeTest} from "./CommitteeTest.sol";

contract VoteTest is CommitteeTest {
    Terms private t;
    bytes32 private id;
    address[] private drawn;

    function setUp() public override {
        super.setUp();
        (Terms memory terms, bytes32 id_, address[] memory drawn_) = _drawnAppeal();
        t = terms;
        (id, drawn) = (id_, drawn_);
    }

    function _strike(address by, uint256 index) private {
        vm.prank(by);
        committee.strike(t, 0, drawn, index, StrikeReason.SameOrganisation, keccak256("evidence"));
    }

    function _commit(uint256 index, uint256 bps) private {
        bytes32 commitment = _commitment(id, 0, drawn[index], bps, SALT);
        vm.prank(drawn[index]);
        committee.commit(id, 0, drawn, index, commitment);
    }

    function _reveal(uint256 index, uint256 seat, uint256 bps) private {
        vm.prank(drawn[index]);
        committee.reveal(id, 0, seat, bps, SALT);
    }

    // --------------------------------------------------------------------- strike

    function test_strike_reverts_forAnyoneButAParty() public {
        vm.prank(drawn[0]);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotParty.selector, drawn[0]));
        committee.strike(t, 0, drawn, 1, StrikeReason.Party, 0);
    }

    function test_strike_reverts_afterThree() public {
        for (uint256 i; i < 3; i++) {
            _strike(buyer, i);
        }
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.TooManyStrikes.selector, buyer));
        committee.strike(t, 0, drawn, 3, StrikeReason.DirectVoucher, 0);
        _strike(seller, 3);
    }

    function test_strike_reverts_twiceOrBeyondTheDrawn() public {
        _strike(buyer, 0);
        vm.prank(seller);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.AlreadyStruck.selector, 0));
        committee.strike(t, 0, drawn, 0, StrikeReason.Party, 0);
        vm.prank(seller);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.AlreadyStruck.selector, 14));
        committee.strike(t, 0, drawn, 14, StrikeReason.Party, 0);
    }

    function test_strike_reverts_exactlyAtTheEndOfItsPhase() public {
        _toPhase(id, 0, 1);
        vm.prank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(ICommittee.AfterPhase.selector, block.timestamp, block.timestamp)
        );
        committee.strike(t, 0, drawn, 0, StrikeReason.Party, 0);
        vm.warp(block.timestamp - 1);
        _strike(buyer, 0);
    }

    function test_strike_reverts_withAnotherList() public {
        address[] memory other = drawn;
        (other[0], other[1]) = (other[1], other[0]);
        vm.prank(buyer);
        vm.expectPartialRevert(ICommittee.WrongDrawn.selector);
        committee.strike(t, 0, other, 0, StrikeReason.Party, 0);
    }

    /// @dev Six strikes of both sides, and seven still sit: the first seven that are not struck.
    function test_strike_theNextOnesSit_TAP_02() public {
        vm.expectEmit(true, true, true, true, address(committee));
        emit ICommittee.Struck(
            id,
            0,
            drawn[0],
            buyer,
            StrikeReason.SameOrganisation,
            keccak256("evidence")
        );
        _strike(buyer, 0);
        _strike(buyer, 2);
        _strike(buyer, 4);
        _strike(seller, 1);
        _strike(seller, 3);
        _strike(seller, 5);
        _toPhase(id, 0, 1);

        vm.prank(drawn[5]);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotSeated.selector, drawn[5], 5));
        committee.commit(id, 0, drawn, 5, "x");
        for (uint256 i = 6; i < 13; i++) {
            _commit(i, 6000);
        }
        vm.prank(drawn[13]);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotSeated.selector, drawn[13], 13));
        committee.commit(id, 0, drawn, 13, "x");
        for (uint256 i = 6; i < 13; i++) {
            _reveal(i, i - 6, 6000);
        }
        court.execute(t, drawn, _none());
    }

    // --------------------------------------------------------------------- commit

    function test_commit_reverts_outsideItsPhase() public {
        uint256 start = block.timestamp + 8 hours;
        vm.warp(start - 1);
        vm.prank(drawn[0]);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BeforePhase.selector, start - 1, start));
        committee.commit(id, 0, drawn, 0, "x");
        vm.warp(start + 8 hours);
        vm.prank(drawn[0]);
        vm.expectRevert(
            abi.encodeWithSelector(ICommittee.AfterPhase.selector, start + 8 hours, start + 8 hours)
        );
        committee.commit(id, 0, drawn, 0, "x");
        vm.warp(start + 8 hours - 1);
        _commit(0, 1);
    }

    function test_commit_reverts_forTheEighthAndForOthers() public {
        _toPhase(id, 0, 1);
        vm.prank(drawn[7]);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotSeated.selector, drawn[7], 7));
        committee.commit(id, 0, drawn, 7, "x");
        vm.prank(drawn[1]);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotSeated.selector, drawn[1], 0));
        committee.commit(id, 0, drawn, 0, "x");
        vm.prank(drawn[0]);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotSeated.selector, drawn[0], 14));
        committee.commit(id, 0, drawn, 14, "x");
    }

    function test_commit_reverts_twice() public {
        _toPhase(id, 0, 1);
        for (uint256 seat; seat < 7; seat++) {
            _commit(seat, 1);
            vm.prank(drawn[seat]);
            vm.expectRevert(abi.encodeWithSelector(ICommittee.AlreadyCommitted.selector, seat));
            committee.commit(id, 0, drawn, seat, "other");
        }
    }

    // --------------------------------------------------------------------- reveal

    /// @dev Nobody can see a vote while another can still be fixed.
    function test_reveal_reverts_whileAVoteIsOpen() public {
        _toPhase(id, 0, 1);
        for (uint256 i; i < 6; i++) {
            _commit(i, 6000);
        }
        uint256 start = block.timestamp + 8 hours;
        vm.warp(start - 1);
        vm.prank(drawn[0]);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BeforePhase.selector, start - 1, start));
        committee.reveal(id, 0, 0, 6000, SALT);
        _commit(6, 6000);
        _reveal(0, 0, 6000);
    }

    function test_reveal_reverts_exactlyAtTheEnd() public {
        _toPhase(id, 0, 1);
        _commit(0, 6000);
        _toPhase(id, 0, 3);
        vm.prank(drawn[0]);
        vm.expectRevert(
            abi.encodeWithSelector(ICommittee.AfterPhase.selector, block.timestamp, block.timestamp)
        );
        committee.reveal(id, 0, 0, 6000, SALT);
        vm.warp(block.timestamp - 1);
        _reveal(0, 0, 6000);
    }

    function test_reveal_reverts_withAnotherVoteSaltSeatOrVoter() public {
        _toPhase(id, 0, 1);
        _commit(0, 6000);
        _commit(1, 7000);
        _toPhase(id, 0, 2);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongReveal.selector, 0));
        _reveal(0, 0, 6001);
        vm.prank(drawn[0]);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongReveal.selector, 0));
        committee.reveal(id, 0, 0, 6000, "salt");
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongReveal.selector, 1));
        _reveal(0, 1, 6000);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongReveal.selector, 0));
        _reveal(1, 0, 6000);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongReveal.selector, 7));
        _reveal(0, 7, 6000);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.InvalidVote.selector, 10_001));
        _reveal(0, 0, 10_001);
    }

    function test_reveal_reverts_twice() public {
        _toPhase(id, 0, 1);
        _commit(0, 6000);
        _toPhase(id, 0, 2);
        _reveal(0, 0, 6000);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongReveal.selector, 0));
        _reveal(0, 0, 6000);
    }

    /// @dev A copied commitment cannot be opened: it names its voter.
    function test_reveal_reverts_forACopiedCommitment() public {
        _toPhase(id, 0, 1);
        _commit(0, 6000);
        bytes32 copied = _commitment(id, 0, drawn[0], 6000, SALT);
        vm.prank(drawn[1]);
        committee.commit(id, 0, drawn, 1, copied);
        _toPhase(id, 0, 2);
        _reveal(0, 0, 6000);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.WrongReveal.selector, 1));
        _reveal(1, 1, 6000);
    }

    function test_reveal_emitsTheVoteOnChain() public {
        _toPhase(id, 0, 1);
        vm.expectEmit(true, true, true, true, address(committee));
        emit ICommittee.VoteCommitted(id, 0, drawn[0], _commitment(id, 0, drawn[0], 10_000, SALT));
        _commit(0, 10_000);
        _toPhase(id, 0, 2);
        vm.expectEmit(true, true, true, true, address(committee));
        emit ICommittee.VoteRevealed(id, 0, drawn[0], 10_000);
        _reveal(0, 0, 10_000);
        Panel memory sitting = committee.panelOf(id, 0);
        vm.assertEq(sitting.votes, 10_000, "stored");
        vm.assertEq(sitting.revealed, 1, "seat");
    }
}
