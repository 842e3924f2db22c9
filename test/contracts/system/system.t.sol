// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Assert} from "../support/Assert.sol";
import {vm} from "../support/Vm.sol";
import {SystemHandler} from "./SystemHandler.sol";

/// @notice What the fuzzer may call: nothing but steps.
contract Driver {
    SystemHandler private immutable _handler;

    constructor(SystemHandler handler) {
        _handler = handler;
    }

    function step(uint256 kind, uint256 seed) external {
        _handler.step(kind, seed);
    }
}

/// @notice Stateful fuzzing of escrow, arbiter, committee and vault on real USDC, with ghost accounting.
contract SystemTest is Assert {
    SystemHandler private handler;
    Driver private driver;

    function setUp() public {
        handler = new SystemHandler();
        handler.setUp();
        driver = new Driver(handler);
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(driver);
    }

    /// @dev In one function: each would cost a run of its own. Every contract holds exactly what it owes, the
    /// money is conserved, what has ended stays ended, and a colluding pair never gains.
    function invariant_theBooksBalance_DRV_03_ATK_13() public {
        handler.check(false);
    }

    /// @dev After each run of steps.
    function afterInvariant() public {
        handler.check(true);
        string memory file = vm.envOr("EARNEST_TALLY", string(""));
        if (bytes(file).length == 0) return;
        string[35] memory names = handler.names();
        for (uint256 kind; kind < names.length; kind++) {
            vm.writeLine(
                file,
                string.concat(
                    names[kind],
                    "\t",
                    vm.toString(handler.tried(kind)),
                    "\t",
                    vm.toString(handler.done(kind))
                )
            );
        }
    }

    /// @dev After any run, time alone ends everything. Random steps, then nobody acts but the clock.
    function testFuzz_byTimeAloneEverythingEnds_DRV_02_UNS_11(uint256 seed) public {
        _run(seed, 60);
        handler.checkLiveness();
    }

    /// @dev The fuzzing is worth something only if every act succeeds somewhere.
    function test_everyActSucceedsSomewhere() public {
        _run(7, 20_000);
        string[35] memory names = handler.names();
        string memory missing;
        for (uint256 kind; kind < handler.KINDS(); kind++) {
            if (handler.done(kind) == 0) missing = string.concat(missing, names[kind], "; ");
        }
        vm.assertEq(bytes(missing).length, 0, missing);
    }

    function _run(uint256 seed, uint256 steps) private {
        for (uint256 i; i < steps; i++) {
            seed = uint256(keccak256(abi.encode(seed)));
            handler.step(seed >> 8, seed >> 16);
        }
    }
}
