import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openQuietSeller } from './a2a/quietSeller.ts'
import { negotiationCases } from './hostile/negotiation.ts'
import { proposalCases } from './hostile/proposal.ts'
import { transportCases } from './hostile/transport.ts'
import { workCases } from './hostile/work.ts'

describe('hostile requests to a seller', () => {
  for (const { on, attack, what, answer, act } of [
    ...transportCases,
    ...proposalCases,
    ...negotiationCases,
  ]) {
    test(`${on}, ${attack}: ${what} answers ${answer}`, async () => {
      assert.equal(await act(await openQuietSeller()), answer)
    })
  }
  for (const { on, attack, what, answer, act } of workCases) {
    test(`${on}, ${attack}: ${what} answers ${answer}`, async () => {
      assert.equal(await act(), answer)
    })
  }
})
