// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, Kind, Terms} from "../interfaces/IPactEscrow.sol";
import {ArbiterLib} from "../libraries/ArbiterLib.sol";
import {SignatureLib} from "../libraries/SignatureLib.sol";
import {TermsLib} from "../libraries/TermsLib.sol";
import {VerbLib} from "../libraries/VerbLib.sol";

/// @title Who may act: the sender itself, or whoever signed in this contract's EIP-712 domain
abstract contract Authorization is IPactEscrow {
    using ArbiterLib for address;
    using TermsLib for Terms;

    string private constant NAME = "Earnest PactEscrow";
    string private constant VERSION = "1";
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );

    uint256 internal immutable _CHAIN_ID;
    /// @dev Part of every escrow id; ids do not change when a fork changes its chain id.
    bytes32 internal immutable _DOMAIN;

    constructor() {
        _CHAIN_ID = block.chainid;
        _DOMAIN = _buildDomain();
    }

    /// @inheritdoc IPactEscrow
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        return (0x0f, NAME, VERSION, block.chainid, address(this), 0, new uint256[](0));
    }

    // ---------------------------------------------------------------- PARTIES

    /// @dev A verb without arguments.
    function _authorize(
        address actor,
        bytes32 verb,
        bytes32 id,
        uint256 seq,
        bytes calldata authorization
    ) internal view {
        if (!_isSigned(actor, authorization)) return;
        (uint256 validBefore, bytes calldata signature) = _unpack(authorization);
        _requireSigner(actor, VerbLib.hash(verb, id, actor, seq, validBefore), signature);
    }

    /// @dev A verb with one argument.
    function _authorize(
        address actor,
        bytes32 verb,
        bytes32 id,
        bytes32 argument,
        uint256 seq,
        bytes calldata authorization
    ) internal view {
        if (!_isSigned(actor, authorization)) return;
        (uint256 validBefore, bytes calldata signature) = _unpack(authorization);
        bytes32 structHash = VerbLib.hash(verb, id, actor, argument, seq, validBefore);
        _requireSigner(actor, structHash, signature);
    }

    /// @dev Consent to deliver, with or without the seller's bond, exactly as signed.
    function _authorizeDeliver(
        address seller,
        bytes32 id,
        bytes32 artifactHash,
        bool reserve,
        uint256 seq,
        bytes calldata authorization
    ) internal view {
        if (!_isSigned(seller, authorization)) return;
        (uint256 validBefore, bytes calldata signature) = _unpack(authorization);
        bytes32 structHash = VerbLib.hashDeliver(
            id,
            seller,
            artifactHash,
            reserve,
            seq,
            validBefore
        );
        _requireSigner(seller, structHash, signature);
    }

    /// @dev Consent to deliver where nothing is reserved; a consent to reserve on top does no harm.
    function _authorizePlainDeliver(
        address seller,
        bytes32 id,
        bytes32 artifactHash,
        uint256 seq,
        bytes calldata authorization
    ) internal view {
        if (!_isSigned(seller, authorization)) return;
        (uint256 validBefore, bytes calldata signature) = _unpack(authorization);
        bytes32 structHash = VerbLib.hashDeliver(id, seller, artifactHash, true, seq, validBefore);
        if (SignatureLib.isSigner(seller, _digest(structHash), signature)) return;
        structHash = VerbLib.hashDeliver(id, seller, artifactHash, false, seq, validBefore);
        _requireSigner(seller, structHash, signature);
    }

    /// @dev A plain signature of the buyer, or the buyer itself.
    function _authorizeBuyer(
        address buyer,
        bytes32 digest,
        bytes calldata signature
    ) internal view {
        if (signature.length == 0 && msg.sender == buyer) return;
        if (!SignatureLib.isSigner(buyer, digest, signature)) {
            revert InvalidSignature(buyer, digest);
        }
    }

    function _authorizeWithdraw(
        address owner,
        address to,
        uint256 nonce,
        bytes calldata authorization
    ) internal view {
        if (!_isSigned(owner, authorization)) return;
        (uint256 validBefore, bytes calldata signature) = _unpack(authorization);
        _requireSigner(owner, VerbLib.hashWithdraw(owner, to, nonce, validBefore), signature);
    }

    /// @dev Six bytes of time, then the signature.
    function _unpack(
        bytes calldata authorization
    ) internal view returns (uint256 validBefore, bytes calldata signature) {
        if (authorization.length < 6) {
            revert InvalidAuthorizationLength(authorization.length, 6);
        }
        assembly ("memory-safe") {
            validBefore := shr(208, calldataload(authorization.offset))
            signature.offset := add(authorization.offset, 6)
            signature.length := sub(authorization.length, 6)
        }
        if (block.timestamp >= validBefore) {
            revert AuthorizationExpired(block.timestamp, validBefore);
        }
    }

    /// @dev True if there is a signature to check, false if the actor itself sends.
    function _isSigned(address actor, bytes calldata authorization) private view returns (bool) {
        if (authorization.length != 0) return true;
        if (msg.sender != actor) revert UnexpectedSender(msg.sender, actor);
        return false;
    }

    function _requireSigner(
        address signer,
        bytes32 structHash,
        bytes calldata signature
    ) private view {
        bytes32 digest = _digest(structHash);
        if (!SignatureLib.isSigner(signer, digest, signature)) {
            revert InvalidSignature(signer, digest);
        }
    }

    // ---------------------------------------------------------------- ARBITER

    /// @dev The arbiter itself, or what it accepts as proof. The ladder matters where it judges.
    function _authorizeArbiter(
        Terms calldata terms,
        bytes32 id,
        Kind kind,
        uint256 fundedAt,
        bytes32 structHash,
        bytes calldata proof
    ) internal view {
        address arbiter = terms.arbiterOf();
        if (msg.sender == arbiter) return;
        bytes32 ladder = kind > Kind.Attestation ? terms.ladder : bytes32(0);
        bytes32 digest = _digest(structHash);
        if (!arbiter.isAuthorized(id, ladder, kind, fundedAt, digest, proof)) {
            revert ArbiterRefused(arbiter, kind, digest);
        }
    }

    // ---------------------------------------------------------------- EIP-712

    /// @dev Signatures follow the chain id, so that none is good on both sides of a fork.
    function _digest(bytes32 structHash) internal view returns (bytes32) {
        return VerbLib.digest(block.chainid == _CHAIN_ID ? _DOMAIN : _buildDomain(), structHash);
    }

    function _buildDomain() private view returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    DOMAIN_TYPEHASH,
                    keccak256(bytes(NAME)),
                    keccak256(bytes(VERSION)),
                    block.chainid,
                    address(this)
                )
            );
    }
}
