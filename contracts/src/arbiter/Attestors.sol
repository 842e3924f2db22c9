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

    /// @dev True when `need` keys that were added before `fundedAt` signed `digest`.
    function _isSigned(
        bytes32 digest,
        uint256 fundedAt,
        uint256 need,
        bytes calldata proof
    ) internal view returns (bool) {
        // Check: the proof has the shape that it announces.
        if (proof.length == 0) return false;
        uint256 count = uint8(proof[0]);
        uint256 signatures = 1 + count * KEY_BYTES;
        if (proof.length != signatures + need * SIGNATURE_BYTES) return false;

        // Check: the keys are the active set.
        if (keccak256(proof[1:signatures]) != attestorsHash) return false;

        // Check: every signature is by a later key than the one before, and the key is old enough.
        uint256 next;
        for (uint256 i; i < need; i++) {
            uint256 start = signatures + i * SIGNATURE_BYTES;
            address signer = _recover(digest, proof[start:start + SIGNATURE_BYTES]);
            if (signer == address(0)) return false;
            while (true) {
                if (next == count) return false;
                uint256 word = uint256(uint200(bytes25(proof[1 + next * KEY_BYTES:])));
                next++;
                if (address(uint160(word >> 40)) == signer) {
                    if (uint40(word) >= fundedAt) return false;
                    break;
                }
            }
        }
        return true;
    }

    function _recover(bytes32 digest, bytes calldata signature) private pure returns (address) {
        bytes32 s = bytes32(signature[32:]);
        if (uint256(s) > HALF_ORDER) return address(0);
        return ecrecover(digest, uint8(signature[64]), bytes32(signature), s);
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
