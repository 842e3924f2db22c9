// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ladder, Rungs} from "../../../contracts/src/arbiter/Ladder.sol";
import {IPactArbiter} from "../../../contracts/src/interfaces/IPactArbiter.sol";
import {Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {Numbers, pack} from "../support/Signatures.sol";
import {vm} from "../support/Vm.sol";
import {ArbiterTest} from "./ArbiterTest.sol";

contract LadderTest is ArbiterTest {
    function _isValid(Rungs memory rungs, uint256 window) private pure returns (bool) {
        return Ladder.isValid(_encode(rungs), rungs, window);
    }

    /// @dev By the library and by the contract that holds it.
    function _refused(Rungs memory rungs, string memory what) private view {
        vm.assertTrue(!_isValid(rungs, 72 hours), what);
        vm.assertTrue(!court.acceptsLadder(_court(rungs)), what);
    }

    function test_theProfilesAreAccepted() public pure {
        vm.assertTrue(_isValid(_micro(), 72 hours), "micro");
        vm.assertTrue(_isValid(_agent(), 72 hours), "agent");
        vm.assertTrue(_isValid(_committeeFirst(), 72 hours), "committee first");
        vm.assertTrue(_isValid(_human(), 72 hours), "human");
        vm.assertTrue(_isValid(_moderated(), 72 hours), "moderator");
    }

    /// @dev The sum of the limits on the longest way, and not one second less.
    function test_refused_unlessTheSumOfLimitsFits() public pure {
        vm.assertTrue(_isValid(_micro(), 6 hours), "micro fits");
        vm.assertTrue(!_isValid(_micro(), 6 hours - 1), "micro");
        vm.assertTrue(_isValid(_agent(), 58 hours), "agent fits");
        vm.assertTrue(!_isValid(_agent(), 58 hours - 1), "agent");
        vm.assertTrue(_isValid(_committeeFirst(), 72 hours), "two panels fit");
        vm.assertTrue(!_isValid(_committeeFirst(), 72 hours - 1), "two panels");
        vm.assertTrue(_isValid(_human(), 66 hours), "human fits");
        vm.assertTrue(!_isValid(_human(), 66 hours - 1), "human");
    }

    function test_refused_withAnotherVersionOrUnusedBits() public pure {
        bytes32 ladder = _encode(_micro());
        Rungs memory rungs = _micro();
        vm.assertTrue(
            !Ladder.isValid(bytes32(uint256(ladder) ^ (3 << 248)), rungs, 72 hours),
            "version"
        );
        for (uint256 bit = 200; bit < 248; bit++) {
            vm.assertTrue(
                !Ladder.isValid(bytes32(uint256(ladder) | (1 << bit)), rungs, 72 hours),
                "unused bit"
            );
        }
        Rungs memory none;
        for (uint256 bit = 3; bit < 8; bit++) {
            vm.assertTrue(
                !Ladder.isValid(bytes32(uint256(ladder) | (1 << bit)), rungs, 72 hours),
                "unknown rung"
            );
            vm.assertTrue(
                !Ladder.isValid(bytes32((1 << 248) | (1 << bit)), none, 72 hours),
                "unknown rung alone"
            );
        }
    }

    function test_refused_withoutARung() public pure {
        Rungs memory rungs;
        vm.assertTrue(!_isValid(rungs, 72 hours), "no rung");
    }

    /// @dev A limit without its rung, or a rung without its limit, has no meaning of its own.
    function test_refused_unlessCanonical() public view {
        Rungs memory rungs = _micro();
        rungs.committeeLimit = 1 hours;
        _refused(rungs, "committee limit");
        rungs = _micro();
        rungs.moderatorLimit = 60;
        _refused(rungs, "moderator limit");
        rungs = _micro();
        rungs.appealWindow = 60;
        _refused(rungs, "appeal to nobody");
        rungs = _micro();
        rungs.appealBond = PANEL_COST;
        _refused(rungs, "bond for nothing");
        rungs = _micro();
        rungs.pool = 1;
        _refused(rungs, "pool for nobody");
        rungs = _agent();
        rungs.pool = 0;
        _refused(rungs, "no pool");
        rungs = _agent();
        rungs.appealBond = 0;
        _refused(rungs, "no bond");
        rungs = _agent();
        rungs.appealWindow = 59;
        _refused(rungs, "short appeal");
        rungs = _agent();
        rungs.committeeLimit = 1 hours - 1;
        _refused(rungs, "short committee");
        rungs = _micro();
        rungs.juryLimit = 59;
        _refused(rungs, "short jury");
    }

    /// @dev The shortest limits that anyone can act in, and one second less of each.
    function test_refused_belowTheShortestLimits() public view {
        Rungs memory rungs = _agent();
        rungs.moderator = true;
        (rungs.juryLimit, rungs.appealWindow, rungs.committeeLimit, rungs.moderatorLimit) = (
            60,
            60,
            1 hours,
            60
        );
        vm.assertTrue(_isValid(rungs, 1 hours + 180), "shortest");
        rungs.committeeLimit--;
        _refused(rungs, "committee");
        rungs.committeeLimit++;
        rungs.moderatorLimit--;
        _refused(rungs, "moderator");
        rungs.moderatorLimit++;
        rungs.juryLimit--;
        _refused(rungs, "jury");
        rungs.juryLimit++;
        rungs.appealWindow--;
        _refused(rungs, "appeal");
    }

    function testFuzz_unpacksWhatWasPacked(uint256 word) public pure {
        Rungs memory rungs = Ladder.unpack(bytes32(word));
        uint256 mask = (1 << 200) - 1 - 0xf8;
        vm.assertEq(uint256(_encode(rungs)) & mask, word & mask, "round trip");
    }

    function test_acceptsLadder_zeroAndMicro() public view {
        vm.assertTrue(court.acceptsLadder(_court(bytes32(0))), "zero");
        vm.assertTrue(court.acceptsLadder(_court(_micro())), "micro");
        vm.assertTrue(!court.acceptsLadder(_court(keccak256("noise"))), "noise");
    }

    /// @dev The ladder is checked against the window of the same terms, to the second.
    function test_acceptsLadder_againstTheWindow() public view {
        _fitsExactly(_micro(), 6 hours);
        _fitsExactly(_human(), 66 hours);
        _fitsExactly(_moderated(), 48 hours);
    }

    function _fitsExactly(Rungs memory rungs, uint24 window) private view {
        Terms memory t = _court(rungs);
        Numbers memory n = _numbers();
        n.arbitrationWindow = window;
        t.clauses = pack(n);
        vm.assertTrue(court.acceptsLadder(t), "fits");
        n.arbitrationWindow = window - 1;
        t.clauses = pack(n);
        vm.assertTrue(!court.acceptsLadder(t), "too long");
    }

    function test_acceptsLadder_refusesABondBelowThePanelsCost() public view {
        Rungs memory rungs = _human();
        rungs.appealBond = PANEL_COST - 1;
        vm.assertTrue(!court.acceptsLadder(_court(rungs)), "cheap");
        rungs.appealBond = PANEL_COST;
        vm.assertTrue(court.acceptsLadder(_court(rungs)), "at cost");
    }

    /// @dev Without 21 members there is no pool, and without a pool no pact with a committee is served.
    function test_acceptsLadder_refusesAMissingPool() public {
        Terms memory t = _court(_agent());
        vm.assertTrue(!court.acceptsLadder(t), "no pool");
        bytes32 id = _arbitrate(t);
        bytes memory proof = _proposalProof(t, 6000, 2);
        vm.expectRevert(abi.encodeWithSelector(IPactArbiter.LadderRefused.selector, id, t.ladder));
        court.propose(t, 6000, RECORD, proof);
    }
}
