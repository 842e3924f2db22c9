// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IAttestors} from "../interfaces/IAttestors.sol";

/// @title Keys with an age, committed as one hash
abstract contract Attestors is IAttestors {
    uint256 private constant KEYS_LIMIT = 32;
    uint256 private constant KEY_BYTES = 25;
    uint256 private constant SIGNATURE_BYTES = 65;
    uint256 private constant HALF_ORDER =
        0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @dev The timelock.
    address public immutable governance;
    /// @dev May remove, and nothing else.
    address public immutable guardian;

    /// @inheritdoc IAttestors
    uint256 public immutable threshold;
    /// @inheritdoc IAttestors
    uint256 public immutable seats;
    /// @inheritdoc IAttestors
    bytes32 public attestorsHash;

    /// @dev address << 40 | addedAt; the active ones first, then the standbys, each in order of age.
    uint200[] private _keys;
    uint256 private _active;

    modifier onlyGovernance() {
        if (msg.sender != governance) revert NotGovernance(msg.sender, governance);
        _;
    }

    constructor(
        address governance_,
        address guardian_,
        uint256 threshold_,
        uint256 seats_,
        address[] memory keys
    ) {
        if (threshold_ == 0 || threshold_ > seats_ || seats_ > keys.length)
            revert InvalidThreshold(threshold_, seats_);
        if (keys.length > KEYS_LIMIT) revert TooManyKeys(keys.length, KEYS_LIMIT);

        governance = governance_;
        guardian = guardian_;
        threshold = threshold_;
        seats = seats_;
        _active = seats_;
        for (uint256 i; i < keys.length; i++) {
            _append(keys[i], 0);
            emit AttestorAdded(keys[i], i >= seats_);
        }
        attestorsHash = _hashActive();
    }

    // ------------------------------------------------------------- GOVERNANCE

    /// @inheritdoc IAttestors
    function addAttestor(address key) external onlyGovernance {
        // Check: there is room.
        if (_keys.length == KEYS_LIMIT) revert TooManyKeys(KEYS_LIMIT + 1, KEYS_LIMIT);

        // Effect: a free seat means that no standby is waiting, so the last key of the list is its holder.
        _append(key, uint40(block.timestamp));
        bool standby = _active == seats;
        if (!standby) {
            _active++;
            attestorsHash = _hashActive();
        }
        emit AttestorAdded(key, standby);
    }

    // ----------------------------------------- GUARDIAN, GOVERNANCE, THE KEY

    /// @inheritdoc IAttestors
    function removeAttestor(address key) external {
        // Check: who removes, and what.
        if (msg.sender != guardian && msg.sender != key && msg.sender != governance)
            revert NotRemover(msg.sender, key);
        uint256 index = _indexOf(key);
        if (index == _keys.length) revert UnknownKey(key);

        // Effect: close the gap; the first standby moves across the border by itself.
        address successor;
        if (index < _active) {
            if (_keys.length > _active) successor = address(uint160(_keys[_active] >> 40));
            else _active--;
        }
        for (uint256 i = index; i + 1 < _keys.length; i++) {
            _keys[i] = _keys[i + 1];
        }
        _keys.pop();
        attestorsHash = _hashActive();
        emit AttestorRemoved(key, msg.sender, successor);
    }

    // ------------------------------------------------------------------ VIEWS

    /// @inheritdoc IAttestors
    function attestors() external view returns (Attestor[] memory) {
        return _list(0, _active);
    }

    /// @inheritdoc IAttestors
    function standbys() external view returns (Attestor[] memory) {
        return _list(_active, _keys.length);
    }

    /// @inheritdoc IAttestors
    function frozen() public view returns (bool) {
        return _active < threshold;
    }

    // --------------------------------------------------------------- INTERNAL

    /// @dev True when `need` keys that were added before `fundedAt` signed `digest`. Never reverts.
    /// Runs in every attestation and ruling, hence by hand.
    function _isSigned(
        bytes32 digest,
        uint256 fundedAt,
        uint256 need,
        bytes calldata proof
    ) internal view returns (bool signed) {
        bytes32 committed = attestorsHash;
        assembly ("memory-safe") {
            // Check: the proof has the shape that its first byte announces (an absent byte reads as zero).
            let keysLength := mul(byte(0, calldataload(proof.offset)), KEY_BYTES)
            let signature := add(proof.offset, add(1, keysLength))
            signed := eq(proof.length, add(add(1, keysLength), mul(need, SIGNATURE_BYTES)))

            // Check: the keys are the active set.
            let key := mload(0x40)
            let end := add(key, keysLength)
            calldatacopy(key, add(proof.offset, 1), keysLength)
            signed := and(signed, eq(keccak256(key, keysLength), committed))

            // Check: every signature is by a later key than the one before, and the key is old enough.
            mstore(end, digest)
            for {
                let i := 0
            } and(signed, lt(i, need)) {
                i := add(i, 1)
            } {
                mstore(add(end, 0x20), byte(0, calldataload(add(signature, 0x40))))
                calldatacopy(add(end, 0x40), signature, 0x40)
                signature := add(signature, SIGNATURE_BYTES)
                mstore(0, 0)
                pop(staticcall(gas(), 1, end, 0x80, 0, 0x20))

                // The digest behind the keys is no key: `word` keeps only the 25 bytes of one.
                let word := 0
                for {} and(iszero(word), lt(key, end)) {
                    key := add(key, KEY_BYTES)
                } {
                    let candidate := shr(56, mload(key))
                    word := mul(candidate, eq(shr(40, candidate), mload(0)))
                }
                signed := and(
                    iszero(gt(mload(add(end, 0x60)), HALF_ORDER)),
                    and(iszero(iszero(word)), lt(and(word, 0xffffffffff), fundedAt))
                )
            }
        }
    }

    function _append(address key, uint40 addedAt) private {
        if (key == address(0) || _indexOf(key) != _keys.length) revert InvalidKey(key);
        _keys.push((uint200(uint160(key)) << 40) | addedAt);
    }

    function _indexOf(address key) private view returns (uint256 i) {
        for (; i < _keys.length; i++) {
            if (address(uint160(_keys[i] >> 40)) == key) break;
        }
    }

    function _hashActive() private view returns (bytes32) {
        bytes memory packed;
        for (uint256 i; i < _active; i++) {
            packed = bytes.concat(packed, bytes25(_keys[i]));
        }
        return keccak256(packed);
    }

    function _list(uint256 from, uint256 to) private view returns (Attestor[] memory list) {
        list = new Attestor[](to - from);
        for (uint256 i = from; i < to; i++) {
            list[i - from] = Attestor(address(uint160(_keys[i] >> 40)), uint40(_keys[i]));
        }
    }
}
