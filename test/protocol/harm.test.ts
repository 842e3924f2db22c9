import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Call, foundHarm, readAnswer, type Seat } from '@earnest/sdk/protocol'

const hash = 'ab'.repeat(32)

/** A call whose finding says so of harm; left out where the judge did not answer the question. */
function call(question: Call['question'], harm?: boolean): Call {
  const words = { scopeMet: 'no', qualityMet: false, releasePercentage: 0 } as const
  const finding = { ...words, ...(harm !== undefined && { harm }) }
  return { question, promptHash: hash, answerHash: hash, code: 'ok', finding }
}

function seat(calls: Call[], { weight = 100, votes = true } = {}): Seat {
  const voteBps = votes ? 0 : null
  return { provider: 'a', model: 'b', calls, voteBps, code: 'ok', logOdds: weight, weight }
}

const yes = () => seat([call('normal', true), call('swapped', true)])
const no = () => seat([call('normal', false), call('swapped', false)])

describe('foundHarm', () => {
  const cases: [string, Seat[], boolean][] = [
    ['three of five', [yes(), yes(), yes(), no(), no()], true],
    ['two of five', [yes(), yes(), no(), no(), no()], false],
    ['half', [yes(), yes(), no(), no()], false],
    ['nobody', [], false],
    ['verdicts of before the question', [seat([call('normal')]), seat([call('normal')])], false],
    [
      'one order of two',
      [seat([call('normal', true), call('swapped', false)]), yes(), no()],
      false,
    ],
    [
      'a seat that sees harm in nothing at all',
      [seat([call('normal', true), call('swapped', true), call('empty', true)]), no()],
      false,
    ],
    ['seats that abstain', [seat([call('normal', true)], { votes: false }), no()], false],
    [
      'the many without weight',
      [
        seat([call('normal', true)], { weight: 0 }),
        seat([call('normal', true)], { weight: 0 }),
        no(),
      ],
      false,
    ],
    ['a reconciled answer', [seat([call('normal', false), call('normal', true)])], true],
  ]
  for (const [name, seats, found] of cases) {
    test(`${name}: ${found ? 'harm' : 'none'}`, () => assert.equal(foundHarm({ seats }), found))
  }

  test('an answer of before the question reads as it did, and one that answers otherwise than by yes or no is none', () => {
    const words = {
      scopeMet: 'no',
      qualityMet: false,
      releasePercentage: 0,
      reasoning: 'Nothing.',
      caseNonce: 'n',
    }
    const read = (extra: object) =>
      readAnswer(JSON.stringify({ ...words, ...extra }), { nonce: 'n', canary: 'c-1' })
    assert.deepEqual(read({}).finding, { scopeMet: 'no', qualityMet: false, releasePercentage: 0 })
    assert.equal(read({ harm: true }).finding?.harm, true)
    for (const harm of [null, 'yes', 1]) assert.equal(read({ harm }).code, 'invalid_verdict')
  })
})
