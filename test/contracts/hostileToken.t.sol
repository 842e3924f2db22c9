// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Completion,
    IPactEscrow,
    State,
    Terms
} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {Stage} from "./support/EscrowTest.sol";
import {HostileToken} from "./support/HostileToken.sol";
import {IUsdc} from "./support/Usdc.sol";
import {Verb, Verbs} from "./support/Verbs.sol";
import {vm} from "./support/Vm.sol";

/// @notice Known bugs: a token that returns false or nothing, reverts, burns gas or re-enters.
contract HostileTokenTest is Verbs {
    HostileToken private hostile;

    function setUp() public override {
        super.setUp();
        hostile = new HostileToken();
        usdc = IUsdc(address(hostile));
        escrow = _deployEscrow(address(hostile));
        hostile.mint(buyer, 1e12);
        hostile.mint(seller, 1e12);
    }

    // -------------------------------------------------------------------- construction

    function test_reverts_withoutAToken() external {
        address[2] memory wrong = [address(0), address(0xC0DE1E55)];
        for (uint256 i = 0; i < 2; ++i) {
            bytes memory code = abi.encodePacked(
                vm.getCode("contracts/src/PactEscrow.sol:PactEscrow"),
                abi.encode(wrong[i])
            );
            address deployed;
            assembly ("memory-safe") {
                deployed := create(0, add(code, 32), mload(code))
            }
            vm.assertTrue(deployed == address(0), "no code, no token");
        }
    }

    function test_readsTheTokenAndTheDomain() external view {
        vm.assertEq(escrow.token(), address(hostile), "token");
        (
            ,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifier,
            ,

        ) = escrow.eip712Domain();
        vm.assertEq(keccak256(bytes(name)), keccak256("Earnest PactEscrow"), "name");
        vm.assertEq(keccak256(bytes(version)), keccak256("1"), "version");
        vm.assertEq(chainId, block.chainid, "chain");
        vm.assertEq(verifier, address(escrow), "contract");
    }

    // -------------------------------------------------------------------- incoming

    /// @dev What did not come in is not locked.
    function test_refusesMoneyThatDoesNotComeIn() external {
        Terms memory t = _terms();
        HostileToken.Mode[2] memory modes = [
            HostileToken.Mode.Reverts,
            HostileToken.Mode.RevertsWithABomb
        ];
        for (uint256 i = 0; i < 2; ++i) {
            hostile.set(HostileToken.Mode.Honest, modes[i]);
            vm.expectRevert();
            escrow.fund(t, new bytes(65));
            vm.prank(buyer);
            vm.expectRevert();
            escrow.fundByAllowance(t, "");
        }
        hostile.set(HostileToken.Mode.Honest, HostileToken.Mode.ReturnsFalse);
        vm.prank(buyer);
        vm.expectRevert();
        escrow.fundByAllowance(t, "");
        _same(_of(t).state, State.None, "state");

        hostile.set(HostileToken.Mode.Honest, HostileToken.Mode.Honest);
        _doFund(t);
        _doDeliver(t);
        hostile.set(HostileToken.Mode.Honest, HostileToken.Mode.ReturnsFalse);
        vm.prank(buyer);
        vm.expectRevert();
        escrow.dispute(t, buyer, CLAIM, "", "");
    }

    // -------------------------------------------------------------------- outgoing

    /// @dev False or a revert is a failed transfer: credited once, never lost, and the other side is paid.
    function test_creditsWhatTheTokenRefuses() external {
        HostileToken.Mode[3] memory modes = [
            HostileToken.Mode.ReturnsFalse,
            HostileToken.Mode.Reverts,
            HostileToken.Mode.RevertsWithABomb
        ];
        for (uint256 i = 0; i < 3; ++i) {
            uint256 snapshot = vm.snapshotState();
            Terms memory t = _reach(Stage.Delivered);
            hostile.set(modes[i], HostileToken.Mode.Honest);
            _doSettle(t, 6000);
            vm.assertEq(escrow.creditOf(seller), 298_500_000, "seller");
            vm.assertEq(escrow.creditOf(buyer), 200 * USDC, "buyer");
            vm.assertEq(hostile.balanceOf(address(escrow)), t.amount, "still here");

            vm.prank(seller);
            vm.expectRevert();
            escrow.withdraw(seller, seller, "");
            vm.assertEq(
                escrow.creditOf(seller),
                298_500_000,
                "a failed withdrawal keeps the credit"
            );

            hostile.set(HostileToken.Mode.Honest, HostileToken.Mode.Honest);
            vm.prank(seller);
            escrow.withdraw(seller, seller, "");
            vm.assertEq(escrow.creditOf(seller), 0, "withdrawn");
            vm.revertToState(snapshot);
        }
    }

    /// @dev The seller is paid with `true`; the buyer's answer is a byte short, and must not become `true`
    /// by the last byte of the seller's.
    function test_creditsWhereTheAnswerIsAByteShort() external {
        Terms memory t = _reach(Stage.Delivered);
        hostile.set(HostileToken.Mode.FallsShort, HostileToken.Mode.Honest);
        uint256 before = hostile.balanceOf(seller);
        _doSettle(t, 6000);
        vm.assertEq(hostile.balanceOf(seller) - before, 298_500_000, "paid");
        vm.assertEq(escrow.creditOf(seller), 0, "not owed again");
        vm.assertEq(escrow.creditOf(buyer), 200 * USDC, "owed");
    }

    /// @dev A token that moves the money and says nothing has paid: paying it again would rob the others.
    function test_neverPaysTwiceWhatATokenMovedInSilence() external {
        Terms memory t = _reach(Stage.Delivered);
        uint256 before = hostile.balanceOf(seller);
        hostile.set(HostileToken.Mode.ReturnsNothing, HostileToken.Mode.Honest);
        _doRelease(t);
        vm.assertEq(hostile.balanceOf(seller) - before, 497_500_000, "moved");
        vm.assertEq(escrow.creditOf(seller), 0, "and not owed again");
    }

    /// @dev A token that burns all gas cannot stop the other side for ever: with gas enough it is credited.
    function test_creditsWhenTheTokenBurnsItsGas() external {
        Terms memory t = _reach(Stage.Delivered);
        hostile.set(HostileToken.Mode.BurnsGas, HostileToken.Mode.Honest);
        vm.prank(buyer);
        (bool ok, ) = address(escrow).call{gas: 30_000_000}(
            abi.encodeCall(IPactEscrow.release, (t, ""))
        );
        vm.assertTrue(ok, "goes on");
        vm.assertEq(escrow.creditOf(seller), 497_500_000, "credited");
        _same(_of(t).state, State.Completed, "state");
    }

    // -------------------------------------------------------------------- re-entrancy

    function test_reentrancyIsRefusedOnEveryChain() external {
        uint256[3] memory chains = [uint256(31_337), 8453, 84_532];
        for (uint256 i = 0; i < 3; ++i) {
            uint256 snapshot = vm.snapshotState();
            vm.chainId(chains[i]);
            escrow = _deployEscrow(address(hostile));
            for (uint256 verb = 0; verb <= uint256(Verb.Conclude); ++verb) {
                _reenters(Verb(verb));
            }
            vm.revertToState(snapshot);
        }
    }

    /// @dev While the seller of one trade is paid, the token plays a valid call on another trade.
    function _reenters(Verb verb) private {
        uint256 snapshot = vm.snapshotState();
        Terms memory u = _terms();
        u.salt = keccak256("u");
        _reach(u, _stageOf(verb));
        if (verb >= Verb.Expire) vm.warp(_of(u).timerEnd);
        uint256 now_ = block.timestamp;
        vm.warp(START);
        Terms memory t = _reach(Stage.Delivered);
        vm.warp(now_);

        bytes memory proof;
        if (verb <= LAST_SIGNED) proof = _authorizationOf(verb, u);
        else if (verb <= Verb.Rule) proof = _proofOf(verb, u, 2);
        else if (verb == Verb.Complete) proof = _deliverAuthorization(u, ARTIFACT, false);
        hostile.reenterWith(address(escrow), _callOf(verb, u, proof));
        hostile.set(HostileToken.Mode.Reenters, HostileToken.Mode.Honest);
        State before = _of(u).state;
        _doRelease(t);

        string memory what = vm.toString(uint256(verb));
        vm.assertTrue(hostile.reentered(), what);
        vm.assertTrue(hostile.reentryFailed(), what);
        _same(_of(u).state, before, what);
        _same(_of(t).state, State.Completed, what);
        vm.revertToState(snapshot);
    }

    /// @dev The verbs without a state of their own to stand in the way: the guard alone speaks, at once.
    function test_reentrancyIsRefusedByEveryOtherVerb() external {
        Terms memory u = _terms();
        u.salt = keccak256("u");
        Terms[] memory batch = new Terms[](1);
        batch[0] = u;
        bytes[8] memory calls = [
            abi.encodeCall(IPactEscrow.fund, (u, "")),
            abi.encodeCall(IPactEscrow.fundBatch, (batch, "")),
            abi.encodeCall(IPactEscrow.fundByPermit, (u, 0, "", "")),
            abi.encodeCall(IPactEscrow.fundByAllowance, (u, "")),
            abi.encodeCall(IPactEscrow.amend, (u, u, "", "")),
            abi.encodeCall(IPactEscrow.completeBatch, (batch, new Completion[](1), "")),
            abi.encodeCall(IPactEscrow.withdraw, (seller, seller, "")),
            abi.encodeCall(IPactEscrow.sweep, (fees))
        ];
        Terms memory t = _reach(Stage.Delivered);
        for (uint256 i = 0; i < calls.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            hostile.reenterWith(address(escrow), calls[i]);
            hostile.set(HostileToken.Mode.Reenters, HostileToken.Mode.Honest);
            _doRelease(t);
            vm.assertTrue(hostile.reentered(), vm.toString(i));
            vm.assertEq(
                bytes32(hostile.reentryError()),
                bytes32(IPactEscrow.Reentered.selector),
                vm.toString(i)
            );
            vm.revertToState(snapshot);
        }
    }

    /// @dev The same escrow: the money leaves once.
    function test_reentrancyCannotSettleTwice_DRV_04() external {
        Terms memory t = _reach(Stage.Delivered);
        Terms memory other = _terms();
        other.salt = keccak256("other");
        _doFund(other);
        bytes32 hash = _refund(_id(t), seller, uint256(_of(t).seq) + 1, _later());
        hostile.reenterWith(
            address(escrow),
            abi.encodeCall(IPactEscrow.refund, (t, _authorization(SELLER, hash, _later())))
        );
        hostile.set(HostileToken.Mode.Reenters, HostileToken.Mode.Honest);
        _doRelease(t);
        vm.assertTrue(hostile.reentryFailed(), "refused");
        vm.assertEq(
            hostile.balanceOf(address(escrow)),
            other.amount + escrow.creditOf(fees),
            "the other lock is whole"
        );
    }

    function test_reentrancyCannotWithdrawTwice() external {
        Terms memory t = _reach(Stage.Delivered);
        Terms memory other = _terms();
        other.salt = keccak256("other");
        _doFund(other);
        hostile.set(HostileToken.Mode.Reverts, HostileToken.Mode.Honest);
        _doRelease(t);

        bytes32 hash = _withdraw(seller, seller, 1, _later());
        hostile.reenterWith(
            address(escrow),
            abi.encodeCall(
                IPactEscrow.withdraw,
                (seller, seller, _authorization(SELLER, hash, _later()))
            )
        );
        hostile.set(HostileToken.Mode.Reenters, HostileToken.Mode.Honest);
        vm.prank(seller);
        escrow.withdraw(seller, seller, "");
        vm.assertTrue(hostile.reentered() && hostile.reentryFailed(), "refused");
        vm.assertEq(
            hostile.balanceOf(address(escrow)),
            other.amount + escrow.creditOf(fees),
            "the others"
        );
    }

    /// @dev While money comes in, nothing of the half-funded escrow can be taken out.
    function test_reentrancyDuringTheFunding() external {
        Terms memory t = _terms();
        for (uint256 seq = 0; seq < 2; ++seq) {
            uint256 snapshot = vm.snapshotState();
            bytes32 hash = _release(_id(t), buyer, seq, _later());
            hostile.reenterWith(
                address(escrow),
                abi.encodeCall(IPactEscrow.release, (t, _authorization(BUYER, hash, _later())))
            );
            hostile.set(HostileToken.Mode.Honest, HostileToken.Mode.Reenters);
            escrow.fund(t, new bytes(65));
            vm.assertTrue(hostile.reentered() && hostile.reentryFailed(), "refused");
            _same(_of(t).state, State.Funded, "state");
            vm.revertToState(snapshot);
        }
    }
}
