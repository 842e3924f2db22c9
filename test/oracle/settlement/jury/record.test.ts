import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import type { ProbeRow } from '../../../../oracle/src/settlement/jury/probe.ts'
import { fair } from '../../../../scripts/local/judge/verdict.ts'
import { encode } from '../../../../sdk/src/protocol/decode.ts'
import { recount } from '../../../../sdk/src/protocol/recount.ts'
import {
  hashVerdict,
  redactVerdict,
  type VerdictRecord,
  verdictRecordSchema,
} from '../../../../sdk/src/protocol/verdict.ts'
import { withJury } from './bench.ts'

const models = [
  'openai/gpt-5',
  'anthropic/claude-opus-4-7',
  'google/gemini-ultra-2',
  'meta/llama-4',
  'mistral/mistral-large-latest',
]
/** Thirty known answers on which the first judge is always right and the last never. */
const rows: ProbeRow[] = Array.from({ length: 30 }, (_, index) => {
  const answer = index % 2 === 0
  const right = [true, index % 4 !== 1, index % 3 !== 0, index % 5 !== 0, false]
  const votes = models.map((model, seat) => [model, right[seat] === answer ? 10_000 : 0] as const)
  return { id: 'ef'.repeat(32), answer, votes: Object.fromEntries(votes) }
})

let record: VerdictRecord
before(async () => {
  await withJury(
    [fair(55), fair(60), fair(65), fair(60), fair(70)],
    async ({ hear }) => {
      const hearing = await hear()
      if (hearing.status === 'heard') record = hearing.record
    },
    { rows },
  )
})

describe('record', () => {
  test('[DSP-23] prompts, raw answers and outcome stand in it, and a recount gives the same figures', () => {
    assert.deepEqual(recount(record), { faults: [], undisclosed: 0 })
    for (const { promptHash, answerHash } of record.seats.flatMap((seat) => seat.calls)) {
      assert.ok(record.texts[promptHash]?.includes('impartial arbitrator'))
      assert.ok(record.texts[answerHash]?.includes('releasePercentage'))
    }
    assert.ok(record.seats[0]!.logOdds > 0 && record.seats[4]!.logOdds < 0)
    assert.equal(record.seats[4]!.weight, 0)
  })

  test('[DSP-23] a change anywhere is found', () => {
    const changed = (change: (copy: VerdictRecord) => void) => {
      const copy = structuredClone(record)
      change(copy)
      return recount(copy).faults
    }
    const [first, second] = [record.seats[0]!, record.seats[1]!]
    const faults = {
      sellerBps: changed((copy) => {
        copy.sellerBps = 9000
      }),
      leaning: changed((copy) => {
        copy.leaning += 1
      }),
      effectiveVotes: changed((copy) => {
        copy.effectiveVotes += 1
      }),
      dissentBps: changed((copy) => {
        copy.dissentBps += 1
      }),
      doubts: changed((copy) => {
        copy.doubts = ['too_much_dissent']
      }),
      'seats.0.weight': changed((copy) => {
        copy.seats[0]!.weight += 1
      }),
      'seats.0.vote': changed((copy) => {
        copy.seats[0]!.voteBps = 10_000
      }),
      'seats.0.normal': changed((copy) => {
        copy.seats[0]!.calls[0]!.finding!.releasePercentage = 100
      }),
      [`texts.${first.calls[0]!.answerHash}`]: changed((copy) => {
        copy.texts[first.calls[0]!.answerHash] = second.calls[0]!.answerHash
      }),
      'prompts.normal': changed((copy) => {
        copy.seats[0]!.calls[0]!.promptHash = '00'.repeat(32)
      }),
      'seats.4.logOdds': changed((copy) => {
        copy.probes = copy.probes.slice(0, 10)
      }),
      'seats.0.logOdds': changed((copy) => {
        copy.seats[0]!.logOdds += 1
      }),
      rule: changed((copy) => {
        copy.rule = 'mean/1'
      }),
      'seats.0.empty': changed((copy) => {
        const call = copy.seats[0]!.calls.find((one) => one.question === 'empty')!
        call.code = 'timeout'
        call.finding = null
      }),
    }
    for (const [fault, found] of Object.entries(faults))
      assert.ok(found.includes(fault), `${fault}: ${found}`)
  })

  test('[DSP-24][DRV-18] the redacted record names the same hash, quotes nothing and still counts', () => {
    const redacted = redactVerdict(record)
    assert.equal(hashVerdict(redacted), hashVerdict(record))
    const words = JSON.stringify(redacted)
    for (const secret of ['catalogue', 'a lamp', 'Seven of the ten', 'compared with the terms'])
      assert.ok(!words.includes(secret))
    const { faults, undisclosed } = recount(redacted)
    assert.deepEqual(faults, [])
    assert.equal(undisclosed, record.seats.flatMap((seat) => seat.calls).length)
  })

  test('[DSP-23] the command line recounts a record from its file and refuses a changed one', () => {
    const folder = mkdtempSync(join(tmpdir(), 'earnest-'))
    const wire = encode(verdictRecordSchema, record, 'invalid_verdict')
    writeFileSync(join(folder, 'good.json'), JSON.stringify(wire))
    writeFileSync(join(folder, 'bad.json'), JSON.stringify({ ...wire, sellerBps: 10_000 }))
    const run = ['scripts/verify-verdict.ts', join(folder, 'good.json')]
    const good = JSON.parse(execFileSync(process.execPath, run, { encoding: 'utf8' }))
    assert.deepEqual(good, {
      recordHash: hashVerdict(record),
      sellerBps: record.sellerBps,
      faults: [],
      undisclosed: 0,
    })
    const bad = spawnSync(
      process.execPath,
      ['scripts/verify-verdict.ts', join(folder, 'bad.json')],
      { encoding: 'utf8' },
    )
    assert.equal(bad.status, 1)
    assert.deepEqual(JSON.parse(bad.stdout).faults, ['sellerBps'])
  })
})
