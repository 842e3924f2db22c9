// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clauses, IPactEscrow, Result, Terms} from "../../contracts/src/interfaces/IPactEscrow.sol";
import {EscrowTest, Stage} from "./support/EscrowTest.sol";
import {Numbers, pack} from "./support/Signatures.sol";
import {Shares, splitOf} from "./support/Split.sol";
import {vm} from "./support/Vm.sol";

/// @notice The JSON vectors that TypeScript reads too: both sides compute the same bytes and cents.
contract VectorsTest is EscrowTest {
    string private json;

    // ---------------------------------------------------------------------- terms

    function test_hashTermsIsTheIdOfTheKernel() external {
        json = vm.readFile("test/vectors/terms.json");
        uint256 count;
        for (; vm.keyExistsJson(json, _case(count)); ++count) {
            string memory where = _case(count);
            vm.chainId(_uint(where, "chainId"));
            IPactEscrow placed = _place(_address(where, "contract"));
            Terms memory t = _readTerms(where);
            vm.assertEq(placed.hashTerms(t), _bytes32(where, "id"), where);
            vm.assertEq(_idOn(block.chainid, address(placed), t), _bytes32(where, "id"), where);
            vm.assertEq(Clauses.unwrap(t.clauses), uint256(_bytes32(where, "clauses")), where);
        }
        vm.assertTrue(count >= 6, "cases");
    }

    // ---------------------------------------------------------------------- split

    struct SplitCase {
        uint256 amount;
        uint256 sellerBps;
        uint256 protocolFeeBps;
        uint256 arbitrationFeeBps;
        bool arbitrated;
        uint256 arbitration;
        uint256 protocol;
        uint256 seller;
        uint256 buyer;
    }

    /// @dev Each case is a real trade: settled where no arbitration fee is due, ruled where it is.
    function test_splitsPayWhatTheKernelComputes_W_14() external {
        SplitCase[] memory cases = abi.decode(
            vm.parseJsonTypeArray(
                vm.readFile("test/vectors/split.json"),
                ".cases",
                "SplitCase(uint256 amount,uint256 sellerBps,uint256 protocolFeeBps,uint256 arbitrationFeeBps,bool arbitrated,uint256 arbitration,uint256 protocol,uint256 seller,uint256 buyer)"
            ),
            (SplitCase[])
        );
        for (uint256 i = 0; i < cases.length; ++i) {
            _pays(cases[i], vm.toString(i));
        }
        vm.assertTrue(cases.length >= 100, "cases");
    }

    function _pays(SplitCase memory c, string memory where) private {
        uint256 snapshot = vm.snapshotState();
        Shares memory expected = Shares(c.seller, c.buyer, c.protocol, c.arbitration);
        bool arbitrated = c.arbitrated;
        uint256 bps = c.sellerBps;
        Terms memory t = _terms();
        Numbers memory n = _numbers();
        t.amount = c.amount;
        n.protocolFeeBps = uint16(c.protocolFeeBps);
        n.arbitrationFeeBps = uint16(c.arbitrationFeeBps);
        t.clauses = pack(n);

        Shares memory own = splitOf(
            t.amount,
            bps,
            n.protocolFeeBps,
            n.arbitrationFeeBps,
            arbitrated
        );
        vm.assertEq(
            keccak256(abi.encode(own)),
            keccak256(abi.encode(expected)),
            string.concat(where, " reference")
        );

        usdc.mint(buyer, 2 * t.amount);
        usdc.mint(seller, t.amount);
        _reach(t, arbitrated ? Stage.ArbitrationByBoth : Stage.Delivered);
        uint256 stakes = usdc.balanceOf(address(escrow)) - t.amount;
        uint256 sellerBefore = usdc.balanceOf(seller);
        uint256 buyerBefore = usdc.balanceOf(buyer);
        if (arbitrated) _doRule(t, bps);
        else _doSettle(t, bps);

        uint256 toSeller =
            bps > 9000
                ? stakes
                : bps < 1000
                    ? 0
                    : stakes / 2;
        vm.assertEq(
            usdc.balanceOf(seller) - sellerBefore,
            expected.seller + toSeller,
            string.concat(where, " seller")
        );
        vm.assertEq(
            usdc.balanceOf(buyer) - buyerBefore,
            expected.buyer + stakes - toSeller,
            string.concat(where, " buyer")
        );
        vm.assertEq(escrow.creditOf(fees), expected.protocol, string.concat(where, " protocol"));
        vm.assertEq(
            escrow.creditOf(address(arbiter)),
            expected.arbitration,
            string.concat(where, " arbitration")
        );
        vm.revertToState(snapshot);
    }

    // -------------------------------------------------------------- authorizations

    function test_everyStructHashesAsInTheKernel() external {
        json = vm.readFile("test/vectors/authorization.json");
        uint256 count;
        uint256 known;
        for (; vm.keyExistsJson(json, _case(count)); ++count) {
            string memory where = _case(count);
            bytes32 hash = _hash(where, keccak256(bytes(_string(where, "primaryType"))));
            if (hash == 0) continue;
            ++known;
            vm.assertEq(hash, _bytes32(where, "structHash"), where);
            vm.assertEq(
                _digestOn(_uint(where, "chainId"), _address(where, "verifyingContract"), hash),
                _bytes32(where, "digest"),
                where
            );
        }
        vm.assertEq(known, 17, "every type of the escrow");
    }

    function test_theBatchNonceIsTheOneOfTheKernel() external {
        json = vm.readFile("test/vectors/authorization.json");
        bytes32 first = vm.parseJsonBytes32(json, ".batches[2].ids[0]");
        bytes32 second = vm.parseJsonBytes32(json, ".batches[2].ids[1]");
        vm.assertEq(
            keccak256(bytes.concat("earnest/batch", first, second)),
            vm.parseJsonBytes32(json, ".batches[2].nonce"),
            "nonce"
        );
    }

    function _hash(string memory where, bytes32 type_) private view returns (bytes32) {
        if (type_ == keccak256("Terms")) return _termsHash(_readTerms(where));
        if (type_ == keccak256("Withdraw")) {
            return
                _withdraw(
                    _address(where, "owner"),
                    _address(where, "to"),
                    _uint(where, "nonce"),
                    _uint(where, "validBefore")
                );
        }
        if (type_ == keccak256("Statements")) {
            bytes32[] memory hashes = new bytes32[](2);
            hashes[0] = vm.parseJsonBytes32(json, string.concat(where, ".statements[0]"));
            hashes[1] = vm.parseJsonBytes32(json, string.concat(where, ".statements[1]"));
            return _statements(hashes);
        }
        if (!vm.keyExistsJson(json, string.concat(where, ".escrowId"))) return 0;
        bytes32 id = _bytes32(where, "escrowId");
        return
            vm.keyExistsJson(json, string.concat(where, ".actor"))
                ? _verbHash(where, type_, id)
                : _statementHash(where, type_, id);
    }

    function _verbHash(
        string memory where,
        bytes32 type_,
        bytes32 id
    ) private view returns (bytes32) {
        address actor = _address(where, "actor");
        uint256 seq = _uint(where, "seq");
        uint256 end = _uint(where, "validBefore");
        if (type_ == keccak256("Release")) return _release(id, actor, seq, end);
        if (type_ == keccak256("Refund")) return _refund(id, actor, seq, end);
        if (type_ == keccak256("Escalate")) return _escalate(id, actor, seq, end);
        if (type_ == keccak256("Deliver")) {
            bool reserve = vm.parseJsonBool(json, string.concat(where, ".reserve"));
            return _deliver(id, actor, _bytes32(where, "artifactHash"), reserve, seq, end);
        }
        if (type_ == keccak256("Redeliver"))
            return _redeliver(id, actor, _bytes32(where, "artifactHash"), seq, end);
        if (type_ == keccak256("Defend"))
            return _defend(id, actor, _bytes32(where, "responseHash"), seq, end);
        if (type_ == keccak256("Dispute"))
            return _dispute(id, actor, _bytes32(where, "claimHash"), seq, end);
        if (type_ == keccak256("Settle"))
            return _settle(id, actor, _uint(where, "sellerBps"), seq, end);
        return _amend(id, actor, _bytes32(where, "amendedId"), seq, end);
    }

    function _statementHash(
        string memory where,
        bytes32 type_,
        bytes32 id
    ) private view returns (bytes32) {
        uint256 round = _uint(where, "round");
        if (type_ == keccak256("Receipt"))
            return _receipt(id, round, _bytes32(where, "artifactHash"));
        if (type_ == keccak256("Attestation")) {
            return
                _attestation(
                    id,
                    round,
                    Result(_uint(where, "result")),
                    _bytes32(where, "reportHash")
                );
        }
        if (type_ == keccak256("Statement")) {
            return
                _statement(
                    id,
                    round,
                    _bytes32(where, "artifactHash"),
                    _bytes32(where, "reportHash")
                );
        }
        uint256 bps = _uint(where, "sellerBps");
        if (type_ == keccak256("Proposal"))
            return _proposal(id, round, bps, _bytes32(where, "recordHash"));
        return _ruling(id, round, bps, _bytes32(where, "recordHash"));
    }

    // -------------------------------------------------------------------- private

    /// @dev Runs the constructor at the vector's address, so that the contract's domain is the vector's.
    function _place(address where) private returns (IPactEscrow) {
        bytes memory code = vm.getCode("contracts/src/PactEscrow.sol:PactEscrow");
        vm.etch(where, abi.encodePacked(code, abi.encode(address(usdc))));
        (bool ok, bytes memory runtime) = where.call("");
        vm.assertTrue(ok, "constructor");
        vm.etch(where, runtime);
        return IPactEscrow(where);
    }

    function _readTerms(string memory where) private view returns (Terms memory t) {
        t.buyer = _address(where, "buyer");
        t.seller = _address(where, "seller");
        t.arbiter = _address(where, "arbiter");
        t.vault = _address(where, "vault");
        t.feeRecipient = _address(where, "feeRecipient");
        t.amount = _uint(where, "amount");
        t.pactHash = _bytes32(where, "pactHash");
        t.ladder = _bytes32(where, "ladder");
        t.salt = _bytes32(where, "salt");
        Numbers memory n;
        n.milestone = uint16(_uint(where, "milestone"));
        n.fundBy = uint40(_uint(where, "fundBy"));
        n.deliverBy = uint40(_uint(where, "deliverBy"));
        n.reviewWindow = uint24(_uint(where, "reviewWindow"));
        n.responseWindow = uint24(_uint(where, "responseWindow"));
        n.negotiationWindow = uint24(_uint(where, "negotiationWindow"));
        n.arbitrationWindow = uint24(_uint(where, "arbitrationWindow"));
        n.protocolFeeBps = uint16(_uint(where, "protocolFeeBps"));
        n.arbitrationFeeBps = uint16(_uint(where, "arbitrationFeeBps"));
        n.fallbackSellerBps = uint16(_uint(where, "fallbackSellerBps"));
        t.clauses = pack(n);
    }

    function _case(uint256 i) private pure returns (string memory) {
        return string.concat(".cases[", vm.toString(i), "]");
    }

    function _uint(string memory where, string memory field) private view returns (uint256) {
        return vm.parseJsonUint(json, string.concat(where, ".", field));
    }

    function _address(string memory where, string memory field) private view returns (address) {
        return vm.parseJsonAddress(json, string.concat(where, ".", field));
    }

    function _bytes32(string memory where, string memory field) private view returns (bytes32) {
        return vm.parseJsonBytes32(json, string.concat(where, ".", field));
    }

    function _string(
        string memory where,
        string memory field
    ) private view returns (string memory) {
        return vm.parseJsonString(json, string.concat(where, ".", field));
    }
}
