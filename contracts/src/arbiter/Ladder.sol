// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice The rungs that a pact agreed to, unpacked.
struct Rungs {
    /// @dev T1: a jury proposes.
    bool jury;
    /// @dev T2: a committee of seven decides.
    bool committee;
    /// @dev T3: a human moderator rules.
    bool moderator;
    /// @dev Seconds that each rung has; zero without the rung.
    uint256 juryLimit;
    uint256 committeeLimit;
    uint256 moderatorLimit;
    /// @dev Seconds after a proposal during which it may be appealed; zero where nothing is above it.
    uint256 appealWindow;
    /// @dev USDC base units: the cost of the panel.
    uint256 appealBond;
    /// @dev Number of the anchored pool that panels are drawn from.
    uint256 pool;
}

/// @title The 32 bytes of `Terms.ladder`
/// @dev From the least significant bit: rungs 8 (1 jury, 2 committee, 4 moderator), juryLimit 24,
/// appealWindow 24, committeeLimit 24, moderatorLimit 24, appealBond 64, pool 32, zero 48, version 8
/// (1). Zero as a whole: no ladder, m of n attestors rule directly. T0, the deterministic checks, is
/// the attestation and needs no entry.
library Ladder {
    uint256 internal constant VERSION = 1;
    /// @dev A limit below the sequencer's margin could run out without anyone having been able to act.
    uint256 internal constant SHORTEST = 60;
    /// @dev Five phases of a panel, each long enough for the 64 blocks before its draw.
    uint256 internal constant SHORTEST_COMMITTEE = 1 hours;

    function unpack(bytes32 ladder) internal pure returns (Rungs memory rungs) {
        uint256 word = uint256(ladder);
        rungs.jury = word & 1 != 0;
        rungs.committee = word & 2 != 0;
        rungs.moderator = word & 4 != 0;
        rungs.juryLimit = uint24(word >> 8);
        rungs.appealWindow = uint24(word >> 32);
        rungs.committeeLimit = uint24(word >> 56);
        rungs.moderatorLimit = uint24(word >> 80);
        rungs.appealBond = uint64(word >> 104);
        rungs.pool = uint32(word >> 168);
    }

    /// @notice True when something stands above the first decision.
    function isAppealable(Rungs memory rungs) internal pure returns (bool) {
        return rungs.committee || (rungs.jury && rungs.moderator);
    }

    /// @notice Seconds that the longest way through the rungs takes.
    function longest(Rungs memory rungs) internal pure returns (uint256) {
        uint256 committees = rungs.committee && !rungs.jury ? 2 : 1;
        return
            rungs.juryLimit +
            rungs.appealWindow +
            committees * rungs.committeeLimit +
            rungs.moderatorLimit;
    }

    /// @notice True when the encoding is the only one of its meaning and its longest way fits the window.
    function isValid(
        bytes32 ladder,
        Rungs memory rungs,
        uint256 arbitrationWindow
    ) internal pure returns (bool) {
        uint256 word = uint256(ladder);
        if (word >> 200 != VERSION << 48 || uint8(word) == 0 || uint8(word) > 7) return false;
        if (!_matches(rungs.jury, rungs.juryLimit, SHORTEST)) return false;
        if (!_matches(rungs.committee, rungs.committeeLimit, SHORTEST_COMMITTEE)) return false;
        if (!_matches(rungs.moderator, rungs.moderatorLimit, SHORTEST)) return false;
        if (rungs.committee != (rungs.pool != 0)) return false;
        bool appealable = isAppealable(rungs);
        if (!_matches(appealable, rungs.appealWindow, SHORTEST)) return false;
        if (appealable != (rungs.appealBond != 0)) return false;
        return longest(rungs) <= arbitrationWindow;
    }

    function _matches(bool present, uint256 limit, uint256 shortest) private pure returns (bool) {
        return present ? limit >= shortest : limit == 0;
    }
}
