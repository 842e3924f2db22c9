// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IBonds} from "../../../contracts/src/interfaces/IBonds.sol";
import {ICommittee} from "../../../contracts/src/interfaces/ICommittee.sol";
import {IPactArbiter} from "../../../contracts/src/interfaces/IPactArbiter.sol";
import {Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {HostileToken} from "../support/HostileToken.sol";
import {IUsdc} from "../support/Usdc.sol";
import {vm} from "../support/Vm.sol";
import {ArbiterTest} from "./ArbiterTest.sol";

/// @notice Arbiter, committee and vault over a token that calls back while it moves their money. Real USDC
/// cannot; whoever upgrades it could make it. Each verb is refused by its own guard, before it looks at
/// anything, with whatever arguments.
contract CourtReentrancyTest is ArbiterTest {
    HostileToken private hostile;
    bytes[] private _calls;

    function setUp() public override {
        super.setUp();
        hostile = new HostileToken();
        usdc = IUsdc(address(hostile));
        escrow = _deployEscrow(address(hostile));
        court = _deployCourt(_setup());
        committee = ICommittee(court.committee());
        bonds = IBonds(court.vault());
        hostile.mint(seller, 1_000e6);
    }

    function test_everyVerbOfTheVaultIsGuarded() public {
        Terms memory t = _court(bytes32(0));
        _calls = [
            abi.encodeCall(IBonds.stake, (1)),
            abi.encodeCall(IBonds.stakeByAuthorization, (seller, 1, 0, "", "")),
            abi.encodeCall(IBonds.requestWithdrawal, (0)),
            abi.encodeCall(IBonds.withdrawBond, (seller)),
            abi.encodeCall(IBonds.claim, (t, "", 0, "")),
            abi.encodeCall(IBonds.drop, (t)),
            abi.encodeCall(IBonds.rule, (t, 0, "", "")),
            abi.encodeCall(IBonds.free, (t)),
            abi.encodeCall(IBonds.conclude, (t)),
            abi.encodeCall(IBonds.withdrawCredit, (seller))
        ];
        for (uint256 i; i < _calls.length; i++) {
            uint256 snapshot = vm.snapshotState();
            hostile.reenterWith(address(bonds), _calls[i]);
            hostile.set(HostileToken.Mode.Honest, HostileToken.Mode.Reenters);
            vm.prank(seller);
            bonds.stake(500e6);
            _refused(i);
            vm.revertToState(snapshot);
        }
    }

    function test_everyVerbOfTheArbiterIsGuarded() public {
        Terms memory t = _court(bytes32(0));
        address[] memory none = _none();
        _calls = [
            abi.encodeCall(IPactArbiter.appeal, (t, seller, 0, "")),
            abi.encodeCall(IPactArbiter.withdraw, (seller)),
            abi.encodeCall(IPactArbiter.moderate, (t, 0, "")),
            abi.encodeCall(IPactArbiter.propose, (t, 0, "", "")),
            abi.encodeCall(IPactArbiter.finalize, (t, none)),
            abi.encodeCall(IPactArbiter.convene, (t)),
            abi.encodeCall(IPactArbiter.execute, (t, none, none)),
            abi.encodeCall(IPactArbiter.lapse, (t)),
            abi.encodeCall(IPactArbiter.payPanel, ("", 0, none)),
            abi.encodeCall(IPactArbiter.collect, ())
        ];
        for (uint256 i; i < _calls.length; i++) {
            uint256 snapshot = vm.snapshotState();
            hostile.mint(address(court), 5e6);
            hostile.reenterWith(address(court), _calls[i]);
            hostile.set(HostileToken.Mode.Reenters, HostileToken.Mode.Honest);
            court.collect();
            _refused(i);
            vm.revertToState(snapshot);
        }
    }

    function test_theMoneyVerbsOfTheCommitteeAreGuarded() public {
        _calls = [
            abi.encodeCall(ICommittee.join, ()),
            abi.encodeCall(ICommittee.withdraw, (seller))
        ];
        for (uint256 i; i < _calls.length; i++) {
            uint256 snapshot = vm.snapshotState();
            hostile.reenterWith(address(committee), _calls[i]);
            hostile.set(HostileToken.Mode.Honest, HostileToken.Mode.Reenters);
            vm.prank(seller);
            committee.join();
            _refused(i);
            vm.revertToState(snapshot);
        }
    }

    /// @dev Of the arbiter's verbs, the one that moves stakes: here this test is the arbiter, called back by
    /// the token while a member pays its stake in.
    function test_noPanelClosesWhileAMemberPays() public {
        committee = ICommittee(
            _deploy("contracts/src/Committee.sol:Committee", abi.encode(escrow, MEMBER_STAKE))
        );
        hostile.reenterWith(address(this), abi.encodeCall(this.closePanel, ()));
        hostile.set(HostileToken.Mode.Honest, HostileToken.Mode.Reenters);
        vm.prank(seller);
        committee.join();
        _refused(0);
        this.closePanel();
    }

    function closePanel() external {
        committee.close("", 0, _none());
    }

    function _refused(uint256 i) private view {
        vm.assertTrue(hostile.reentered() && hostile.reentryFailed(), vm.toString(i));
        vm.assertEq(
            bytes32(hostile.reentryError()),
            bytes32(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector),
            vm.toString(i)
        );
    }
}
