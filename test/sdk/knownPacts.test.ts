import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createKnownPacts } from '../../sdk/src/knownPacts.ts'

const registered = (pactId: string) => ({ type: 'pact_registered', pactId }) as const

describe('known pacts', () => {
  test('a pact is known from its registration until it is taken back, and by nothing else', () => {
    const known = createKnownPacts()
    known.hear({ type: 'funded', pactId: 'a' })
    known.hear({ type: 'score_changed', pactId: null })
    assert.equal(known.has('a'), false)
    known.hear(registered('a'))
    known.hear({ type: 'funded', pactId: 'a' })
    assert.equal(known.has('a'), true)
    known.hear({ type: 'pact_cancelled', pactId: 'a' })
    known.hear({ type: 'funded', pactId: 'a' })
    assert.equal(known.has('a'), false)
  })

  test('the oldest of too many is forgotten', () => {
    const known = createKnownPacts()
    for (let n = 0; n <= 1_000; n++) known.hear(registered(`${n}`))
    assert.deepEqual([known.has('0'), known.has('1'), known.has('1000')], [false, true, true])
  })
})
