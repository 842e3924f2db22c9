import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  checkRoster,
  hashRoster,
  type Juror,
  jurorSchema,
} from '../../../../oracle/src/settlement/jury/roster.ts'
import { decode } from '../../../../sdk/src/protocol/decode.ts'
import { isEarnestError } from '../../../../sdk/src/protocol/error.ts'

const juror = (change: Partial<Juror>): Juror => ({
  wire: 'openai',
  provider: 'openai',
  model: 'gpt-5',
  family: 'gpt',
  apiKey: 'secret',
  structured: true,
  price: { input: 0n, output: 0n },
  ...change,
})
const five: Juror[] = [
  juror({}),
  juror({ wire: 'anthropic', provider: 'anthropic' }),
  juror({ wire: 'google', provider: 'google' }),
  juror({ wire: 'mistral', provider: 'mistral' }),
  juror({ wire: 'openai-compatible', provider: 'meta', baseUrl: 'https://llama.example/v1' }),
]
const refuses = (roster: Juror[], code: string) =>
  assert.throws(
    () => checkRoster(roster),
    (error) => isEarnestError(error, code),
  )

describe('roster', () => {
  test('[DSP-08][GOV-05] five providers may sit, and none of them twice', () => {
    assert.equal(checkRoster(five).length, 5)
    refuses([...five.slice(0, 4), juror({ model: 'gpt-5-mini' })], 'provider_seated_twice')
  })

  test('[DSP-08] another name for the same house is the same provider', () => {
    const renamed = { wire: 'openai-compatible', provider: 'other' } as const
    refuses(
      [five[0]!, juror({ ...renamed, baseUrl: 'https://api.openai.com/v1' })],
      'provider_seated_twice',
    )
    refuses(
      [five[4]!, juror({ ...renamed, baseUrl: 'https://llama.example/v2' })],
      'provider_seated_twice',
    )
    refuses(
      [five[0]!, juror({ ...renamed, provider: 'OpenAI', baseUrl: 'https://b.example' })],
      'provider_seated_twice',
    )
  })

  test('an endpoint without an address and a sixth seat are refused', () => {
    refuses([juror({ wire: 'openai-compatible', provider: 'meta' })], 'base_url_missing')
    refuses(
      [...five, juror({ wire: 'openai-compatible', provider: 'x', baseUrl: 'https://x.example' })],
      'roster_too_large',
    )
  })

  test('an operator writes prices as decimal text, and a misspelt field is refused', () => {
    const { apiKey: _, ...rest } = juror({})
    const wire = { ...rest, price: { input: '1.25', output: '10' } }
    assert.deepEqual(decode(jurorSchema, wire, 'invalid_juror').price, {
      input: 1_250_000n,
      output: 10_000_000n,
    })
    for (const change of [{ apikey: 'x' }, { wire: 'telnet' }, { price: { input: 1, output: 2 } }])
      assert.throws(
        () => decode(jurorSchema, { ...wire, ...change }, 'invalid_juror'),
        (error) => isEarnestError(error, 'invalid_juror'),
      )
  })

  test('the anchored hash names who judges and carries no key', () => {
    assert.equal(hashRoster(five), hashRoster(five.map(({ apiKey: _, ...rest }) => rest)))
    assert.notEqual(hashRoster(five), hashRoster([juror({ model: 'gpt-6' }), ...five.slice(1)]))
  })
})
