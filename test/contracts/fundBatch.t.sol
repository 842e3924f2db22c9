// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest} from "./support/EscrowTest.sol";
import {Numbers, pack, unpack} from "./support/Signatures.sol";
import {vm} from "./support/Vm.sol";

contract FundBatchTest is EscrowTest {
    // -------------------------------------------------------------------- reverts

    function test_reverts_whenEmpty() external {
        Terms[] memory none = new Terms[](0);
        vm.expectRevert(IPactEscrow.EmptyBatch.selector);
        escrow.fundBatch(none, "");
    }

    function test_reverts_withTwoBuyers() external {
        Terms[] memory batch = _batch(3);
        batch[2].buyer = stranger;
        bytes memory signature = _batchSignature(batch, BUYER);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.BatchMixed.selector, stranger, buyer));
        escrow.fundBatch(batch, signature);
    }

    function test_reverts_withTheSameTermsTwice_DRV_04() external {
        Terms[] memory batch = _batch(2);
        batch[1] = batch[0];
        bytes memory signature = _batchSignature(batch, BUYER);
        vm.expectRevert(
            abi.encodeWithSelector(IPactEscrow.AlreadyExists.selector, _id(batch[0]), State.Funded)
        );
        escrow.fundBatch(batch, signature);
    }

    function test_reverts_whenOneWasFundedAlready() external {
        Terms[] memory batch = _batch(3);
        bytes memory signature = _batchSignature(batch, BUYER);
        _doFund(batch[1]);
        vm.expectPartialRevert(IPactEscrow.AlreadyExists.selector);
        escrow.fundBatch(batch, signature);
    }

    function test_reverts_whenOneIsInvalid() external {
        Terms[] memory batch = _batch(3);
        batch[2].amount = 9_999;
        bytes memory signature = _batchSignature(batch, BUYER);
        vm.expectPartialRevert(IPactEscrow.InvalidAmount.selector);
        escrow.fundBatch(batch, signature);
        _same(_of(batch[0]).state, State.None, "nothing of the batch is funded");
    }

    function test_reverts_withAnotherSetThanSigned() external {
        Terms[] memory batch = _batch(3);
        bytes memory signature = _batchSignature(batch, BUYER);

        Terms memory last = batch[2];
        batch[2] = batch[1];
        batch[1] = last;
        vm.expectRevert();
        escrow.fundBatch(batch, signature);

        batch[2].seller = stranger;
        vm.expectRevert();
        escrow.fundBatch(batch, signature);
    }

    function test_reverts_exactlyAtTheEarliestFundBy() external {
        Terms[] memory batch = _batch(3);
        Numbers memory n = _numbers();
        n.fundBy = uint40(START + 100);
        batch[1].clauses = pack(n);
        bytes memory signature = _batchSignature(batch, BUYER);

        vm.warp(START + 100);
        vm.expectRevert(
            abi.encodeWithSelector(IPactEscrow.AfterFundBy.selector, START + 100, START + 100)
        );
        escrow.fundBatch(batch, signature);
        vm.warp(START + 99);
        escrow.fundBatch(batch, signature);
    }

    /// @dev A signature over a batch of one is not one over the single escrow, nor the other way round.
    function test_reverts_withTheSignatureOfASingleFunding() external {
        Terms[] memory batch = _batch(1);
        bytes memory single = _fundSignature(batch[0], BUYER);
        bytes memory many = _batchSignature(batch, BUYER);
        vm.expectRevert();
        escrow.fundBatch(batch, single);
        vm.expectRevert();
        escrow.fund(batch[0], many);
    }

    // ------------------------------------------------------------------- succeeds

    function test_fundsEveryEscrowWithOneSignature() external {
        Terms[] memory batch = _batch(10);
        bytes memory signature = _batchSignature(batch, BUYER);
        uint256 before = usdc.balanceOf(buyer);
        uint256 sum;

        vm.prank(stranger);
        bytes32[] memory ids = escrow.fundBatch(batch, signature);

        vm.assertEq(ids.length, 10, "ids");
        for (uint256 i = 0; i < 10; ++i) {
            sum += batch[i].amount;
            vm.assertEq(ids[i], _id(batch[i]), "id");
            _same(_of(batch[i]).state, State.Funded, "state");
            vm.assertEq(_of(batch[i]).timerEnd, unpack(batch[i].clauses).deliverBy, "timerEnd");
        }
        vm.assertEq(before - usdc.balanceOf(buyer), sum, "paid");
        vm.assertEq(usdc.balanceOf(address(escrow)), sum, "locked");
    }

    function test_keepsTheEscrowsOfABatchApart() external {
        Terms[] memory batch = _batch(3);
        escrow.fundBatch(batch, _batchSignature(batch, BUYER));
        _doRelease(batch[0]);
        _doRefund(batch[1]);
        _same(_of(batch[2]).state, State.Funded, "untouched");
        vm.assertEq(
            usdc.balanceOf(address(escrow)),
            batch[2].amount + escrow.creditOf(fees),
            "the third and the fee"
        );
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsOneFundedEach() external {
        Terms[] memory batch = _batch(2);
        bytes memory signature = _batchSignature(batch, BUYER);
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectEmit(true, true, true, true, address(escrow));
            emit IPactEscrow.Funded(_id(batch[i]), buyer, seller, batch[i]);
        }
        escrow.fundBatch(batch, signature);
    }

    // -------------------------------------------------------------------- private

    function _batch(uint256 size) private view returns (Terms[] memory batch) {
        batch = new Terms[](size);
        for (uint256 i = 0; i < size; ++i) {
            batch[i] = _terms();
            batch[i].amount = (i + 1) * 20_001;
            batch[i].salt = bytes32(i);
        }
    }

    function _batchSignature(
        Terms[] memory batch,
        uint256 key
    ) private view returns (bytes memory) {
        bytes memory ids;
        uint256 sum;
        uint256 end = type(uint256).max;
        for (uint256 i = 0; i < batch.length; ++i) {
            ids = bytes.concat(ids, _id(batch[i]));
            sum += batch[i].amount;
            uint256 fundBy = unpack(batch[i].clauses).fundBy;
            if (fundBy < end) end = fundBy;
        }
        bytes32 nonce = keccak256(bytes.concat("earnest/batch", ids));
        return _sign(key, _receiveDigest(usdc, batch[0].buyer, address(escrow), sum, end, nonce));
    }
}
