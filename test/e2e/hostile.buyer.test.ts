import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { buyerRpcCases } from './hostile/buyerRpc.ts'
import { cardCases } from './hostile/card.ts'
import { deliveryCases } from './hostile/delivery.ts'
import { oracleCases } from './hostile/oracle.ts'

describe('what a buyer makes of hostile answers', () => {
  for (const { on, attack, what, answer, act } of [
    ...cardCases,
    ...oracleCases,
    ...deliveryCases,
    ...buyerRpcCases,
  ]) {
    test(`${on}, ${attack}: ${what} gives ${answer}`, async () => {
      assert.equal(await act(), answer)
    })
  }
})
