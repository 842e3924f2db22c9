import type { Address, Hex } from 'viem'
import { hashStruct } from 'viem'
import { type ContractRef, escrowDomain } from './terms.ts'

/** What the attestors found, numbered as the contract does. */
export const RESULT = { none: 0n, pass: 1n, partial: 2n, fail: 3n } as const

/** One delivery of one escrow; the first round is 1. */
interface RoundRef {
  escrowId: Hex
  round: bigint
}

const STATEMENT = [
  { name: 'escrowId', type: 'bytes32' },
  { name: 'round', type: 'uint256' },
  { name: 'artifactHash', type: 'bytes32' },
  { name: 'reportHash', type: 'bytes32' },
] as const

const SPLIT = [
  { name: 'escrowId', type: 'bytes32' },
  { name: 'round', type: 'uint256' },
  { name: 'sellerBps', type: 'uint256' },
  { name: 'recordHash', type: 'bytes32' },
] as const

/** "The artifact exists and is held": signed by an attestor or by the buyer. */
export function receiptTypedData(options: ContractRef & RoundRef & { artifactHash: Hex }) {
  const { escrowId, round, artifactHash } = options
  return {
    domain: escrowDomain(options),
    types: {
      Receipt: [
        { name: 'escrowId', type: 'bytes32' },
        { name: 'round', type: 'uint256' },
        { name: 'artifactHash', type: 'bytes32' },
      ],
    },
    primaryType: 'Receipt',
    message: { escrowId, round, artifactHash },
  } as const
}

/** The result of a round's check, with the hash of its report. */
export function attestationTypedData(
  options: ContractRef & RoundRef & { result: bigint; reportHash: Hex },
) {
  const { escrowId, round, result, reportHash } = options
  return {
    domain: escrowDomain(options),
    types: {
      Attestation: [
        { name: 'escrowId', type: 'bytes32' },
        { name: 'round', type: 'uint256' },
        { name: 'result', type: 'uint256' },
        { name: 'reportHash', type: 'bytes32' },
      ],
    },
    primaryType: 'Attestation',
    message: { escrowId, round, result, reportHash },
  } as const
}

/** A statement's fields: receipt and PASS in one. */
export interface Statement extends RoundRef {
  artifactHash: Hex
  reportHash: Hex
}

/** Receipt and PASS in one signature, for `complete`. */
export function statementTypedData(options: ContractRef & Statement) {
  const { escrowId, round, artifactHash, reportHash } = options
  return {
    domain: escrowDomain(options),
    types: { Statement: STATEMENT },
    primaryType: 'Statement',
    message: { escrowId, round, artifactHash, reportHash },
  } as const
}

/** One signature over many statements, for `completeBatch`. */
export function statementsTypedData(options: ContractRef & { statements: readonly Statement[] }) {
  return {
    domain: escrowDomain(options),
    types: { Statements: [{ name: 'statements', type: 'bytes32[]' }] },
    primaryType: 'Statements',
    message: { statements: options.statements.map(hashStatement) },
  } as const
}

/** The EIP-712 struct hash of one statement, without the domain. */
export function hashStatement({ escrowId, round, artifactHash, reportHash }: Statement): Hex {
  return hashStruct({
    types: { Statement: STATEMENT },
    primaryType: 'Statement',
    data: { escrowId, round, artifactHash, reportHash },
  })
}

/** A split that stands unless appealed; can never execute as a ruling. */
export function proposalTypedData(
  options: ContractRef & RoundRef & { sellerBps: bigint; recordHash: Hex },
) {
  const { escrowId, round, sellerBps, recordHash } = options
  return {
    domain: escrowDomain(options),
    types: { Proposal: SPLIT },
    primaryType: 'Proposal',
    message: { escrowId, round, sellerBps, recordHash },
  } as const
}

/** A split that pays at once. */
export function rulingTypedData(
  options: ContractRef & RoundRef & { sellerBps: bigint; recordHash: Hex },
) {
  const { escrowId, round, sellerBps, recordHash } = options
  return {
    domain: escrowDomain(options),
    types: { Ruling: SPLIT },
    primaryType: 'Ruling',
    message: { escrowId, round, sellerBps, recordHash },
  } as const
}

/** A split that decides a claim at once: the same words in the domain of the vault. */
export function claimRulingTypedData(
  options: RoundRef & { chainId: number; vault: Address; sellerBps: bigint; recordHash: Hex },
) {
  const { chainId, vault, escrowId, round, sellerBps, recordHash } = options
  return {
    domain: {
      name: 'Earnest BondVault',
      version: '1',
      chainId: BigInt(chainId),
      verifyingContract: vault,
    },
    types: { Ruling: SPLIT },
    primaryType: 'Ruling',
    message: { escrowId, round, sellerBps, recordHash },
  } as const
}
