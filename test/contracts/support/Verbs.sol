// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Completion,
    IPactEscrow,
    Receipt,
    Result,
    Terms
} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./EscrowTest.sol";

/// @notice Everything that can be done to an escrow, by whom it is authorised.
enum Verb {
    Release,
    Deliver,
    DeliverInline,
    Redeliver,
    Defend,
    Refund,
    DisputeByBuyer,
    DisputeBySeller,
    SettleByBuyer,
    SettleBySeller,
    AmendByBuyer,
    AmendBySeller,
    EscalateByBuyer,
    EscalateBySeller,
    AttestPass,
    AttestPartial,
    AttestFail,
    Propose,
    Rule,
    Complete,
    Expire,
    Escalate,
    Conclude
}

/// @notice Each verb as calldata and as the struct that its actor signs.
abstract contract Verbs is EscrowTest {
    /// @dev What the next `settle`, `propose` and `rule` say.
    uint256 internal split = 6000;

    /// @dev The next `deliver` carries the buyer's receipt; the next `complete` offers the seller's bond.
    bool internal noticing;
    bool internal reserving;

    /// @dev The last verb that a party authorises.
    Verb internal constant LAST_SIGNED = Verb.EscalateBySeller;

    /// @dev A stage in which the verb is legal.
    function _stageOf(Verb verb) internal pure returns (Stage) {
        if (verb == Verb.Deliver || verb == Verb.DeliverInline || verb == Verb.Complete)
            return Stage.Funded;
        if (verb == Verb.AmendByBuyer || verb == Verb.AmendBySeller || verb == Verb.Expire)
            return Stage.Funded;
        if (verb == Verb.Redeliver) return Stage.Negotiating;
        if (verb == Verb.EscalateByBuyer || verb == Verb.EscalateBySeller) return Stage.Negotiating;
        if (verb == Verb.Defend) return Stage.Disputed;
        if (verb == Verb.Propose || verb == Verb.Rule || verb == Verb.Conclude)
            return Stage.Arbitration;
        return Stage.Delivered;
    }

    function _isOfBuyer(Verb verb) internal pure returns (bool) {
        return
            verb == Verb.Release ||
            verb == Verb.DisputeByBuyer ||
            verb == Verb.SettleByBuyer ||
            verb == Verb.AmendByBuyer ||
            verb == Verb.EscalateByBuyer;
    }

    function _actorOf(Verb verb, Terms memory t) internal pure returns (address) {
        return _isOfBuyer(verb) ? t.buyer : t.seller;
    }

    function _keyOf(Verb verb) internal pure returns (uint256) {
        return _isOfBuyer(verb) ? BUYER : SELLER;
    }

    function _amendedOf(Terms memory t) internal pure returns (Terms memory amended) {
        amended = abi.decode(abi.encode(t), (Terms));
        amended.salt = keccak256(abi.encode(t.salt));
    }

    /// @dev What `actor` signs for a party's verb; the escrow id is a parameter so that replays can be made.
    function _hashOf(
        Verb verb,
        Terms memory t,
        bytes32 id,
        address actor,
        uint256 seq,
        uint256 end
    ) internal view returns (bytes32) {
        if (verb == Verb.Release) return _release(id, actor, seq, end);
        if (verb == Verb.Deliver) return _deliver(id, actor, ARTIFACT, false, seq, end);
        if (verb == Verb.DeliverInline)
            return _deliver(id, actor, sha256("artifact"), false, seq, end);
        if (verb == Verb.Redeliver) return _redeliver(id, actor, ARTIFACT, seq, end);
        if (verb == Verb.Defend) return _defend(id, actor, RESPONSE, seq, end);
        if (verb == Verb.Refund) return _refund(id, actor, seq, end);
        if (verb == Verb.DisputeByBuyer || verb == Verb.DisputeBySeller) {
            return _dispute(id, actor, CLAIM, seq, end);
        }
        if (verb == Verb.SettleByBuyer || verb == Verb.SettleBySeller) {
            return _settle(id, actor, split, seq, end);
        }
        if (verb == Verb.AmendByBuyer || verb == Verb.AmendBySeller) {
            return _amend(id, actor, _id(_amendedOf(t)), seq, end);
        }
        return _escalate(id, actor, seq, end);
    }

    function _authorizationOf(Verb verb, Terms memory t) internal view returns (bytes memory) {
        bytes32 hash = _hashOf(verb, t, _id(t), _actorOf(verb, t), _of(t).seq, _later());
        return _authorization(_keyOf(verb), hash, _later());
    }

    /// @dev The call, with the actor's authorization; where two parties have to agree, the other one signed.
    function _callOf(
        Verb verb,
        Terms memory t,
        bytes memory authorization
    ) internal view returns (bytes memory) {
        if (verb == Verb.Release) return abi.encodeCall(IPactEscrow.release, (t, authorization));
        if (verb == Verb.Deliver) {
            Receipt memory receipt =
                noticing ? _buyerReceipt(t, ARTIFACT) : _arbiterReceipt(t, ARTIFACT);
            return abi.encodeCall(IPactEscrow.deliver, (t, ARTIFACT, receipt, authorization));
        }
        if (verb == Verb.DeliverInline) {
            return abi.encodeCall(IPactEscrow.deliverInline, (t, "artifact", authorization));
        }
        if (verb == Verb.Redeliver) {
            return
                abi.encodeCall(
                    IPactEscrow.redeliver,
                    (t, ARTIFACT, _buyerReceipt(t, ARTIFACT).proof, authorization)
                );
        }
        if (verb == Verb.Defend)
            return abi.encodeCall(IPactEscrow.defend, (t, RESPONSE, authorization));
        if (verb == Verb.Refund) return abi.encodeCall(IPactEscrow.refund, (t, authorization));
        if (verb == Verb.DisputeByBuyer) {
            return abi.encodeCall(IPactEscrow.dispute, (t, t.buyer, CLAIM, authorization, ""));
        }
        if (verb == Verb.DisputeBySeller) {
            return abi.encodeCall(IPactEscrow.dispute, (t, t.seller, CLAIM, authorization, ""));
        }
        if (verb == Verb.SettleByBuyer) {
            bytes memory other = _authorizationOf(Verb.SettleBySeller, t);
            return abi.encodeCall(IPactEscrow.settle, (t, split, authorization, other));
        }
        if (verb == Verb.SettleBySeller) {
            bytes memory other = _authorizationOf(Verb.SettleByBuyer, t);
            return abi.encodeCall(IPactEscrow.settle, (t, split, other, authorization));
        }
        if (verb == Verb.AmendByBuyer) {
            bytes memory other = _authorizationOf(Verb.AmendBySeller, t);
            return abi.encodeCall(IPactEscrow.amend, (t, _amendedOf(t), authorization, other));
        }
        if (verb == Verb.AmendBySeller) {
            bytes memory other = _authorizationOf(Verb.AmendByBuyer, t);
            return abi.encodeCall(IPactEscrow.amend, (t, _amendedOf(t), other, authorization));
        }
        if (verb == Verb.EscalateByBuyer) {
            return abi.encodeCall(IPactEscrow.escalate, (t, t.buyer, authorization));
        }
        if (verb == Verb.EscalateBySeller) {
            return abi.encodeCall(IPactEscrow.escalate, (t, t.seller, authorization));
        }
        return _otherCallOf(verb, t, authorization);
    }

    /// @dev For an arbiter's verb `authorization` is the proof.
    function _otherCallOf(
        Verb verb,
        Terms memory t,
        bytes memory proof
    ) private view returns (bytes memory) {
        if (verb == Verb.AttestPass)
            return abi.encodeCall(IPactEscrow.attest, (t, Result.Pass, REPORT, proof));
        if (verb == Verb.AttestPartial) {
            return abi.encodeCall(IPactEscrow.attest, (t, Result.Partial, REPORT, proof));
        }
        if (verb == Verb.AttestFail)
            return abi.encodeCall(IPactEscrow.attest, (t, Result.Fail, REPORT, proof));
        if (verb == Verb.Propose)
            return abi.encodeCall(IPactEscrow.propose, (t, split, RECORD, proof));
        if (verb == Verb.Rule) return abi.encodeCall(IPactEscrow.rule, (t, split, RECORD, proof));
        if (verb == Verb.Complete) {
            Completion memory c = _completion(t, reserving);
            c.sellerAuthorization = proof;
            return abi.encodeCall(IPactEscrow.complete, (t, c));
        }
        if (verb == Verb.Expire) return abi.encodeCall(IPactEscrow.expire, (t));
        if (verb == Verb.Escalate) return abi.encodeCall(IPactEscrow.escalate, (t, stranger, ""));
        return abi.encodeCall(IPactEscrow.conclude, (t));
    }

    /// @dev The digest that the arbiter's keys sign, in the round that runs.
    function _proofOf(
        Verb verb,
        Terms memory t,
        uint256 count
    ) internal view returns (bytes memory) {
        bytes32 id = _id(t);
        uint256 round = _of(t).round;
        if (verb == Verb.AttestPass)
            return _proof(_attestation(id, round, Result.Pass, REPORT), count);
        if (verb == Verb.AttestPartial)
            return _proof(_attestation(id, round, Result.Partial, REPORT), count);
        if (verb == Verb.AttestFail)
            return _proof(_attestation(id, round, Result.Fail, REPORT), count);
        if (verb == Verb.Propose) return _proof(_proposal(id, round, split, RECORD), count);
        return _proof(_ruling(id, round, split, RECORD), count);
    }
}
