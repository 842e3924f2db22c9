// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A token with USDC's surface whose transfers misbehave as told. It checks no signatures.
contract HostileToken {
    enum Mode {
        Honest,
        ReturnsFalse,
        ReturnsNothing,
        Reverts,
        RevertsWithABomb,
        BurnsGas,
        Reenters,
        FallsShort
    }

    Mode public outgoing;
    Mode public incoming;
    mapping(address => uint256) public balanceOf;

    address private target;
    bytes private call_;
    bool private kept;
    bool public reentered;
    bool public reentryFailed;
    bytes4 public reentryError;

    function DOMAIN_SEPARATOR() external pure returns (bytes32) {
        return keccak256("hostile");
    }

    function set(Mode outgoing_, Mode incoming_) external {
        outgoing = outgoing_;
        incoming = incoming_;
    }

    function reenterWith(address target_, bytes calldata data) external {
        target = target_;
        call_ = data;
    }

    function mint(address to, uint256 amount) external {
        balanceOf[to] += amount;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        return _move(outgoing, msg.sender, to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        return _move(incoming, from, to, amount);
    }

    function receiveWithAuthorization(
        address from,
        address to,
        uint256 amount,
        uint256,
        uint256,
        bytes32,
        bytes calldata
    ) external {
        _move(incoming, from, to, amount);
    }

    function permit(address, address, uint256, uint256, bytes calldata) external {}

    function _move(Mode mode, address from, address to, uint256 amount) private returns (bool) {
        if (mode == Mode.ReturnsFalse) return false;
        if (mode == Mode.Reverts) revert("refused");
        if (mode == Mode.BurnsGas) while (true) {}
        if (mode == Mode.RevertsWithABomb) {
            assembly ("memory-safe") {
                revert(0, 1000000)
            }
        }
        // Once it keeps its word; then it moves nothing and answers 31 bytes, all but the last of `true`.
        if (mode == Mode.FallsShort && kept) {
            assembly ("memory-safe") {
                mstore(0, 0)
                return(0, 31)
            }
        }
        kept = mode == Mode.FallsShort;
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
        if (mode == Mode.Reenters && !reentered) {
            reentered = true;
            (bool ok, bytes memory reason) = target.call(call_);
            reentryFailed = !ok;
            reentryError = bytes4(reason);
        }
        if (mode == Mode.ReturnsNothing) {
            assembly ("memory-safe") {
                return(0, 0)
            }
        }
        return true;
    }
}
