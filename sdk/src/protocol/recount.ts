import { readAnswer, voteOf } from './answer.ts'
import { calibrate } from './calibration.ts'
import { hashBytes } from './hash.ts'
import { TALLY_RULE, tally } from './tally.ts'
import type { Call, Seat, VerdictRecord } from './verdict.ts'

/** Codes of calls that brought no text, which nobody can read again. */
const NO_ANSWER = new Set(['timeout', 'unreachable', 'provider_error', 'refused'])

/** What a recount found. */
export type Recount = {
  /** Empty: every figure of the record follows from its answers. */
  faults: string[]
  /** Answers whose text the record does not disclose: their findings were taken as they stand. */
  undisclosed: number
}

/**
 * Recomputes a jury's record from its answers and known answers, bit for bit: prompts, findings,
 * votes, weights, median, effective votes (DSP-23, DSP-24, DSP-27).
 */
export function recount(record: VerdictRecord): Recount {
  const faults: string[] = []
  const expect = (name: string, got: unknown, want: unknown) => {
    if (JSON.stringify(got) !== JSON.stringify(want)) faults.push(name)
  }
  expect('rule', record.rule, TALLY_RULE)
  for (const [key, text] of Object.entries(record.texts)) expect(`texts.${key}`, sha256(text), key)

  const calls = record.seats.flatMap((seat) => seat.calls)
  for (const question of new Set(calls.map((call) => call.question))) {
    const prompts = calls.filter((call) => call.question === question).map((c) => c.promptHash)
    // A reconciling retry carries the first answer, so only first prompts must agree.
    const first = record.seats.flatMap((seat) => firstPrompt(seat, question))
    expect(`prompts.${question}`, new Set(first).size, prompts.length === 0 ? 0 : 1)
  }

  let undisclosed = 0
  record.seats.forEach((seat, index) => {
    for (const call of seat.calls) {
      const raw = record.texts[call.answerHash]
      if (raw === undefined && !NO_ANSWER.has(call.code)) undisclosed += 1
      else if (!NO_ANSWER.has(call.code)) {
        const { code, finding } = readAnswer(raw ?? '', record)
        expect(`seats.${index}.${call.question}`, [code, finding], [call.code, call.finding])
      } else
        expect(
          `seats.${index}.${call.question}`,
          [call.answerHash, call.finding],
          [sha256(''), null],
        )
    }
    expect(`seats.${index}.vote`, voteOf(seat.calls), { voteBps: seat.voteBps, code: seat.code })
  })

  const calibration = calibrate(record.probes, record.seats.length)
  const counted = tally(
    record.seats.map((seat) => seat.voteBps),
    calibration,
  )
  record.seats.forEach((seat, index) => {
    expect(`seats.${index}.logOdds`, seat.logOdds, calibration.weights[index])
    expect(`seats.${index}.weight`, seat.weight, counted.weights[index])
  })
  const { sellerBps } = counted
  expect(
    'sellerBps',
    record.sellerBps,
    sellerBps === null ? null : Math.min(sellerBps, record.capBps),
  )
  expect('leaning', record.leaning, counted.leaning)
  expect('effectiveVotes', record.effectiveVotes, counted.effectiveVotes)
  expect('dissentBps', record.dissentBps, counted.dissent)
  expect('trimmedMeanBps', record.trimmedMeanBps, counted.trimmedMean)
  expect('doubts', record.doubts, counted.doubts)
  return { faults, undisclosed }
}

function firstPrompt(seat: Seat, question: Call['question']): string[] {
  const call = seat.calls.find((other) => other.question === question)
  return call ? [call.promptHash] : []
}

const sha256 = (text: string) => hashBytes(new TextEncoder().encode(text))
