// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest} from "./support/EscrowTest.sol";
import {Numbers, pack} from "./support/Signatures.sol";
import {vm} from "./support/Vm.sol";

/// @notice A long job is one lock a milestone, each with its own delivery date, funded when its turn comes.
contract MilestonesTest is EscrowTest {
    function _milestone(uint16 index) private view returns (Terms memory t) {
        t = _terms();
        t.amount = (100 + 100 * uint256(index)) * USDC;
        Numbers memory n = _numbers();
        n.milestone = index;
        n.fundBy = uint40(START + 1 days + uint256(index) * 7 days);
        n.deliverBy = uint40(START + 7 days + uint256(index) * 7 days);
        t.clauses = pack(n);
    }

    /// @dev Three locked at once, cancelled after the first: it is paid, the other two go home whole.
    function test_cancelledAfterOne_paysOne_DRV_11() external {
        uint256 buyerBefore = usdc.balanceOf(buyer);
        uint256 sellerBefore = usdc.balanceOf(seller);
        for (uint16 i; i < 3; i++) {
            _doFund(_milestone(i));
        }
        vm.assertEq(buyerBefore - usdc.balanceOf(buyer), 600 * USDC, "three locks");
        _doDeliver(_milestone(0));
        _doRelease(_milestone(0));
        _doRefund(_milestone(1));
        vm.warp(START + 21 days);
        escrow.expire(_milestone(2));
        _same(_of(_milestone(0)).state, State.Completed, "first");
        _same(_of(_milestone(1)).state, State.Refunded, "second");
        _same(_of(_milestone(2)).state, State.Refunded, "third");
        vm.assertEq(buyerBefore - usdc.balanceOf(buyer), 100 * USDC, "pays one");
        vm.assertEq(usdc.balanceOf(seller) - sellerBefore, 99.5e6, "one, but for its fee");
        vm.assertEq(escrow.creditOf(fees), 0.5e6, "fee of one");
    }

    /// @dev Funded one after the other: what is not funded is not at risk, and a later date is agreed by both.
    function test_stagedFundingAndAnAmendedDate() external {
        uint256 before = usdc.balanceOf(buyer);
        for (uint16 i; i < 3; i++) {
            Terms memory t = _milestone(i);
            vm.warp(START + uint256(i) * 7 days);
            _doFund(t);
            vm.assertEq(
                usdc.balanceOf(address(escrow)),
                t.amount + uint256(i == 0 ? 0 : escrow.creditOf(fees)),
                "one at a time"
            );
            if (i == 1) {
                // Late by three days: both sign the new date, and the lock moves.
                Terms memory later = _milestone(i);
                Numbers memory n = _numbers();
                n.milestone = i;
                n.fundBy = uint40(START + 8 days);
                n.deliverBy = uint40(START + 17 days);
                later.clauses = pack(n);
                _doAmend(t, later);
                vm.warp(START + 16 days);
                t = later;
            }
            _doDeliver(t);
            _doRelease(t);
            if (i == 1) vm.warp(START + 14 days);
        }
        vm.assertEq(before - usdc.balanceOf(buyer), 600 * USDC, "all three");
    }
}
