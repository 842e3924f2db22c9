// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Rungs} from "../../../contracts/src/arbiter/Ladder.sol";
import {Reservation} from "../../../contracts/src/interfaces/IBonds.sol";
import {ICommittee, StrikeReason} from "../../../contracts/src/interfaces/ICommittee.sol";
import {
    Docket,
    IPactArbiter,
    Stage as DocketStage
} from "../../../contracts/src/interfaces/IPactArbiter.sol";
import {IPactEscrow, Result, State, Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {Vm, vm} from "../support/Vm.sol";
import {CommitteeTest} from "./CommitteeTest.sol";

contract ExecuteTest is CommitteeTest {
    uint256 private constant FEE = 5e6;
    uint256 private constant NO_SHOW = MEMBER_STAKE / 10;

    function setUp() public override {
        super.setUp();
        vm.recordLogs();
    }

    function _credit(address member) private view returns (uint256) {
        return committee.memberOf(member).credit;
    }

    // ------------------------------------------------------------------- decision

    function test_reverts_withoutAnOpenPanel() public {
        Terms memory t = _court(_agent());
        bytes32 id = _arbitrate(t);
        vm.expectRevert(
            abi.encodeWithSelector(IPactArbiter.WrongStage.selector, id, DocketStage.None)
        );
        court.execute(t, _none(), _none());
    }

    function test_reverts_whileVotesMayStillBeRevealed() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        _toPhase(id, 0, 3);
        uint256 end = block.timestamp;
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BeforePhase.selector, end - 1, end));
        court.execute(t, drawn, _none());
        vm.warp(end);
        court.execute(t, drawn, _none());
    }

    function test_reverts_withAnotherList() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        _vote(id, 0, drawn, _all(6000, 7));
        (drawn[0], drawn[1]) = (drawn[1], drawn[0]);
        vm.expectPartialRevert(ICommittee.WrongDrawn.selector);
        court.execute(t, drawn, _none());
    }

    /// @dev Votes, then the split, then nothing left to do, and nobody's permission asked.
    function test_settlesWithoutAnyOperator_TAP_12() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        // Every key is removed before the panel decides.
        for (uint256 i; i < 4; i++) {
            vm.prank(guardian);
            court.removeAttestor(vm.addr(KEY + i));
        }
        _vote(id, 0, drawn, _votes(2000, 3000, 3000, 3000, 3000, 4000, 9000));
        uint256 before = usdc.balanceOf(buyer);
        vm.expectEmit(true, false, false, false, address(court));
        emit IPactArbiter.Decided(id, 3000, "", true);
        vm.prank(stranger);
        court.execute(t, drawn, _none());
        _same(_of(t).state, State.Resolved, "resolved");
        vm.assertEq(usdc.balanceOf(buyer) - before, 500e6 - FEE - 148.5e6, "buyer");
        _inStage(t, DocketStage.Closed);
    }

    /// @dev Four equal votes of seven decide, whatever the other three say.
    function testFuzz_fourOfSevenDecide_TAP_03(
        uint256 a,
        uint256 b,
        uint256 c,
        uint256 four
    ) public {
        (a, b, c, four) = (a % 10_001, b % 10_001, c % 10_001, four % 10_001);
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        _vote(id, 0, drawn, _votes(a, four, b, four, four, c, four));
        court.execute(t, drawn, _none());
        vm.assertEq(_ruled(t), four, "majority");
    }

    /// @dev Five and six reveals: the middle, and the floor of the two middle ones' mean.
    function test_median_oddAndEven_TAP_03() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        uint256 snapshot = vm.snapshotState();
        _vote(id, 0, drawn, _first(_votes(9000, 100, 5000, 200, 8000, 0, 0), 5));
        court.execute(t, drawn, _none());
        vm.assertEq(_ruled(t), 5000, "odd");

        vm.assertTrue(vm.revertToState(snapshot), "snapshot");
        _vote(id, 0, drawn, _first(_votes(9000, 100, 5001, 200, 8000, 5000, 0), 6));
        court.execute(t, drawn, _none());
        vm.assertEq(_ruled(t), 5000, "even: floor of 5000.5");
    }

    /// @dev Three captured seats of seven cannot leave the range of the four honest ones.
    function testFuzz_threeCapturedSeatsStayInTheHonestRange(uint256 seed) public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        uint256[] memory votes = new uint256[](7);
        uint256 least = 10_000;
        uint256 most;
        for (uint256 i; i < 7; i++) {
            seed = uint256(keccak256(abi.encode(seed)));
            if (i % 2 == 1) {
                votes[i] = seed & 1 == 0 ? 0 : 10_000;
                continue;
            }
            votes[i] = 5500 + (seed % 1000);
            if (votes[i] < least) least = votes[i];
            if (votes[i] > most) most = votes[i];
        }
        _vote(id, 0, drawn, votes);
        court.execute(t, drawn, _none());
        uint256 ruled = _ruled(t);
        vm.assertGe(ruled, least, "not below");
        vm.assertLe(ruled, most, "not above");
    }

    /// @dev Below five reveals the proposal stands, and the appellant has its bond back.
    function test_belowTheQuorum_theStandingProposalStands_TAP_03() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        _vote(id, 0, drawn, _all(0, 4));
        court.execute(t, drawn, _none());
        vm.assertEq(_ruled(t), 6000, "the jury's");
        vm.assertEq(court.creditOf(buyer), APPEAL_BOND, "returned");
        _solventCommittee(7);
    }

    function test_neverDrawn_theStandingProposalStands() public {
        (Terms memory t, bytes32 id) = _appealed();
        uint256 end = block.timestamp + 8 hours;
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NotDrawn.selector, id, 0));
        court.execute(t, _none(), _none());
        vm.warp(end);
        court.execute(t, _none(), _none());
        vm.assertEq(_ruled(t), 6000, "the jury's");
        vm.assertEq(court.creditOf(buyer), APPEAL_BOND, "returned");
    }

    // ------------------------------------------------------------------------ pay

    /// @dev Unchanged on appeal: the bond pays the panel, the fee stays with the jury's side.
    function test_lostAppeal_theBondPaysThePanel_TAP_05() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        _vote(id, 0, drawn, _all(6000, 7));
        court.execute(t, drawn, _none());
        vm.assertEq(court.creditOf(buyer), 0, "lost");
        for (uint256 i; i < 7; i++) {
            vm.assertEq(_credit(drawn[i]), APPEAL_BOND / 7, "paid");
        }
        vm.assertEq(court.owed(), 0, "nothing owed");
        court.collect();
        vm.assertEq(usdc.balanceOf(treasury), FEE, "fee");
        _solventCommittee(7);
    }

    /// @dev Changed on appeal: the bond returns, the fee pays the panel.
    function test_wonAppeal_theFeePaysThePanel_TAP_05() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        _vote(id, 0, drawn, _all(5500, 7));
        court.execute(t, drawn, _none());
        vm.assertEq(court.creditOf(buyer), APPEAL_BOND, "returned");
        for (uint256 i; i < 7; i++) {
            vm.assertEq(_credit(drawn[i]), FEE / 7, "paid");
        }
        uint256 before = usdc.balanceOf(drawn[0]);
        vm.prank(drawn[0]);
        committee.withdraw(drawn[0]);
        vm.assertEq(usdc.balanceOf(drawn[0]) - before, FEE / 7, "withdrawn");
        vm.prank(buyer);
        court.withdraw(buyer);
        _solventCommittee(7);
    }

    /// @dev A tenth of a stake from each empty seat, to those that voted.
    function test_noShows_payTheOthers() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        _vote(id, 0, drawn, _all(6000, 5));
        vm.expectEmit(true, true, true, true, address(committee));
        emit ICommittee.NoShow(id, 0, drawn[5], NO_SHOW);
        court.execute(t, drawn, _none());
        vm.assertEq(committee.memberOf(drawn[5]).stake, MEMBER_STAKE - NO_SHOW, "slashed");
        vm.assertEq(committee.memberOf(drawn[6]).stake, MEMBER_STAKE - NO_SHOW, "slashed");
        vm.assertEq(committee.memberOf(drawn[7]).stake, MEMBER_STAKE, "did not sit");
        vm.assertEq(_credit(drawn[0]), (2 * NO_SHOW) / 5 + APPEAL_BOND / 5, "shares");
        _solventCommittee(14);
    }

    /// @dev Two of the fourteen are struck, and of the seven that sit the second and the last stay away: they
    /// pay, whoever revealed is paid, and whoever was struck or never sat has no part in it.
    function test_noShows_amongTheSeatsThatAreNotStruck() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        vm.startPrank(buyer);
        committee.strike(t, 0, drawn, 0, StrikeReason.SameOrganisation, "");
        committee.strike(t, 0, drawn, 3, StrikeReason.FrequentCounterparty, "");
        vm.stopPrank();
        uint8[7] memory sat = [1, 2, 4, 5, 6, 7, 8];
        bool[7] memory absent = [false, true, false, false, false, false, true];
        _toPhase(id, 0, 1);
        for (uint256 seat; seat < 7; seat++) {
            if (absent[seat]) continue;
            address voter = drawn[sat[seat]];
            vm.prank(voter);
            committee.commit(id, 0, drawn, sat[seat], _commitment(id, 0, voter, 6000, SALT));
        }
        _toPhase(id, 0, 2);
        for (uint256 seat; seat < 7; seat++) {
            if (absent[seat]) continue;
            vm.prank(drawn[sat[seat]]);
            committee.reveal(id, 0, seat, 6000, SALT);
        }
        _toPhase(id, 0, 3);
        court.execute(t, drawn, _none());

        uint256[14] memory lost;
        uint256[14] memory paid;
        for (uint256 seat; seat < 7; seat++) {
            if (absent[seat]) lost[sat[seat]] = NO_SHOW;
            else paid[sat[seat]] = (2 * NO_SHOW) / 5 + APPEAL_BOND / 5;
        }
        for (uint256 i; i < 14; i++) {
            string memory who = vm.toString(i);
            vm.assertEq(committee.memberOf(drawn[i]).stake, MEMBER_STAKE - lost[i], who);
            vm.assertEq(_credit(drawn[i]), paid[i], who);
        }
        _solventCommittee(14);
    }

    /// @dev Sat on more panels at once than its stake covers: what is left is taken, and no more.
    function test_noShow_withLessThanAFineLeft() public {
        (Terms memory t, , address[] memory drawn) = _drawnAppeal();
        _setStake(drawn[0], uint64(NO_SHOW - 1));
        _toPhase(_id(t), 0, 3);
        vm.expectEmit(true, true, true, true, address(committee));
        emit ICommittee.NoShow(_id(t), 0, drawn[0], NO_SHOW - 1);
        court.execute(t, drawn, _none());
        vm.assertEq(committee.memberOf(drawn[0]).stake, 0, "all of it");
        vm.assertEq(committee.memberOf(drawn[1]).stake, MEMBER_STAKE - NO_SHOW, "a fine");
    }

    /// @dev Whoever lost a fine and stays a member tops up, and keeps its age.
    function test_noShow_aMemberTopsUp() public {
        (Terms memory t, , address[] memory drawn) = _drawnAppeal();
        uint256 since = committee.memberOf(drawn[0]).since;
        _toPhase(_id(t), 0, 3);
        court.execute(t, drawn, _none());
        uint256 before = usdc.balanceOf(drawn[0]);
        vm.expectEmit(true, true, true, true, address(committee));
        emit ICommittee.Joined(drawn[0], NO_SHOW);
        vm.prank(drawn[0]);
        committee.join();
        vm.assertEq(before - usdc.balanceOf(drawn[0]), NO_SHOW, "what was missing");
        vm.assertEq(committee.memberOf(drawn[0]).stake, MEMBER_STAKE, "whole again");
        vm.assertEq(committee.memberOf(drawn[0]).since, since, "as old as before");
    }

    /// @dev Committed and not revealed is not shown either.
    function test_noShow_whoDoesNotReveal() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        _toPhase(id, 0, 1);
        vm.prank(drawn[6]);
        committee.commit(id, 0, drawn, 6, "sealed for ever");
        _vote(id, 0, drawn, _all(6000, 6));
        court.execute(t, drawn, _none());
        vm.assertEq(committee.memberOf(drawn[6]).stake, MEMBER_STAKE - NO_SHOW, "slashed");
    }

    /// @dev A paused token delays the pay, never the ruling.
    function test_pausedToken_rulesAtOnceAndPaysLater() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        _vote(id, 0, drawn, _all(5500, 7));
        usdc.pause();
        vm.expectEmit(true, true, true, true, address(court));
        emit IPactArbiter.PanelUnpaid(id, 0, FEE);
        court.execute(t, drawn, _none());
        vm.assertEq(_ruled(t), 5500, "ruled");
        vm.assertEq(court.owed(), APPEAL_BOND + FEE, "owed");
        court.payPanel(id, 0, drawn);
        vm.assertEq(court.unpaidOf(id, 0), FEE, "still paused");
        usdc.unpause();
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NothingOwed.selector, treasury));
        court.collect();
        court.payPanel(id, 0, drawn);
        vm.assertEq(_credit(drawn[0]), FEE / 7, "paid");
        vm.expectRevert(
            abi.encodeWithSelector(IPactArbiter.NothingOwed.selector, address(committee))
        );
        court.payPanel(id, 0, drawn);
        _solventCommittee(7);
    }

    function test_nobodyShows_theSlashesLeaveWithTheArbiter() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        _toPhase(id, 0, 3);
        court.execute(t, drawn, _none());
        vm.assertEq(_ruled(t), 6000, "the jury's");
        court.collect();
        vm.assertEq(usdc.balanceOf(treasury), 7 * NO_SHOW + FEE, "collected");
        _solventCommittee(0);
    }

    // ---------------------------------------------------------- first panel, T2

    function test_convene_reverts_whereTheFeeDoesNotPayThePanel() public {
        Terms memory t = _court(_agent());
        t.amount = 399e6;
        _arbitrate(t);
        vm.warp(block.timestamp + 6 hours);
        vm.expectRevert(
            abi.encodeWithSelector(IPactArbiter.FeeBelowPanelCost.selector, 3.99e6, PANEL_COST)
        );
        court.convene(t);
    }

    function test_convene_reverts_exactlyAtTheEndOfTheDrawPhase() public {
        Terms memory t = _court(_committeeFirst());
        _arbitrate(t);
        uint256 end = block.timestamp + 6 hours;
        vm.warp(end);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.AfterLimit.selector, end, end));
        court.convene(t);
        vm.warp(end - 1);
        court.convene(t);
    }

    function test_convene_reverts_withoutACommittee() public {
        Terms memory t = _court(_micro());
        bytes32 id = _arbitrate(t);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NoSuchRung.selector, id));
        court.convene(t);
    }

    /// @dev With a jury above, only once the jury was silent; and then its decision is final.
    function test_convene_afterASilentJury() public {
        Terms memory t = _court(_agent());
        bytes32 id = _arbitrate(t);
        uint256 end = block.timestamp + 6 hours;
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.BeforeLimit.selector, end - 1, end));
        court.convene(t);
        vm.warp(end);
        court.convene(t);
        vm.expectRevert(
            abi.encodeWithSelector(IPactArbiter.WrongStage.selector, id, DocketStage.Sitting)
        );
        court.convene(t);
        address[] memory drawn = _draw(t, 0, _none(), _none());
        _vote(id, 0, drawn, _all(2500, 7));
        court.execute(t, drawn, _none());
        vm.assertEq(_ruled(t), 2500, "ruled");
        _inStage(t, DocketStage.Closed);
        vm.assertEq(_credit(drawn[0]), FEE / 7, "the fee pays the panel");
        _solventCommittee(7);
    }

    /// @dev A pact that starts at the committee: a proposal, finalized unless appealed, and the fee is the panel's.
    function test_firstPanel_proposes() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _decidedFirst(3000);
        _inStage(t, DocketStage.Proposed);
        Docket memory docket = court.docketOf(id);
        vm.assertTrue(docket.byCommittee, "by the committee");
        vm.assertEq(
            docket.recordHash,
            keccak256(abi.encode(committee.panelOf(id, 0))),
            "record on chain"
        );
        vm.assertEq(_of(t).proposedBps, 3000, "stands in the escrow");
        vm.warp(block.timestamp + 12 hours);
        vm.expectPartialRevert(ICommittee.WrongDrawn.selector);
        court.finalize(t, _none());
        court.finalize(t, drawn);
        vm.assertEq(_ruled(t), 3000, "ruled");
        vm.assertEq(_credit(drawn[0]), FEE / 7, "paid");
        _solventCommittee(7);
    }

    function test_firstPanel_belowTheQuorum_concludesByEvidence_DRV_13() public {
        (Terms memory t, bytes32 id) = _convened();
        address[] memory drawn = _draw(t, 0, _none(), _none());
        _vote(id, 0, drawn, _all(3000, 4));
        vm.expectEmit(true, true, true, true, address(court));
        emit IPactArbiter.Lapsed(id);
        court.execute(t, drawn, _none());
        _inStage(t, DocketStage.Closed);
        _same(_of(t).state, State.Arbitration, "still open");
        uint256 before = usdc.balanceOf(seller);
        _doConclude(t);
        vm.assertEq(
            usdc.balanceOf(seller) - before,
            497.5e6 + FEE,
            "notified and no objection: the seller"
        );
        _solventCommittee(7);
    }

    /// @dev No human at any rung: the checks find a part, the jury is silent, then the seven are, and the
    /// default that both signed ends it.
    function test_fromTheChecksToTheDefault_withoutAnyHuman_UNS_11() public {
        Terms memory t = _court(_agent());
        bytes32 id = _doFund(t);
        _doDeliverNoticed(t);
        bytes32 hash = _attestation(id, 1, Result.Partial, REPORT);
        escrow.attest(t, Result.Partial, REPORT, _courtProof(_digest(address(escrow), hash), 2));
        _same(_of(t).state, State.Disputed, "by the checks");
        _doEscalate(t);
        uint256 sellerBefore = usdc.balanceOf(seller);
        uint256 buyerBefore = usdc.balanceOf(buyer);
        _doDispute(t, buyer);
        vm.warp(block.timestamp + 6 hours);
        vm.prank(moderator);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NoSuchRung.selector, id));
        court.moderate(t, 5000, RECORD);
        court.convene(t);
        address[] memory drawn = _draw(t, 0, _none(), _none());
        _toPhase(id, 0, 3);
        court.execute(t, drawn, _none());
        _same(_of(t).state, State.Arbitration, "nobody decided");
        _doConclude(t);
        _same(_of(t).state, State.Resolved, "by the pact's own default");
        vm.assertEq(usdc.balanceOf(seller) - sellerBefore, 197e6, "40 % of 495, less 1");
        vm.assertEq(usdc.balanceOf(buyer) - buyerBefore, 297e6, "the rest, and its stake is back");
    }

    function test_firstPanel_belowTheQuorum_theModeratorStandsIn() public {
        Rungs memory rungs = _committeeFirst();
        rungs.committeeLimit = 20 hours;
        rungs.moderator = true;
        rungs.moderatorLimit = 20 hours;
        Terms memory t = _court(rungs);
        bytes32 id = _arbitrate(t);
        court.convene(t);
        address[] memory drawn = _draw(t, 0, _none(), _none());
        _vote(id, 0, drawn, _all(3000, 4));
        court.execute(t, drawn, _none());
        _inStage(t, DocketStage.Moderation);
        uint256 snapshot = vm.snapshotState();
        vm.prank(moderator);
        court.moderate(t, 4500, RECORD);
        vm.assertEq(_ruled(t), 4500, "ruled");

        // Or lets it run out: the evidence decides, and nobody's bond was held.
        vm.assertTrue(vm.revertToState(snapshot), "snapshot");
        _doConclude(t);
        court.lapse(t);
        _inStage(t, DocketStage.Closed);
        vm.assertEq(court.creditOf(buyer) + court.creditOf(seller), 0, "no bond");
    }

    // ---------------------------------------------------------- ended meanwhile

    /// @dev The parties settle while seven sit: nothing is executed twice, and the votes still decide the bond.
    function test_settledMeanwhile_thePanelIsPaidFromTheBond() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        _doSettle(t, 5000);
        _vote(id, 0, drawn, _all(6000, 7));
        vm.expectEmit(true, false, false, false, address(court));
        emit IPactArbiter.Decided(id, 6000, "", false);
        court.execute(t, drawn, _none());
        vm.assertEq(_credit(drawn[0]), APPEAL_BOND / 7, "paid");
        _solventCommittee(7);
    }

    function test_concludedMeanwhile_theProposalWasPaid() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        _vote(id, 0, drawn, _all(0, 7));
        _doConclude(t);
        court.execute(t, drawn, _none());
        vm.assertEq(court.creditOf(buyer), APPEAL_BOND, "won on the votes");
        vm.assertEq(_credit(drawn[0]), FEE / 7, "the fee that the escrow paid");
        _solventCommittee(7);
    }

    // ----------------------------------------------------------------- the vault

    function _claimedAppeal() private returns (Terms memory t, bytes32 id, address[] memory drawn) {
        _stakeBond(5_000e6);
        t = _court(_agent());
        id = _bonded(t);
        _claim(t);
        _propose(t, 6000);
        _appeal(t, seller);
        drawn = _draw(t, 0, _none(), _none());
    }

    /// @dev The same ladder decides a claim: jury, appeal, committee, slashing, compensation.
    function test_vault_aSlashingIsAppealable_REP_24() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _claimedAppeal();
        _vote(id, 0, drawn, _all(8000, 7));
        uint256 before = usdc.balanceOf(buyer);
        court.execute(t, drawn, _none());
        vm.assertEq(usdc.balanceOf(buyer) - before, 99e6 + FEE, "20 % and its stake");
        vm.assertEq(
            bonds.bondOf(seller).amount,
            5_000e6 - 104e6,
            "slashed, less than the jury proposed"
        );
        vm.assertEq(court.creditOf(seller), APPEAL_BOND, "won");
        vm.assertEq(_credit(drawn[0]), FEE / 7, "the vault's fee pays the panel");
        vm.assertEq(uint256(bonds.reservationOf(t)), uint256(Reservation.Slashed), "slashed");
        _solventCommittee(7);
    }

    /// @dev Four of seven are not enough to take from a bond; five are.
    function test_vault_fiveOfSevenSlash_W_27() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _claimedAppeal();
        uint256 snapshot = vm.snapshotState();
        _vote(id, 0, drawn, _votes(0, 0, 0, 0, 10_000, 10_000, 10_000));
        court.execute(t, drawn, _none());
        vm.assertEq(bonds.bondOf(seller).amount, 5_000e6, "four: nothing");
        vm.assertEq(uint256(bonds.reservationOf(t)), uint256(Reservation.Freed), "freed");

        vm.assertTrue(vm.revertToState(snapshot), "snapshot");
        _vote(id, 0, drawn, _votes(0, 0, 0, 0, 0, 10_000, 10_000));
        court.execute(t, drawn, _none());
        vm.assertEq(bonds.bondOf(seller).amount, 4_500e6, "five: the reservation");
    }

    function test_vault_finalizesAJurysProposal_REP_24() public {
        _stakeBond(5_000e6);
        Terms memory t = _court(_micro());
        _bonded(t);
        _claim(t);
        _propose(t, 6000);
        uint256 before = usdc.balanceOf(buyer);
        _finalize(t);
        vm.assertEq(usdc.balanceOf(buyer) - before, 198e6 + FEE, "compensated");
        vm.assertEq(bonds.bondOf(seller).amount, 5_000e6 - 203e6, "slashed");
    }

    /// @dev The arbitration window of a claim runs out: the PASS stands, the proposal is void.
    function test_vault_notFinalizedInTime_thePassStands() public {
        _stakeBond(5_000e6);
        Terms memory t = _court(_micro());
        bytes32 id = _bonded(t);
        _claim(t);
        _propose(t, 0);
        vm.warp(bonds.claimOf(id).end);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NotOpen.selector, id));
        _finalize(t);
        bonds.conclude(t);
        vm.assertEq(bonds.bondOf(seller).amount, 5_000e6, "whole");
    }

    // -------------------------------------------------------------------- helpers

    function _first(uint256[] memory votes, uint256 count) private pure returns (uint256[] memory) {
        assembly ("memory-safe") {
            mstore(votes, count)
        }
        return votes;
    }
}
