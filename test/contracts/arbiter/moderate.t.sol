// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Rungs} from "../../../contracts/src/arbiter/Ladder.sol";
import {
    IPactArbiter,
    Stage as DocketStage
} from "../../../contracts/src/interfaces/IPactArbiter.sol";
import {State, Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {IAttestors} from "../../../contracts/src/interfaces/IAttestors.sol";
import {vm} from "../support/Vm.sol";
import {ArbiterTest} from "./ArbiterTest.sol";

contract ModerateTest is ArbiterTest {
    function _moderate(Terms memory t, uint256 bps) private {
        vm.prank(moderator);
        court.moderate(t, bps, RECORD);
    }

    function test_reverts_forAnyoneElse() public {
        Terms memory t = _court(_moderated());
        _arbitrate(t);
        address[4] memory senders = [guardian, governance, buyer, vm.addr(KEY)];
        for (uint256 i; i < 4; i++) {
            vm.prank(senders[i]);
            vm.expectRevert(
                abi.encodeWithSelector(IPactArbiter.NotModerator.selector, senders[i], moderator)
            );
            court.moderate(t, 5000, RECORD);
        }
    }

    /// @dev No pact meets a human that it did not ask for.
    function test_reverts_whereTheLadderHasNoModerator() public {
        Terms memory t = _court(_micro());
        bytes32 id = _arbitrate(t);
        vm.warp(block.timestamp + 7 hours);
        vm.prank(moderator);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NoSuchRung.selector, id));
        court.moderate(t, 5000, RECORD);
    }

    function test_reverts_aboveTenThousand() public {
        Terms memory t = _court(_moderated());
        _arbitrate(t);
        vm.prank(moderator);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.InvalidSplit.selector, 10_001));
        court.moderate(t, 10_001, RECORD);
    }

    /// @dev With a jury above, only after the jury's limit; from then on at once.
    function test_reverts_beforeTheSilentJurysLimit() public {
        Terms memory t = _court(_human());
        _arbitrate(t);
        uint256 end = block.timestamp + 6 hours;
        vm.warp(end - 1);
        vm.prank(moderator);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.BeforeLimit.selector, end - 1, end));
        court.moderate(t, 5000, RECORD);
        vm.warp(end);
        _moderate(t, 5000);
        _same(_of(t).state, State.Resolved, "ruled");
        _inStage(t, DocketStage.Closed);
    }

    function test_reverts_whileAProposalStands() public {
        Terms memory t = _court(_human());
        bytes32 id = _arbitrate(t);
        _propose(t, 6000);
        vm.warp(block.timestamp + 7 hours);
        vm.prank(moderator);
        vm.expectRevert(
            abi.encodeWithSelector(IPactArbiter.WrongStage.selector, id, DocketStage.Proposed)
        );
        court.moderate(t, 5000, RECORD);
    }

    function test_rulesAlone() public {
        Terms memory t = _court(_moderated());
        _arbitrate(t);
        uint256 before = usdc.balanceOf(buyer);
        _moderate(t, 0);
        vm.assertEq(usdc.balanceOf(buyer) - before, 495e6 + 5e6, "buyer, and the seller's stake");
    }

    function test_emitsWhatGovernanceChanges() public {
        vm.startPrank(governance);
        vm.expectEmit(true, true, true, true, address(court));
        emit IPactArbiter.ModeratorChanged(stranger);
        court.setModerator(stranger);
        vm.expectEmit(true, true, true, true, address(court));
        emit IPactArbiter.RosterChanged("roster");
        court.setRoster("roster");
        vm.expectEmit(true, true, true, true, address(court));
        emit IPactArbiter.TreasuryChanged(stranger);
        court.setTreasury(stranger);
        vm.stopPrank();
    }

    /// @dev All of it is a split like any other.
    function test_rulesAllForTheSeller() public {
        Terms memory t = _court(_moderated());
        _arbitrate(t);
        uint256 before = usdc.balanceOf(buyer);
        _moderate(t, 10_000);
        _same(_of(t).state, State.Resolved, "ruled");
        vm.assertEq(usdc.balanceOf(buyer), before, "nothing for the buyer");
    }

    /// @dev 500 bps towards the appellant win; 499 do not.
    function test_appeal_wonAndLost_exactlyAtTheMargin_TAP_05() public {
        Terms memory t = _court(_human());
        _arbitrate(t);
        _propose(t, 6000);
        _appeal(t, buyer);
        _inStage(t, DocketStage.Moderation);
        uint256 snapshot = vm.snapshotState();

        _moderate(t, 5500);
        vm.assertEq(court.creditOf(buyer), APPEAL_BOND, "won: the bond returns");
        uint256 before = usdc.balanceOf(stranger);
        vm.expectEmit(true, true, true, true, address(court));
        emit IPactArbiter.Paid(buyer, stranger, APPEAL_BOND);
        vm.prank(buyer);
        court.withdraw(stranger);
        vm.assertEq(usdc.balanceOf(stranger) - before, APPEAL_BOND, "paid");
        vm.assertEq(court.owed(), 0, "nothing owed");

        vm.assertTrue(vm.revertToState(snapshot), "snapshot");
        _moderate(t, 5501);
        vm.assertEq(court.creditOf(buyer), 0, "lost: the bond stays");
        vm.assertEq(court.owed(), 0, "nothing owed");
        court.collect();
        vm.assertEq(usdc.balanceOf(treasury), APPEAL_BOND + 5e6, "bond and fee");
    }

    function test_appealOfTheSeller_wonAndLost_TAP_05() public {
        Terms memory t = _court(_human());
        _arbitrate(t);
        _propose(t, 6000);
        _appeal(t, seller);
        uint256 snapshot = vm.snapshotState();
        _moderate(t, 6500);
        vm.assertEq(court.creditOf(seller), APPEAL_BOND, "won");
        vm.assertTrue(vm.revertToState(snapshot), "snapshot");
        _moderate(t, 6499);
        vm.assertEq(court.creditOf(seller), 0, "lost");
    }

    /// @dev The proposal is paid by time, and the appellant does not pay for the moderator's silence.
    function test_lapse_aSilentModerator_DRV_13() public {
        Terms memory t = _court(_human());
        bytes32 id = _arbitrate(t);
        _propose(t, 6000);
        _appeal(t, buyer);
        vm.expectRevert(
            abi.encodeWithSelector(IPactArbiter.WrongStage.selector, id, DocketStage.Moderation)
        );
        court.lapse(t);
        _doConclude(t);
        vm.expectEmit(true, true, true, true, address(court));
        emit IPactArbiter.Lapsed(id);
        court.lapse(t);
        vm.assertEq(court.creditOf(buyer), APPEAL_BOND, "returned");
        vm.expectRevert(
            abi.encodeWithSelector(IPactArbiter.WrongStage.selector, id, DocketStage.Closed)
        );
        court.lapse(t);
    }

    function test_theModeratorMayLeaveAtOnce_andCountsOnlyForLaterEscrows() public {
        Terms memory t = _court(_moderated());
        _arbitrate(t);
        vm.prank(moderator);
        court.setModerator(address(0));
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IAttestors.NotGovernance.selector, stranger, governance)
        );
        court.setModerator(stranger);
        vm.prank(governance);
        court.setModerator(stranger);
        vm.prank(stranger);
        vm.expectRevert(
            abi.encodeWithSelector(IPactArbiter.NotModerator.selector, stranger, stranger)
        );
        court.moderate(t, 5000, RECORD);

        vm.warp(block.timestamp + 1);
        Terms memory later = _court(_moderated());
        later.salt = keccak256("later");
        _arbitrate(later);
        vm.prank(stranger);
        court.moderate(later, 5000, RECORD);
        _same(_of(later).state, State.Resolved, "ruled");
    }

    function test_theGuardianMayOnlyRemove() public {
        vm.prank(guardian);
        vm.expectRevert(
            abi.encodeWithSelector(IAttestors.NotGovernance.selector, guardian, governance)
        );
        court.setModerator(guardian);
        vm.prank(guardian);
        court.setModerator(address(0));
        vm.assertEq(court.moderator(), address(0), "removed");
    }
}
