// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {State} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {Handler} from "./support/Handler.sol";
import {vm} from "./support/Vm.sol";

/// @dev The runner fuzzes only contracts of the test's own file.
contract Player is Handler {
    constructor(uint256 campaign) Handler(campaign) {}
}

/// @notice The numbered invariants of the escrow. Each is a campaign of its own over random trades with
/// blacklists, pauses, donations, replays and time; each also stops at the first violation of any other.
abstract contract Campaign {
    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    Handler internal handler;
    uint256 internal supply;
    uint256 private immutable number;

    constructor(uint256 number_) {
        number = number_;
    }

    function setUp() external {
        handler = new Player(number);
        handler.setUp();
        supply = handler.supply();
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0].addr = address(handler);
        targets[0].selectors = new bytes4[](1);
        targets[0].selectors[0] = Handler.play.selector;
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    function _none() internal view {
        vm.assertEq(bytes(handler.what()).length, 0, handler.what());
    }
}

/// @notice 1. Solvency: what is locked, staked and credited is there, and donations are nobody's.
contract SolvencyTest is Campaign(1) {
    function invariant_1_solvency_TRZ_10() external view {
        (uint256 locked, uint256 credits, uint256 balance) = handler.held();
        vm.assertEq(
            balance,
            locked + credits + handler.donated(),
            "the contract holds what it owes"
        );
        _none();
    }
}

/// @notice 2. Conservation: every owner has, to the base unit, what the law says; no unit is made or lost.
contract ConservationTest is Campaign(2) {
    function invariant_2_conservation_DRV_03() external view {
        address[5] memory owners = handler.owners();
        for (uint256 i = 0; i < owners.length; ++i) {
            vm.assertEq(handler.ownedBy(owners[i]), handler.expected(owners[i]), vm.toString(i));
        }
        vm.assertEq(handler.supply(), supply + handler.donated(), "supply");
        _none();
    }
}

/// @notice 3. One settlement per escrow: each pays exactly its amount, once.
contract SingleSettlementTest is Campaign(3) {
    function invariant_3_singleSettlement_DRV_04() external view {
        vm.assertEq(handler.violations(3), 0, handler.what());
        _none();
    }
}

/// @notice 4. No refund, and nothing else, of what was never funded.
contract NeverFundedTest is Campaign(4) {
    function invariant_4_nothingOfWhatWasNeverFunded() external view {
        vm.assertEq(handler.violations(4), 0, handler.what());
        _none();
    }
}

/// @notice 5. Only legal transitions: after every call the contract stands where the law stands.
contract TransitionsTest is Campaign(5) {
    function invariant_5_legalTransitions_TRZ_07() external view {
        vm.assertEq(handler.violations(5), 0, handler.what());
        vm.assertEq(handler.differences(), 0, "state of the contract and of the law");
        for (uint256 from = uint256(State.Completed); from <= uint256(State.Amended); ++from) {
            for (uint256 to = 0; to <= uint256(State.Amended); ++to) {
                vm.assertEq(handler.transitions(from, to), 0, "out of a terminal state");
            }
        }
        _none();
    }
}

/// @notice 6. Only the right caller, at the right time; and the right one is never refused.
contract CallersTest is Campaign(6) {
    function invariant_6_rightCaller_W_30_ESC_06() external view {
        vm.assertEq(handler.violations(6), 0, handler.what());
        _none();
    }
}

/// @notice 7. Liveness: from every reachable state a terminal one is reached by time alone.
contract LivenessTest is Campaign(7) {
    function invariant_7_liveness_DRV_02() external {
        vm.assertEq(handler.stuck(), 0, "time alone ends every trade");
        _none();
    }
}

/// @notice 8. No timer against the evidence.
contract EvidenceTest is Campaign(8) {
    function invariant_8_evidence_W_4() external view {
        vm.assertEq(handler.violations(8), 0, handler.what());
        _none();
    }
}

/// @notice 9. Fees never above the terms.
contract FeesTest is Campaign(9) {
    function invariant_9_fees() external view {
        vm.assertEq(handler.violations(9), 0, handler.what());
        _none();
    }
}

/// @notice 10. No signature works twice or elsewhere.
contract SignaturesTest is Campaign(10) {
    function invariant_10_signatures() external view {
        vm.assertEq(handler.violations(10), 0, handler.what());
        _none();
    }
}
