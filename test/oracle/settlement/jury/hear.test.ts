import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Hearing } from '../../../../oracle/src/settlement/jury/jury.ts'
import { costOf, leastOf, plans } from '../../../../oracle/src/settlement/jury/plan.ts'
import { INSTRUCTION } from '../../../../oracle/src/settlement/jury/prompt.ts'
import {
  canaryOf,
  fair,
  isEmpty,
  section,
  verdict,
} from '../../../../scripts/local/judge/verdict.ts'
import { recount } from '../../../../sdk/src/protocol/recount.ts'
import type { VerdictRecord } from '../../../../sdk/src/protocol/verdict.ts'
import { type Judge, juryCase, withJury } from './bench.ts'

function heardOf(hearing: Hearing): VerdictRecord {
  assert.equal(hearing.status, 'heard')
  return (hearing as Extract<Hearing, { status: 'heard' }>).record
}
const seatOf = (record: VerdictRecord, provider: string) =>
  record.seats.find((seat) => seat.provider === provider)!

const panel = (...odd: Judge[]) =>
  [...odd, fair(55), fair(60), fair(65), fair(60), fair(70)].slice(0, 5)

describe('hear', () => {
  test('[DSP-07][DSP-08][DSP-15] five providers on their real wires give the median of their verdicts', async () => {
    const judges = [fair(55), fair(60), fair(65), fair(60), fair(70)]
    await withJury(judges, async ({ hear, providers }) => {
      const record = heardOf(await hear())
      assert.equal(record.sellerBps, 6000)
      assert.deepEqual(
        record.seats.map((seat) => [seat.code, seat.voteBps]),
        [
          ['ok', 5500],
          ['ok', 6000],
          ['ok', 6500],
          ['ok', 6000],
          ['ok', 7000],
        ],
      )
      assert.equal(new Set(record.seats.map((seat) => seat.provider)).size, 5)
      for (const { heard } of providers)
        for (const { body } of heard) assert.ok(!('tools' in body) || !body.tools)
    })
  })

  test('[DSP-07] all seats are asked before any has answered', async () => {
    let release: (() => void) | undefined
    const all = new Promise<void>((resolve) => {
      release = resolve
    })
    const waiting = new Set<number>()
    const judges = [0, 1, 2, 3, 4].map(
      (seat): Judge =>
        async (heard) => {
          waiting.add(seat)
          if (waiting.size === 5) release?.()
          await all
          return fair(60)(heard)
        },
    )
    await withJury(judges, async ({ hear }) => {
      assert.equal(heardOf(await hear()).sellerBps, 6000)
    })
  })

  test('[DSP-06][DSP-27] every judge gets the same prompt of the same package, either side first', async () => {
    await withJury(panel(), async ({ hear, providers }) => {
      const record = heardOf(await hear())
      assert.equal(record.packageHash, juryCase.packageHash)
      for (const question of ['normal', 'swapped', 'empty'] as const) {
        const prompts = record.seats.map(
          (seat) => seat.calls.find((call) => call.question === question)?.promptHash,
        )
        assert.equal(new Set(prompts).size, 1)
      }
      const sent = providers.map(({ heard }) =>
        heard
          .filter((one) => one.user.includes('Seven of the ten'))
          .map(({ system, user }) => `${system}\n${user}`)
          .sort(),
      )
      for (const prompts of sent) assert.deepEqual(prompts, sent[0])
      const orders = providers[0]!.heard
        .filter((one) => one.user.includes('Seven of the ten') && !isEmpty(one))
        .map((one) => one.user.indexOf('<buyer_claim') < one.user.indexOf('<seller_response'))
      assert.deepEqual(orders.sort(), [false, true])
    })
  })

  test('[DSP-11] a seller who stayed silent is shown as no_response', async () => {
    await withJury(panel(), async ({ hear, providers }) => {
      await hear({ evidence: { ...juryCase.evidence, response: '' } })
      const [first] = providers[0]!.heard.filter((one) => one.user.includes('Seven of the ten'))
      assert.equal(section(first!, 'seller_response'), 'no_response')
    })
  })

  for (const [name, judge, code] of [
    ['answers with something else than JSON', () => ({ text: 'Pay the seller.' }), 'invalid_json'],
    ['leaves out a field', () => ({ text: '{"releasePercentage": 100}' }), 'invalid_verdict'],
    [
      'gives more than everything',
      (heard) => verdict(heard, 50, { releasePercentage: 140 }),
      'invalid_verdict',
    ],
    ['does not know the nonce', (heard) => verdict(heard, 0, { caseNonce: 'x' }), 'wrong_nonce'],
    ['fails with an error of its own', () => ({ status: 500, body: '{}' }), 'provider_error'],
    ['sends half an answer', () => ({ status: 200, body: '{"id":' }), 'provider_error'],
    ['drops the connection', () => ({ drop: true }), 'unreachable'],
    [
      'sends far too much',
      () => ({ status: 200, body: JSON.stringify({ junk: 'x'.repeat(400_000) }) }),
      'provider_error',
    ],
    ['repeats the canary', (heard) => ({ text: canaryOf(heard) }), 'canary_leaked'],
    [
      'contradicts itself',
      (heard) => verdict(heard, 0, { scopeMet: 'yes', qualityMet: true }),
      'inconsistent',
    ],
  ] as [string, Judge, string][]) {
    test(`[DSP-13][W-35] a judge that ${name} is asked once more and then abstains`, async () => {
      await withJury(panel(judge), async ({ hear }) => {
        const record = heardOf(await hear())
        const seat = seatOf(record, 'openai')
        assert.equal(seat.code, code)
        assert.equal(seat.voteBps, null)
        assert.equal(seat.calls.filter((call) => call.question === 'normal').length, 2)
        // 60, 65, 60, 55: the mean of the middle two of four.
        assert.equal(record.sellerBps, 6000)
        assert.deepEqual(recount(record).faults, [])
      })
    })
  }

  test('[DSP-13] each provider’s own way of refusing is an abstention', async () => {
    const refusing: Judge = () => ({ refuse: true })
    await withJury([refusing, refusing, refusing, refusing, refusing], async ({ hear }) => {
      const record = heardOf(await hear())
      assert.deepEqual(
        record.seats.map((seat) => [seat.provider, seat.code]),
        ['openai', 'anthropic', 'google', 'meta', 'mistral'].map((name) => [name, 'refused']),
      )
      assert.equal(record.sellerBps, null)
      assert.ok(record.doubts.includes('no_quorum'))
      assert.deepEqual(recount(record).faults, [])
    })
  })

  test('[DSP-13] a judge that never answers is given up, and the others decide', async () => {
    const silent: Judge = () => ({ hang: true })
    await withJury(
      panel(silent),
      async ({ hear }) => {
        const record = heardOf(await hear())
        assert.equal(seatOf(record, 'openai').code, 'timeout')
        assert.equal(record.sellerBps, 6000)
      },
      // Only the silent one uses it up, however slow the machine of the others is.
      { timeoutMs: 4_000 },
    )
  })

  test('[W-35] a judge that reconciles its contradiction when asked is counted', async () => {
    const reconsiders: Judge = (heard) =>
      heard.user.includes('contradicted itself') || isEmpty(heard)
        ? fair(60)(heard)
        : verdict(heard, 0, { scopeMet: 'yes', qualityMet: true })
    await withJury(panel(reconsiders), async ({ hear }) => {
      const record = heardOf(await hear())
      assert.equal(seatOf(record, 'openai').voteBps, 6000)
      assert.deepEqual(recount(record).faults, [])
    })
  })

  test('[DSP-12] reasoning beyond five sentences is cut and marked', async () => {
    const talkative: Judge = (heard) =>
      verdict(heard, isEmpty(heard) ? 0 : 60, { reasoning: 'One more sentence. '.repeat(9).trim() })
    await withJury(panel(talkative), async ({ hear }) => {
      const [call] = seatOf(heardOf(await hear()), 'openai').calls
      assert.equal(call?.code, 'reasoning_cut')
    })
  })

  test('[W-35] with three valid ballots there is a verdict, with two there is none', async () => {
    const broken: Judge = () => ({ text: '' })
    await withJury([broken, broken, fair(40), fair(50), fair(60)], async ({ hear }) => {
      assert.equal(heardOf(await hear()).sellerBps, 5000)
    })
    await withJury([broken, broken, broken, fair(50), fair(60)], async ({ hear }) => {
      const record = heardOf(await hear())
      assert.equal(record.sellerBps, null)
      assert.ok(record.doubts.includes('no_quorum'))
    })
  })

  test('a judge that would pay for an empty delivery loses its vote', async () => {
    await withJury(
      panel((heard) => verdict(heard, 100)),
      async ({ hear }) => {
        const record = heardOf(await hear())
        assert.equal(seatOf(record, 'openai').code, 'pays_for_nothing')
        assert.deepEqual(recount(record).faults, [])
      },
    )
  })

  test('[ATK-07] one captured judge or two cannot move the result outside the honest range', async () => {
    for (const captured of [1, 2])
      for (const bribe of [0, 100]) {
        const bought: Judge = (heard) => verdict(heard, isEmpty(heard) ? 0 : bribe)
        const honest = [fair(55), fair(60), fair(60), fair(65)]
        const judges = [...new Array<Judge>(captured).fill(bought), ...honest].slice(0, 5)
        await withJury(judges, async ({ hear }) => {
          const { sellerBps } = heardOf(await hear())
          assert.ok(sellerBps !== null && sellerBps >= 5500 && sellerBps <= 6500, `${sellerBps}`)
        })
      }
  })

  test('what the deterministic checks failed stays failed', async () => {
    await withJury([fair(95), fair(90), fair(95), fair(90), fair(95)], async ({ hear }) => {
      const record = heardOf(await hear({ capBps: 7000 }))
      assert.equal(record.sellerBps, 7000)
      assert.deepEqual(recount(record).faults, [])
    })
  })
})

describe('who sits', () => {
  test('[GOV-05] a judge of a party’s own model family is recused', async () => {
    await withJury(panel(), async ({ hear, providers }) => {
      const hearing = await hear({ families: ['Anthropic-Opus-2026'] })
      assert.deepEqual(hearing.absent, [{ provider: 'anthropic', code: 'recused' }])
      assert.equal(heardOf(hearing).seats.length, 4)
      assert.equal(providers[1]!.heard.length, 0)
    })
  })

  test('[GOV-05] a list of every family is no model: a seller cannot send all judges home with it', async () => {
    await withJury(panel(), async ({ hear, providers }) => {
      const all = providers.map(({ juror }) => juror.family).join(' ')
      assert.equal(heardOf(await hear({ families: [all] })).seats.length, 5)
      const hosted = await hear({ families: ['mistral/anthropic-opus'] })
      const recused = hosted.absent.map(({ provider }) => provider)
      assert.deepEqual(recused, ['anthropic', 'mistral'])
    })
  })

  test('a provider that the pact does not let read the evidence is not asked', async () => {
    await withJury(panel(), async ({ hear, providers }) => {
      const hearing = await hear({ readers: ['openai', 'google', 'meta'] })
      assert.equal(heardOf(hearing).seats.length, 3)
      assert.equal(providers[1]!.heard.length + providers[4]!.heard.length, 0)
    })
  })

  test('[DRV-13] without keys the rung says so and asks nobody', async () => {
    const keyless = {
      roster: (jurors: { apiKey?: string }[]) => jurors.map(({ apiKey, ...rest }) => rest),
    }
    await withJury(
      panel(),
      async ({ hear, providers }) => {
        const hearing = await hear()
        assert.equal(hearing.status, 'not_heard')
        assert.equal(hearing.status === 'not_heard' && hearing.code, 'too_few_seats')
        assert.deepEqual(new Set(hearing.absent.map(({ code }) => code)), new Set(['no_key']))
        assert.equal(providers.flatMap(({ heard }) => heard).length, 0)
      },
      keyless as never,
    )
  })

  test('[API-12] the fee buys the most careful hearing that it covers, or none', async () => {
    await withJury(panel(), async ({ hear, providers }) => {
      const plans: string[] = []
      for (const fee of [5_000_000n, 300_000n, 150_000n, 10_000n]) {
        const hearing = await hear({ fee })
        plans.push(hearing.status === 'heard' ? hearing.plan : hearing.code)
      }
      assert.deepEqual(plans, ['full', 'lean', 'single', 'fee_below_cost'])
      // normal, swapped, empty and a known case in both orders; then two; then one; then none.
      assert.equal(providers[0]!.heard.length, 5 + 2 + 1)
    })
  })

  test('what is published of each judge is below what any hearing by three of them costs, and not far', async () => {
    await withJury(panel(), async ({ providers }) => {
      const seats = providers.slice(0, 3).map(({ juror }) => juror)
      const least = seats.reduce((sum, seat) => sum + leastOf(seat), 0n)
      const bare = costOf(plans.at(-1)!, seats, INSTRUCTION.length)
      assert.ok(least <= bare && bare - least <= 3n, `${least} of ${bare}`)
    })
  })

  test('a hearing leaves a known answer behind, which later weighs', async () => {
    await withJury(panel(), async ({ hear, probes }) => {
      await hear()
      const [row] = probes.rows
      assert.deepEqual(Object.keys(row!.votes).sort(), [
        'anthropic/claude-opus-4-7',
        'google/gemini-ultra-2',
        'meta/llama-4',
        'mistral/mistral-large-latest',
        'openai/gpt-5',
      ])
      const record = heardOf(await hear())
      assert.equal(record.probes.length, 1)
      assert.equal(record.probes[0]!.id, row!.id)
    })
  })
})
