// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IPactEscrow, State, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest} from "./support/EscrowTest.sol";
import {unpack} from "./support/Signatures.sol";
import {SmartWallet} from "./support/SmartWallet.sol";
import {vm} from "./support/Vm.sol";

contract FundByPermitTest is EscrowTest {
    uint256 private constant DEADLINE = START + 1 hours;

    function setUp() public override {
        super.setUp();
        vm.prank(buyer);
        usdc.approve(address(escrow), 0);
    }

    // -------------------------------------------------------------------- reverts

    /// @dev Else a front-runner could spend an allowance into terms of his own.
    function test_reverts_forAnotherSenderWithoutTheBuyersSignature() external {
        Terms memory t = _terms();
        bytes memory permit = _permit(t, BUYER);
        vm.prank(seller);
        vm.expectRevert();
        escrow.fundByPermit(t, DEADLINE, permit, "");
    }

    function test_reverts_withASignatureOverOtherTerms() external {
        Terms memory t = _terms();
        bytes memory permit = _permit(t, BUYER);
        bytes memory signature = _sign(BUYER, _id(t));
        t.feeRecipient = stranger;
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.fundByPermit(t, DEADLINE, permit, signature);
    }

    function test_reverts_withTheSignatureOfAnother() external {
        Terms memory t = _terms();
        bytes memory permit = _permit(t, BUYER);
        bytes memory signature = _sign(SELLER, _id(t));
        vm.expectRevert(
            abi.encodeWithSelector(IPactEscrow.InvalidSignature.selector, buyer, _id(t))
        );
        escrow.fundByPermit(t, DEADLINE, permit, signature);
    }

    function test_reverts_withAnInvalidPermitAndNoAllowance() external {
        Terms memory t = _terms();
        bytes memory permit = _permit(t, STRANGER);
        vm.prank(buyer);
        vm.expectRevert();
        escrow.fundByPermit(t, DEADLINE, permit, "");
        _same(_of(t).state, State.None, "state");
    }

    function test_reverts_exactlyAtFundBy() external {
        Terms memory t = _terms();
        uint256 fundBy = unpack(t.clauses).fundBy;
        vm.warp(fundBy);
        vm.prank(buyer);
        vm.expectRevert(abi.encodeWithSelector(IPactEscrow.AfterFundBy.selector, fundBy, fundBy));
        escrow.fundByPermit(t, DEADLINE, "", "");
    }

    function test_reverts_whenFundedBefore_DRV_04() external {
        Terms memory t = _terms();
        _doFund(t);
        bytes memory permit = _permit(t, BUYER);
        vm.prank(buyer);
        vm.expectRevert(
            abi.encodeWithSelector(IPactEscrow.AlreadyExists.selector, _id(t), State.Funded)
        );
        escrow.fundByPermit(t, DEADLINE, permit, "");
    }

    // ------------------------------------------------------------------- succeeds

    function test_fundsWhenTheBuyerSends_ESC_02() external {
        Terms memory t = _terms();
        bytes memory permit = _permit(t, BUYER);
        vm.prank(buyer);
        bytes32 id = escrow.fundByPermit(t, DEADLINE, permit, "");
        vm.assertEq(id, _id(t), "id");
        _same(_of(t).state, State.Funded, "state");
        vm.assertEq(usdc.balanceOf(address(escrow)), t.amount, "locked");
    }

    function test_fundsForAnySenderWithTheBuyersSignature() external {
        Terms memory t = _terms();
        bytes memory permit = _permit(t, BUYER);
        bytes memory signature = _sign(BUYER, _id(t));
        vm.prank(stranger);
        escrow.fundByPermit(t, DEADLINE, permit, signature);
        _same(_of(t).state, State.Funded, "state");
    }

    function test_fundsWhenThePermitWasFrontRun() external {
        Terms memory t = _terms();
        bytes memory permit = _permit(t, BUYER);
        usdc.permit(buyer, address(escrow), t.amount, DEADLINE, permit);
        vm.prank(buyer);
        escrow.fundByPermit(t, DEADLINE, permit, "");
        _same(_of(t).state, State.Funded, "state");
    }

    function test_fundsFromASmartWallet() external {
        Terms memory t = _terms();
        SmartWallet wallet = new SmartWallet(buyer);
        t.buyer = address(wallet);
        usdc.mint(t.buyer, t.amount);
        escrow.fundByPermit(t, DEADLINE, _permit(t, BUYER), _sign(BUYER, _id(t)));
        _same(_of(t).state, State.Funded, "state");
    }

    // ---------------------------------------------------------------------- emits

    function test_emitsFunded() external {
        Terms memory t = _terms();
        bytes memory permit = _permit(t, BUYER);
        vm.expectEmit(true, true, true, true, address(escrow));
        emit IPactEscrow.Funded(_id(t), buyer, seller, t);
        vm.prank(buyer);
        escrow.fundByPermit(t, DEADLINE, permit, "");
    }

    // -------------------------------------------------------------------- private

    function _permit(Terms memory t, uint256 key) private view returns (bytes memory) {
        return _sign(key, _permitDigest(usdc, t.buyer, address(escrow), t.amount, DEADLINE));
    }
}
