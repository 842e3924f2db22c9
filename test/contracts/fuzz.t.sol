// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./support/EscrowTest.sol";
import {Numbers, pack, unpack} from "./support/Signatures.sol";
import {Shares, splitOf} from "./support/Split.sol";
import {vm} from "./support/Vm.sol";

/// @notice Any amount, any fee, any split: the contract pays what the reference arithmetic says, and the
/// four shares are the amount, to the base unit.
contract FuzzTest is EscrowTest {
    function testFuzz_settle_DRV_01(
        uint256 amount,
        uint256 protocolBps,
        uint256 arbitrationBps,
        uint256 bps
    ) external {
        Terms memory t = _any(amount, protocolBps, arbitrationBps, 0);
        bps = _bound(bps, 0, 10_000);
        _reach(t, Stage.Delivered);
        _doSettleAndCheck(t, bps);
    }

    function testFuzz_rule_DRV_01(
        uint256 amount,
        uint256 protocolBps,
        uint256 arbitrationBps,
        uint256 bps
    ) external {
        Terms memory t = _any(amount, protocolBps, arbitrationBps, 0);
        bps = _bound(bps, 0, 10_000);
        _reach(t, Stage.ArbitrationByBoth);
        uint256 stakes = 2 * _stake(t);
        uint256 toSeller =
            bps > 9000
                ? stakes
                : bps < 1000
                    ? 0
                    : stakes / 2;
        Balances memory before = _balances();
        _doRule(t, bps);
        _paid(t, before, _expected(t, bps, true), toSeller, stakes - toSeller);
    }

    function testFuzz_concludeByTheFallback(
        uint256 amount,
        uint256 arbitrationBps,
        uint256 fallbackBps
    ) external {
        Terms memory t = _any(amount, 50, arbitrationBps, fallbackBps);
        uint256 bps = unpack(t.clauses).fallbackSellerBps;
        _reach(t, Stage.ArbitrationPartial);
        Balances memory before = _balances();
        _doConclude(t);
        // The arbiter's own partial is paid below 90 % only.
        _paid(t, before, _expected(t, bps, bps < 9000), 0, 0);
    }

    function testFuzz_concludeByTheProposal(
        uint256 amount,
        uint256 arbitrationBps,
        uint256 bps
    ) external {
        Terms memory t = _any(amount, 50, arbitrationBps, 0);
        bps = _bound(bps, 0, 10_000);
        _reach(t, Stage.ArbitrationObjected);
        _doPropose(t, bps);
        uint256 toSeller = bps > 9000 ? _stake(t) : 0;
        Balances memory before = _balances();
        _doConclude(t);
        _paid(t, before, _expected(t, bps, true), toSeller, _stake(t) - toSeller);
    }

    function testFuzz_release(uint256 amount, uint256 protocolBps) external {
        Terms memory t = _any(amount, protocolBps, 100, 0);
        _reach(t, Stage.Delivered);
        Balances memory before = _balances();
        _doRelease(t);
        _paid(t, before, _expected(t, 10_000, false), 0, 0);
    }

    function testFuzz_refundIsTheWholeAmount(uint256 amount, uint256 stage) external {
        Terms memory t = _any(amount, 200, 500, 0);
        uint256 before = usdc.balanceOf(buyer);
        _reach(t, Stage(_bound(stage, uint256(Stage.Funded), uint256(Stage.ArbitrationObjected))));
        _doRefund(t);
        vm.assertEq(usdc.balanceOf(buyer), before, "100 %");
        vm.assertEq(usdc.balanceOf(address(escrow)), 0, "nothing is left");
    }

    /// @dev Exactly the amount comes in, under an id of its own.
    function testFuzz_fund_ESC_01(uint256 amount, bytes32 salt, bytes32 pactHash) external {
        Terms memory t = _any(amount, 50, 100, 0);
        t.salt = salt;
        t.pactHash = pactHash;
        uint256 before = usdc.balanceOf(buyer);
        bytes32 id = _doFund(t);
        vm.assertEq(id, _id(t), "id");
        vm.assertTrue(salt == _terms().salt || id != _id(_terms()), "unique");
        vm.assertEq(before - usdc.balanceOf(buyer), t.amount, "paid");
        vm.assertEq(usdc.balanceOf(address(escrow)), t.amount, "locked");
        _same(_of(t).state, State.Funded, "state");
    }

    /// @dev At any instant either the seller may deliver or anyone may expire, never both and never none.
    function testFuzz_deliverOrExpire_ESC_09(uint256 now_) external {
        Terms memory t = _reach(Stage.Funded);
        uint256 deliverBy = unpack(t.clauses).deliverBy;
        vm.warp(_bound(now_, START, deliverBy + 365 days));
        bool late = block.timestamp >= deliverBy;
        bytes memory deliver = abi.encodeCall(
            IPactEscrow.deliver,
            (t, ARTIFACT, _arbiterReceipt(t, ARTIFACT), "")
        );
        vm.prank(seller);
        (bool delivered, ) = address(escrow).call(deliver);
        (bool expired, ) = address(escrow).call(abi.encodeCall(IPactEscrow.expire, (t)));
        vm.assertTrue(delivered == !late && expired == late, "exactly one");
    }

    /// @dev After a PASS: the buyer's dispute or anyone's release, exactly one of them.
    function testFuzz_disputeOrRelease_TRZ_03(uint256 now_) external {
        Terms memory t = _reach(Stage.Passed);
        uint256 end = _of(t).timerEnd;
        vm.warp(_bound(now_, START, end + 365 days));
        uint256 snapshot = vm.snapshotState();
        (bool released, ) = address(escrow).call(abi.encodeCall(IPactEscrow.release, (t, "")));
        vm.revertToState(snapshot);
        vm.prank(buyer);
        (bool disputed, ) = address(escrow).call(
            abi.encodeCall(IPactEscrow.dispute, (t, buyer, CLAIM, "", ""))
        );
        vm.assertTrue(released == (block.timestamp >= end) && disputed == !released, "exactly one");
    }

    // -------------------------------------------------------------------- private

    function _any(
        uint256 amount,
        uint256 protocolBps,
        uint256 arbitrationBps,
        uint256 fallbackBps
    ) private returns (Terms memory t) {
        t = _terms();
        Numbers memory n = _numbers();
        // Half of the runs near the least amount, where the rounding bites.
        t.amount = amount % 2 == 0 ? _bound(amount, 10_000, 20_000) : _bound(amount, 10_000, 1e15);
        n.protocolFeeBps = uint16(_bound(protocolBps, 0, 200));
        n.arbitrationFeeBps = uint16(_bound(arbitrationBps, 0, 500));
        n.fallbackSellerBps = uint16(_bound(fallbackBps, 0, 10_000));
        t.clauses = pack(n);
        usdc.mint(buyer, 2 * t.amount);
        usdc.mint(seller, t.amount);
    }

    function _expected(
        Terms memory t,
        uint256 bps,
        bool arbitrated
    ) private pure returns (Shares memory) {
        Numbers memory n = unpack(t.clauses);
        return splitOf(t.amount, bps, n.protocolFeeBps, n.arbitrationFeeBps, arbitrated);
    }

    function _doSettleAndCheck(Terms memory t, uint256 bps) private {
        Balances memory before = _balances();
        _doSettle(t, bps);
        _paid(t, before, _expected(t, bps, false), 0, 0);
    }

    function _paid(
        Terms memory t,
        Balances memory before,
        Shares memory expected,
        uint256 stakeToSeller,
        uint256 stakeToBuyer
    ) private view {
        Balances memory afterwards = _balances();
        vm.assertEq(afterwards.seller - before.seller, expected.seller + stakeToSeller, "seller");
        vm.assertEq(afterwards.buyer - before.buyer, expected.buyer + stakeToBuyer, "buyer");
        vm.assertEq(afterwards.fees - before.fees, expected.protocol, "protocol");
        vm.assertEq(afterwards.arbiter - before.arbiter, expected.arbitration, "arbitration");
        vm.assertEq(
            expected.seller + expected.buyer + expected.protocol + expected.arbitration,
            t.amount,
            "conserved"
        );
        vm.assertLe(
            expected.protocol,
            (t.amount * unpack(t.clauses).protocolFeeBps) / 1e4,
            "fee of the terms"
        );
        vm.assertEq(
            before.escrow - afterwards.escrow,
            t.amount - expected.protocol - expected.arbitration + stakeToSeller + stakeToBuyer,
            "out"
        );
    }
}
