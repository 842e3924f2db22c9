import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  decode,
  hashReport,
  reportSchema,
  resultCode,
  settlementSchema,
  type VerificationReport,
} from '@earnest/sdk/protocol'
import { buyer, seller } from '../support/pact.ts'
import { assertCode } from './code.ts'

const hash = 'ab'.repeat(32)
const escrowId = `0x${'01'.repeat(32)}` as const
const report: VerificationReport = {
  version: '1',
  engine: '1',
  pactId: hash,
  escrowId,
  milestone: 0,
  round: 1,
  artifactHash: hash,
  deliveredAt: 1000,
  result: 'PARTIAL',
  passedBps: 7000,
  findings: [],
  missingDeposits: [],
}

describe('report', () => {
  test('every field is under the hash', () => {
    const others: Partial<VerificationReport>[] = [
      { result: 'PASS' },
      { passedBps: 7001 },
      { round: 2 },
      { deliveredAt: 1001 },
      { missingDeposits: [hash] },
    ]
    const hashes = others.map((change) => hashReport({ ...report, ...change }))
    assert.equal(new Set([hashReport(report), ...hashes]).size, others.length + 1)
  })

  test('results have the contract’s numbers, and what is undecided has none', () => {
    assert.deepEqual((['PASS', 'PARTIAL', 'FAIL', 'UNDECIDED'] as const).map(resultCode), [
      1n,
      2n,
      3n,
      0n,
    ])
  })

  test('a result outside the list is refused', () => {
    const bent = { ...reportSchema.encode(report), result: 'OK' }
    assertCode(() => decode(reportSchema, bent, 'invalid_report'), 'invalid_report')
  })
})

describe('settlement', () => {
  const wire = {
    version: '1',
    pactId: hash,
    escrowId,
    milestone: 0,
    chainId: 31_337,
    contract: '0x00000000000000000000000000000000e5c20001',
    buyer: buyer.did,
    seller: seller.did,
    outcome: 'ruled',
    amountUsdc: '500',
    sellerUsdc: '295.5',
    buyerUsdc: '198',
    protocolFeeUsdc: '1.5',
    arbitrationFeeUsdc: '5',
    sellerBps: 6000,
    txHash: escrowId,
    blockNumber: 7,
    settledAt: '2026-04-24T00:00:00Z',
    artifactHash: hash,
    reportHash: hash,
    recordHash: hash,
  }

  test('parts that add up are a settlement', () => {
    assert.equal(decode(settlementSchema, wire, 'invalid_settlement').sellerUsdc, 295_500_000n)
  })

  test('one base unit too many or too few is refused', () => {
    for (const buyerUsdc of ['198.000001', '197.999999']) {
      const bent = { ...wire, buyerUsdc }
      assertCode(() => decode(settlementSchema, bent, 'invalid_settlement'), 'not_conserved')
    }
  })
})
