// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./support/EscrowTest.sol";
import {Numbers, pack, unpack} from "./support/Signatures.sol";
import {Vm, vm} from "./support/Vm.sol";

contract DeliverInlineTest is EscrowTest {
    // -------------------------------------------------------------------- reverts

    function test_reverts_withAnEmptyArtifact_W_32() external {
        Terms memory t = _reach(Stage.Funded);
        vm.prank(seller);
        vm.expectPartialRevert(IPactEscrow.InvalidArtifactLength.selector);
        escrow.deliverInline(t, "", "");
    }

    function test_reverts_aboveTheLimit() external {
        Terms memory t = _reach(Stage.Funded);
        bytes memory long = new bytes(24_577);
        vm.prank(seller);
        vm.expectRevert(
            abi.encodeWithSelector(IPactEscrow.InvalidArtifactLength.selector, 24_577, 1, 24_576)
        );
        escrow.deliverInline(t, long, "");
    }

    function test_reverts_exactlyAtDeliverBy() external {
        Terms memory t = _reach(Stage.Funded);
        uint256 deliverBy = unpack(t.clauses).deliverBy;
        vm.warp(deliverBy);
        vm.prank(seller);
        vm.expectRevert(
            abi.encodeWithSelector(IPactEscrow.AfterDeliverBy.selector, deliverBy, deliverBy)
        );
        escrow.deliverInline(t, "artifact", "");
        vm.warp(deliverBy - 1);
        vm.prank(seller);
        escrow.deliverInline(t, "artifact", "");
    }

    function test_reverts_forAnyoneButTheSeller() external {
        Terms memory t = _reach(Stage.Funded);
        address[3] memory others = [buyer, stranger, address(arbiter)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert();
            escrow.deliverInline(t, "artifact", "");
        }
    }

    function test_reverts_inEveryStateButFunded() external {
        for (uint256 stage = 0; stage <= uint256(type(Stage).max); ++stage) {
            if (Stage(stage) == Stage.Funded) continue;
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            vm.prank(seller);
            vm.expectPartialRevert(IPactEscrow.UnexpectedState.selector);
            escrow.deliverInline(t, "artifact", "");
            vm.revertToState(snapshot);
        }
    }

    function test_reverts_whenTheSignatureIsOverOtherBytes() external {
        Terms memory t = _reach(Stage.Funded);
        bytes memory authorization = _deliverAuthorization(t, sha256("artifact"), false);
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.deliverInline(t, "artifac", authorization);
    }

    // ------------------------------------------------------------------- succeeds

    function test_takesTheLongestArtifact() external {
        Terms memory t = _reach(Stage.Funded);
        bytes memory long = new bytes(24_576);
        vm.prank(seller);
        escrow.deliverInline(t, long, "");
        _same(_of(t).state, State.Delivered, "state");
    }

    function test_opensTheReview() external {
        Terms memory t = _reach(Stage.Funded);
        vm.prank(seller);
        escrow.deliverInline(t, "x", "");
        _same(_of(t).state, State.Delivered, "state");
        vm.assertEq(_of(t).timerEnd, START + 12 hours, "review");
        vm.assertEq(_of(t).round, 1, "round");
    }

    /// @dev What lies on the chain is no proof that the buyer has looked: its silence pays by the fallback.
    function test_isNoNoticeToTheBuyer() external {
        Terms memory t = _reach(Stage.Funded);
        vm.prank(seller);
        escrow.deliverInline(t, "x", "");
        vm.assertTrue(!_of(t).noticed, "no notice");
        _doEscalate(t);
        uint256 before = usdc.balanceOf(buyer);
        _doConclude(t);
        vm.assertEq(usdc.balanceOf(buyer) - before, 300 * USDC, "all but the fallback of 40 %");
    }

    function test_isReviewedForTheResponseWindowWhereTheReviewWasWaived() external {
        Terms memory t = _terms();
        Numbers memory n = _numbers();
        n.reviewWindow = 0;
        t.clauses = pack(n);
        _doFund(t);
        vm.prank(seller);
        escrow.deliverInline(t, "x", "");
        vm.assertEq(_of(t).timerEnd, START + 24 hours, "response window");
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsTheSha256OfTheBytes() external {
        Terms memory t = _reach(Stage.Funded);
        vm.recordLogs();
        vm.prank(seller);
        escrow.deliverInline(t, "artifact", "");

        Vm.Log[] memory logs = vm.getRecordedLogs();
        vm.assertEq(logs.length, 1, "one event");
        vm.assertEq(logs[0].topics[0], IPactEscrow.Delivered.selector, "Delivered");
        (uint256 round, bytes32 artifactHash, bool byBuyer) = abi.decode(
            logs[0].data,
            (uint256, bytes32, bool)
        );
        vm.assertEq(round, 1, "round");
        vm.assertEq(artifactHash, sha256("artifact"), "hash of the raw bytes");
        vm.assertTrue(!byBuyer, "the buyer signed nothing");
    }
}
