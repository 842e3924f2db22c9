// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bond, Claim, Reservation} from "../../../contracts/src/interfaces/IBonds.sol";
import {Terms} from "../../../contracts/src/interfaces/IPactEscrow.sol";
import {ArbiterTest} from "../arbiter/ArbiterTest.sol";
import {vm} from "../support/Vm.sol";

/// @notice A seller with a bond of 5,000 USDC, and a pact over 500 with no ladder.
abstract contract VaultTest is ArbiterTest {
    uint256 internal constant AMOUNT = 500e6;
    uint256 internal constant STAKE = 5e6;

    function setUp() public virtual override {
        super.setUp();
        _stakeBond(5_000e6);
    }

    function _plain() internal view returns (Terms memory) {
        return _court(bytes32(0));
    }

    function _claimed() internal returns (Terms memory t, bytes32 id) {
        t = _plain();
        id = _bonded(t);
        _claim(t);
    }

    function _bond() internal view returns (Bond memory) {
        return bonds.bondOf(seller);
    }

    function _claimOf(Terms memory t) internal view returns (Claim memory) {
        return bonds.claimOf(_id(t));
    }

    function _is(Terms memory t, Reservation want) internal view {
        vm.assertEq(uint256(bonds.reservationOf(t)), uint256(want), "reservation");
    }

    function _vaultDigest(bytes32 structHash) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256(
                    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
                ),
                keccak256("Earnest BondVault"),
                keccak256("1"),
                block.chainid,
                address(bonds)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function _claimProof(
        Terms memory t,
        uint256 bps,
        uint256 count
    ) internal view returns (bytes memory) {
        return _courtProof(_vaultDigest(_ruling(_id(t), _of(t).round, bps, RECORD)), count);
    }

    function _ruleClaim(Terms memory t, uint256 bps) internal {
        bonds.rule(t, bps, RECORD, _claimProof(t, bps, 2));
    }

    /// @dev Every base unit in the vault belongs to a bond, an open claim or a credit.
    function _solvent(Terms memory t) internal view {
        Claim memory claim = _claimOf(t);
        uint256 held = _bond().amount + bonds.creditOf(buyer) + bonds.creditOf(seller);
        held += bonds.creditOf(address(court));
        if (claim.state == Reservation.Claimed) held += claim.stake;
        vm.assertEq(usdc.balanceOf(address(bonds)), held, "solvent");
        vm.assertGe(_bond().amount, uint256(_bond().reserved) + _bond().leaving, "covered");
    }
}
