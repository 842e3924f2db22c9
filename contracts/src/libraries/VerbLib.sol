// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Result} from "../interfaces/IPactEscrow.sol";

/// @title EIP-712 structs that parties and arbiters sign
library VerbLib {
    bytes32 internal constant RELEASE = keccak256(
        "Release(bytes32 escrowId,address actor,uint256 seq,uint256 validBefore)"
    );
    bytes32 internal constant REFUND = keccak256(
        "Refund(bytes32 escrowId,address actor,uint256 seq,uint256 validBefore)"
    );
    bytes32 internal constant ESCALATE = keccak256(
        "Escalate(bytes32 escrowId,address actor,uint256 seq,uint256 validBefore)"
    );
    bytes32 internal constant REDELIVER = keccak256(
        "Redeliver(bytes32 escrowId,address actor,bytes32 artifactHash,uint256 seq,uint256 validBefore)"
    );
    bytes32 internal constant DEFEND = keccak256(
        "Defend(bytes32 escrowId,address actor,bytes32 responseHash,uint256 seq,uint256 validBefore)"
    );
    bytes32 internal constant DISPUTE = keccak256(
        "Dispute(bytes32 escrowId,address actor,bytes32 claimHash,uint256 seq,uint256 validBefore)"
    );
    bytes32 internal constant SETTLE = keccak256(
        "Settle(bytes32 escrowId,address actor,uint256 sellerBps,uint256 seq,uint256 validBefore)"
    );
    bytes32 internal constant AMEND = keccak256(
        "Amend(bytes32 escrowId,address actor,bytes32 amendedId,uint256 seq,uint256 validBefore)"
    );
    bytes32 internal constant DELIVER = keccak256(
        "Deliver(bytes32 escrowId,address actor,bytes32 artifactHash,bool reserve,uint256 seq,uint256 validBefore)"
    );
    bytes32 internal constant WITHDRAW = keccak256(
        "Withdraw(address owner,address to,uint256 nonce,uint256 validBefore)"
    );

    bytes32 internal constant RECEIPT = keccak256(
        "Receipt(bytes32 escrowId,uint256 round,bytes32 artifactHash)"
    );
    bytes32 internal constant ATTESTATION = keccak256(
        "Attestation(bytes32 escrowId,uint256 round,uint256 result,bytes32 reportHash)"
    );
    bytes32 internal constant STATEMENT = keccak256(
        "Statement(bytes32 escrowId,uint256 round,bytes32 artifactHash,bytes32 reportHash)"
    );
    bytes32 internal constant STATEMENTS = keccak256("Statements(bytes32[] statements)");
    bytes32 internal constant PROPOSAL = keccak256(
        "Proposal(bytes32 escrowId,uint256 round,uint256 sellerBps,bytes32 recordHash)"
    );
    bytes32 internal constant RULING = keccak256(
        "Ruling(bytes32 escrowId,uint256 round,uint256 sellerBps,bytes32 recordHash)"
    );

    /// @notice A verb without arguments.
    function hash(
        bytes32 verb,
        bytes32 id,
        address actor,
        uint256 seq,
        uint256 validBefore
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(verb, id, actor, seq, validBefore));
    }

    /// @notice A verb with one argument.
    function hash(
        bytes32 verb,
        bytes32 id,
        address actor,
        bytes32 argument,
        uint256 seq,
        uint256 validBefore
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(verb, id, actor, argument, seq, validBefore));
    }

    function hashDeliver(
        bytes32 id,
        address actor,
        bytes32 artifactHash,
        bool reserve,
        uint256 seq,
        uint256 validBefore
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(DELIVER, id, actor, artifactHash, reserve, seq, validBefore));
    }

    function hashWithdraw(
        address owner,
        address to,
        uint256 nonce,
        uint256 validBefore
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(WITHDRAW, owner, to, nonce, validBefore));
    }

    function hashReceipt(
        bytes32 id,
        uint256 round,
        bytes32 artifactHash
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(RECEIPT, id, round, artifactHash));
    }

    function hashAttestation(
        bytes32 id,
        uint256 round,
        Result result,
        bytes32 reportHash
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(ATTESTATION, id, round, result, reportHash));
    }

    function hashStatement(
        bytes32 id,
        uint256 round,
        bytes32 artifactHash,
        bytes32 reportHash
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(STATEMENT, id, round, artifactHash, reportHash));
    }

    /// @param typehash `PROPOSAL` or `RULING`: a proposal can never execute as a ruling.
    function hashVerdict(
        bytes32 typehash,
        bytes32 id,
        uint256 round,
        uint256 sellerBps,
        bytes32 recordHash
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(typehash, id, round, sellerBps, recordHash));
    }
}
