// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAttestors} from "../../../contracts/src/interfaces/IAttestors.sol";
import {IPactArbiter} from "../../../contracts/src/interfaces/IPactArbiter.sol";
import {IPactEscrow, State, Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {Numbers, pack} from "../support/Signatures.sol";
import {vm} from "../support/Vm.sol";
import {GovernanceTest, IGovernance} from "./GovernanceTest.sol";

contract TimelockTest is GovernanceTest {
    function _roster() private pure returns (bytes memory) {
        return abi.encodeCall(IPactArbiter.setRoster, (keccak256("new roster")));
    }

    function test_constructor_reverts_belowThirtyDays() public {
        address[] memory proposers = new address[](0);
        bytes memory code = abi.encodePacked(
            vm.getCode("contracts/src/Governance.sol:Governance"),
            abi.encode(30 days - 1, proposers)
        );
        address deployed;
        assembly ("memory-safe") {
            deployed := create(0, add(code, 32), mload(code))
        }
        vm.assertEq(deployed, address(0), "refused");
    }

    function test_schedule_reverts_belowThirtyDays() public {
        vm.prank(proposer);
        vm.expectRevert(
            abi.encodeWithSelector(IGovernance.TimelockInsufficientDelay.selector, DELAY - 1, DELAY)
        );
        timelock.schedule(address(court), 0, _roster(), 0, 0, DELAY - 1);
    }

    function test_schedule_reverts_forAnyoneButAProposer() public {
        vm.prank(guardian);
        vm.expectRevert();
        timelock.schedule(address(court), 0, _roster(), 0, 0, DELAY);
    }

    /// @dev Queue, then: one second early reverts, 30 days later passes, and the open escrow keeps its keys.
    function test_execute_exactlyAtThirtyDays_GOV_04() public {
        uint256 start = block.timestamp;
        bytes memory data = abi.encodeCall(IAttestors.addAttestor, (vm.addr(KEY + 9)));
        bytes32 id = _schedule(address(court), data);

        vm.warp(start + DELAY - 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IGovernance.TimelockUnexpectedOperationState.selector,
                id,
                bytes32(uint256(1 << 2))
            )
        );
        timelock.execute(address(court), 0, data, 0, 0);
        Terms memory t = _court(bytes32(0));
        Numbers memory n = _numbers();
        n.fundBy = uint40(start + DELAY + 1 days);
        n.deliverBy = uint40(start + DELAY + 2 days);
        t.clauses = pack(n);
        _arbitrate(t);
        vm.warp(start + DELAY);
        _execute(address(court), data);

        // The new key waits as a standby; all the old ones but one go, and it takes a seat.
        for (uint256 i; i < 3; i++) {
            vm.prank(vm.addr(KEY + i));
            court.removeAttestor(vm.addr(KEY + i));
        }
        IAttestors.Attestor[] memory set = court.attestors();
        vm.assertEq(set.length, 2, "old standby and new key");
        vm.assertEq(set[1].key, vm.addr(KEY + 9), "seated");

        // For the escrow that was funded before, its signature is worth nothing.
        bytes memory proof = _rulingProof(t, 6000, 2);
        vm.expectPartialRevert(IPactEscrow.ArbiterRefused.selector);
        escrow.rule(t, 6000, RECORD, proof);

        // For one that is funded from now on the very same keys rule.
        vm.warp(block.timestamp + 1);
        Terms memory later = _court(bytes32(0));
        n.fundBy = uint40(block.timestamp + 1 days);
        n.deliverBy = uint40(block.timestamp + 2 days);
        later.clauses = pack(n);
        _arbitrate(later);
        escrow.rule(later, 6000, RECORD, _rulingProof(later, 6000, 2));
        _same(_of(later).state, State.Resolved, "ruled");
        _same(_of(t).state, State.Arbitration, "and the old one waits");
    }

    /// @dev The ATK row is the GOV test: nobody changes a rule between two blocks.
    function test_noRuleChangesOvernight_ATK_09() public {
        bytes[4] memory calls = [
            _roster(),
            abi.encodeCall(IAttestors.addAttestor, (stranger)),
            abi.encodeCall(IPactArbiter.setModerator, (stranger)),
            abi.encodeCall(IPactArbiter.setTreasury, (stranger))
        ];
        address[5] memory senders = [guardian, proposer, treasury, moderator, vm.addr(KEY)];
        for (uint256 i; i < 4; i++) {
            for (uint256 j; j < 5; j++) {
                vm.prank(senders[j]);
                (bool done, ) = address(court).call(calls[i]);
                vm.assertTrue(!done, "refused");
            }
            uint256 start = block.timestamp;
            _schedule(address(court), calls[i]);
            vm.warp(start + DELAY - 1);
            (bool early, ) = address(timelock).call(
                abi.encodeCall(
                    IGovernance.execute,
                    (address(court), 0, calls[i], bytes32(0), bytes32(0))
                )
            );
            vm.assertTrue(!early, "not overnight");
            vm.warp(start + DELAY);
            _execute(address(court), calls[i]);
        }
        vm.assertEq(court.rosterHash(), keccak256("new roster"), "roster");
        vm.assertEq(court.moderator(), stranger, "moderator");
        vm.assertEq(court.treasury(), stranger, "treasury");
        vm.assertEq(court.standbys().length, 2, "standby");
    }

    /// @dev Ready on day 30, executable up to the last second of day 43, never after.
    function test_execute_lapses_exactlyAtFourteenDays() public {
        uint256 ready = block.timestamp + DELAY;
        bytes32 id = _schedule(address(court), _roster());
        uint256 snapshot = vm.snapshotState();
        vm.warp(ready + 14 days - 1);
        _execute(address(court), _roster());
        vm.assertTrue(vm.revertToState(snapshot), "snapshot");

        vm.warp(ready + 14 days);
        vm.expectRevert(
            abi.encodeWithSelector(
                IGovernance.TimelockUnexpectedOperationState.selector,
                id,
                bytes32(uint256(1 << 2))
            )
        );
        timelock.execute(address(court), 0, _roster(), 0, 0);
        vm.assertEq(timelock.getOperationState(id), 0, "as if never scheduled");

        // It can be scheduled again, and waits 30 new days.
        _enact(address(court), _roster());
        vm.assertEq(court.rosterHash(), keccak256("new roster"), "in the end");
    }

    function test_executeBatch_lapsesToo() public {
        address[] memory targets = new address[](1);
        uint256[] memory values = new uint256[](1);
        bytes[] memory payloads = new bytes[](1);
        (targets[0], payloads[0]) = (address(court), _roster());
        vm.prank(proposer);
        timelock.scheduleBatch(targets, values, payloads, 0, 0, DELAY);
        uint256 snapshot = vm.snapshotState();
        vm.warp(block.timestamp + DELAY);
        timelock.executeBatch(targets, values, payloads, 0, 0);
        vm.assertTrue(vm.revertToState(snapshot), "snapshot");
        vm.warp(block.timestamp + DELAY + 14 days);
        vm.expectPartialRevert(IGovernance.TimelockUnexpectedOperationState.selector);
        timelock.executeBatch(targets, values, payloads, 0, 0);
    }

    function test_cancel_stopsIt() public {
        bytes32 id = _schedule(address(court), _roster());
        vm.prank(proposer);
        timelock.cancel(id);
        vm.warp(block.timestamp + DELAY);
        vm.expectPartialRevert(IGovernance.TimelockUnexpectedOperationState.selector);
        timelock.execute(address(court), 0, _roster(), 0, 0);
    }

    /// @dev Not even the timelock itself can shorten its delay below 30 days.
    function test_updateDelay_reverts_belowThirtyDays() public {
        bytes memory data = abi.encodeCall(IGovernance.updateDelay, (DELAY - 1));
        _schedule(address(timelock), data);
        vm.warp(block.timestamp + DELAY);
        vm.expectRevert(
            abi.encodeWithSelector(IGovernance.DelayTooShort.selector, DELAY - 1, DELAY)
        );
        timelock.execute(address(timelock), 0, data, 0, 0);
        vm.assertEq(timelock.getMinDelay(), DELAY, "unchanged");
    }

    function test_updateDelay_lengthens() public {
        _enact(address(timelock), abi.encodeCall(IGovernance.updateDelay, (60 days)));
        vm.assertEq(timelock.getMinDelay(), 60 days, "longer");
        vm.prank(proposer);
        vm.expectRevert(
            abi.encodeWithSelector(IGovernance.TimelockInsufficientDelay.selector, DELAY, 60 days)
        );
        timelock.schedule(address(court), 0, _roster(), 0, 0, DELAY);
    }

    function test_updateDelay_reverts_forAnyoneElse() public {
        vm.prank(proposer);
        vm.expectRevert(
            abi.encodeWithSelector(IGovernance.TimelockUnauthorizedCaller.selector, proposer)
        );
        timelock.updateDelay(DELAY);
    }

    /// @dev The timelock alone administers the roles.
    function test_theAdminIsRenounced() public view {
        address[4] memory others = [proposer, guardian, address(this), stranger];
        vm.assertTrue(timelock.hasRole(0, address(timelock)), "itself");
        for (uint256 i; i < 4; i++) {
            vm.assertTrue(!timelock.hasRole(0, others[i]), "nobody else");
        }
        vm.assertTrue(
            timelock.hasRole(PROPOSER, proposer) && timelock.hasRole(CANCELLER, proposer),
            "proposer"
        );
        vm.assertTrue(timelock.hasRole(EXECUTOR, address(0)), "anyone executes");
    }

    function test_aNewProposerWaitsThirtyDays() public {
        vm.prank(proposer);
        vm.expectRevert();
        timelock.grantRole(PROPOSER, stranger);
        _enact(address(timelock), abi.encodeCall(IGovernance.grantRole, (PROPOSER, stranger)));
        vm.assertTrue(timelock.hasRole(PROPOSER, stranger), "in the end");
    }

    /// @dev Whatever the governance does, the money of an open escrow moves only as the table says.
    function test_governanceCannotMoveMoney() public {
        Terms memory t = _court(_micro());
        _arbitrate(t);
        bytes[3] memory attempts = [
            abi.encodeCall(IPactEscrow.rule, (t, 10_000, RECORD, "")),
            abi.encodeCall(IPactEscrow.withdraw, (address(court), stranger, "")),
            abi.encodeCall(IPactEscrow.propose, (t, 10_000, RECORD, ""))
        ];
        for (uint256 i; i < 3; i++) {
            vm.prank(governance);
            (bool done, ) = address(escrow).call(attempts[i]);
            vm.assertTrue(!done, "refused");
        }
        _same(_of(t).state, State.Arbitration, "untouched");
    }
}
