// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Completion,
    IPactEscrow,
    Kind,
    Result,
    State,
    Terms
} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest} from "./support/EscrowTest.sol";
import {Numbers, pack} from "./support/Signatures.sol";
import {vm} from "./support/Vm.sol";

contract CompleteBatchTest is EscrowTest {
    Terms[] private batch;
    Completion[] private completions;

    // -------------------------------------------------------------------- reverts

    function test_reverts_whenEmptyOrOfDifferentLengths() external {
        _fundAll(2);
        bytes memory proof = _batchProof(2);
        vm.expectRevert(IPactEscrow.EmptyBatch.selector);
        escrow.completeBatch(new Terms[](0), new Completion[](0), proof);
        completions.pop();
        vm.expectPartialRevert(IPactEscrow.LengthMismatch.selector);
        escrow.completeBatch(batch, completions, proof);
    }

    function test_reverts_withTwoArbitersUnderOneStatement() external {
        _fundAll(1);
        Terms memory other = _instant(9);
        other.arbiter = address(_deployArbiter());
        _doFund(other);
        batch.push(other);
        completions.push(_completion(other, false));
        bytes memory proof = _batchProof(2);
        vm.expectRevert(
            abi.encodeWithSelector(IPactEscrow.BatchMixed.selector, other.arbiter, address(arbiter))
        );
        escrow.completeBatch(batch, completions, proof);
    }

    function test_reverts_belowTheThresholdAndForAnotherSet() external {
        _fundAll(3);
        bytes memory one = _batchProof(1);
        vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
        escrow.completeBatch(batch, completions, one);
        bytes memory whole = _batchProof(2);

        Terms memory last = batch[2];
        Completion memory lastCompletion = completions[2];
        batch.pop();
        completions.pop();
        vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
        escrow.completeBatch(batch, completions, whole);

        batch.push(batch[0]);
        completions.push(completions[0]);
        batch[0] = last;
        completions[0] = lastCompletion;
        vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
        escrow.completeBatch(batch, completions, whole);
    }

    function test_reverts_withTheSameEscrowTwice_DRV_04() external {
        _fundAll(1);
        batch.push(batch[0]);
        completions.push(completions[0]);
        bytes memory proof = _batchProof(2);
        vm.expectPartialRevert(IPactEscrow.UnexpectedState.selector);
        escrow.completeBatch(batch, completions, proof);
    }

    function test_reverts_wholeWhenOneCannotComplete() external {
        _fundAll(3);
        bytes memory proof = _batchProof(2);
        _doRefund(batch[1]);
        vm.expectPartialRevert(IPactEscrow.UnexpectedState.selector);
        escrow.completeBatch(batch, completions, proof);
        _same(_of(batch[0]).state, State.Funded, "untouched");
    }

    /// @dev A key that was added after the oldest funding says nothing about the batch.
    function test_reverts_withAKeyYoungerThanTheOldestEscrow() external {
        _fundAll(1);
        vm.warp(START + 100);
        arbiter.addKey(vm.addr(STRANGER), START + 100);
        Terms memory young = _instant(7);
        _doFund(young);
        batch.push(young);
        completions.push(_completion(young, false));
        bytes32 digest = _digest(address(escrow), _statements(_hashes()));
        (uint256 low, uint256 high) = vm.addr(STRANGER) < vm.addr(attestors[0])
            ? (STRANGER, attestors[0])
            : (attestors[0], STRANGER);
        bytes memory proof = bytes.concat(_sign(low, digest), _sign(high, digest));
        vm.expectRevert(
            abi.encodeWithSelector(
                IPactEscrow.ArbiterRefused.selector,
                address(arbiter),
                Kind.Attestation,
                digest
            )
        );
        escrow.completeBatch(batch, completions, proof);
    }

    function test_reverts_withoutAnyProof() external {
        _fundAll(2);
        completions[1].proof = "";
        vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
        escrow.completeBatch(batch, completions, "");
    }

    // ------------------------------------------------------------------- succeeds

    function test_completesAllUnderOneStatement() external {
        _fundAll(5);
        for (uint256 i = 0; i < 5; ++i) {
            completions[i].proof = "ignored";
        }
        _completesAll(_batchProof(2), 5);
    }

    function test_completesEachWithItsOwnProof() external {
        _fundAll(5);
        _completesAll("", 5);
    }

    function test_completesUnderTwoArbitersWithOwnProofs() external {
        _fundAll(2);
        Terms memory other = _instant(9);
        other.arbiter = address(_deployArbiter());
        _doFund(other);
        batch.push(other);
        completions.push(_completion(other, false));
        _completesAll("", 3);
    }

    function test_stopsWhereAReviewIsDue() external {
        _fundAll(1);
        Terms memory slow = _terms();
        _doFund(slow);
        batch.push(slow);
        completions.push(_completion(slow, false));
        escrow.completeBatch(batch, completions, _batchProof(2));
        _same(_of(batch[0]).state, State.Completed, "window 0");
        _same(_of(slow).state, State.Delivered, "window");
        vm.assertEq(uint256(_of(slow).result), uint256(Result.Pass), "result");
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsOneReleasedEach() external {
        _fundAll(2);
        bytes memory proof = _batchProof(2);
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectEmit(true, true, true, true, address(escrow));
            emit IPactEscrow.Released(_id(batch[i]), 497_500_000, 2_500_000, false);
        }
        escrow.completeBatch(batch, completions, proof);
    }

    // -------------------------------------------------------------------- private

    function _instant(uint256 salt) private view returns (Terms memory t) {
        t = _terms();
        Numbers memory n = _numbers();
        n.reviewWindow = 0;
        t.clauses = pack(n);
        t.salt = bytes32(salt);
    }

    function _fundAll(uint256 size) private {
        for (uint256 i = 0; i < size; ++i) {
            Terms memory t = _instant(i);
            _doFund(t);
            batch.push(t);
            completions.push(_completion(t, false));
        }
    }

    function _hashes() private view returns (bytes32[] memory hashes) {
        hashes = new bytes32[](batch.length);
        for (uint256 i = 0; i < hashes.length; ++i) {
            hashes[i] = _statement(_id(batch[i]), 1, ARTIFACT, REPORT);
        }
    }

    function _batchProof(uint256 count) private view returns (bytes memory) {
        return _proof(_statements(_hashes()), count);
    }

    function _completesAll(bytes memory proof, uint256 size) private {
        uint256 before = usdc.balanceOf(seller);
        vm.prank(stranger);
        escrow.completeBatch(batch, completions, proof);
        for (uint256 i = 0; i < size; ++i) {
            _same(_of(batch[i]).state, State.Completed, "state");
        }
        vm.assertEq(usdc.balanceOf(seller) - before, 497_500_000 * size, "seller");
        vm.assertEq(usdc.balanceOf(address(escrow)), 2_500_000 * size, "fees");
    }
}
