// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clauses, Result, Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {IUsdc} from "./Usdc.sol";
import {vm} from "./Vm.sol";

/// @notice The numbers of the terms, unpacked.
struct Numbers {
    uint16 milestone;
    uint40 fundBy;
    uint40 deliverBy;
    uint24 reviewWindow;
    uint24 responseWindow;
    uint24 negotiationWindow;
    uint24 arbitrationWindow;
    uint16 protocolFeeBps;
    uint16 arbitrationFeeBps;
    uint16 fallbackSellerBps;
}

/// @dev Written from the layout in IPactEscrow, not from the contract.
function pack(Numbers memory n) pure returns (Clauses) {
    uint256 word = n.milestone;
    word |= uint256(n.fundBy) << 16;
    word |= uint256(n.deliverBy) << 56;
    word |= uint256(n.reviewWindow) << 96;
    word |= uint256(n.responseWindow) << 120;
    word |= uint256(n.negotiationWindow) << 144;
    word |= uint256(n.arbitrationWindow) << 168;
    word |= uint256(n.protocolFeeBps) << 192;
    word |= uint256(n.arbitrationFeeBps) << 208;
    word |= uint256(n.fallbackSellerBps) << 224;
    return Clauses.wrap(word);
}

function unpack(Clauses clauses) pure returns (Numbers memory n) {
    uint256 word = Clauses.unwrap(clauses);
    n.milestone = uint16(word);
    n.fundBy = uint40(word >> 16);
    n.deliverBy = uint40(word >> 56);
    n.reviewWindow = uint24(word >> 96);
    n.responseWindow = uint24(word >> 120);
    n.negotiationWindow = uint24(word >> 144);
    n.arbitrationWindow = uint24(word >> 168);
    n.protocolFeeBps = uint16(word >> 192);
    n.arbitrationFeeBps = uint16(word >> 208);
    n.fallbackSellerBps = uint16(word >> 224);
}

/// @notice Every EIP-712 type of the escrow and of the token, written from the specification.
abstract contract Signatures {
    bytes32 private constant DOMAIN = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant TERMS = keccak256(
        "Terms(address buyer,address seller,address arbiter,address vault,uint256 amount,bytes32 pactHash,uint16 milestone,uint40 fundBy,uint40 deliverBy,uint24 reviewWindow,uint24 responseWindow,uint24 negotiationWindow,uint24 arbitrationWindow,uint16 protocolFeeBps,uint16 arbitrationFeeBps,address feeRecipient,uint16 fallbackSellerBps,bytes32 ladder,bytes32 salt)"
    );
    bytes32 private constant RECEIVE = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant CANCEL = keccak256(
        "CancelAuthorization(address authorizer,bytes32 nonce)"
    );
    bytes32 private constant PERMIT = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    // ------------------------------------------------------------------ domains

    function _domain(uint256 chainId, address verifier) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    DOMAIN,
                    keccak256("Earnest PactEscrow"),
                    keccak256("1"),
                    chainId,
                    verifier
                )
            );
    }

    function _digest(address verifier, bytes32 structHash) internal view returns (bytes32) {
        return _digestOn(block.chainid, verifier, structHash);
    }

    function _digestOn(
        uint256 chainId,
        address verifier,
        bytes32 structHash
    ) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked("\x19\x01", _domain(chainId, verifier), structHash));
    }

    function _sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    // -------------------------------------------------------------------- terms

    function _termsHash(Terms memory t) internal pure returns (bytes32) {
        Numbers memory n = unpack(t.clauses);
        bytes memory head = abi.encode(
            TERMS,
            t.buyer,
            t.seller,
            t.arbiter,
            t.vault,
            t.amount,
            t.pactHash
        );
        bytes memory times = abi.encode(
            n.milestone,
            n.fundBy,
            n.deliverBy,
            n.reviewWindow,
            n.responseWindow,
            n.negotiationWindow,
            n.arbitrationWindow
        );
        bytes memory tail = abi.encode(
            n.protocolFeeBps,
            n.arbitrationFeeBps,
            t.feeRecipient,
            n.fallbackSellerBps,
            t.ladder,
            t.salt
        );
        return keccak256(bytes.concat(head, times, tail));
    }

    function _idOn(
        uint256 chainId,
        address verifier,
        Terms memory t
    ) internal pure returns (bytes32) {
        return _digestOn(chainId, verifier, _termsHash(t));
    }

    // -------------------------------------------------------------- party verbs

    /// @dev `arguments` stand between actor and seq, each one word.
    function _verb(
        string memory type_,
        bytes32 id,
        address actor,
        bytes memory arguments,
        uint256 seq,
        uint256 validBefore
    ) internal pure returns (bytes32) {
        return
            keccak256(
                bytes.concat(
                    abi.encode(keccak256(bytes(type_)), id, actor),
                    arguments,
                    abi.encode(seq, validBefore)
                )
            );
    }

    function _release(
        bytes32 id,
        address actor,
        uint256 seq,
        uint256 end
    ) internal pure returns (bytes32) {
        return
            _verb(
                "Release(bytes32 escrowId,address actor,uint256 seq,uint256 validBefore)",
                id,
                actor,
                "",
                seq,
                end
            );
    }

    function _refund(
        bytes32 id,
        address actor,
        uint256 seq,
        uint256 end
    ) internal pure returns (bytes32) {
        return
            _verb(
                "Refund(bytes32 escrowId,address actor,uint256 seq,uint256 validBefore)",
                id,
                actor,
                "",
                seq,
                end
            );
    }

    function _escalate(
        bytes32 id,
        address actor,
        uint256 seq,
        uint256 end
    ) internal pure returns (bytes32) {
        return
            _verb(
                "Escalate(bytes32 escrowId,address actor,uint256 seq,uint256 validBefore)",
                id,
                actor,
                "",
                seq,
                end
            );
    }

    function _deliver(
        bytes32 id,
        address actor,
        bytes32 artifactHash,
        bool reserve,
        uint256 seq,
        uint256 end
    ) internal pure returns (bytes32) {
        return
            _verb(
                "Deliver(bytes32 escrowId,address actor,bytes32 artifactHash,bool reserve,uint256 seq,uint256 validBefore)",
                id,
                actor,
                abi.encode(artifactHash, reserve),
                seq,
                end
            );
    }

    function _redeliver(
        bytes32 id,
        address actor,
        bytes32 artifactHash,
        uint256 seq,
        uint256 end
    ) internal pure returns (bytes32) {
        return
            _verb(
                "Redeliver(bytes32 escrowId,address actor,bytes32 artifactHash,uint256 seq,uint256 validBefore)",
                id,
                actor,
                abi.encode(artifactHash),
                seq,
                end
            );
    }

    function _defend(
        bytes32 id,
        address actor,
        bytes32 responseHash,
        uint256 seq,
        uint256 end
    ) internal pure returns (bytes32) {
        return
            _verb(
                "Defend(bytes32 escrowId,address actor,bytes32 responseHash,uint256 seq,uint256 validBefore)",
                id,
                actor,
                abi.encode(responseHash),
                seq,
                end
            );
    }

    function _dispute(
        bytes32 id,
        address actor,
        bytes32 claimHash,
        uint256 seq,
        uint256 end
    ) internal pure returns (bytes32) {
        return
            _verb(
                "Dispute(bytes32 escrowId,address actor,bytes32 claimHash,uint256 seq,uint256 validBefore)",
                id,
                actor,
                abi.encode(claimHash),
                seq,
                end
            );
    }

    function _settle(
        bytes32 id,
        address actor,
        uint256 sellerBps,
        uint256 seq,
        uint256 end
    ) internal pure returns (bytes32) {
        return
            _verb(
                "Settle(bytes32 escrowId,address actor,uint256 sellerBps,uint256 seq,uint256 validBefore)",
                id,
                actor,
                abi.encode(sellerBps),
                seq,
                end
            );
    }

    function _amend(
        bytes32 id,
        address actor,
        bytes32 amendedId,
        uint256 seq,
        uint256 end
    ) internal pure returns (bytes32) {
        return
            _verb(
                "Amend(bytes32 escrowId,address actor,bytes32 amendedId,uint256 seq,uint256 validBefore)",
                id,
                actor,
                abi.encode(amendedId),
                seq,
                end
            );
    }

    function _withdraw(
        address owner,
        address to,
        uint256 nonce,
        uint256 end
    ) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256(
                        "Withdraw(address owner,address to,uint256 nonce,uint256 validBefore)"
                    ),
                    owner,
                    to,
                    nonce,
                    end
                )
            );
    }

    // --------------------------------------------------------------- statements

    function _receipt(
        bytes32 id,
        uint256 round,
        bytes32 artifactHash
    ) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256("Receipt(bytes32 escrowId,uint256 round,bytes32 artifactHash)"),
                    id,
                    round,
                    artifactHash
                )
            );
    }

    function _attestation(
        bytes32 id,
        uint256 round,
        Result result,
        bytes32 reportHash
    ) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256(
                        "Attestation(bytes32 escrowId,uint256 round,uint256 result,bytes32 reportHash)"
                    ),
                    id,
                    round,
                    uint256(result),
                    reportHash
                )
            );
    }

    function _statement(
        bytes32 id,
        uint256 round,
        bytes32 artifactHash,
        bytes32 reportHash
    ) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256(
                        "Statement(bytes32 escrowId,uint256 round,bytes32 artifactHash,bytes32 reportHash)"
                    ),
                    id,
                    round,
                    artifactHash,
                    reportHash
                )
            );
    }

    function _statements(bytes32[] memory statements) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256("Statements(bytes32[] statements)"),
                    keccak256(abi.encodePacked(statements))
                )
            );
    }

    function _proposal(
        bytes32 id,
        uint256 round,
        uint256 sellerBps,
        bytes32 recordHash
    ) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256(
                        "Proposal(bytes32 escrowId,uint256 round,uint256 sellerBps,bytes32 recordHash)"
                    ),
                    id,
                    round,
                    sellerBps,
                    recordHash
                )
            );
    }

    function _ruling(
        bytes32 id,
        uint256 round,
        uint256 sellerBps,
        bytes32 recordHash
    ) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    keccak256(
                        "Ruling(bytes32 escrowId,uint256 round,uint256 sellerBps,bytes32 recordHash)"
                    ),
                    id,
                    round,
                    sellerBps,
                    recordHash
                )
            );
    }

    // -------------------------------------------------------------------- token

    function _receiveDigest(
        IUsdc usdc,
        address from,
        address to,
        uint256 value,
        uint256 validBefore,
        bytes32 nonce
    ) internal view returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(RECEIVE, from, to, value, uint256(0), validBefore, nonce)
        );
        return keccak256(abi.encodePacked("\x19\x01", usdc.DOMAIN_SEPARATOR(), structHash));
    }

    function _cancelDigest(
        IUsdc usdc,
        address authorizer,
        bytes32 nonce
    ) internal view returns (bytes32) {
        bytes32 structHash = keccak256(abi.encode(CANCEL, authorizer, nonce));
        return keccak256(abi.encodePacked("\x19\x01", usdc.DOMAIN_SEPARATOR(), structHash));
    }

    function _permitDigest(
        IUsdc usdc,
        address owner,
        address spender,
        uint256 value,
        uint256 deadline
    ) internal view returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(PERMIT, owner, spender, value, usdc.nonces(owner), deadline)
        );
        return keccak256(abi.encodePacked("\x19\x01", usdc.DOMAIN_SEPARATOR(), structHash));
    }
}
