import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Route, type RouteName, routes } from '@earnest/sdk/protocol'
import { createDesk } from '../oracle/support/world.ts'
import { readingCases } from './hostile/reading.ts'
import { type Stand, samples, setUp } from './hostile/sample.ts'
import { friendly, signedCases } from './hostile/signed.ts'
import { writingCases } from './hostile/writing.ts'

describe('hostile requests to the oracle', () => {
  let stand: Stand
  before(async () => {
    stand = await setUp(await createDesk())
  })
  after(() => stand.desk.close())

  for (const { on, attack, what, answer, act } of [
    ...signedCases,
    ...readingCases,
    ...writingCases,
  ]) {
    test(`${on}, ${attack}: ${what} answers ${answer}`, async () => {
      assert.equal(await act(stand), answer)
    })
  }

  for (const name of Object.keys(samples) as RouteName[]) {
    test(`${name}: with nothing wrong it is read to the end`, async () => {
      const answer = await friendly(name, stand)
      assert.doesNotMatch(answer, /^(400|401|413|500)|invalid_request|request_replayed/)
    })
  }

  test('every route has its cases', () => {
    const tried = new Set([...signedCases, ...readingCases].map(({ on }) => on))
    // Nothing can be wrong with a question that has no parts.
    const plain = Object.entries<Route>(routes).filter(
      ([, { signed, params, query }]) => !signed && params === undefined && query === undefined,
    )
    const untried = Object.keys(routes).filter((name) => !tried.has(name))
    assert.deepEqual(untried.sort(), plain.map(([name]) => name).sort())
  })
})
