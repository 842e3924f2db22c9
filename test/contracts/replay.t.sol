// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    IPactEscrow,
    Receipt,
    Result,
    State,
    Terms
} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {Stage} from "./support/EscrowTest.sol";
import {Numbers, pack, unpack} from "./support/Signatures.sol";
import {SmartWallet} from "./support/SmartWallet.sol";
import {Verb, Verbs} from "./support/Verbs.sol";
import {vm} from "./support/Vm.sol";

/// @notice Known bug: signatures front-run, or replayed across escrows, chains, contracts and wallets.
contract ReplayTest is Verbs {
    function test_aFundingSignatureDoesNotWorkInAnotherContract() external {
        Terms memory t = _terms();
        bytes memory signature = _fundSignature(t, BUYER);
        IPactEscrow twin = _deployEscrow(address(usdc));
        vm.assertTrue(twin.hashTerms(t) != escrow.hashTerms(t), "another id");
        vm.expectRevert();
        twin.fund(t, signature);
    }

    function test_aFundingSignatureCannotBeSpentPastTheEscrow() external {
        Terms memory t = _terms();
        bytes memory signature = _fundSignature(t, BUYER);
        bytes32 id = _id(t);
        uint256 fundBy = unpack(t.clauses).fundBy;
        vm.prank(stranger);
        vm.expectRevert();
        usdc.receiveWithAuthorization(buyer, address(escrow), t.amount, 0, fundBy, id, signature);
        escrow.fund(t, signature);
    }

    /// @dev After a fork of the chain the escrow is not the one that the parties signed for.
    function test_noSignatureWorksOnAnotherChainId() external {
        Terms memory t = _reach(Stage.Delivered);
        bytes memory authorization = _authorizationOf(Verb.Release, t);
        bytes memory proof = _proofOf(Verb.AttestPass, t, 2);
        vm.chainId(8453);
        (bool ok, ) = address(escrow).call(abi.encodeCall(IPactEscrow.release, (t, authorization)));
        vm.assertTrue(!ok, "release");
        (ok, ) = address(escrow).call(_callOf(Verb.AttestPass, t, proof));
        vm.assertTrue(!ok, "attest");

        Terms memory u = _terms();
        u.salt = keccak256("u");
        vm.chainId(31_337);
        bytes memory signature = _fundSignature(u, BUYER);
        vm.chainId(8453);
        bytes memory refusal = abi.encodeWithSelector(
            IPactEscrow.UnexpectedChain.selector,
            8453,
            31_337
        );
        vm.expectRevert(refusal);
        escrow.fund(u, signature);
        // Not even for a buyer that sends it itself, whose consent needs no signature.
        vm.prank(buyer);
        vm.expectRevert(refusal);
        escrow.fundByAllowance(u, "");
    }

    function test_theIdDependsOnTheChain() external {
        Terms memory t = _terms();
        bytes32 here = _id(t);
        vm.chainId(8453);
        vm.assertTrue(_deployEscrow(address(usdc)).hashTerms(t) != here, "another id");
    }

    /// @dev One owner, two plain ERC-1271 wallets: what one wallet signs the other one has not signed.
    function test_aSignatureOfOneWalletIsNotThatOfItsTwin() external {
        Terms memory t = _terms();
        Terms memory u = _terms();
        t.buyer = address(new SmartWallet(buyer));
        u.buyer = address(new SmartWallet(buyer));
        _provide(t.buyer, t.amount);
        _provide(u.buyer, u.amount);
        bytes memory signature = _sign(BUYER, _id(t));
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.fundByAllowance(u, signature);
        escrow.fundByAllowance(t, signature);
        _doFund(u);

        bytes memory authorization = _authorization(
            BUYER,
            _release(_id(t), t.buyer, _of(t).seq, _later()),
            _later()
        );
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.release(u, authorization);
        escrow.release(t, authorization);
    }

    /// @dev Two wallets of one owner on both sides of one trade: the actor is part of what is signed.
    function test_aWalletDoesNotSignForItsTwinInTheSameTrade() external {
        Terms memory t = _terms();
        t.buyer = address(new SmartWallet(buyer));
        t.seller = address(new SmartWallet(buyer));
        usdc.mint(t.buyer, t.amount);
        _doFund(t);
        bytes memory ofBuyer = _authorization(
            BUYER,
            _settle(_id(t), t.buyer, 10_000, _of(t).seq, _later()),
            _later()
        );
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.settle(t, 10_000, ofBuyer, ofBuyer);
    }

    /// @dev The credits of two wallets of one owner.
    function test_aWithdrawalOfOneWalletIsNotThatOfItsTwin() external {
        Terms memory t = _terms();
        Terms memory u = _terms();
        t.seller = address(new SmartWallet(seller));
        u.seller = address(new SmartWallet(seller));
        _doFund(t);
        _doFund(u);
        usdc.blacklist(t.seller);
        usdc.blacklist(u.seller);
        _doRelease(t);
        _doRelease(u);
        bytes memory authorization = _authorization(
            SELLER,
            _withdraw(t.seller, address(0x5AFE), 0, _later()),
            _later()
        );
        vm.expectPartialRevert(IPactEscrow.InvalidSignature.selector);
        escrow.withdraw(u.seller, address(0x5AFE), authorization);
        escrow.withdraw(t.seller, address(0x5AFE), authorization);
    }

    /// @dev Two escrows that differ in the milestone alone, at the same seq.
    function test_noSignatureMovesToTheNextMilestone() external {
        for (uint256 i = 0; i <= uint256(Verb.Rule); ++i) {
            uint256 snapshot = vm.snapshotState();
            Verb verb = Verb(i);
            Terms memory t = _reach(_stageOf(verb));
            vm.warp(START);
            Terms memory u = _terms();
            Numbers memory n = _numbers();
            n.milestone = 1;
            u.clauses = pack(n);
            _reach(u, _stageOf(verb));
            bytes memory proof =
                verb <= LAST_SIGNED ? _authorizationOf(verb, t) : _proofOf(verb, t, 2);
            (bool ok, ) = address(escrow).call(_callOf(verb, u, proof));
            vm.assertTrue(!ok, vm.toString(i));
            (ok, ) = address(escrow).call(_callOf(verb, t, proof));
            vm.assertTrue(ok, vm.toString(i));
            vm.revertToState(snapshot);
        }
    }

    /// @dev A buyer's receipt is no arbiter's attestation, and the other way round.
    function test_noStatementOfOneKindServesAsAnother() external {
        Terms memory t = _reach(Stage.Funded);
        bytes memory statement = _proof(_statement(_id(t), 1, ARTIFACT, REPORT), 3);
        vm.prank(seller);
        vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
        escrow.deliver(t, ARTIFACT, Receipt(false, statement), "");
        _doDeliver(t);
        vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
        escrow.attest(t, Result.Pass, REPORT, statement);
    }

    /// @dev The stake's authorization pays for this dispute and for nothing else.
    function test_aStakeCannotBePulledPastTheDispute() external {
        Terms memory t = _reach(Stage.Delivered);
        uint256 end = _later();
        bytes32 nonce = _digest(address(escrow), _dispute(_id(t), buyer, CLAIM, _of(t).seq, end));
        bytes memory stake = _sign(
            BUYER,
            _receiveDigest(usdc, buyer, address(escrow), _stake(t), end, nonce)
        );
        bytes memory six = abi.encodePacked(uint48(end));
        vm.prank(stranger);
        vm.expectRevert();
        usdc.receiveWithAuthorization(buyer, address(escrow), 5 * USDC, 0, end, nonce, stake);
        escrow.dispute(t, buyer, CLAIM, six, stake);

        _doDefend(t);
        _doRedeliver(t);
        vm.expectRevert();
        escrow.dispute(t, buyer, CLAIM, six, stake);
    }

    /// @dev Fee, recipient, arbiter, pact and every other field are those of the funding: whoever settles
    /// with one of them changed speaks of an escrow that was never funded.
    function test_termsCannotBeChangedAtThePayout_ESC_10_ESC_18() external {
        Terms memory t = _reach(Stage.ArbitrationByBoth);
        uint256 held = usdc.balanceOf(address(escrow));
        for (uint256 field = 0; field < FIELDS; ++field) {
            Terms memory other = _changed(field);
            for (uint256 i = 0; i <= uint256(Verb.Conclude); ++i) {
                Verb verb = Verb(i);
                bytes memory proof;
                if (verb <= LAST_SIGNED) proof = _authorizationOf(verb, t);
                else if (verb <= Verb.Rule) proof = _proofOf(verb, t, 3);
                (bool ok, ) = address(escrow).call(_callOf(verb, other, proof));
                vm.assertTrue(!ok, string.concat(vm.toString(field), " ", vm.toString(i)));
            }
            bytes32 id = _id(other);
            vm.prank(other.buyer);
            vm.expectRevert(abi.encodeWithSelector(IPactEscrow.NotOpen.selector, id, State.None));
            escrow.release(other, "");
            vm.prank(other.seller);
            vm.expectRevert(abi.encodeWithSelector(IPactEscrow.NotOpen.selector, id, State.None));
            escrow.refund(other, "");
        }
        vm.assertEq(usdc.balanceOf(address(escrow)), held, "nothing went");
        _doRule(t, 6000);
    }
}
