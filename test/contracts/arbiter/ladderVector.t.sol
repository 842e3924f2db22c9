// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ladder, Rungs} from "../../../contracts/src/arbiter/Ladder.sol";
import {vm} from "../support/Vm.sol";
import {ArbiterTest} from "./ArbiterTest.sol";

/// @notice The ladders that TypeScript packs: both sides read the same rungs and the same longest way.
contract LadderVectorTest is ArbiterTest {
    string private json;

    function test_theLaddersOfTheKernel() public {
        json = vm.readFile("test/vectors/ladder.json");
        uint256 count;
        for (; vm.keyExistsJson(json, _at(count, "word")); ++count) {
            bytes32 word = vm.parseJsonBytes32(json, _at(count, "word"));
            Rungs memory rungs = Ladder.unpack(word);
            vm.assertEq(rungs.juryLimit, _read(count, "juryLimit"), "juryLimit");
            vm.assertEq(rungs.appealWindow, _read(count, "appealWindow"), "appealWindow");
            vm.assertEq(rungs.committeeLimit, _read(count, "committeeLimit"), "committeeLimit");
            vm.assertEq(rungs.moderatorLimit, _read(count, "moderatorLimit"), "moderatorLimit");
            vm.assertEq(rungs.appealBond, _read(count, "appealBond"), "appealBond");
            vm.assertEq(rungs.pool, _read(count, "pool"), "pool");
            vm.assertTrue(rungs.jury == (rungs.juryLimit != 0), "jury");
            vm.assertTrue(rungs.committee == (rungs.committeeLimit != 0), "committee");
            vm.assertTrue(rungs.moderator == (rungs.moderatorLimit != 0), "moderator");
            vm.assertEq(_encode(rungs), word, "word");

            // The longest way is the least window that the arbiter accepts.
            uint256 duration = _read(count, "duration");
            vm.assertEq(Ladder.longest(rungs), duration, "duration");
            vm.assertTrue(Ladder.isValid(word, rungs, duration), "fits");
            vm.assertTrue(!Ladder.isValid(word, rungs, duration - 1), "does not fit");
        }
        vm.assertGe(count, 6, "cases");
    }

    function _read(uint256 i, string memory field) private view returns (uint256) {
        return vm.parseJsonUint(json, _at(i, field));
    }

    function _at(uint256 i, string memory field) private pure returns (string memory) {
        return string.concat(".cases[", vm.toString(i), "].", field);
    }
}
