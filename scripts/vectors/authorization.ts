import {
  amendTypedData,
  attestationTypedData,
  batchNonce,
  decodePact,
  defendTypedData,
  deliverTypedData,
  disputeTypedData,
  encodeAuthorization,
  escalateTypedData,
  escrowIdOfPact,
  fundBatchTypedData,
  fundTypedData,
  hashStatement,
  proposalTypedData,
  receiptTypedData,
  redeliverTypedData,
  refundTypedData,
  releaseTypedData,
  rulingTypedData,
  settleTypedData,
  stakeTypedData,
  statementsTypedData,
  statementTypedData,
  termsFromPact,
  termsTypedData,
  toBytes32,
  walletBindingTypedData,
  withdrawTypedData,
} from '@earnest/sdk/protocol'
import { hashStruct, hashTypedData, keccak256, stringToHex, type TypedDataDefinition } from 'viem'
import { samplePactWire } from '../../test/support/pact.ts'
import { milestonePactWire } from './pact.ts'

const chainId = 84_532
const contract = '0x00000000000000000000000000000000e5c20001'
const actor = '0x00000000000000000000000000000000000B0b01'
const to = '0x000000000000000000000000000000000000dEaD'
const token = {
  address: '0x036CbD53842c5426634e7929541eC2318f3dCF7e',
  name: 'USDC',
  version: '2',
} as const

/** The EIP-712 digest of every type that anybody signs for the chain, with its type string and fields. */
export function authorizationVectors() {
  const terms = termsFromPact({ pact: decodePact(samplePactWire) })
  const other = termsFromPact({ pact: decodePact(milestonePactWire), milestone: 1 })
  const escrowId = escrowIdOfPact({ pact: decodePact(samplePactWire) })
  const amendedId = escrowIdOfPact({ pact: decodePact(milestonePactWire), milestone: 1 })
  const artifactHash = toBytes32('a1'.repeat(32))
  const reportHash = toBytes32('b2'.repeat(32))
  const responseHash = toBytes32('c3'.repeat(32))
  const claimHash = toBytes32('d4'.repeat(32))
  const recordHash = toBytes32('e5'.repeat(32))
  const where = { chainId, contract } as const
  const verb = { ...where, escrowId, actor, seq: 3n, validBefore: 1_776_900_000n } as const
  const round = { ...where, escrowId, round: 2n } as const
  const statements = [
    { escrowId, round: 1n, artifactHash, reportHash },
    { escrowId: amendedId, round: 1n, artifactHash: reportHash, reportHash: artifactHash },
  ]
  const list: TypedDataDefinition[] = [
    termsTypedData({ ...where, terms }),
    releaseTypedData(verb),
    deliverTypedData({ ...verb, artifactHash, reserve: true }),
    redeliverTypedData({ ...verb, artifactHash }),
    defendTypedData({ ...verb, responseHash }),
    refundTypedData(verb),
    disputeTypedData({ ...verb, claimHash }),
    settleTypedData({ ...verb, sellerBps: 6000n }),
    amendTypedData({ ...verb, amendedId }),
    escalateTypedData(verb),
    withdrawTypedData({ ...where, owner: actor, to, nonce: 7n, validBefore: 1_776_900_000n }),
    receiptTypedData({ ...round, artifactHash }),
    attestationTypedData({ ...round, result: 2n, reportHash }),
    statementTypedData({ ...round, artifactHash, reportHash }),
    statementsTypedData({ ...where, statements }),
    proposalTypedData({ ...round, sellerBps: 6000n, recordHash }),
    rulingTypedData({ ...round, sellerBps: 6000n, recordHash }),
    fundTypedData({ ...where, terms, token }),
    fundBatchTypedData({ ...where, terms: [terms, other], token }),
    stakeTypedData({ ...verb, claimHash, stake: 5_000_000n, token }),
    walletBindingTypedData({
      did: samplePactWire.buyer.did,
      wallet: actor,
      chainId,
      issuedAt: 1_776_000_000,
      nonce: samplePactWire.nonce,
    }),
  ]
  return {
    cases: list.map(caseOf),
    statementHashes: statements.map(hashStatement),
    batches: [
      { ids: [], nonce: batchNonce([]) },
      { ids: [escrowId], nonce: batchNonce([escrowId]) },
      { ids: [escrowId, amendedId], nonce: batchNonce([escrowId, amendedId]) },
    ],
    encoded: [
      {
        validBefore: '1776900000',
        signature: `0x${'5a'.repeat(65)}`,
        authorization: encodeAuthorization({
          validBefore: 1_776_900_000n,
          signature: `0x${'5a'.repeat(65)}`,
        }),
      },
    ],
  }
}

function caseOf(typedData: TypedDataDefinition) {
  const { primaryType, types, domain = {}, message } = typedData
  const fields = types[primaryType] ?? []
  const type = `${primaryType}(${fields.map(({ type, name }) => `${type} ${name}`).join(',')})`
  return {
    primaryType,
    type,
    typeHash: keccak256(stringToHex(type)),
    domainName: domain.name,
    domainVersion: domain.version,
    chainId: String(domain.chainId ?? 0),
    verifyingContract: domain.verifyingContract ?? '0x0000000000000000000000000000000000000000',
    ...Object.fromEntries(fields.map(({ name }) => [name, flat(message[name])])),
    structHash: hashStruct({ data: message, primaryType, types }),
    digest: hashTypedData(typedData),
  }
}

function flat(value: unknown): unknown {
  return typeof value === 'bigint' || typeof value === 'number' ? String(value) : value
}
