// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Docket,
    IPactArbiter,
    Stage as DocketStage
} from "../../../contracts/src/interfaces/IPactArbiter.sol";
import {Escrow, State, Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {vm} from "../support/Vm.sol";
import {ArbiterTest} from "./ArbiterTest.sol";

contract ProposeTest is ArbiterTest {
    function test_reverts_outsideArbitration() public {
        Terms memory t = _court(_micro());
        bytes32 id = _doFund(t);
        _doDeliverNoticed(t);
        bytes memory proof = _proposalProof(t, 6000, 2);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NotOpen.selector, id));
        court.propose(t, 6000, RECORD, proof);
    }

    function test_reverts_forTheEscrowOfAnotherArbiter() public {
        Terms memory t = _court(_micro());
        t.arbiter = address(arbiter);
        bytes32 id = _arbitrate(t);
        bytes memory proof = _proposalProof(t, 6000, 2);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NotOpen.selector, id));
        court.propose(t, 6000, RECORD, proof);
    }

    function test_reverts_withoutALadder() public {
        Terms memory t = _court(bytes32(0));
        bytes32 id = _arbitrate(t);
        bytes memory proof = _proposalProof(t, 6000, 2);
        vm.expectRevert(
            abi.encodeWithSelector(IPactArbiter.LadderRefused.selector, id, bytes32(0))
        );
        court.propose(t, 6000, RECORD, proof);
    }

    function test_reverts_withoutAJury() public {
        Terms memory t = _court(_moderated());
        bytes32 id = _arbitrate(t);
        bytes memory proof = _proposalProof(t, 6000, 2);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NoSuchRung.selector, id));
        court.propose(t, 6000, RECORD, proof);
    }

    function test_reverts_withFewerThanTheThreshold() public {
        Terms memory t = _court(_micro());
        bytes32 id = _arbitrate(t);
        bytes memory proof = _proposalProof(t, 6000, 1);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NotAuthorized.selector, id));
        court.propose(t, 6000, RECORD, proof);
    }

    function test_reverts_withAnotherSplitOrRecord() public {
        Terms memory t = _court(_micro());
        bytes32 id = _arbitrate(t);
        bytes memory proof = _proposalProof(t, 6000, 2);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NotAuthorized.selector, id));
        court.propose(t, 6001, RECORD, proof);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NotAuthorized.selector, id));
        court.propose(t, 6000, keccak256("other"), proof);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.InvalidSplit.selector, 10_001));
        court.propose(t, 10_001, RECORD, proof);
    }

    function test_reverts_withARulingsSignatures() public {
        Terms memory t = _court(_micro());
        bytes32 id = _arbitrate(t);
        bytes memory proof = _rulingProof(t, 6000, 2);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NotAuthorized.selector, id));
        court.propose(t, 6000, RECORD, proof);
    }

    function test_reverts_exactlyAtTheJurysLimit() public {
        Terms memory t = _court(_human());
        _arbitrate(t);
        uint256 end = block.timestamp + 6 hours;
        bytes memory proof = _proposalProof(t, 6000, 2);
        vm.warp(end);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.AfterLimit.selector, end, end));
        court.propose(t, 6000, RECORD, proof);
        vm.warp(end - 1);
        court.propose(t, 6000, RECORD, proof);
    }

    function test_reverts_twice() public {
        Terms memory t = _court(_human());
        bytes32 id = _arbitrate(t);
        _propose(t, 6000);
        bytes memory proof = _proposalProof(t, 3000, 2);
        vm.expectRevert(
            abi.encodeWithSelector(IPactArbiter.WrongStage.selector, id, DocketStage.Proposed)
        );
        court.propose(t, 3000, RECORD, proof);
    }

    /// @dev Stored in the escrow, not paid: it counts there if everybody falls silent.
    function test_standsInTheEscrow_DRV_13() public {
        Terms memory t = _court(_human());
        bytes32 id = _arbitrate(t);
        _propose(t, 6000);
        Escrow memory lock = _of(t);
        vm.assertTrue(lock.proposed, "stands");
        vm.assertEq(lock.proposedBps, 6000, "split");
        _same(lock.state, State.Arbitration, "not paid");
        Docket memory docket = court.docketOf(id);
        vm.assertEq(docket.recordHash, RECORD, "record");
        vm.assertEq(docket.proposedAt, block.timestamp, "clock");

        uint256 before = usdc.balanceOf(buyer);
        _doConclude(t);
        _same(_of(t).state, State.Resolved, "concluded");
        vm.assertEq(usdc.balanceOf(buyer) - before, 198e6, "by the proposal");
    }

    function test_emitsUntilWhenItMayBeAppealed() public {
        Terms memory t = _court(_human());
        bytes32 id = _arbitrate(t);
        vm.expectEmit(true, true, true, true, address(court));
        emit IPactArbiter.ProposalMade(id, false, 6000, RECORD, block.timestamp + 12 hours);
        _propose(t, 6000);
    }
}
