// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./support/EscrowTest.sol";
import {vm} from "./support/Vm.sol";

contract SettleTest is EscrowTest {
    // -------------------------------------------------------------------- reverts

    function test_reverts_withOneSideOnly_W_30() external {
        Terms memory t = _reach(Stage.Delivered);
        bytes memory ofBuyer = _byBuyer(t, 6000);
        bytes memory ofSeller = _bySeller(t, 6000);

        vm.prank(buyer);
        vm.expectRevert();
        escrow.settle(t, 6000, "", "");
        vm.prank(seller);
        vm.expectRevert();
        escrow.settle(t, 6000, "", "");
        vm.expectRevert();
        escrow.settle(t, 6000, ofBuyer, "");
        vm.expectRevert();
        escrow.settle(t, 6000, "", ofSeller);
        vm.expectRevert();
        escrow.settle(t, 6000, ofSeller, ofBuyer);
        vm.expectRevert();
        escrow.settle(t, 6000, ofBuyer, ofBuyer);
    }

    function test_reverts_withAnotherSplitThanSigned() external {
        Terms memory t = _reach(Stage.Delivered);
        bytes memory ofBuyer = _byBuyer(t, 6000);
        bytes memory ofSeller = _bySeller(t, 6000);
        bytes memory greedy = _bySeller(t, 6001);
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.settle(t, 6001, ofBuyer, greedy);
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.settle(t, 5999, ofBuyer, ofSeller);
        vm.prank(seller);
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.settle(t, 10_000, ofBuyer, "");
    }

    function test_reverts_aboveTheWhole() external {
        Terms memory t = _reach(Stage.Delivered);
        bytes memory ofBuyer = _byBuyer(t, 10_001);
        vm.prank(seller);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.InvalidSplit.selector, 10_001, 10_000));
        escrow.settle(t, 10_001, ofBuyer, "");
    }

    function test_reverts_whenNeverFundedOrEnded_DRV_04() external {
        for (uint256 stage = 0; stage <= uint256(type(Stage).max); ++stage) {
            if (stage >= uint256(Stage.Funded) && stage <= uint256(Stage.Proposed)) continue;
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            bytes memory ofBuyer = _byBuyer(t, 6000);
            vm.prank(seller);
            vm.expectRevert(
                abi.encodeWithSelector(IPactEscrow.NotOpen.selector, _id(t), _stateOf(Stage(stage)))
            );
            escrow.settle(t, 6000, ofBuyer, "");
            vm.revertToState(snapshot);
        }
    }

    // ------------------------------------------------------------------- succeeds

    /// @dev By agreement no arbitration fee is due, unless the arbiter had proposed.
    function test_splitsInEveryOpenStage_W_49() external {
        for (uint256 stage = uint256(Stage.Funded); stage <= uint256(Stage.Proposed); ++stage) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _terms();
            uint256 buyerBefore = usdc.balanceOf(buyer);
            uint256 sellerBefore = usdc.balanceOf(seller);
            _reach(t, Stage(stage));
            _doSettle(t, 6000);

            uint256 arbitration = stage == uint256(Stage.Proposed) ? 5 * USDC : 0;
            uint256 gross = ((t.amount - arbitration) * 6) / 10;
            vm.assertEq(
                usdc.balanceOf(seller),
                sellerBefore + gross - 1_500_000,
                vm.toString(stage)
            );
            vm.assertEq(
                usdc.balanceOf(buyer),
                buyerBefore - gross - arbitration,
                string.concat("buyer ", vm.toString(stage))
            );
            vm.assertEq(escrow.creditOf(fees), 1_500_000, "protocol");
            vm.assertEq(escrow.creditOf(address(arbiter)), arbitration, "arbitration");
            vm.assertTrue(_of(t).arbitrated == (arbitration != 0), "recorded");
            vm.assertEq(
                usdc.balanceOf(address(escrow)),
                1_500_000 + arbitration,
                "nothing else is left"
            );
            _same(_of(t).state, State.Resolved, vm.toString(stage));
            vm.revertToState(snapshot);
        }
    }

    function test_staysOpenAfterEveryTimer_W_49() external {
        _staysOpenAfterEveryTimer(_doSettleSixty, State.Resolved);
    }

    /// @dev More than 90 % against the disputer, in Arbitration only; exactly 90 % returns the stake.
    function test_paysTheStakesByTheOutcome() external {
        _stakes(Stage.ArbitrationByBoth, 9001, 0, 2);
        _stakes(Stage.ArbitrationByBoth, 9000, 1, 1);
        _stakes(Stage.ArbitrationByBoth, 1000, 1, 1);
        _stakes(Stage.ArbitrationByBoth, 999, 2, 0);
        _stakes(Stage.ArbitrationObjected, 10_000, 0, 1);
        _stakes(Stage.ArbitrationObjected, 0, 1, 0);
        _stakes(Stage.ArbitrationBySeller, 0, 1, 0);
        _stakes(Stage.ArbitrationBySeller, 10_000, 0, 1);
        _stakes(Stage.Disputed, 10_000, 1, 0);
        _stakes(Stage.Negotiating, 9001, 1, 0);
    }

    function test_takesBothSignaturesFromAStranger() external {
        Terms memory t = _reach(Stage.Funded);
        bytes memory ofBuyer = _byBuyer(t, 2500);
        bytes memory ofSeller = _bySeller(t, 2500);
        vm.prank(stranger);
        escrow.settle(t, 2500, ofBuyer, ofSeller);
        _same(_of(t).state, State.Resolved, "state");
    }

    /// @dev Two signatures over escrow, split and `seq` end any dispute at once, and no jury is paid; one
    /// signature, or a pair of an earlier `seq`, does nothing.
    function test_bothSignaturesBypassTheJury_DSP_26() external {
        for (uint256 i = uint256(Stage.Disputed); i < uint256(Stage.Proposed); ++i) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(i));
            bytes memory ofBuyer = _byBuyer(t, 6000);
            bytes memory ofSeller = _bySeller(t, 6000);
            bytes memory stale = _authorization(
                SELLER,
                _settle(_id(t), t.seller, 6000, _of(t).seq - 1, _later()),
                _later()
            );

            vm.startPrank(stranger);
            vm.expectPartialRevert(IPactEscrow.UnexpectedSender.selector);
            escrow.settle(t, 6000, ofBuyer, "");
            vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
            escrow.settle(t, 6000, ofBuyer, stale);
            uint256 sellerBefore = usdc.balanceOf(seller);
            escrow.settle(t, 6000, ofBuyer, ofSeller);
            vm.expectPartialRevert(IPactEscrow.NotOpen.selector);
            escrow.settle(t, 6000, ofBuyer, ofSeller);
            vm.stopPrank();

            _same(_of(t).state, State.Resolved, vm.toString(i));
            vm.assertEq(escrow.creditOf(address(arbiter)), 0, "no arbitration fee");
            uint256 share = (t.amount * 6) / 10 - escrow.creditOf(fees);
            uint256 stake = _of(t).sellerDisputed ? _stake(t) : 0;
            vm.assertEq(usdc.balanceOf(seller) - sellerBefore, share + stake, vm.toString(i));
            vm.revertToState(snapshot);
        }
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsSettled() external {
        Terms memory t = _reach(Stage.Proposed);
        bytes memory ofBuyer = _byBuyer(t, 6000);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Settled(_id(t), 6000, 295_500_000, 198_000_000, 1_500_000, 5_000_000);
        vm.prank(seller);
        escrow.settle(t, 6000, ofBuyer, "");
    }

    // -------------------------------------------------------------------- private

    function _doSettleSixty(Terms memory t) private {
        _doSettle(t, 6000);
    }

    function _byBuyer(Terms memory t, uint256 bps) private view returns (bytes memory) {
        return _authorization(BUYER, _settle(_id(t), t.buyer, bps, _of(t).seq, _later()), _later());
    }

    function _bySeller(Terms memory t, uint256 bps) private view returns (bytes memory) {
        return
            _authorization(SELLER, _settle(_id(t), t.seller, bps, _of(t).seq, _later()), _later());
    }

    /// @dev How many of the held stakes each side gets beside its part of the amount.
    function _stakes(Stage stage, uint256 bps, uint256 toBuyer, uint256 toSeller) private {
        uint256 snapshot = vm.snapshotState();
        Terms memory t = _reach(stage);
        uint256 buyerBefore = usdc.balanceOf(buyer);
        uint256 sellerBefore = usdc.balanceOf(seller);
        _doSettle(t, bps);
        uint256 gross = (t.amount * bps) / 1e4;
        uint256 protocol = (t.amount * bps * 50) / 1e8;
        vm.assertEq(
            usdc.balanceOf(buyer) - buyerBefore,
            t.amount - gross + toBuyer * _stake(t),
            string.concat("buyer at ", vm.toString(bps))
        );
        vm.assertEq(
            usdc.balanceOf(seller) - sellerBefore,
            gross - protocol + toSeller * _stake(t),
            string.concat("seller at ", vm.toString(bps))
        );
        vm.revertToState(snapshot);
    }
}
