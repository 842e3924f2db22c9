// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

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

    // The words of a struct are written behind the free memory pointer and hashed there.

    /// @notice A verb without arguments.
    function hash(
        bytes32 verb,
        bytes32 id,
        address actor,
        uint256 seq,
        uint256 validBefore
    ) internal pure returns (bytes32 structHash) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, verb)
            mstore(add(m, 0x20), id)
            mstore(add(m, 0x40), actor)
            mstore(add(m, 0x60), seq)
            mstore(add(m, 0x80), validBefore)
            structHash := keccak256(m, 0xa0)
        }
    }

    /// @notice A verb with one argument.
    function hash(
        bytes32 verb,
        bytes32 id,
        address actor,
        bytes32 argument,
        uint256 seq,
        uint256 validBefore
    ) internal pure returns (bytes32 structHash) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, verb)
            mstore(add(m, 0x20), id)
            mstore(add(m, 0x40), actor)
            mstore(add(m, 0x60), argument)
            mstore(add(m, 0x80), seq)
            mstore(add(m, 0xa0), validBefore)
            structHash := keccak256(m, 0xc0)
        }
    }

    /// @notice The one verb with two arguments.
    function hashDeliver(
        bytes32 id,
        address actor,
        bytes32 artifactHash,
        bool reserve,
        uint256 seq,
        uint256 validBefore
    ) internal pure returns (bytes32 structHash) {
        bytes32 verb = DELIVER;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, verb)
            mstore(add(m, 0x20), id)
            mstore(add(m, 0x40), actor)
            mstore(add(m, 0x60), artifactHash)
            mstore(add(m, 0x80), reserve)
            mstore(add(m, 0xa0), seq)
            mstore(add(m, 0xc0), validBefore)
            structHash := keccak256(m, 0xe0)
        }
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

    /// @notice What an arbiter states of one round: two words under one of its types.
    /// @param typehash `ATTESTATION`, `STATEMENT`, `PROPOSAL` or `RULING`; a proposal can never execute
    /// as a ruling.
    function hashStated(
        bytes32 typehash,
        bytes32 id,
        uint256 round,
        bytes32 first,
        bytes32 second
    ) internal pure returns (bytes32 structHash) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typehash)
            mstore(add(m, 0x20), id)
            mstore(add(m, 0x40), round)
            mstore(add(m, 0x60), first)
            mstore(add(m, 0x80), second)
            structHash := keccak256(m, 0xa0)
        }
    }

    /// @param typehash `PROPOSAL` or `RULING`.
    function hashVerdict(
        bytes32 typehash,
        bytes32 id,
        uint256 round,
        uint256 sellerBps,
        bytes32 recordHash
    ) internal pure returns (bytes32) {
        return hashStated(typehash, id, round, bytes32(sellerBps), recordHash);
    }

    /// @notice The digest of a struct in a domain.
    function digest(bytes32 domain, bytes32 structHash) internal pure returns (bytes32 hashed) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, hex"1901")
            mstore(add(m, 0x02), domain)
            mstore(add(m, 0x22), structHash)
            hashed := keccak256(m, 0x42)
        }
    }
}
