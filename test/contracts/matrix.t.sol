// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Escrow, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {Stage} from "./support/EscrowTest.sol";
import {Verb, Verbs} from "./support/Verbs.sol";
import {vm} from "./support/Vm.sol";

/// @notice Every stage x every verb x every caller, before and after the timer, against one table.
/// @dev A cell says who may do it: first letter while the window runs, second letter from its end on.
/// B buyer, S seller, A arbiter, * anyone, - nobody. Where two parties have to agree the other one has
/// signed. A cell is checked by direct calls of all four, and by signatures sent by a stranger.
contract MatrixTest is Verbs {
    // Columns: None, Funded, Delivered, Passed, Disputed, Negotiating, Arbitration, terminal.

    function test_release_TRZ_05_W_49_W_30() external {
        _row(Verb.Release, State.Completed, "--BBBBB*BBBBBB--");
    }

    function test_deliver() external {
        _row(Verb.Deliver, State.Delivered, "--S-------------");
    }

    function test_deliverInline() external {
        _row(Verb.DeliverInline, State.Delivered, "--S-------------");
    }

    function test_redeliver() external {
        _row(Verb.Redeliver, State.Delivered, "----------S-----");
    }

    function test_defend_TRZ_04() external {
        _row(Verb.Defend, State.Negotiating, "--------S-------");
    }

    function test_refund_TRZ_05_W_49_W_30() external {
        _row(Verb.Refund, State.Refunded, "--SSSSSSSSSSSS--");
    }

    function test_disputeOfTheBuyer() external {
        _row(Verb.DisputeByBuyer, State.Disputed, "----B-B-----B---");
    }

    function test_disputeOfTheSeller() external {
        _row(Verb.DisputeBySeller, State.Arbitration, "----S-S---------");
    }

    function test_settleSentByTheBuyer_W_49() external {
        _row(Verb.SettleByBuyer, State.Resolved, "--BBBBBBBBBBBB--");
    }

    function test_settleSentByTheSeller_W_49() external {
        _row(Verb.SettleBySeller, State.Resolved, "--SSSSSSSSSSSS--");
    }

    function test_amendSentByTheBuyer() external {
        _row(Verb.AmendByBuyer, State.Amended, "--B-------------");
    }

    function test_amendSentByTheSeller() external {
        _row(Verb.AmendBySeller, State.Amended, "--S-------------");
    }

    /// @dev From the end of the window on `escalate` belongs to anyone, whoever `by` is.
    function test_escalateOfTheBuyer() external {
        _row(Verb.EscalateByBuyer, State.Arbitration, "-----*---*B*----");
    }

    function test_escalateOfTheSeller() external {
        _row(Verb.EscalateBySeller, State.Arbitration, "-----*---*S*----");
    }

    function test_escalate_TRZ_05() external {
        _row(Verb.Escalate, State.Arbitration, "-----*---*-*----");
    }

    function test_attestPass() external {
        _row(Verb.AttestPass, State.Delivered, "----A-----------");
    }

    function test_attestPartial() external {
        _row(Verb.AttestPartial, State.Disputed, "----A-----------");
    }

    function test_attestFail() external {
        _row(Verb.AttestFail, State.Disputed, "----A-----------");
    }

    function test_propose() external {
        _row(Verb.Propose, State.Arbitration, "------------A---");
    }

    function test_rule_TRZ_06() external {
        _row(Verb.Rule, State.Resolved, "------------A---");
    }

    function test_complete() external {
        _row(Verb.Complete, State.Delivered, "--S-------------");
    }

    function test_expire_ESC_03() external {
        _row(Verb.Expire, State.Refunded, "---*------------");
    }

    function test_conclude() external {
        _row(Verb.Conclude, State.Resolved, "-------------*--");
    }

    // -------------------------------------------------------------------- private

    function _row(Verb verb, State next, string memory cells) private {
        vm.assertEq(bytes(cells).length, 16, "eight columns");
        for (uint256 stage = 0; stage <= uint256(type(Stage).max); ++stage) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage(stage));
            uint256 column = _columnOf(Stage(stage));
            _cell(verb, t, Stage(stage), next, bytes(cells)[2 * column]);

            uint256 end = _of(t).timerEnd;
            vm.warp(end > block.timestamp ? end : block.timestamp + 365 days);
            _cell(verb, t, Stage(stage), next, bytes(cells)[2 * column + 1]);
            vm.revertToState(snapshot);
        }
    }

    function _cell(Verb verb, Terms memory t, Stage stage, State next, bytes1 who) private {
        // Whoever has disputed in this round does not dispute again.
        Escrow memory e = _of(t);
        if (verb == Verb.DisputeByBuyer && e.state == State.Arbitration) {
            next = State.Arbitration;
            if (e.buyerDisputed) who = "-";
        }
        string memory where = string.concat(
            "stage ",
            vm.toString(uint256(stage)),
            " ",
            string(abi.encodePacked(who))
        );

        bytes memory direct = _callOf(verb, t, "");
        _try(direct, buyer, t, next, who == "B" || who == "*", string.concat(where, " buyer"));
        _try(direct, seller, t, next, who == "S" || who == "*", string.concat(where, " seller"));
        _try(
            direct,
            t.arbiter,
            t,
            next,
            who == "A" || who == "*",
            string.concat(where, " arbiter")
        );
        _try(direct, stranger, t, next, who == "*", string.concat(where, " stranger"));

        if (verb <= LAST_SIGNED || verb == Verb.Complete) {
            Verb signed = verb == Verb.Complete ? Verb.Deliver : verb;
            bool open = who != "-";
            _try(
                _callOf(verb, t, _as(signed, t, _keyOf(signed))),
                stranger,
                t,
                next,
                open,
                string.concat(where, " signed")
            );
            if (who == "*") return;
            _try(
                _callOf(verb, t, _as(signed, t, STRANGER)),
                stranger,
                t,
                next,
                false,
                string.concat(where, " forged")
            );
            uint256 other = _isOfBuyer(signed) ? SELLER : BUYER;
            _try(
                _callOf(verb, t, _as(signed, t, other)),
                stranger,
                t,
                next,
                false,
                string.concat(where, " crossed")
            );
        } else if (verb <= Verb.Rule) {
            // A signed proposal does not replace a standing one.
            bool open = who == "A" && !(verb == Verb.Propose && e.proposed);
            _try(
                _callOf(verb, t, _proofOf(verb, t, 2)),
                stranger,
                t,
                next,
                open,
                string.concat(where, " proof")
            );
            _try(
                _callOf(verb, t, _proofOf(verb, t, 1)),
                seller,
                t,
                next,
                false,
                string.concat(where, " one key")
            );
        }
    }

    function _as(Verb verb, Terms memory t, uint256 key) private view returns (bytes memory) {
        bytes32 hash = _hashOf(verb, t, _id(t), _actorOf(verb, t), _of(t).seq, _later());
        return _authorization(key, hash, _later());
    }

    /// @dev A refused call changes nothing; an accepted one moves state and money together.
    function _try(
        bytes memory call_,
        address caller,
        Terms memory t,
        State next,
        bool allowed,
        string memory what
    ) private {
        uint256 snapshot = vm.snapshotState();
        Escrow memory before = _of(t);
        uint256 held = usdc.balanceOf(address(escrow));
        vm.prank(caller);
        (bool ok, ) = address(escrow).call(call_);
        vm.assertTrue(ok == allowed, what);

        Escrow memory e = _of(t);
        if (!ok) {
            vm.assertEq(keccak256(abi.encode(e)), keccak256(abi.encode(before)), what);
            vm.assertEq(usdc.balanceOf(address(escrow)), held, what);
        } else {
            _same(e.state, next, what);
            vm.assertTrue(e.seq > before.seq, string.concat(what, ": seq"));
            uint256 locked = e.state >= State.Completed && e.state <= State.Resolved ? 0 : t.amount;
            if (locked != 0 && e.buyerDisputed) locked += _stake(t);
            if (locked != 0 && e.sellerDisputed) locked += _stake(t);
            uint256 credits = escrow.creditOf(fees) + escrow.creditOf(address(arbiter));
            vm.assertEq(
                usdc.balanceOf(address(escrow)),
                locked + credits,
                string.concat(what, ": money")
            );
        }
        vm.revertToState(snapshot);
    }

    function _columnOf(Stage stage) private pure returns (uint256) {
        if (stage == Stage.Passed) return 3;
        State state = _stateOf(stage);
        if (state <= State.Delivered) return uint256(state);
        if (state >= State.Completed) return 7;
        return uint256(state) + 1;
    }
}
