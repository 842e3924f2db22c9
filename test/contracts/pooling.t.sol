// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {Stage} from "./support/EscrowTest.sol";
import {Numbers, pack} from "./support/Signatures.sol";
import {Verb, Verbs} from "./support/Verbs.sol";
import {vm} from "./support/Vm.sol";

/// @notice Known bugs: pooled accounting, double settlement, refund after a partial payment, donations,
/// dust below the fee.
contract PoolingTest is Verbs {
    /// @dev After each way to end an escrow no other way out is left, though the money of others is there.
    function test_whatEndedOncePaysNeverAgain_DRV_04_TRZ_11() external {
        for (uint256 stage = uint256(Stage.Completed); stage <= uint256(type(Stage).max); ++stage) {
            uint256 snapshot = vm.snapshotState();
            Terms memory other = _terms();
            other.salt = keccak256("other");
            other.amount = 50_000 * USDC;
            _doFund(other);
            Terms memory t = _reach(Stage(stage));
            uint256 held = usdc.balanceOf(address(escrow));
            for (uint256 late = 0; late < 2; ++late) {
                for (uint256 verb = 0; verb <= uint256(Verb.Conclude); ++verb) {
                    _paysNothing(t, Verb(verb), held);
                }
                vm.warp(block.timestamp + 365 days);
            }
            vm.revertToState(snapshot);
        }
    }

    function _paysNothing(Terms memory t, Verb verb, uint256 held) private {
        bytes memory proof;
        if (verb <= LAST_SIGNED) proof = _authorizationOf(verb, t);
        else if (verb <= Verb.Rule) proof = _proofOf(verb, t, 2);
        else if (verb == Verb.Complete) proof = _deliverAuthorization(t, ARTIFACT, false);
        (bool ok, ) = address(escrow).call(_callOf(verb, t, proof));
        vm.assertTrue(!ok, vm.toString(uint256(verb)));
        vm.assertEq(usdc.balanceOf(address(escrow)), held, "held");
    }

    /// @dev A ruling of a part leaves nothing for a refund, a conclusion or an expiry.
    function test_noRefundAfterAPartialPayment() external {
        Terms memory t = _reach(Stage.Ruled);
        vm.prank(seller);
        vm.expectRevert(
            abi.encodeWithSelector(IPactEscrow.NotOpen.selector, _id(t), State.Resolved)
        );
        escrow.refund(t, "");
        vm.warp(START + 365 days);
        vm.expectPartialRevert(IPactEscrow.UnexpectedState.selector);
        escrow.conclude(t);
        vm.expectPartialRevert(IPactEscrow.UnexpectedState.selector);
        escrow.expire(t);
    }

    /// @dev Two escrows side by side: each pays from its own lock, to the last unit.
    function test_eachEscrowPaysFromItsOwnLock_TRZ_10() external {
        for (uint256 stage = uint256(Stage.Funded); stage <= uint256(Stage.Proposed); ++stage) {
            uint256 snapshot = vm.snapshotState();
            Terms memory small = _reach(Stage(stage));
            vm.warp(START);
            Terms memory large = _terms();
            large.salt = keccak256("large");
            large.amount = 50_000 * USDC;
            _reach(large, Stage(stage));
            uint256 held = usdc.balanceOf(address(escrow));
            uint256 stakes =
                (_of(small).buyerDisputed ? 1 : 0) + (_of(small).sellerDisputed ? 1 : 0);
            _doRefund(small);
            vm.assertEq(
                held - usdc.balanceOf(address(escrow)),
                small.amount + stakes * _stake(small),
                vm.toString(stage)
            );
            _doRefund(large);
            vm.assertEq(usdc.balanceOf(address(escrow)), 0, "empty");
            vm.revertToState(snapshot);
        }
    }

    /// @dev A donation changes no payout and belongs to nobody.
    function test_aDonationChangesNothing_W_3() external {
        Terms memory t = _reach(Stage.ArbitrationByBoth);
        uint256 snapshot = vm.snapshotState();
        _doRule(t, 6000);
        uint256 honest = _owned(seller);
        vm.revertToState(snapshot);

        usdc.mint(address(escrow), 1_234_567);
        _doRule(t, 6000);
        vm.assertEq(_owned(seller), honest, "seller");
        escrow.sweep(fees);
        escrow.sweep(address(arbiter));
        vm.assertEq(usdc.balanceOf(address(escrow)), 1_234_567 + 2, "the donation stays");

        Terms memory u = _terms();
        u.salt = keccak256("never funded");
        vm.prank(seller);
        vm.expectRevert();
        escrow.refund(u, "");
    }

    /// @dev The least amount still pays the least fee: many small trades are not free of it.
    function test_dustDoesNotDodgeTheFee() external {
        Terms memory t = _terms();
        Numbers memory n = _numbers();
        n.protocolFeeBps = 1;
        n.arbitrationFeeBps = 1;
        t.clauses = pack(n);
        t.amount = 10_000;
        _reach(t, Stage.ArbitrationByBoth);
        _doRule(t, 10_000);
        vm.assertEq(escrow.creditOf(fees), 1, "protocol");
        vm.assertEq(escrow.creditOf(address(arbiter)), 1, "arbitration");
    }

    /// @dev Until the last second of a window the seller cannot pay itself and the buyer cannot take back.
    function test_neitherSideHelpsItselfEarly() external {
        Verb[4] memory forItself = [Verb.Release, Verb.Rule, Verb.Expire, Verb.Conclude];
        for (uint256 stage = uint256(Stage.Funded); stage <= uint256(Stage.Proposed); ++stage) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            uint256 held = usdc.balanceOf(address(escrow));
            vm.warp(_of(t).timerEnd - 1);
            for (uint256 i = 0; i < 4; ++i) {
                vm.prank(seller);
                (bool ok, ) = address(escrow).call(_callOf(forItself[i], t, ""));
                vm.assertTrue(!ok, "seller");
                // The buyer's way back would be a refund, which is the seller's.
                Verb verb = forItself[i] == Verb.Release ? Verb.Refund : forItself[i];
                vm.prank(buyer);
                (ok, ) = address(escrow).call(_callOf(verb, t, ""));
                vm.assertTrue(!ok, "buyer");
            }
            vm.assertEq(usdc.balanceOf(address(escrow)), held, "held");
            vm.revertToState(snapshot);
        }
    }
}
