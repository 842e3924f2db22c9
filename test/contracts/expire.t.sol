// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./support/EscrowTest.sol";
import {unpack} from "./support/Signatures.sol";
import {vm} from "./support/Vm.sol";

contract ExpireTest is EscrowTest {
    // -------------------------------------------------------------------- reverts

    /// @dev With a submission or a dispute the refund path reverts, however late.
    function test_reverts_inEveryStateButFunded_ESC_03() external {
        for (uint256 stage = 0; stage <= uint256(type(Stage).max); ++stage) {
            if (Stage(stage) == Stage.Funded) continue;
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            vm.warp(START + 365 days);
            vm.prank(buyer);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IPactEscrow.UnexpectedState.selector,
                    _id(t),
                    _stateOf(Stage(stage)),
                    State.Funded
                )
            );
            escrow.expire(t);
            vm.revertToState(snapshot);
        }
    }

    function test_reverts_beforeDeliverBy() external {
        Terms memory t = _reach(Stage.Funded);
        uint256 deliverBy = unpack(t.clauses).deliverBy;
        vm.warp(deliverBy - 1);
        address[4] memory everyone = [buyer, seller, stranger, address(arbiter)];
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(everyone[i]);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IPactEscrow.BeforeDeliverBy.selector,
                    deliverBy - 1,
                    deliverBy
                )
            );
            escrow.expire(t);
        }
    }

    // ------------------------------------------------------------------- succeeds

    function test_anyoneGivesEverythingBackExactlyFromDeliverBy_ESC_03_ESC_09() external {
        uint256 before = usdc.balanceOf(buyer);
        Terms memory t = _reach(Stage.Funded);
        uint256 deliverBy = unpack(t.clauses).deliverBy;
        for (uint256 late = 0; late < 2; ++late) {
            uint256 snapshot = vm.snapshotState();
            vm.warp(deliverBy + late);
            vm.prank(stranger);
            escrow.expire(t);
            vm.assertEq(usdc.balanceOf(buyer), before, "100 %");
            vm.assertEq(usdc.balanceOf(address(escrow)), 0, "nothing is left");
            vm.assertEq(escrow.creditOf(fees), 0, "no fee");
            _same(_of(t).state, State.Refunded, "state");
            vm.revertToState(snapshot);
        }
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsExpired() external {
        Terms memory t = _reach(Stage.Funded);
        vm.warp(unpack(t.clauses).deliverBy);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Expired(_id(t), t.amount);
        escrow.expire(t);
    }
}
