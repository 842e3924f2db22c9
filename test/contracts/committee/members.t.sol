// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICommittee, Member} from "../../../contracts/src/interfaces/ICommittee.sol";
import {vm} from "../support/Vm.sol";
import {CommitteeTest} from "./CommitteeTest.sol";

contract MembersTest is CommitteeTest {
    function test_join_reverts_twice() public {
        vm.prank(members[0]);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.AlreadyMember.selector, members[0]));
        committee.join();
    }

    function test_join_stakes() public {
        usdc.mint(stranger, MEMBER_STAKE);
        _approve(stranger);
        vm.expectEmit(true, true, true, true, address(committee));
        emit ICommittee.Joined(stranger, MEMBER_STAKE);
        vm.prank(stranger);
        committee.join();
        Member memory member = committee.memberOf(stranger);
        vm.assertEq(member.stake, MEMBER_STAKE, "stake");
        vm.assertEq(member.since, block.timestamp, "since");
        vm.assertEq(usdc.balanceOf(stranger), 0, "paid");
    }

    function test_resign_reverts_forNobodyAndTwice() public {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotMember.selector, stranger));
        committee.resign();
        vm.prank(members[0]);
        committee.resign();
        vm.prank(members[0]);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotMember.selector, members[0]));
        committee.resign();
    }

    function test_withdrawStake_exactlyAtTheDelay() public {
        vm.prank(members[0]);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotMember.selector, members[0]));
        committee.withdrawStake();

        uint256 ready = block.timestamp + 31 days;
        vm.expectEmit(true, true, true, true, address(committee));
        emit ICommittee.Leaving(members[0], ready);
        vm.prank(members[0]);
        committee.resign();
        vm.warp(ready - 1);
        vm.prank(members[0]);
        vm.expectRevert(
            abi.encodeWithSelector(ICommittee.BeforeStakeReady.selector, ready - 1, ready)
        );
        committee.withdrawStake();
        vm.warp(ready);
        vm.expectEmit(true, true, true, true, address(committee));
        emit ICommittee.StakeReturned(members[0], MEMBER_STAKE);
        vm.prank(members[0]);
        committee.withdrawStake();
        vm.assertEq(committee.memberOf(members[0]).since, 0, "no member");
        vm.prank(members[0]);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotMember.selector, members[0]));
        committee.withdrawStake();
        vm.expectEmit(true, true, true, true, address(committee));
        emit ICommittee.Paid(members[0], stranger, MEMBER_STAKE);
        vm.prank(members[0]);
        committee.withdraw(stranger);
        vm.assertEq(usdc.balanceOf(stranger), MEMBER_STAKE, "all of it");
        _solventCommittee(0);
    }

    /// @dev Who comes back waits until every panel that opened before is over, and is drawn only for
    /// escrows funded from then on.
    function test_join_again_exactlyAtTheDelay_isYoung() public {
        vm.prank(members[0]);
        committee.resign();
        uint256 ready = block.timestamp + 31 days;
        vm.warp(ready - 1);
        vm.prank(members[0]);
        vm.expectRevert(
            abi.encodeWithSelector(ICommittee.BeforeStakeReady.selector, ready - 1, ready)
        );
        committee.join();
        vm.warp(ready);
        vm.prank(members[0]);
        committee.join();
        Member memory member = committee.memberOf(members[0]);
        vm.assertEq(member.since, block.timestamp, "since");
        vm.assertEq(member.leavingAt, 0, "stays");
        vm.assertEq(member.stake, MEMBER_STAKE, "one stake");
    }

    function test_withdraw_reverts_withNothingOwedOrNowhere() public {
        vm.prank(members[0]);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NothingOwed.selector, members[0]));
        committee.withdraw(members[0]);
        vm.prank(members[0]);
        vm.expectRevert(ICommittee.ZeroReceiver.selector);
        committee.withdraw(address(0));
    }

    function test_onlyTheArbiterOpensClosesAndPays() public {
        vm.expectRevert(
            abi.encodeWithSelector(ICommittee.NotArbiter.selector, address(this), address(court))
        );
        committee.open("id", 0, block.timestamp, 1 hours);
        vm.expectRevert(
            abi.encodeWithSelector(ICommittee.NotArbiter.selector, address(this), address(court))
        );
        committee.close("id", 0, _none());
        vm.expectRevert(
            abi.encodeWithSelector(ICommittee.NotArbiter.selector, address(this), address(court))
        );
        committee.pay("id", 0, _none(), 1);
    }
}
