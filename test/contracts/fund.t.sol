// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Clauses,
    Escrow,
    IPactEscrow,
    State,
    Terms
} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest} from "./support/EscrowTest.sol";
import {Numbers, pack, unpack} from "./support/Signatures.sol";
import {SmartWallet} from "./support/SmartWallet.sol";
import {vm} from "./support/Vm.sol";

contract FundTest is EscrowTest {
    // -------------------------------------------------------------------- reverts

    function test_reverts_withNativeValue_ESC_02_W_3() external {
        Terms memory t = _terms();
        bytes memory call_ = abi.encodeCall(IPactEscrow.fund, (t, _fundSignature(t, BUYER)));
        vm.deal(address(this), 1 ether);

        (bool ok, ) = address(escrow).call{value: 1}(call_);
        vm.assertTrue(!ok, "a verb with value");
        (ok, ) = address(escrow).call{value: 1}("");
        vm.assertTrue(!ok, "a plain transfer");
        vm.assertEq(address(escrow).balance, 0, "no ether can be stuck");
    }

    function test_reverts_exactlyAtFundBy() external {
        Terms memory t = _terms();
        bytes memory signature = _fundSignature(t, BUYER);
        uint256 fundBy = unpack(t.clauses).fundBy;
        vm.warp(fundBy);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.AfterFundBy.selector, fundBy, fundBy));
        escrow.fund(t, signature);

        vm.warp(fundBy + 1);
        vm.expectPartialRevert(IPactEscrow.AfterFundBy.selector);
        escrow.fund(t, signature);

        vm.warp(fundBy - 1);
        escrow.fund(t, signature);
    }

    function test_reverts_whenDeliverByIsNotAfterFundBy() external {
        Numbers memory n = _numbers();
        n.deliverBy = n.fundBy;
        _refused(
            n,
            abi.encodeWithSelector(
                IPactEscrow.DeliverByNotAfterFundBy.selector,
                n.deliverBy,
                n.fundBy
            )
        );
        n.deliverBy = n.fundBy - 1;
        _refused(
            n,
            abi.encodeWithSelector(
                IPactEscrow.DeliverByNotAfterFundBy.selector,
                n.deliverBy,
                n.fundBy
            )
        );
        n.deliverBy = n.fundBy + 1;
        _accepted(n);
    }

    function test_reverts_withAWindowOutsideOneMinuteToThirtyDays() external {
        uint24[4] memory wrong = [uint24(1), 59, 30 days + 1, type(uint24).max];
        for (uint256 i = 0; i < 4; ++i) {
            for (uint256 window = 0; window < 4; ++window) {
                Numbers memory n = _withWindow(window, wrong[i]);
                _refused(
                    n,
                    abi.encodeWithSelector(
                        IPactEscrow.InvalidWindow.selector,
                        wrong[i],
                        60,
                        30 days
                    )
                );
            }
        }
        for (uint256 window = 0; window < 4; ++window) {
            _accepted(_withWindow(window, 60));
            _accepted(_withWindow(window, 30 days));
        }
    }

    function test_reverts_withAZeroWindowOtherThanTheReview() external {
        for (uint256 window = 1; window < 4; ++window) {
            _refused(
                _withWindow(window, 0),
                abi.encodeWithSelector(IPactEscrow.InvalidWindow.selector, 0, 60, 30 days)
            );
        }
        _accepted(_withWindow(0, 0));
    }

    function test_reverts_aboveTheFeeCaps() external {
        Numbers memory n = _numbers();
        n.protocolFeeBps = 201;
        _refused(n, abi.encodeWithSelector(IPactEscrow.FeeTooHigh.selector, 201, 200));
        n.protocolFeeBps = 200;
        n.arbitrationFeeBps = 501;
        _refused(n, abi.encodeWithSelector(IPactEscrow.FeeTooHigh.selector, 501, 500));
        n.arbitrationFeeBps = 500;
        _accepted(n);
    }

    function test_reverts_withAFallbackAboveTheWhole() external {
        Numbers memory n = _numbers();
        n.fallbackSellerBps = 10_001;
        _refused(n, abi.encodeWithSelector(IPactEscrow.InvalidSplit.selector, 10_001, 10_000));
        n.fallbackSellerBps = 10_000;
        _accepted(n);
    }

    function test_reverts_withUpperClauseBits() external {
        for (uint256 bit = 240; bit < 256; ++bit) {
            Terms memory t = _terms();
            uint256 word = Clauses.unwrap(t.clauses) | (1 << bit);
            t.clauses = Clauses.wrap(word);
            _refused(t, abi.encodeWithSelector(IPactEscrow.UnusedBitsSet.selector, word));
        }
    }

    function test_reverts_belowTenThousandBaseUnits() external {
        Terms memory t = _terms();
        t.amount = 9_999;
        _refusedPartially(t, IPactEscrow.InvalidAmount.selector);
        t.amount = 0;
        _refusedPartially(t, IPactEscrow.InvalidAmount.selector);
        t.amount = 10_000;
        _doFund(t);
    }

    function test_reverts_withAZeroParty() external {
        Terms memory t = _terms();
        t.buyer = address(0);
        _refused(t, abi.encodeWithSelector(IPactEscrow.InvalidParty.selector, address(0)));
        t = _terms();
        t.seller = address(0);
        _refused(t, abi.encodeWithSelector(IPactEscrow.InvalidParty.selector, address(0)));
        t = _terms();
        t.arbiter = address(0);
        _refusedAnyhow(t);
    }

    function test_reverts_withOneAddressInTwoRoles() external {
        Terms memory t = _terms();
        t.seller = t.buyer;
        _refusedPartially(t, IPactEscrow.InvalidParty.selector);
        t = _terms();
        t.seller = t.arbiter;
        _refusedPartially(t, IPactEscrow.InvalidParty.selector);
        t = _terms();
        t.buyer = t.arbiter;
        _refusedPartially(t, IPactEscrow.InvalidParty.selector);
    }

    function test_reverts_whenTheSellerIsTheEscrowOrTheToken() external {
        Terms memory t = _terms();
        t.seller = address(escrow);
        _refused(t, abi.encodeWithSelector(IPactEscrow.InvalidParty.selector, address(escrow)));
        t.seller = address(usdc);
        _refused(t, abi.encodeWithSelector(IPactEscrow.InvalidParty.selector, address(usdc)));
    }

    function test_reverts_whenTheVaultIsTheEscrowOrTheToken() external {
        Terms memory t = _terms();
        t.vault = address(escrow);
        _refused(t, abi.encodeWithSelector(IPactEscrow.InvalidParty.selector, address(escrow)));
        t.vault = address(usdc);
        _refused(t, abi.encodeWithSelector(IPactEscrow.InvalidParty.selector, address(usdc)));
    }

    function test_reverts_whenTheFeeWouldGoNowhere() external {
        address[3] memory wrong = [address(0), address(escrow), address(usdc)];
        for (uint256 i = 0; i < 3; ++i) {
            Terms memory t = _terms();
            t.feeRecipient = wrong[i];
            _refused(t, abi.encodeWithSelector(IPactEscrow.InvalidParty.selector, wrong[i]));
        }
        Numbers memory n = _numbers();
        n.protocolFeeBps = 0;
        Terms memory free = _terms();
        free.feeRecipient = address(0);
        free.clauses = pack(n);
        _doFund(free);
        _same(_of(free).state, State.Funded, "no fee, no recipient");
    }

    /// @dev An address is twenty bytes: what stands above it would be read by some and not by others.
    function test_reverts_withDirtyAddresses() external {
        bytes memory signature = _fundSignature(_terms(), BUYER);
        for (uint256 word = 0; word < 5; ++word) {
            bytes memory call_ = abi.encodeCall(IPactEscrow.fund, (_terms(), signature));
            call_[4 + 32 * word + 11] = 0x01;
            (bool ok, bytes memory answer) = address(escrow).call(call_);
            vm.assertTrue(!ok, vm.toString(word));
            vm.assertEq(bytes4(answer), IPactEscrow.UnusedBitsSet.selector, vm.toString(word));
        }
    }

    function test_reverts_withAnArbiterWithoutCode() external {
        Terms memory t = _terms();
        t.arbiter = address(0xDEAD);
        _refused(t, abi.encodeWithSelector(IPactEscrow.InvalidArbiter.selector, address(0xDEAD)));
    }

    function test_reverts_withAnArbiterOfDelegatedCode() external {
        Terms memory t = _terms();
        t.arbiter = address(0xDE1E);
        vm.etch(t.arbiter, abi.encodePacked(hex"ef0100", address(arbiter)));
        _refused(t, abi.encodeWithSelector(IPactEscrow.InvalidArbiter.selector, t.arbiter));
    }

    function test_reverts_withTheSignatureOfAnotherKey() external {
        Terms memory t = _terms();
        bytes memory signature = _fundSignature(t, STRANGER);
        vm.expectRevert();
        escrow.fund(t, signature);
    }

    function test_reverts_withoutASignatureEvenForTheBuyer() external {
        Terms memory t = _terms();
        vm.prank(buyer);
        vm.expectRevert();
        escrow.fund(t, "");
    }

    /// @dev The signature pays for these terms and for no others: each field in turn is changed.
    function test_reverts_withOtherTermsThanSigned_PCT_10() external {
        Terms memory t = _terms();
        bytes memory signature = _fundSignature(t, BUYER);
        for (uint256 field = 0; field < FIELDS; ++field) {
            Terms memory other = _changed(field);
            vm.assertTrue(_id(other) != _id(t), vm.toString(field));
            vm.expectRevert();
            escrow.fund(other, signature);
        }
        escrow.fund(t, signature);
    }

    function test_reverts_whenFundedBefore_DRV_04() external {
        Terms memory t = _terms();
        bytes memory signature = _fundSignature(t, BUYER);
        bytes32 id = escrow.fund(t, signature);
        vm.expectRevert(
            abi.encodeWithSelector(IPactEscrow.AlreadyExists.selector, id, State.Funded)
        );
        escrow.fund(t, signature);
    }

    function test_reverts_whenTheBuyerCancelledTheAuthorization() external {
        Terms memory t = _terms();
        bytes memory signature = _fundSignature(t, BUYER);
        usdc.cancelAuthorization(buyer, _id(t), _sign(BUYER, _cancelDigest(usdc, buyer, _id(t))));
        vm.expectRevert();
        escrow.fund(t, signature);
    }

    function test_reverts_whenTheBuyerCannotPay() external {
        Terms memory t = _terms();
        t.amount = usdc.balanceOf(buyer) + 1;
        bytes memory signature = _fundSignature(t, BUYER);
        vm.expectRevert();
        escrow.fund(t, signature);
    }

    // ------------------------------------------------------------------- succeeds

    function test_movesExactlyTheAmountForAnySender_ESC_01_W_5() external {
        Terms memory t = _terms();
        bytes memory signature = _fundSignature(t, BUYER);
        uint256 before = usdc.balanceOf(buyer);

        vm.prank(stranger);
        bytes32 id = escrow.fund(t, signature);

        vm.assertEq(usdc.balanceOf(buyer), before - 500 * USDC, "buyer");
        vm.assertEq(usdc.balanceOf(address(escrow)), 500 * USDC, "escrow");
        vm.assertEq(id, _id(t), "id");
    }

    function test_storesTheFundedStateAlone() external {
        Terms memory t = _terms();
        _doFund(t);
        Escrow memory e = _of(t);
        _same(e.state, State.Funded, "state");
        vm.assertEq(e.fundedAt, START, "fundedAt");
        vm.assertEq(e.timerEnd, unpack(t.clauses).deliverBy, "timerEnd");
        vm.assertEq(e.round, 0, "round");
        vm.assertTrue(
            !e.noticed && !e.buyerDisputed && !e.sellerDisputed && !e.bonded && !e.proposed,
            "flags"
        );
    }

    function test_writesOneStorageSlotPerEscrow() external {
        Terms memory t = _terms();
        bytes memory signature = _fundSignature(t, BUYER);
        vm.record();
        escrow.fund(t, signature);
        (, bytes32[] memory writes) = vm.accesses(address(escrow));
        vm.assertTrue(writes.length > 0, "a slot is written");
        for (uint256 i = 1; i < writes.length; ++i) {
            vm.assertEq(writes[i], writes[0], "the same slot");
        }
    }

    function test_acceptsTheERC1271SignatureOfASmartWallet() external {
        Terms memory t = _terms();
        SmartWallet wallet = new SmartWallet(buyer);
        t.buyer = address(wallet);
        usdc.mint(address(wallet), t.amount);
        _doFund(t);
        _same(_of(t).state, State.Funded, "state");
    }

    function test_givesEveryTermsItsOwnId_ESC_01() external {
        Terms memory t = _terms();
        for (uint256 salt = 1; salt <= 8; ++salt) {
            t.salt = bytes32(salt);
            _doFund(t);
        }
        vm.assertEq(usdc.balanceOf(address(escrow)), 8 * t.amount, "eight locks");
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsTheWholeTerms() external {
        Terms memory t = _terms();
        bytes memory signature = _fundSignature(t, BUYER);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Funded(_id(t), buyer, seller, t);
        escrow.fund(t, signature);
    }

    // -------------------------------------------------------------------- private

    function _withWindow(uint256 window, uint24 value) private pure returns (Numbers memory n) {
        n = _numbers();
        if (window == 0) n.reviewWindow = value;
        if (window == 1) n.responseWindow = value;
        if (window == 2) n.negotiationWindow = value;
        if (window == 3) n.arbitrationWindow = value;
    }

    function _refused(Numbers memory n, bytes memory error_) private {
        Terms memory t = _terms();
        t.clauses = pack(n);
        _refused(t, error_);
    }

    function _refused(Terms memory t, bytes memory error_) private {
        bytes memory signature = _fundSignature(t, BUYER);
        vm.expectRevert(error_);
        escrow.fund(t, signature);
    }

    function _refusedPartially(Terms memory t, bytes4 selector) private {
        bytes memory signature = _fundSignature(t, BUYER);
        vm.expectPartialRevert(selector);
        escrow.fund(t, signature);
    }

    function _refusedAnyhow(Terms memory t) private {
        bytes memory signature = _fundSignature(t, BUYER);
        vm.expectRevert();
        escrow.fund(t, signature);
    }

    function _accepted(Numbers memory n) private {
        Terms memory t = _terms();
        t.clauses = pack(n);
        _doFund(t);
        _same(_of(t).state, State.Funded, "accepted");
    }
}
