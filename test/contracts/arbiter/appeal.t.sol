// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Docket,
    IPactArbiter,
    Stage as DocketStage
} from "../../../contracts/src/interfaces/IPactArbiter.sol";
import {State, Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {vm} from "../support/Vm.sol";
import {ArbiterTest} from "./ArbiterTest.sol";

contract AppealTest is ArbiterTest {
    function _proposed() private returns (Terms memory t, bytes32 id) {
        t = _court(_human());
        id = _arbitrate(t);
        _propose(t, 6000);
    }

    function test_reverts_withoutProposal() public {
        Terms memory t = _court(_human());
        bytes32 id = _arbitrate(t);
        vm.prank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(IPactArbiter.WrongStage.selector, id, DocketStage.None)
        );
        court.appeal(t, buyer, 0, "");
    }

    function test_reverts_whereNothingStandsAbove() public {
        Terms memory t = _court(_micro());
        bytes32 id = _arbitrate(t);
        _propose(t, 6000);
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NoSuchRung.selector, id));
        court.appeal(t, buyer, 0, "");
    }

    function test_reverts_forAnyoneButAParty() public {
        (Terms memory t, ) = _proposed();
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NotParty.selector, stranger));
        court.appeal(t, stranger, 0, "");
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NotParty.selector, stranger));
        court.appeal(t, buyer, 0, "");
    }

    function test_reverts_exactlyAtTheEndOfTheAppealWindow() public {
        (Terms memory t, ) = _proposed();
        uint256 end = block.timestamp + 12 hours;
        vm.warp(end);
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.AfterLimit.selector, end, end));
        court.appeal(t, buyer, 0, "");
        vm.warp(end - 1);
        _appeal(t, buyer);
    }

    /// @dev Whoever appeals first, nobody appeals again: not the same side, not the other.
    function test_reverts_aSecondAppeal_TAP_04_UNS_16() public {
        (Terms memory t, bytes32 id) = _proposed();
        _appeal(t, seller);
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.AlreadyAppealed.selector, id));
        court.appeal(t, buyer, 0, "");
        vm.prank(seller);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.AlreadyAppealed.selector, id));
        court.appeal(t, seller, 0, "");
    }

    function test_stopsFinalize() public {
        (Terms memory t, bytes32 id) = _proposed();
        _appeal(t, seller);
        vm.warp(block.timestamp + 12 hours);
        vm.expectRevert(
            abi.encodeWithSelector(IPactArbiter.WrongStage.selector, id, DocketStage.Moderation)
        );
        _finalize(t);
    }

    function test_holdsTheBond() public {
        (Terms memory t, bytes32 id) = _proposed();
        uint256 before = usdc.balanceOf(seller);
        vm.expectEmit(true, true, true, true, address(court));
        emit IPactArbiter.Appealed(id, seller, APPEAL_BOND);
        _appeal(t, seller);
        vm.assertEq(before - usdc.balanceOf(seller), APPEAL_BOND, "paid");
        vm.assertEq(court.owed(), APPEAL_BOND, "owed");
        Docket memory docket = court.docketOf(id);
        vm.assertTrue(docket.appealed && docket.bySeller, "by the seller");
    }

    function test_byAuthorization_openToAnySender() public {
        (Terms memory t, bytes32 id) = _proposed();
        uint256 validBefore = block.timestamp + 1;
        bytes memory signature = _sign(
            BUYER,
            _receiveDigest(
                usdc,
                buyer,
                address(court),
                APPEAL_BOND,
                validBefore,
                court.appealNonce(id)
            )
        );
        vm.assertEq(
            court.appealNonce(id),
            keccak256(abi.encodePacked("earnest/appeal", id)),
            "nonce"
        );
        vm.prank(stranger);
        court.appeal(t, buyer, validBefore, signature);
        vm.assertTrue(!court.docketOf(id).bySeller, "by the buyer");
    }

    /// @dev Parties that agree after all take their money out, and the bond comes back.
    function test_settledMeanwhile_theBondReturns() public {
        (Terms memory t, ) = _proposed();
        _appeal(t, seller);
        _doSettle(t, 7000);
        _same(_of(t).state, State.Resolved, "settled");
        court.lapse(t);
        vm.assertEq(court.creditOf(seller), APPEAL_BOND, "returned");
    }

    function test_withdraw_reverts_withNothingOwed() public {
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NothingOwed.selector, stranger));
        court.withdraw(stranger);
    }

    /// @dev The treasury never takes what an appellant is owed.
    function test_collect_leavesWhatIsOwed() public {
        (Terms memory t, ) = _proposed();
        _appeal(t, seller);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NothingOwed.selector, treasury));
        court.collect();
        usdc.mint(address(court), 3);
        vm.expectEmit(true, true, true, true, address(court));
        emit IPactArbiter.Collected(treasury, 3);
        court.collect();
        vm.assertEq(usdc.balanceOf(treasury), 3, "a gift");
        vm.assertEq(usdc.balanceOf(address(court)), APPEAL_BOND, "the bond");
    }
}
