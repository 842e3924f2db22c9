// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The keys of an arbiter
/// @notice m of n attestors speak for the arbiter; one of them is enough for a receipt.
/// @dev The active set is committed as one hash and travels in the proof, so a check reads one slot:
///
/// `proof = uint8 n || n x (address key, uint40 addedAt) || need x (bytes32 r, bytes32 s, uint8 v)`
///
/// packed (25 bytes a key, 65 bytes a signature). The n keys are exactly those of `attestors()`, in
/// that order; the signatures stand in the order of their keys, one a key. `need` is 1 for a receipt
/// and `threshold` for everything else. In TypeScript:
/// `concat([toHex(n, {size: 1}), ...keys.map((k) => concat([k.key, toHex(k.addedAt, {size: 5})])), ...signatures])`.
///
/// A key counts only for escrows with `addedAt < fundedAt`; the keys of the constructor carry
/// `addedAt` 0 and count for all. A proof made before the set changed is rebuilt from the new set with
/// the same signatures.
interface IAttestors {
    struct Attestor {
        address key;
        /// @dev Unix seconds at which it was added, as an attestor or as a standby; 0 from the start.
        uint40 addedAt;
    }

    event AttestorAdded(address indexed key, bool standby);
    /// @param successor The standby that took the seat; zero where there was none.
    event AttestorRemoved(address indexed key, address indexed by, address successor);

    error NotGovernance(address sender, address governance);
    error NotRemover(address sender, address key);
    error InvalidKey(address key);
    error UnknownKey(address key);
    error TooManyKeys(uint256 keys, uint256 limit);
    error InvalidThreshold(uint256 threshold, uint256 seats);

    // ------------------------------------------------------------- GOVERNANCE

    /// @notice Adds a key: to a free seat, else as a standby, which takes a seat only when one falls free.
    function addAttestor(address key) external;

    // ----------------------------------------- GUARDIAN, GOVERNANCE, THE KEY

    /// @notice Removes a key at once, attestor or standby. The longest-standing standby takes a free
    /// seat; without one the arbiter may fall below its threshold, and then it is frozen.
    function removeAttestor(address key) external;

    // ------------------------------------------------------------------ VIEWS

    /// @notice Signatures needed for everything but a receipt (m).
    function threshold() external view returns (uint256);
    /// @notice Attestors at most (n).
    function seats() external view returns (uint256);
    /// @notice The active set, in the order of a proof.
    function attestors() external view returns (Attestor[] memory);
    function standbys() external view returns (Attestor[] memory);
    /// @notice keccak256 of the packed active set.
    function attestorsHash() external view returns (bytes32);
    /// @notice Fewer than `threshold` attestors are left: nothing but receipts can be signed, and
    /// escrows conclude by their evidence.
    function frozen() external view returns (bool);
}
