import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatUtc } from '../../../sdk/src/protocol/time.ts'
import {
  decodeTrustPolicy,
  defaultTrustPolicy,
  type EarnestTrustResponse,
  meetsTransactionTrustPolicy,
  trustPolicySchema,
} from '../../../sdk/src/trust/policy.ts'

const now = 1_790_000_000
const DAY = 86_400
const task = { capability: 'dcf_modeling', paymentUsdc: 500_000_000n }

/** The sample of the source document, with the oracle's time. */
const trust: EarnestTrustResponse = {
  compositeScore: 834,
  bondTier: 2,
  pacts: [
    { capability: 'financial_analysis', fulfillmentRate: 0.97, taskCount: 847 },
    { capability: 'dcf_modeling', fulfillmentRate: 0.95, taskCount: 312 },
  ],
  fulfillmentRate90d: 0.971,
  lastActiveAt: formatUtc(now - DAY),
  asOf: formatUtc(now),
}
const pactOf = (taskCount: number) => [
  { capability: 'dcf_modeling', fulfillmentRate: 1, taskCount },
]

function decide(changes: Partial<EarnestTrustResponse>, paymentUsdc = task.paymentUsdc) {
  return meetsTransactionTrustPolicy({ ...trust, ...changes }, { ...task, paymentUsdc })
}

describe('meetsTransactionTrustPolicy', () => {
  test('[POL-01] [POL-07] approves the sample profile and answers exactly { approved, reason }', () => {
    const typed: (
      trust: EarnestTrustResponse,
      task: { capability: string; paymentUsdc: bigint },
    ) => { approved: boolean; reason: string } = meetsTransactionTrustPolicy
    assert.deepEqual(typed(trust, task), {
      approved: true,
      reason: 'Meets all trust policy requirements',
    })
  })

  test('[POL-02] a score of 799 is refused with its text, 800 passes', () => {
    assert.deepEqual(decide({ compositeScore: 799 }), {
      approved: false,
      reason: 'Score 799 below threshold 800',
    })
    assert.equal(decide({ compositeScore: 800 }).approved, true)
  })

  test('[POL-03] [W-13] 99 tasks are too few, 100 are enough, and no pact at all is another reason', () => {
    const few = decide({ pacts: pactOf(99) })
    assert.equal(few.approved, false)
    assert.equal(few.reason, 'Verified pact for capability dcf_modeling has 99 tasks, below 100')
    assert.equal(decide({ pacts: pactOf(100) }).approved, true)
    const other = [{ capability: 'financial_analysis', fulfillmentRate: 1, taskCount: 5000 }]
    for (const pacts of [[], other]) {
      assert.deepEqual(decide({ pacts }), {
        approved: false,
        reason: 'No verified pact for capability: dcf_modeling',
      })
    }
  })

  test('[POL-04] an agent without a bond is refused', () => {
    assert.deepEqual(decide({ bondTier: 0 }), { approved: false, reason: 'Agent is not bonded' })
    assert.equal(decide({ bondTier: 1 }).approved, true)
  })

  test('[POL-05] a fulfillment rate of 0.899 is refused with its text, 0.90 passes', () => {
    assert.deepEqual(decide({ fulfillmentRate90d: 0.899 }), {
      approved: false,
      reason: '90d fulfillment rate 0.899 below 0.90',
    })
    assert.equal(decide({ fulfillmentRate90d: 0.9 }).approved, true)
  })

  test('[POL-06] fourteen days of silence pass, 14.01 are refused, and a date nobody can read is refused', () => {
    assert.equal(decide({ lastActiveAt: formatUtc(now - 14 * DAY) }).approved, true)
    assert.deepEqual(decide({ lastActiveAt: formatUtc(now - Math.ceil(14.01 * DAY)) }), {
      approved: false,
      reason: 'Agent inactive for 14 days',
    })
    assert.equal(
      decide({ lastActiveAt: formatUtc(now - 20 * DAY) }).reason,
      'Agent inactive for 20 days',
    )
    for (const lastActiveAt of ['yesterday', '', '2026-02-30T00:00:00Z', null]) {
      assert.equal(decide({ lastActiveAt }).approved, false)
    }
  })

  test('[POL-08] above 5,000 USDC the strict profile holds, at 5,000 the default, with each limit exact', () => {
    const strict: Partial<EarnestTrustResponse> = {
      compositeScore: 900,
      bondTier: 3,
      fulfillmentRate90d: 0.98,
      pacts: pactOf(1000),
    }
    assert.equal(decide({}, 5_000_000_000n).approved, true)
    assert.equal(decide({}, 5_000_010_000n).approved, false)
    assert.equal(decide({}, 5_000_000_001n).approved, false)
    assert.equal(decide(strict, 5_000_010_000n).approved, true)
    const short: [Partial<EarnestTrustResponse>, string][] = [
      [{ compositeScore: 899 }, 'Score 899 below threshold 900'],
      [{ bondTier: 2 }, 'Bond tier 2 below 3'],
      [{ fulfillmentRate90d: 0.979 }, '90d fulfillment rate 0.979 below 0.98'],
      [
        { pacts: pactOf(999) },
        'Verified pact for capability dcf_modeling has 999 tasks, below 1000',
      ],
    ]
    for (const [change, reason] of short) {
      assert.deepEqual(decide({ ...strict, ...change }, 5_000_010_000n), {
        approved: false,
        reason,
      })
    }
  })

  test('[POL-09] every threshold is the buyer’s, as JSON that reads back the same', () => {
    const wire = {
      default: {
        minCompositeScore: 300,
        minTaskCount: 1,
        minBondTier: 0,
        minFulfillmentRate90d: 0.5,
        maxInactiveDays: 60,
      },
      highValue: null,
      newcomer: null,
    }
    const policy = decodeTrustPolicy(JSON.parse(JSON.stringify(wire)))
    assert.deepEqual(trustPolicySchema.encode(policy), wire)
    const poor: EarnestTrustResponse = {
      compositeScore: 300,
      pacts: pactOf(1),
      bondTier: 0,
      fulfillmentRate90d: 0.5,
      lastActiveAt: formatUtc(now - 60 * DAY),
      asOf: formatUtc(now),
    }
    const big = { ...task, paymentUsdc: 50_000_000_000n }
    assert.equal(meetsTransactionTrustPolicy(poor, big, { policy }).approved, true)
    assert.equal(meetsTransactionTrustPolicy(poor, big).approved, false)
    const wires = trustPolicySchema.encode(defaultTrustPolicy)
    assert.deepEqual(decodeTrustPolicy(wires), defaultTrustPolicy)
    assert.throws(() => decodeTrustPolicy({ ...wire, default: {} }), { code: 'invalid_policy' })
  })

  test('[W-12] each field that is missing, of another type or no number refuses', () => {
    const fields = Object.keys(trust) as (keyof EarnestTrustResponse)[]
    for (const field of fields) {
      for (const value of [undefined, Number.NaN, {}, 'x', -1]) {
        const broken = { ...trust, [field]: value } as EarnestTrustResponse
        if (value === undefined) delete (broken as Record<string, unknown>)[field]
        const { approved, reason } = meetsTransactionTrustPolicy(broken, task)
        assert.equal(approved, false, `${field} = ${value}`)
        assert.notEqual(reason, '')
      }
    }
    for (const nothing of [null, undefined, 'x', []]) {
      const broken = nothing as unknown as EarnestTrustResponse
      assert.equal(meetsTransactionTrustPolicy(broken, task).approved, false)
    }
    const free = { ...task, paymentUsdc: undefined as unknown as bigint }
    assert.equal(meetsTransactionTrustPolicy(trust, free).approved, false)
  })

  test('a frozen agent is refused whatever its score', () => {
    assert.deepEqual(decide({ status: 'frozen', compositeScore: 1000 }), {
      approved: false,
      reason: 'Agent is frozen',
    })
  })

  test('a newcomer gets small work that code can check, up to the limit or its bond', () => {
    const unrated: EarnestTrustResponse = {
      ...trust,
      status: 'unrated',
      compositeScore: null,
      pacts: [],
      fulfillmentRate90d: null,
      lastActiveAt: null,
      bondTier: 0,
      bondAmountUsdc: '0',
    }
    const acceptance = [
      {
        id: 'a',
        description: 'A path',
        weight: 1,
        verifier: { type: 'path' as const, file: 'a.json', paths: ['/a'] },
      },
    ]
    const jury = [
      ...acceptance,
      {
        id: 'b',
        description: 'Good',
        weight: 1,
        verifier: { type: 'jury' as const, question: 'Good?' },
      },
    ]
    const ask = (changes: Partial<EarnestTrustResponse>, paymentUsdc: bigint, list = acceptance) =>
      meetsTransactionTrustPolicy(
        { ...unrated, ...changes },
        { ...task, paymentUsdc, acceptance: list },
      ).approved
    assert.equal(ask({}, 20_000_000n), true)
    assert.equal(ask({}, 20_000_001n), false)
    assert.equal(ask({ bondAmountUsdc: '500' }, 500_000_000n), true)
    assert.equal(ask({ bondAmountUsdc: '500' }, 500_000_001n), false)
    assert.equal(ask({}, 1_000_000n, []), false)
    const young: Partial<EarnestTrustResponse> = {
      status: 'rated',
      compositeScore: 444,
      pacts: pactOf(1),
      fulfillmentRate90d: 1,
      lastActiveAt: formatUtc(now),
    }
    assert.equal(ask(young, 20_000_000n), true)
    assert.equal(ask(young, 20_000_001n), false)
    assert.equal(ask({ ...young, fulfillmentRate90d: 0.5 }, 1_000_000n), false)
    assert.equal(ask({ ...young, pacts: pactOf(100) }, 1_000_000n), false)
    assert.equal(ask({}, 1_000_000n, jury as typeof acceptance), false)
  })
})
