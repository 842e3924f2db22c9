// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Rungs} from "../../../contracts/src/arbiter/Ladder.sol";
import {
    IPactArbiter,
    Stage as DocketStage
} from "../../../contracts/src/interfaces/IPactArbiter.sol";
import {IPactEscrow, State, Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {vm} from "../support/Vm.sol";
import {ArbiterTest} from "./ArbiterTest.sol";

contract FinalizeTest is ArbiterTest {
    function test_reverts_withoutProposal() public {
        Terms memory t = _court(_agent());
        _openCommitteePool();
        bytes32 id = _arbitrate(t);
        vm.expectRevert(
            abi.encodeWithSelector(IPactArbiter.WrongStage.selector, id, DocketStage.None)
        );
        _finalize(t);
    }

    function test_reverts_oneSecondBeforeAppealEnd() public {
        Terms memory t = _court(_human());
        _arbitrate(t);
        _propose(t, 6000);
        uint256 end = block.timestamp + 12 hours;
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.BeforeLimit.selector, end - 1, end));
        _finalize(t);
        vm.warp(end);
        _finalize(t);
        _same(_of(t).state, State.Resolved, "resolved");
    }

    function test_reverts_twice() public {
        Terms memory t = _court(_micro());
        bytes32 id = _arbitrate(t);
        _propose(t, 6000);
        _finalize(t);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.NotOpen.selector, id));
        _finalize(t);
    }

    /// @dev 500 USDC at 60 %: 5.00 arbitration, 1.50 protocol (0.5 %), 295.50 and 198.00. Whoever proposed
    /// is gone by then: the split needs no key any more.
    function test_executesTheSplitInOneTransaction_DSP_17() public {
        Terms memory t = _court(_micro());
        _arbitrate(t);
        Balances memory before = _balances();
        _propose(t, 6000);
        for (uint256 i; i < 4; i++) {
            vm.prank(guardian);
            court.removeAttestor(vm.addr(KEY + i));
        }
        vm.prank(stranger);
        _finalize(t);

        Balances memory now_ = _balances();
        vm.assertEq(escrow.creditOf(address(court)), 5e6, "arbitration");
        vm.assertEq(now_.fees - before.fees, 1.5e6, "protocol");
        vm.assertEq(now_.seller - before.seller, 297e6 - 1.5e6 + 5e6, "seller, and its stake");
        vm.assertEq(now_.buyer - before.buyer, 198e6, "buyer");
        _inStage(t, DocketStage.Closed);
    }

    function test_emits() public {
        Terms memory t = _court(_micro());
        bytes32 id = _arbitrate(t);
        vm.expectEmit(true, true, true, true, address(court));
        emit IPactArbiter.ProposalMade(id, false, 6000, RECORD, block.timestamp);
        _propose(t, 6000);
        vm.expectEmit(true, true, true, true, address(court));
        emit IPactArbiter.Decided(id, 6000, RECORD, true);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Ruled(id, 6000, 295.5e6, 198e6, 1.5e6, 5e6, RECORD);
        _finalize(t);
    }

    function _openCommitteePool() internal {
        bytes32 root = keccak256("root");
        bytes32 digest = _poolDigest(1, "", root, 100, 21);
        committee.anchorPool("", root, 100, 21, _courtProof(digest, 2));
        vm.warp(block.timestamp + 1);
    }

    function _poolDigest(
        uint256 number,
        bytes32 domain,
        bytes32 root,
        uint256 total,
        uint256 members
    ) internal view returns (bytes32) {
        bytes32 separator = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Earnest Committee"),
                keccak256("1"),
                block.chainid,
                address(committee)
            )
        );
        bytes32 hash = keccak256(
            abi.encode(
                keccak256(
                    "Pool(uint256 number,bytes32 domain,bytes32 root,uint256 total,uint256 members)"
                ),
                number,
                domain,
                root,
                total,
                members
            )
        );
        return keccak256(abi.encodePacked(hex"1901", separator, hash));
    }
}
