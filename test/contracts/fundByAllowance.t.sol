// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest} from "./support/EscrowTest.sol";
import {unpack} from "./support/Signatures.sol";
import {HostileWallet, SmartWallet} from "./support/SmartWallet.sol";
import {vm} from "./support/Vm.sol";

/// @notice A wallet that refuses with the very word that would have been a yes, or with most of it.
contract ContradictoryWallet {
    uint256 private immutable _length;
    bool private immutable _reverts;

    constructor(uint256 length, bool reverts) {
        _length = length;
        _reverts = reverts;
    }

    fallback() external {
        (uint256 length, bool reverts) = (_length, _reverts);
        assembly ("memory-safe") {
            // The magic value of ERC-1271.
            mstore(0, shl(224, 0x1626ba7e))
            if reverts {
                revert(0, length)
            }
            return(0, length)
        }
    }
}

contract FundByAllowanceTest is EscrowTest {
    // -------------------------------------------------------------------- reverts

    function test_reverts_forAnotherSenderWithoutTheBuyersSignature() external {
        Terms memory t = _terms();
        address[3] memory others = [seller, stranger, address(arbiter)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert();
            escrow.fundByAllowance(t, "");
        }
    }

    /// @dev The token's own reason, and not that some call failed.
    function test_reverts_withTheTokensReason() external {
        Terms memory t = _terms();
        vm.startPrank(buyer);
        usdc.approve(address(escrow), t.amount - 1);
        vm.expectRevert(bytes("ERC20: transfer amount exceeds allowance"));
        escrow.fundByAllowance(t, "");
    }

    function test_reverts_withASignatureOverOtherTerms() external {
        Terms memory t = _terms();
        bytes memory signature = _sign(BUYER, _id(t));
        t.amount += 1;
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.fundByAllowance(t, signature);
    }

    function test_reverts_withTheSignatureOfAnother() external {
        Terms memory t = _terms();
        bytes memory signature = _sign(STRANGER, _id(t));
        vm.expectRevert(
            abi.encodeWithSelector(IPactEscrow.InvalidSignature.selector, buyer, _id(t))
        );
        escrow.fundByAllowance(t, signature);
    }

    function test_reverts_withAMalleatedOrTruncatedSignature() external {
        Terms memory t = _terms();
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(BUYER, _id(t));
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        bytes memory flipped = abi.encodePacked(
            r,
            bytes32(order - uint256(s)),
            v == 27 ? uint8(28) : uint8(27)
        );
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.fundByAllowance(t, flipped);
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.fundByAllowance(t, abi.encodePacked(r, s));
    }

    /// @dev ecrecover answers zero for garbage; zero is nobody's signature.
    function test_reverts_withAZeroSignature() external {
        Terms memory t = _terms();
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.fundByAllowance(t, new bytes(65));
    }

    function test_reverts_forEveryWrongAnswerOfASmartWallet() external {
        Terms memory t = _terms();
        HostileWallet wallet = new HostileWallet();
        t.buyer = address(wallet);
        _provide(t.buyer, t.amount);
        bytes memory signature = _sign(BUYER, _id(t));
        for (uint256 mode = 0; mode <= uint256(type(HostileWallet.Mode).max); ++mode) {
            wallet.set(HostileWallet.Mode(mode));
            (bool ok, ) = address(escrow).call{gas: 5_000_000}(
                abi.encodeCall(IPactEscrow.fundByAllowance, (t, signature))
            );
            vm.assertTrue(!ok, vm.toString(mode));
        }
    }

    /// @dev A wallet that reverts with the magic word, or forgets its last byte, has not signed.
    function test_reverts_whereARefusalReadsLikeTheMagicWord() external {
        for (uint256 i; i < 2; i++) {
            Terms memory t = _terms();
            t.buyer = address(new ContradictoryWallet(i == 0 ? 32 : 31, i == 0));
            _provide(t.buyer, t.amount);
            // Of nobody's key, which leaves zeros where the answer comes.
            vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
            escrow.fundByAllowance(t, new bytes(65));
        }
    }

    function test_reverts_withoutAllowance() external {
        Terms memory t = _terms();
        vm.prank(buyer);
        usdc.approve(address(escrow), t.amount - 1);
        vm.prank(buyer);
        vm.expectRevert();
        escrow.fundByAllowance(t, "");
    }

    function test_reverts_exactlyAtFundBy() external {
        Terms memory t = _terms();
        uint256 fundBy = unpack(t.clauses).fundBy;
        vm.warp(fundBy);
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.AfterFundBy.selector, fundBy, fundBy));
        escrow.fundByAllowance(t, "");
        vm.warp(fundBy - 1);
        vm.prank(buyer);
        escrow.fundByAllowance(t, "");
    }

    function test_reverts_whenFundedBefore_DRV_04() external {
        Terms memory t = _terms();
        vm.prank(buyer);
        escrow.fundByAllowance(t, "");
        vm.prank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(IPactEscrow.AlreadyExists.selector, _id(t), State.Funded)
        );
        escrow.fundByAllowance(t, "");
    }

    // ------------------------------------------------------------------- succeeds

    function test_fundsWhenTheBuyerSends_ESC_02() external {
        Terms memory t = _terms();
        uint256 before = usdc.balanceOf(buyer);
        vm.prank(buyer);
        escrow.fundByAllowance(t, "");
        _same(_of(t).state, State.Funded, "state");
        vm.assertEq(before - usdc.balanceOf(buyer), t.amount, "paid exactly");
    }

    function test_fundsForAnySenderWithTheBuyersSignature() external {
        Terms memory t = _terms();
        bytes memory signature = _sign(BUYER, _id(t));
        vm.prank(stranger);
        escrow.fundByAllowance(t, signature);
        _same(_of(t).state, State.Funded, "state");
    }

    function test_fundsWithTheERC1271SignatureOfASmartWallet() external {
        Terms memory t = _terms();
        t.buyer = address(new SmartWallet(buyer));
        _provide(t.buyer, t.amount);
        escrow.fundByAllowance(t, _sign(BUYER, _id(t)));
        _same(_of(t).state, State.Funded, "state");
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsFunded() external {
        Terms memory t = _terms();
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Funded(_id(t), buyer, seller, t);
        vm.prank(buyer);
        escrow.fundByAllowance(t, "");
    }
}
