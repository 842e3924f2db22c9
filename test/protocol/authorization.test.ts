import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  batchNonce,
  deliverTypedData,
  disputeTypedData,
  encodeAuthorization,
  fundBatchTypedData,
  fundTypedData,
  releaseTypedData,
  stakeTypedData,
  type Terms,
  termsFromPact,
} from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import { concat, hashTypedData, keccak256, stringToHex } from 'viem'
import { samplePact, samplePactWire } from '../support/pact.ts'
import { assertCode } from './code.ts'
import { readVector } from './vector.ts'

const vectors = readVector<{
  cases: { primaryType: string; type: string; typeHash: Hex; structHash: Hex; digest: Hex }[]
  batches: { ids: Hex[]; nonce: Hex }[]
  encoded: { validBefore: string; signature: Hex; authorization: Hex }[]
}>('authorization.json')

const chainId = 84_532
const contract = '0x00000000000000000000000000000000e5c20001'
const token = { address: contract, name: 'USDC', version: '2' } as const
const verb = {
  chainId,
  contract,
  escrowId: `0x${'01'.repeat(32)}`,
  actor: '0x00000000000000000000000000000000000B0b01',
  seq: 1n,
  validBefore: 1_776_900_000n,
} as const

/** The strings that the contract hashes, word for word. */
const TYPES: Record<string, string> = {
  Release: 'Release(bytes32 escrowId,address actor,uint256 seq,uint256 validBefore)',
  Deliver:
    'Deliver(bytes32 escrowId,address actor,bytes32 artifactHash,bool reserve,uint256 seq,uint256 validBefore)',
  Redeliver:
    'Redeliver(bytes32 escrowId,address actor,bytes32 artifactHash,uint256 seq,uint256 validBefore)',
  Defend:
    'Defend(bytes32 escrowId,address actor,bytes32 responseHash,uint256 seq,uint256 validBefore)',
  Refund: 'Refund(bytes32 escrowId,address actor,uint256 seq,uint256 validBefore)',
  Dispute:
    'Dispute(bytes32 escrowId,address actor,bytes32 claimHash,uint256 seq,uint256 validBefore)',
  Settle:
    'Settle(bytes32 escrowId,address actor,uint256 sellerBps,uint256 seq,uint256 validBefore)',
  Amend: 'Amend(bytes32 escrowId,address actor,bytes32 amendedId,uint256 seq,uint256 validBefore)',
  Escalate: 'Escalate(bytes32 escrowId,address actor,uint256 seq,uint256 validBefore)',
  Withdraw: 'Withdraw(address owner,address to,uint256 nonce,uint256 validBefore)',
  Receipt: 'Receipt(bytes32 escrowId,uint256 round,bytes32 artifactHash)',
  Attestation: 'Attestation(bytes32 escrowId,uint256 round,uint256 result,bytes32 reportHash)',
  Statement: 'Statement(bytes32 escrowId,uint256 round,bytes32 artifactHash,bytes32 reportHash)',
  Statements: 'Statements(bytes32[] statements)',
  Proposal: 'Proposal(bytes32 escrowId,uint256 round,uint256 sellerBps,bytes32 recordHash)',
  Ruling: 'Ruling(bytes32 escrowId,uint256 round,uint256 sellerBps,bytes32 recordHash)',
  ReceiveWithAuthorization:
    'ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)',
}

describe('authorization', () => {
  for (const [name, type] of Object.entries(TYPES)) {
    test(`${name} has the contract's type string`, () => {
      const found = vectors.cases.filter(({ primaryType }) => primaryType === name)
      assert.ok(found.length > 0)
      for (const vector of found) {
        assert.equal(vector.type, type)
        assert.equal(vector.typeHash, keccak256(stringToHex(type)))
      }
    })
  }

  test('[W-2] no two digests of the vectors agree', () => {
    const digests = vectors.cases.map(({ digest }) => digest)
    assert.equal(new Set(digests).size, digests.length)
  })

  test('[W-2] a signature dies with the escrow, the actor, the arguments, the seq, the time, chain and contract', () => {
    const base = hashTypedData(releaseTypedData(verb))
    const others = [
      { ...verb, escrowId: `0x${'02'.repeat(32)}` },
      { ...verb, actor: contract },
      { ...verb, seq: 2n },
      { ...verb, validBefore: verb.validBefore + 1n },
      { ...verb, chainId: 8453 },
      { ...verb, contract: verb.actor },
    ] as const
    const digests = others.map((other) => hashTypedData(releaseTypedData(other)))
    const artifactHash = `0x${'aa'.repeat(32)}` as const
    digests.push(hashTypedData(deliverTypedData({ ...verb, artifactHash, reserve: true })))
    digests.push(hashTypedData(deliverTypedData({ ...verb, artifactHash, reserve: false })))
    assert.equal(new Set([base, ...digests]).size, 9)
  })

  test('funding signs the amount, until fundBy, with the escrow id as nonce', () => {
    const pact = samplePact()
    const terms = termsFromPact({ pact })
    const { message, domain } = fundTypedData({ terms, chainId, contract, token })
    assert.equal(message.from, pact.buyer.wallet)
    assert.equal(message.to, contract)
    assert.equal(message.value, 500_000_000n)
    assert.equal(message.validAfter, 0n)
    assert.equal(message.validBefore, BigInt(pact.timing.fundBy))
    assert.equal(domain.verifyingContract, token.address)
  })

  test('a batch sums the amounts and ends with the earliest fundBy', () => {
    const late = termsFromPact({ pact: samplePact() })
    const { timing } = samplePactWire
    const earlier = { ...timing, fundBy: '2026-04-22T09:30:00Z' }
    const pact = samplePact({ paymentUsdc: '0.5', timing: earlier })
    const second = termsFromPact({ pact })
    for (const terms of [
      [late, second],
      [second, late],
    ]) {
      const { message } = fundBatchTypedData({ terms, chainId, contract, token })
      assert.equal(message.value, 500_500_000n)
      assert.equal(message.validBefore, BigInt(pact.timing.fundBy))
    }
    assertCode(() => fundBatchTypedData({ terms: [], chainId, contract, token }), 'empty_batch')
    const foreign: Terms = { ...second, buyer: contract }
    const mixed = { terms: [late, foreign], chainId, contract, token } as const
    assertCode(() => fundBatchTypedData(mixed), 'mixed_batch')
  })

  test('the batch nonce is keccak256 of the words and the ids', () => {
    for (const { ids, nonce } of vectors.batches) {
      assert.equal(batchNonce(ids), nonce)
      assert.equal(nonce, keccak256(concat([stringToHex('earnest/batch'), ...ids])))
    }
  })

  test('a stake pays by the digest of its dispute', () => {
    const claimHash = `0x${'d4'.repeat(32)}` as const
    const { message } = stakeTypedData({ ...verb, claimHash, stake: 5n, token })
    assert.equal(message.nonce, hashTypedData(disputeTypedData({ ...verb, claimHash })))
    assert.equal(message.validBefore, verb.validBefore)
    assert.equal(message.from, verb.actor)
  })

  test('an authorization is six bytes of time and the signature', () => {
    for (const { validBefore, signature, authorization } of vectors.encoded) {
      const given = { validBefore: BigInt(validBefore), signature }
      assert.equal(encodeAuthorization(given), authorization)
    }
    assert.equal(encodeAuthorization({ validBefore: 1n, signature: '0x' }), '0x000000000001')
    for (const validBefore of [-1n, 2n ** 48n]) {
      const code = 'clause_out_of_range'
      assertCode(() => encodeAuthorization({ validBefore, signature: '0x' }), code)
    }
  })
})
