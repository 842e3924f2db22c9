// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Rungs} from "../../../contracts/src/arbiter/Ladder.sol";
import {ICommittee, StrikeReason} from "../../../contracts/src/interfaces/ICommittee.sol";
import {
    IPactArbiter,
    Stage as DocketStage
} from "../../../contracts/src/interfaces/IPactArbiter.sol";
import {Result, State, Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {vm} from "../support/Vm.sol";
import {CommitteeTest} from "./CommitteeTest.sol";

/// @notice Who pays a panel: nobody is asked to judge for nothing, and what was paid for it reaches it.
contract PayTest is CommitteeTest {
    uint256 private constant FEE = 5e6;
    uint256 private constant NO_SHOW = MEMBER_STAKE / 10;

    function _credit(address member) private view returns (uint256) {
        return committee.memberOf(member).credit;
    }

    /// @dev Arbitration that no party asked for: a delivery that nobody attested.
    function _unattested(Rungs memory rungs) private returns (Terms memory t, bytes32 id) {
        t = _court(rungs);
        id = _doFund(t);
        _doDeliverNoticed(t);
        _doEscalate(t);
    }

    function _deliverUnnoticed(Terms memory t) private {
        vm.prank(t.seller);
        escrow.deliverInline(t, "artifact", "");
    }

    function _tellUndisputed(Terms memory t, bytes32 id) private {
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.Undisputed.selector, id));
        court.convene(t);
        vm.assertEq(court.promised(), 0, "nothing is promised");
    }

    // -------------------------------------------------------------------- convene

    /// @dev No fee is due where nobody disputed, so seven would sit for nothing.
    function test_convene_reverts_whereNobodyDisputed() public {
        (Terms memory t, bytes32 id) = _unattested(_committeeFirst());
        _tellUndisputed(t, id);
        // The buyer's objection is a dispute, with its stake.
        _doDispute(t, buyer);
        court.convene(t);
        vm.assertEq(court.promised(), FEE, "promised");
    }

    /// @dev An attestor's doubt is no dispute of a party: its fee hangs on what the panel decides.
    function test_convene_reverts_whereOnlyTheAttestorsDoubted() public {
        Terms memory t = _court(_committeeFirst());
        bytes32 id = _doFund(t);
        _deliverUnnoticed(t);
        bytes32 hash = _attestation(id, _of(t).round, Result.Fail, REPORT);
        escrow.attest(t, Result.Fail, REPORT, _courtProof(_digest(address(escrow), hash), 2));
        _doEscalate(t);
        _tellUndisputed(t, id);
    }

    function test_convene_reverts_forASilentJuryWhereNobodyDisputed() public {
        (Terms memory t, bytes32 id) = _unattested(_agent());
        vm.warp(block.timestamp + 6 hours);
        _tellUndisputed(t, id);
    }

    /// @dev A claim in the vault is a dispute: its stake, or the bond, pays the fee whatever is decided.
    function test_convene_inTheVault() public {
        _stakeBond(5_000e6);
        Terms memory t = _court(_committeeFirst());
        bytes32 id = _bonded(t);
        _claim(t);
        court.convene(t);
        address[] memory drawn = _draw(t, 0, _none(), _none());
        _vote(id, 0, drawn, _all(10_000, 7));
        court.execute(t, drawn, _none());
        vm.warp(block.timestamp + 12 hours);
        court.finalize(t, drawn);
        vm.assertEq(_credit(drawn[0]), FEE / 7, "the claimant's stake pays");
        _solventCommittee(7);
    }

    // --------------------------------------------------------------------- appeal

    /// @dev Appeals stay open where nobody disputed: the panel is paid from the bond, also a won one.
    function test_wonAppeal_whereNobodyDisputed_theBondPaysThePanelItsCost() public {
        (Terms memory t, bytes32 id) = _unattested(_agent());
        _propose(t, 6000);
        _appeal(t, seller);
        address[] memory drawn = _draw(t, 0, _none(), _none());
        _vote(id, 0, drawn, _all(10_000, 7));
        vm.expectEmit(true, true, true, true, address(court));
        emit IPactArbiter.AppealClosed(id, seller, true, APPEAL_BOND - PANEL_COST);
        court.execute(t, drawn, _none());
        vm.assertEq(escrow.creditOf(address(court)), 0, "no fee was due");
        vm.assertEq(_credit(drawn[0]), uint256(PANEL_COST) / 7, "paid all the same");
        vm.assertEq(court.creditOf(seller), APPEAL_BOND - PANEL_COST, "the rest returns");
        _solventCommittee(7);
    }

    /// @dev A trade whose fee is below the panel's cost: the bond adds what the fee lacks.
    function test_wonAppeal_withASmallFee_theBondAddsWhatItLacks_TAP_05() public {
        Terms memory t = _court(_agent());
        t.amount = 100e6;
        bytes32 id = _arbitrate(t);
        _propose(t, 6000);
        _appeal(t, buyer);
        address[] memory drawn = _draw(t, 0, _none(), _none());
        _vote(id, 0, drawn, _all(0, 7));
        court.execute(t, drawn, _none());
        vm.assertEq(_credit(drawn[0]), uint256(PANEL_COST) / 7, "its cost");
        vm.assertEq(court.creditOf(buyer), APPEAL_BOND - (PANEL_COST - 1e6), "the rest returns");
        vm.assertEq(court.owed(), court.creditOf(buyer), "owed");
        _solventCommittee(7);
    }

    /// @dev Exactly the panel's cost: the whole bond returns.
    function test_wonAppeal_withAFeeOfExactlyTheCost_TAP_05() public {
        Terms memory t = _court(_agent());
        t.amount = 400e6;
        bytes32 id = _arbitrate(t);
        _propose(t, 6000);
        _appeal(t, buyer);
        address[] memory drawn = _draw(t, 0, _none(), _none());
        _vote(id, 0, drawn, _all(0, 7));
        court.execute(t, drawn, _none());
        vm.assertEq(court.creditOf(buyer), APPEAL_BOND, "returned");
        vm.assertEq(_credit(drawn[0]), uint256(PANEL_COST) / 7, "the fee pays");
    }

    /// @dev The seller gives everything back while seven sit: no fee, and the bond pays for their work.
    function test_wonAppeal_refundedMeanwhile_theBondPays() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        _doRefund(t);
        _vote(id, 0, drawn, _all(0, 7));
        court.execute(t, drawn, _none());
        vm.assertEq(_credit(drawn[0]), uint256(PANEL_COST) / 7, "paid");
        vm.assertEq(court.creditOf(buyer), APPEAL_BOND - PANEL_COST, "the rest returns");
        _solventCommittee(7);
    }

    /// @dev The parties settle while seven sit: the escrow pays the fee, and it reaches the panel that won.
    function test_wonAppeal_settledMeanwhile_theFeePays() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        _doSettle(t, 5000);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NothingOwed.selector, treasury));
        court.collect();
        _vote(id, 0, drawn, _all(0, 7));
        court.execute(t, drawn, _none());
        vm.assertEq(_credit(drawn[0]), FEE / 7, "paid");
        vm.assertEq(court.creditOf(buyer), APPEAL_BOND, "returned");
        vm.assertEq(court.promised(), 0, "nothing promised");
        _solventCommittee(7);
    }

    /// @dev Settled where nobody disputed: the fee is due for the proposal that stood, and reaches the panel
    /// whenever somebody executes.
    function test_wonAppeal_settledWhereNobodyDisputed_theFeePays() public {
        (Terms memory t, bytes32 id) = _unattested(_agent());
        _propose(t, 6000);
        _appeal(t, buyer);
        address[] memory drawn = _draw(t, 0, _none(), _none());
        _doSettle(t, 5000);
        _vote(id, 0, drawn, _all(0, 7));
        uint256 snapshot = vm.snapshotState();
        uint256 end = _of(t).timerEnd;
        uint256[3] memory moments = [block.timestamp, end - 1, end];
        for (uint256 i; i < 3; i++) {
            vm.warp(moments[i]);
            court.execute(t, drawn, _none());
            vm.assertEq(_credit(drawn[0]), FEE / 7, "paid");
            vm.assertEq(court.creditOf(buyer), APPEAL_BOND, "returned");
            _solventCommittee(7);
            vm.assertTrue(vm.revertToState(snapshot), "snapshot");
        }
    }

    /// @dev The other way round: settled after the window without a party's dispute, but concluded before
    /// it could be, no fee was due, and none is taken for one that was.
    function test_wonAppeal_settledAfterTheWindow_theFeePays() public {
        (Terms memory t, bytes32 id) = _unattested(_agent());
        _propose(t, 6000);
        _appeal(t, buyer);
        address[] memory drawn = _draw(t, 0, _none(), _none());
        _vote(id, 0, drawn, _all(0, 7));
        vm.warp(_of(t).timerEnd);
        uint256 snapshot = vm.snapshotState();
        for (uint256 i; i < 2; i++) {
            if (i == 0) _doSettle(t, 5000);
            else escrow.conclude(t);
            court.execute(t, drawn, _none());
            vm.assertEq(_credit(drawn[0]), (i == 0 ? FEE : PANEL_COST) / 7, "paid");
            vm.assertEq(court.creditOf(buyer), APPEAL_BOND - (i == 0 ? 0 : PANEL_COST), "returned");
            _solventCommittee(7);
            vm.assertTrue(vm.revertToState(snapshot), "snapshot");
        }
    }

    /// @dev Terms may pay the protocol fee to the arbiter itself: that is the treasury's, and what the panel
    /// gets does not hang on whether its decision is executed or comes after the parties' own.
    function test_wonAppeal_theProtocolFeeIsNotThePanels() public {
        Terms memory t = _court(_agent());
        t.feeRecipient = address(court);
        bytes32 id = _arbitrate(t);
        _propose(t, 6000);
        _appeal(t, seller);
        address[] memory drawn = _draw(t, 0, _none(), _none());
        _vote(id, 0, drawn, _all(10_000, 7));
        uint256 snapshot = vm.snapshotState();
        for (uint256 i; i < 2; i++) {
            if (i == 1) _doSettle(t, 10_000);
            court.execute(t, drawn, _none());
            vm.assertEq(_credit(drawn[0]), FEE / 7, "the arbitration fee");
            court.collect();
            vm.assertEq(usdc.balanceOf(treasury), 2.5e6, "the protocol fee");
            vm.assertTrue(vm.revertToState(snapshot), "snapshot");
        }
    }

    /// @dev A doubt of the attestors, nobody disputed, the window over: the fee is due below 90 % only, and
    /// whoever executes first concludes.
    function test_wonAppeal_afterTheWindow_concludesAndPays() public {
        for (uint256 i; i < 2; i++) {
            Terms memory t = _court(_agent());
            t.salt = bytes32(i);
            bytes32 id = _doFund(t);
            _deliverUnnoticed(t);
            bytes32 hash = _attestation(id, _of(t).round, Result.Fail, REPORT);
            escrow.attest(t, Result.Fail, REPORT, _courtProof(_digest(address(escrow), hash), 2));
            _doEscalate(t);
            uint256 bps = i == 0 ? 8999 : 9000;
            _propose(t, bps);
            _appeal(t, buyer);
            address[] memory drawn = _draw(t, 0, _none(), _none());
            _vote(id, 0, drawn, _all(0, 7));
            uint256 before = _credit(drawn[0]);
            uint256 snapshot = vm.snapshotState();

            // Concluded by somebody else before.
            _doConclude(t);
            court.execute(t, drawn, _none());
            uint256 paid = i == 0 ? FEE : PANEL_COST;
            vm.assertEq(_credit(drawn[0]) - before, paid / 7, "after somebody's conclude");
            vm.assertTrue(vm.revertToState(snapshot), "snapshot");

            vm.warp(_of(t).timerEnd);
            court.execute(t, drawn, _none());
            _same(_of(t).state, State.Resolved, "concluded");
            vm.assertEq(_credit(drawn[0]) - before, paid / 7, "with its own");
            _solventCommittee(14);
            vm.warp(START + 2);
        }
    }

    /// @dev What a member waits for: the panel opened, who was drawn from which block, and what came of it.
    function test_emitsEachStepOfAPanel() public {
        Terms memory t = _court(_committeeFirst());
        bytes32 id = _arbitrate(t);
        vm.expectEmit(true, true, true, true, address(committee));
        emit ICommittee.PanelOpened(id, 0, block.number, block.timestamp, 6 hours);
        court.convene(t);

        uint256 seedBlock = block.number + 64;
        vm.expectEmit(true, true, false, false, address(committee));
        emit ICommittee.PanelDrawn(id, 0, seedBlock, 0, _none());
        address[] memory drawn = _draw(t, 0, _none(), _none());
        _vote(id, 0, drawn, _all(3000, 6));
        bytes32 record = keccak256(abi.encode(committee.panelOf(id, 0)));
        vm.expectEmit(true, true, true, true, address(committee));
        emit ICommittee.PanelClosed(id, 0, true, 3000, 6, record);
        court.execute(t, drawn, _none());
    }

    /// @dev Who was struck holds no seat: the fine and the pay go by the seats that are left.
    function test_aStrikeMovesTheSeats_andWithThemFinesAndPay() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        vm.prank(buyer);
        committee.strike(t, 0, drawn, 1, StrikeReason.Party, 0);
        // Seat 0 stays empty; seats 1 to 6 are those drawn from 2 on.
        _toPhase(id, 0, 1);
        for (uint256 i = 2; i < 8; i++) {
            vm.prank(drawn[i]);
            committee.commit(id, 0, drawn, i, _commitment(id, 0, drawn[i], 0, SALT));
        }
        _toPhase(id, 0, 2);
        for (uint256 i = 2; i < 8; i++) {
            vm.prank(drawn[i]);
            committee.reveal(id, 0, i - 1, 0, SALT);
        }
        _toPhase(id, 0, 3);
        court.execute(t, drawn, _none());

        for (uint256 i; i < 14; i++) {
            uint256 fine = i == 0 ? NO_SHOW : 0;
            vm.assertEq(committee.memberOf(drawn[i]).stake, MEMBER_STAKE - fine, "stake");
            vm.assertEq(_credit(drawn[i]) != 0 ? 1 : 0, i >= 2 && i < 8 ? 1 : 0, "pay");
        }
    }

    // -------------------------------------------------------- first panel, ended

    /// @dev Whatever ends the escrow after a first panel decided, the fee that it paid is the panel's.
    function test_firstPanel_settledBeforeFinalize_isPaid() public {
        (Terms memory t, , address[] memory drawn) = _decidedFirst(3000);
        _doSettle(t, 5000);
        // Nobody can take it away before.
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NothingOwed.selector, treasury));
        court.collect();
        court.finalize(t, drawn);
        vm.assertEq(_credit(drawn[0]), FEE / 7, "paid");
        _inStage(t, DocketStage.Closed);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NothingOwed.selector, treasury));
        court.collect();
        vm.expectRevert(
            abi.encodeWithSelector(IPactArbiter.WrongStage.selector, _id(t), DocketStage.Closed)
        );
        court.finalize(t, drawn);
        _solventCommittee(7);
    }

    function test_firstPanel_concludedBeforeFinalize_isPaid() public {
        (Terms memory t, , address[] memory drawn) = _decidedFirst(3000);
        uint256 snapshot = vm.snapshotState();
        _doConclude(t);
        court.finalize(t, drawn);
        vm.assertEq(_credit(drawn[0]), FEE / 7, "after somebody's conclude");

        vm.assertTrue(vm.revertToState(snapshot), "snapshot");
        vm.warp(_of(t).timerEnd);
        court.finalize(t, drawn);
        _same(_of(t).state, State.Resolved, "concluded");
        vm.assertEq(_credit(drawn[0]), FEE / 7, "with its own");
        vm.assertEq(court.promised(), 0, "nothing promised");
        _solventCommittee(7);
    }

    /// @dev A refund and a release pay no fee, so there is none to pass on; and nothing stays held back.
    function test_firstPanel_refundedOrReleasedBeforeFinalize_noFeeWasPaid() public {
        (Terms memory t, , address[] memory drawn) = _decidedFirst(3000);
        uint256 snapshot = vm.snapshotState();
        for (uint256 i; i < 2; i++) {
            if (i == 0) _doRefund(t);
            else _doRelease(t);
            usdc.mint(address(court), FEE + 1);
            court.collect();
            vm.assertEq(usdc.balanceOf(treasury), 1, "held back for the panel");
            court.finalize(t, drawn);
            vm.assertEq(_credit(drawn[0]), 0, "nobody paid");
            court.collect();
            vm.assertEq(usdc.balanceOf(treasury), FEE + 1, "all of the gift");
            vm.assertTrue(vm.revertToState(snapshot), "snapshot");
        }
    }

    /// @dev The claim is dropped after the first panel decided on it: the vault paid nobody.
    function test_firstPanel_claimDroppedBeforeFinalize() public {
        _stakeBond(5_000e6);
        Terms memory t = _court(_committeeFirst());
        bytes32 id = _bonded(t);
        _claim(t);
        court.convene(t);
        address[] memory drawn = _draw(t, 0, _none(), _none());
        _vote(id, 0, drawn, _all(0, 7));
        court.execute(t, drawn, _none());
        vm.prank(buyer);
        bonds.drop(t);
        court.finalize(t, drawn);
        vm.assertEq(_credit(drawn[0]), 0, "no fee");
        vm.assertEq(court.promised(), 0, "nothing promised");
        _inStage(t, DocketStage.Closed);
    }

    // -------------------------------------------------------------- refused money

    /// @dev USDC refuses the one transfer from the vault: the fee waits there, and reaches the panel.
    function test_aFeeThatTheTokenRefused_reachesThePanelLater() public {
        _stakeBond(5_000e6);
        Terms memory t = _court(_agent());
        bytes32 id = _bonded(t);
        _claim(t);
        _propose(t, 6000);
        _appeal(t, seller);
        address[] memory drawn = _draw(t, 0, _none(), _none());
        _vote(id, 0, drawn, _all(8000, 7));
        usdc.pause();
        court.execute(t, drawn, _none());
        vm.assertEq(bonds.creditOf(address(court)), FEE, "waits in the vault");
        vm.assertEq(court.unpaidOf(id, 0), FEE, "for the panel");
        usdc.unpause();
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NothingOwed.selector, treasury));
        court.collect();
        court.payPanel(id, 0, drawn);
        vm.assertEq(_credit(drawn[0]), FEE / 7, "paid");
        vm.assertEq(bonds.creditOf(address(court)), 0, "nothing stuck");
        _solventCommittee(7);
    }

    /// @dev Without a panel it is the treasury's, like every fee.
    function test_aFeeThatTheTokenRefused_isCollectedLater() public {
        _stakeBond(5_000e6);
        Terms memory t = _court(bytes32(0));
        _bonded(t);
        _claim(t);
        usdc.blacklist(address(court));
        bonds.rule(t, 6000, RECORD, _claimProof(t, 6000));
        vm.assertEq(bonds.creditOf(address(court)), FEE, "waits in the vault");
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NothingOwed.selector, treasury));
        court.collect();
        usdc.unBlacklist(address(court));
        court.collect();
        vm.assertEq(usdc.balanceOf(treasury), FEE, "collected");
        vm.assertEq(bonds.creditOf(address(court)), 0, "nothing stuck");
    }

    /// @dev Nobody showed up while the token was paused: the slashes wait, and are not lost.
    function test_slashesOfAnEmptyPanel_areCollectedLater() public {
        (Terms memory t, bytes32 id, address[] memory drawn) = _drawnAppeal();
        _toPhase(id, 0, 3);
        usdc.pause();
        court.execute(t, drawn, _none());
        vm.assertEq(committee.memberOf(address(court)).credit, 7 * NO_SHOW, "waits");
        usdc.unpause();
        court.collect();
        vm.assertEq(usdc.balanceOf(treasury), 7 * NO_SHOW + FEE, "slashes and fee");
        _solventCommittee(0);
    }

    // --------------------------------------------------------------------- ladder

    /// @dev A ladder that starts at a committee nobody would pay is refused before anybody funds it.
    function test_aLadderThatStartsAtAnUnpaidCommittee_isRefused() public {
        for (uint256 i; i < 2; i++) {
            Rungs memory rungs = _committeeFirst();
            rungs.committeeLimit = 20 hours;
            rungs.moderator = i == 1;
            rungs.moderatorLimit = i == 1 ? 20 hours : 0;
            Terms memory t = _court(rungs);
            t.amount = 400e6;
            vm.assertTrue(court.acceptsLadder(t), "at cost");
            t.amount = 400e6 - 100;
            vm.assertTrue(!court.acceptsLadder(t), "below");
            bytes32 id = _arbitrate(t);
            vm.expectRevert(
                abi.encodeWithSelector(IPactArbiter.LadderRefused.selector, id, t.ladder)
            );
            court.convene(t);
        }
    }

    /// @dev Jury, committee and moderator, a silent jury: the moderator's turn comes at once where no panel
    /// can be convened, else when nobody convened one in time.
    function test_moderator_standsInWhereNoPanelCanBeConvened() public {
        Rungs memory rungs = _agent();
        rungs.committeeLimit = 20 hours;
        rungs.moderator = true;
        rungs.moderatorLimit = 20 hours;
        uint256 opening;
        for (uint256 i; i < 3; i++) {
            vm.warp(START + 2);
            Terms memory t = _court(rungs);
            t.salt = bytes32(i);
            if (i == 0) t.amount = 399e6;
            if (i == 1) {
                _doFund(t);
                _deliverUnnoticed(t);
                _doEscalate(t);
            } else {
                _arbitrate(t);
            }
            opening = block.timestamp + 6 hours + (i == 2 ? 4 hours : 0);
            vm.warp(opening - 1);
            vm.prank(moderator);
            vm.expectRevert(
                abi.encodeWithSelector(IPactArbiter.BeforeLimit.selector, opening - 1, opening)
            );
            court.moderate(t, 4500, RECORD);
            vm.warp(opening);
            vm.prank(moderator);
            court.moderate(t, 4500, RECORD);
            _same(_of(t).state, State.Resolved, "ruled");
        }
    }

    // -------------------------------------------------------------------- helpers

    function _claimProof(Terms memory t, uint256 bps) private view returns (bytes memory) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Earnest BondVault"),
                keccak256("1"),
                block.chainid,
                address(bonds)
            )
        );
        bytes32 hash = _ruling(_id(t), _of(t).round, bps, RECORD);
        return _courtProof(keccak256(abi.encodePacked(hex"1901", domain, hash)), 2);
    }
}
