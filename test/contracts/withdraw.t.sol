// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./support/EscrowTest.sol";
import {SmartWallet} from "./support/SmartWallet.sol";
import {vm} from "./support/Vm.sol";

contract WithdrawTest is EscrowTest {
    uint256 private constant CREDIT = 497_500_000;
    address private constant SAFE = address(0x5AFE);

    /// @dev The seller was blacklisted when it was paid: its part waits.
    function setUp() public override {
        super.setUp();
        Terms memory t = _reach(Stage.Delivered);
        usdc.blacklist(seller);
        _doRelease(t);
        vm.assertEq(escrow.creditOf(seller), CREDIT, "credited");
    }

    // -------------------------------------------------------------------- reverts

    function test_reverts_withoutCredit() external {
        vm.prank(stranger);
        vm.expectPartialRevert(IPactEscrow.NothingToWithdraw.selector);
        escrow.withdraw(stranger, SAFE, "");
    }

    function test_reverts_theSecondTime_DRV_04() external {
        vm.prank(seller);
        escrow.withdraw(seller, SAFE, "");
        vm.prank(seller);
        vm.expectPartialRevert(IPactEscrow.NothingToWithdraw.selector);
        escrow.withdraw(seller, SAFE, "");
    }

    function test_reverts_forAnyoneButTheOwner() external {
        address[3] memory others = [buyer, stranger, address(arbiter)];
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(others[i]);
            vm.expectRevert();
            escrow.withdraw(seller, others[i], "");
        }
    }

    function test_reverts_toZeroTheEscrowOrTheToken() external {
        address[2] memory wrong = [address(0), address(escrow)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(seller);
            vm.expectRevert(
                abi.encodeWithSelector(IPactEscrow.InvalidRecipient.selector, wrong[i])
            );
            escrow.withdraw(seller, wrong[i], "");
        }
        // USDC refuses itself.
        vm.prank(seller);
        vm.expectRevert();
        escrow.withdraw(seller, address(usdc), "");
        vm.assertEq(escrow.creditOf(seller), CREDIT, "kept");
    }

    /// @dev Else the credit would be gone while the money stays.
    function test_reverts_whenTheTransferFailsAndKeepsTheCredit() external {
        vm.prank(seller);
        vm.expectRevert();
        escrow.withdraw(seller, seller, "");
        vm.assertEq(escrow.creditOf(seller), CREDIT, "kept");
    }

    function test_reverts_withAnotherRecipientKeyNonceOrDeadlineThanSigned() external {
        uint256 end = _later();
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.withdraw(seller, SAFE, _signed(SELLER, stranger, 0, end));
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.withdraw(seller, SAFE, _signed(STRANGER, SAFE, 0, end));
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.withdraw(seller, SAFE, _signed(SELLER, SAFE, 1, end));

        bytes memory signature = _signed(SELLER, SAFE, 0, end);
        vm.warp(end);
        vm.expectRevert(
            abi.encodeWithSelector(IPactEscrow.AuthorizationExpired.selector, end, end)
        );
        escrow.withdraw(seller, SAFE, signature);
        vm.warp(end - 1);
        escrow.withdraw(seller, SAFE, signature);
    }

    /// @dev A second credit must not leave by the first signature.
    function test_reverts_withASignatureThatWasUsed() external {
        bytes memory signature = _signed(SELLER, SAFE, escrow.withdrawNonceOf(seller), _later());
        escrow.withdraw(seller, SAFE, signature);
        Terms memory t = _terms();
        t.salt = keccak256("second");
        _doFund(t);
        _doRelease(t);
        vm.assertEq(escrow.creditOf(seller), CREDIT, "a second credit");
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.withdraw(seller, SAFE, signature);
    }

    // ------------------------------------------------------------------- succeeds

    function test_sendsTheWholeCreditToAnAddressOfTheOwnersChoice() external {
        vm.prank(seller);
        escrow.withdraw(seller, SAFE, "");
        vm.assertEq(usdc.balanceOf(SAFE), CREDIT, "paid");
        vm.assertEq(escrow.creditOf(seller), 0, "empty");
        vm.assertEq(usdc.balanceOf(address(escrow)), escrow.creditOf(fees), "others untouched");
    }

    function test_takesASignatureFromAnySender() external {
        bytes memory signature = _signed(SELLER, SAFE, escrow.withdrawNonceOf(seller), _later());
        vm.prank(stranger);
        escrow.withdraw(seller, SAFE, signature);
        vm.assertEq(usdc.balanceOf(SAFE), CREDIT, "paid");
        vm.assertEq(escrow.withdrawNonceOf(seller), 1, "nonce");
    }

    function test_takesTheSignatureOfASmartWallet() external {
        Terms memory t = _terms();
        t.seller = address(new SmartWallet(stranger));
        _doFund(t);
        usdc.blacklist(t.seller);
        _doRelease(t);
        bytes32 hash = _withdraw(t.seller, SAFE, 0, _later());
        escrow.withdraw(t.seller, SAFE, _authorization(STRANGER, hash, _later()));
        vm.assertEq(usdc.balanceOf(SAFE), CREDIT, "paid");
    }

    function test_paysTheFeeRecipientToo() external {
        vm.prank(fees);
        escrow.withdraw(fees, SAFE, "");
        vm.assertEq(usdc.balanceOf(SAFE), 2_500_000, "the whole credit");
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsWithdrawn() external {
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Withdrawn(seller, SAFE, CREDIT);
        vm.prank(seller);
        escrow.withdraw(seller, SAFE, "");
    }

    // -------------------------------------------------------------------- private

    function _signed(
        uint256 key,
        address to,
        uint256 nonce,
        uint256 end
    ) private view returns (bytes memory) {
        return _authorization(key, _withdraw(seller, to, nonce, end), end);
    }
}
