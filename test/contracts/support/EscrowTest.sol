// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Completion,
    Escrow,
    IPactEscrow,
    Receipt,
    Result,
    State,
    Terms
} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {Assert} from "./Assert.sol";
import {Numbers, Signatures, pack, unpack} from "./Signatures.sol";
import {SmartWallet} from "./SmartWallet.sol";
import {TestArbiter} from "./TestArbiter.sol";
import {TestVault} from "./TestVault.sol";
import {IUsdc, Usdc} from "./Usdc.sol";
import {vm} from "./Vm.sol";

/// @notice Every situation of an escrow that the law tells apart.
enum Stage {
    Unfunded,
    Funded,
    Delivered,
    Noticed,
    Passed,
    Disputed,
    DisputedPass,
    DisputedPartial,
    DisputedFail,
    Negotiating,
    NegotiatingPartial,
    Arbitration,
    ArbitrationNoticed,
    ArbitrationPass,
    ArbitrationPartial,
    ArbitrationFail,
    ArbitrationObjected,
    ArbitrationBySeller,
    ArbitrationByBoth,
    Proposed,
    Completed,
    Bonded,
    Refunded,
    Expired,
    Settled,
    Ruled,
    Amended
}

/// @notice One escrow on real USDC, its people, and each step of a trade as one call.
abstract contract EscrowTest is Assert, Signatures, Usdc {
    uint256 internal constant BUYER = 0xB0B;
    uint256 internal constant SELLER = 0x5E11;
    uint256 internal constant STRANGER = 0x57A;
    uint256 internal constant START = 1_800_000_000;
    uint256 internal constant USDC = 1e6;
    bytes32 internal constant ARTIFACT = keccak256("artifact");
    bytes32 internal constant REPORT = keccak256("report");
    bytes32 internal constant CLAIM = keccak256("claim");
    bytes32 internal constant RESPONSE = keccak256("response");
    bytes32 internal constant RECORD = keccak256("record");

    address internal buyer = vm.addr(BUYER);
    address internal seller = vm.addr(SELLER);
    address internal stranger = vm.addr(STRANGER);
    address internal fees = address(0xFEE5);

    IUsdc internal usdc;
    IPactEscrow internal escrow;
    TestArbiter internal arbiter;
    TestVault internal vault;
    uint256[] internal attestors;

    function setUp() public virtual {
        vm.warp(START);
        usdc = _deployUsdc();
        escrow = _deployEscrow(address(usdc));
        arbiter = _deployArbiter();
        vault = new TestVault();
        _provide(buyer, 1e15);
        _provide(seller, 1e15);
    }

    // -------------------------------------------------------------------- setting

    function _deployEscrow(address token) internal returns (IPactEscrow) {
        return IPactEscrow(_deploy("contracts/src/PactEscrow.sol:PactEscrow", abi.encode(token)));
    }

    /// @dev Three attestors in ascending order of their addresses, as the proof wants them.
    function _deployArbiter() internal returns (TestArbiter) {
        address[] memory keys = new address[](3);
        uint256 last;
        attestors = new uint256[](0);
        while (attestors.length < 3) {
            uint256 best;
            for (uint256 key = 0xA1; key <= 0xA3; ++key) {
                uint256 account = uint160(vm.addr(key));
                if (account > last && (best == 0 || account < uint160(vm.addr(best)))) best = key;
            }
            last = uint160(vm.addr(best));
            keys[attestors.length] = vm.addr(best);
            attestors.push(best);
        }
        return new TestArbiter(keys);
    }

    /// @dev Money, and the allowance from which a stake is pulled.
    function _provide(address who, uint256 amount) internal {
        usdc.mint(who, amount);
        vm.prank(who);
        usdc.approve(address(escrow), type(uint256).max);
    }

    function _numbers() internal pure returns (Numbers memory) {
        return
            Numbers({
                milestone: 0,
                fundBy: uint40(START + 1 days),
                deliverBy: uint40(START + 7 days),
                reviewWindow: 12 hours,
                responseWindow: 24 hours,
                negotiationWindow: 36 hours,
                arbitrationWindow: 72 hours,
                protocolFeeBps: 50,
                arbitrationFeeBps: 100,
                fallbackSellerBps: 4000
            });
    }

    function _terms() internal view returns (Terms memory) {
        return
            Terms({
                buyer: buyer,
                seller: seller,
                arbiter: address(arbiter),
                vault: address(0),
                feeRecipient: fees,
                amount: 500 * USDC,
                pactHash: sha256("pact"),
                ladder: keccak256("ladder"),
                salt: keccak256("salt"),
                clauses: pack(_numbers())
            });
    }

    function _id(Terms memory t) internal view returns (bytes32) {
        return _idOn(block.chainid, address(escrow), t);
    }

    function _of(Terms memory t) internal view returns (Escrow memory) {
        return escrow.escrowOf(_id(t));
    }

    function _stake(Terms memory t) internal pure returns (uint256) {
        return (t.amount * unpack(t.clauses).arbitrationFeeBps) / 1e4;
    }

    /// @dev How many fields the terms have, clauses unpacked.
    uint256 internal constant FIELDS = 19;

    /// @dev The usual terms, but for one field.
    function _changed(uint256 field) internal view returns (Terms memory t) {
        t = _terms();
        if (field == 0) t.buyer = stranger;
        if (field == 1) t.seller = stranger;
        if (field == 2) t.arbiter = address(vault);
        if (field == 3) t.vault = address(vault);
        if (field == 4) t.feeRecipient = stranger;
        if (field == 5) t.amount -= 1;
        if (field == 6) t.pactHash = sha256("another pact");
        if (field == 7) t.ladder = 0;
        if (field == 8) t.salt = 0;
        if (field < 9) return t;
        Numbers memory n = _numbers();
        if (field == 9) n.milestone = 1;
        if (field == 10) n.fundBy += 1;
        if (field == 11) n.deliverBy += 1;
        if (field == 12) n.reviewWindow += 1;
        if (field == 13) n.responseWindow += 1;
        if (field == 14) n.negotiationWindow += 1;
        if (field == 15) n.arbitrationWindow += 1;
        if (field == 16) n.protocolFeeBps += 1;
        if (field == 17) n.arbitrationFeeBps += 1;
        if (field == 18) n.fallbackSellerBps += 1;
        t.clauses = pack(n);
    }

    // ------------------------------------------------------------------ signatures

    function _authorization(
        uint256 key,
        bytes32 structHash,
        uint256 validBefore
    ) internal view returns (bytes memory) {
        return
            abi.encodePacked(uint48(validBefore), _sign(key, _digest(address(escrow), structHash)));
    }

    function _later() internal view returns (uint256) {
        return block.timestamp + 1 hours;
    }

    /// @dev The first `count` attestors sign.
    function _proof(bytes32 structHash, uint256 count) internal view returns (bytes memory proof) {
        bytes32 digest = _digest(address(escrow), structHash);
        for (uint256 i = 0; i < count; ++i) {
            proof = bytes.concat(proof, _sign(attestors[i], digest));
        }
    }

    function _fundSignature(Terms memory t, uint256 key) internal view returns (bytes memory) {
        return
            _sign(
                key,
                _receiveDigest(
                    usdc,
                    t.buyer,
                    address(escrow),
                    t.amount,
                    unpack(t.clauses).fundBy,
                    _id(t)
                )
            );
    }

    function _arbiterReceipt(
        Terms memory t,
        bytes32 artifactHash
    ) internal view returns (Receipt memory) {
        uint256 round = uint256(_of(t).round) + 1;
        return Receipt({byBuyer: false, proof: _proof(_receipt(_id(t), round, artifactHash), 1)});
    }

    function _buyerReceipt(
        Terms memory t,
        bytes32 artifactHash
    ) internal view returns (Receipt memory) {
        uint256 round = uint256(_of(t).round) + 1;
        return
            Receipt({
                byBuyer: true,
                proof: _sign(BUYER, _digest(address(escrow), _receipt(_id(t), round, artifactHash)))
            });
    }

    function _deliverAuthorization(
        Terms memory t,
        bytes32 artifactHash,
        bool reserve
    ) internal view returns (bytes memory) {
        bytes32 hash = _deliver(_id(t), t.seller, artifactHash, reserve, _of(t).seq, _later());
        return _authorization(SELLER, hash, _later());
    }

    /// @dev What the oracle submits: signed delivery, receipt and PASS as one statement.
    function _completion(Terms memory t, bool reserve) internal view returns (Completion memory) {
        return
            Completion({
                artifactHash: ARTIFACT,
                reportHash: REPORT,
                reserve: reserve,
                sellerAuthorization: _deliverAuthorization(t, ARTIFACT, reserve),
                proof: _proof(_statement(_id(t), uint256(_of(t).round) + 1, ARTIFACT, REPORT), 2),
                buyerAuthorization: ""
            });
    }

    // ----------------------------------------------------------------------- steps

    function _doFund(Terms memory t) internal returns (bytes32) {
        return escrow.fund(t, _fundSignature(t, BUYER));
    }

    function _doDeliver(Terms memory t) internal {
        Receipt memory receipt = _arbiterReceipt(t, ARTIFACT);
        vm.prank(t.seller);
        escrow.deliver(t, ARTIFACT, receipt, "");
    }

    function _doDeliverNoticed(Terms memory t) internal {
        Receipt memory receipt = _buyerReceipt(t, ARTIFACT);
        vm.prank(t.seller);
        escrow.deliver(t, ARTIFACT, receipt, "");
    }

    function _doAttest(Terms memory t, Result result) internal {
        escrow.attest(
            t,
            result,
            REPORT,
            _proof(_attestation(_id(t), _of(t).round, result, REPORT), 2)
        );
    }

    function _doDispute(Terms memory t, address by) internal {
        vm.prank(by);
        escrow.dispute(t, by, CLAIM, "", "");
    }

    function _doDefend(Terms memory t) internal {
        vm.prank(t.seller);
        escrow.defend(t, RESPONSE, "");
    }

    function _doRedeliver(Terms memory t) internal {
        bytes memory receipt = _buyerReceipt(t, ARTIFACT).proof;
        vm.prank(t.seller);
        escrow.redeliver(t, ARTIFACT, receipt, "");
    }

    /// @dev Waits for the running window to end, then escalates as nobody in particular.
    function _doEscalate(Terms memory t) internal {
        vm.warp(_of(t).timerEnd);
        escrow.escalate(t, stranger, "");
    }

    function _doPropose(Terms memory t, uint256 bps) internal {
        escrow.propose(t, bps, RECORD, _proof(_proposal(_id(t), _of(t).round, bps, RECORD), 2));
    }

    function _doRule(Terms memory t, uint256 bps) internal {
        escrow.rule(t, bps, RECORD, _proof(_ruling(_id(t), _of(t).round, bps, RECORD), 2));
    }

    function _doRelease(Terms memory t) internal {
        vm.prank(t.buyer);
        escrow.release(t, "");
    }

    function _doRefund(Terms memory t) internal {
        vm.prank(t.seller);
        escrow.refund(t, "");
    }

    function _doSettle(Terms memory t, uint256 bps) internal {
        bytes32 hash = _settle(_id(t), t.buyer, bps, _of(t).seq, _later());
        bytes memory authorization = _authorization(BUYER, hash, _later());
        vm.prank(t.seller);
        escrow.settle(t, bps, authorization, "");
    }

    function _doAmend(Terms memory t, Terms memory amended) internal returns (bytes32) {
        bytes32 hash = _amend(_id(t), t.buyer, _id(amended), _of(t).seq, _later());
        bytes memory authorization = _authorization(BUYER, hash, _later());
        vm.prank(t.seller);
        return escrow.amend(t, amended, authorization, "");
    }

    function _doConclude(Terms memory t) internal {
        vm.warp(_of(t).timerEnd);
        escrow.conclude(t);
    }

    // ---------------------------------------------------------------------- stages

    /// @dev The shortest way into each stage. Terms need a vault for `Bonded`.
    function _reach(Stage stage) internal returns (Terms memory t) {
        t = _terms();
        if (stage == Stage.Bonded) t.vault = address(vault);
        _reach(t, stage);
    }

    function _reach(Terms memory t, Stage stage) internal {
        if (stage == Stage.Unfunded) return;
        _doFund(t);
        if (stage == Stage.Funded) return;
        if (stage >= Stage.Completed) return _reachEnd(t, stage);

        bool noticed = stage == Stage.Noticed || stage == Stage.ArbitrationNoticed;
        if (noticed) _doDeliverNoticed(t);
        else _doDeliver(t);
        if (stage == Stage.Delivered || stage == Stage.Noticed) return;

        if (
            stage == Stage.Passed || stage == Stage.DisputedPass || stage == Stage.ArbitrationPass
        ) {
            _doAttest(t, Result.Pass);
            if (stage == Stage.Passed) return;
            _doDispute(t, t.buyer);
            if (stage == Stage.ArbitrationPass) _doEscalate(t);
            return;
        }
        if (
            stage == Stage.DisputedPartial ||
            stage == Stage.NegotiatingPartial ||
            stage == Stage.ArbitrationPartial
        ) {
            _doAttest(t, Result.Partial);
            if (stage == Stage.NegotiatingPartial) _doDefend(t);
            if (stage == Stage.ArbitrationPartial) _doEscalate(t);
            return;
        }
        if (stage == Stage.DisputedFail || stage == Stage.ArbitrationFail) {
            _doAttest(t, Result.Fail);
            if (stage == Stage.ArbitrationFail) _doEscalate(t);
            return;
        }
        if (stage == Stage.Arbitration || stage == Stage.ArbitrationNoticed) return _doEscalate(t);
        if (stage == Stage.ArbitrationBySeller || stage == Stage.ArbitrationByBoth) {
            _doDispute(t, t.seller);
            if (stage == Stage.ArbitrationByBoth) _doDispute(t, t.buyer);
            return;
        }
        _doDispute(t, t.buyer);
        if (stage == Stage.Disputed) return;
        if (stage == Stage.Negotiating) return _doDefend(t);
        _doEscalate(t);
        if (stage == Stage.Proposed) _doPropose(t, 6000);
    }

    function _reachEnd(Terms memory t, Stage stage) private {
        if (stage == Stage.Completed) return _doRelease(t);
        if (stage == Stage.Refunded) return _doRefund(t);
        if (stage == Stage.Settled) return _doSettle(t, 6000);
        if (stage == Stage.Bonded) return escrow.complete(t, _completion(t, true));
        if (stage == Stage.Expired) {
            vm.warp(unpack(t.clauses).deliverBy);
            return escrow.expire(t);
        }
        if (stage == Stage.Ruled) {
            _doDeliver(t);
            _doDispute(t, t.seller);
            return _doRule(t, 6000);
        }
        Terms memory amended = abi.decode(abi.encode(t), (Terms));
        amended.salt = keccak256("amended");
        _doAmend(t, amended);
    }

    function _stateOf(Stage stage) internal pure returns (State) {
        if (stage == Stage.Unfunded) return State.None;
        if (stage == Stage.Funded) return State.Funded;
        if (stage <= Stage.Passed) return State.Delivered;
        if (stage <= Stage.DisputedFail) return State.Disputed;
        if (stage <= Stage.NegotiatingPartial) return State.Negotiating;
        if (stage <= Stage.Proposed) return State.Arbitration;
        if (stage <= Stage.Bonded) return State.Completed;
        if (stage <= Stage.Expired) return State.Refunded;
        if (stage <= Stage.Ruled) return State.Resolved;
        return State.Amended;
    }

    /// @dev Giving up one's own claim, and agreeing, stay possible after the end of every window.
    function _staysOpenAfterEveryTimer(
        function(Terms memory) internal step,
        State ending
    ) internal {
        Stage[5] memory stages = [
            Stage.Funded,
            Stage.Delivered,
            Stage.Disputed,
            Stage.Negotiating,
            Stage.Arbitration
        ];
        for (uint256 i = 0; i < stages.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(stages[i]);
            vm.warp(uint256(_of(t).timerEnd) + 1);
            step(t);
            _same(_of(t).state, ending, vm.toString(i));
            vm.revertToState(snapshot);
        }
    }

    // ----------------------------------------------------------------------- money

    struct Balances {
        uint256 buyer;
        uint256 seller;
        uint256 escrow;
        uint256 fees;
        uint256 arbiter;
    }

    /// @dev Wallets and credits together: who owns what, wherever it lies.
    function _balances() internal view returns (Balances memory) {
        return
            Balances({
                buyer: _owned(buyer),
                seller: _owned(seller),
                escrow: usdc.balanceOf(address(escrow)),
                fees: _owned(fees),
                arbiter: _owned(address(arbiter))
            });
    }

    function _owned(address who) internal view returns (uint256) {
        return usdc.balanceOf(who) + escrow.creditOf(who);
    }
}
