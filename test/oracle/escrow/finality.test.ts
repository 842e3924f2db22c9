import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createPublicClient, custom, numberToHex, type PublicClient } from 'viem'
import type { Chain } from '../../../oracle/src/escrow/chain.ts'
import { isFinal, readHeads } from '../../../oracle/src/escrow/finality.ts'
import { finalAt } from '../../../sdk/src/escrow/finality.ts'

const usdc = 1_000_000n
const block = 1000
const far = block + 1000
/** Each side of both bounds, to the base unit. */
const [small, middling, large] = [
  [10_000n, 100n * usdc - 1n],
  [100n * usdc, 10_000n * usdc - 1n],
  [10_000n * usdc, 1_000_000n * usdc],
] as const

/** A chain that is asked for nothing but its blocks, and how often each was asked for. */
function chainAt(heads: Record<'latest' | 'safe' | 'finalized', number>) {
  const asked: unknown[] = []
  const request = async ({ method, params }: { method: string; params?: unknown[] }) => {
    const tag = method === 'eth_blockNumber' ? 'latest' : (params?.[0] as keyof typeof heads)
    asked.push(tag)
    const number = numberToHex(heads[tag])
    return method === 'eth_blockNumber' ? number : { number, transactions: [] }
  }
  const client = createPublicClient({ transport: custom({ request }) }) as PublicClient
  return { asked, client }
}

describe('finality', () => {
  test('below 100 USDC two blocks on top are enough, and one is not', () => {
    for (const amount of small) {
      const after = (blocks: number) =>
        isFinal({ amount, block, heads: { latest: block + blocks, safe: 0, finalized: 0 } })
      assert.deepEqual([0, 1, 2].map(after), [false, false, true], String(amount))
    }
  })

  test('from 100 USDC on the safe block has to have it, however many blocks are on top', () => {
    for (const amount of middling) {
      const at = (safe: number) =>
        isFinal({ amount, block, heads: { latest: far, safe, finalized: 0 } })
      assert.deepEqual([block - 1, block].map(at), [false, true], String(amount))
    }
  })

  test('from 10,000 USDC on the finalized block has to have it, whatever is safe', () => {
    for (const amount of large) {
      const at = (finalized: number) =>
        isFinal({ amount, block, heads: { latest: far, safe: far, finalized } })
      assert.deepEqual([block - 1, block].map(at), [false, true], String(amount))
    }
  })

  test('the oracle asks for the heads that the amounts want, and for no more', async () => {
    const heads = { latest: far, safe: 900, finalized: 800 }
    const cheap = chainAt(heads)
    const known = { client: cheap.client } as Pick<Chain, 'client'>
    assert.deepEqual(await readHeads(known, { latest: far, amounts: small }), {
      latest: far,
      safe: 0,
      finalized: 0,
    })
    assert.deepEqual(cheap.asked, [])
    const dear = { client: chainAt(heads).client } as Pick<Chain, 'client'>
    for (const amounts of [middling, large, [...small, ...middling]]) {
      assert.deepEqual(await readHeads(dear, { latest: far, amounts }), heads)
    }
  })

  test('a seller that looks for itself is as sure as the oracle, at each side of each bound', async () => {
    const { client } = chainAt({ latest: far, safe: 0, finalized: 0 })
    for (const amount of small) {
      assert.deepEqual(await finalAt(client, amount), { blockNumber: BigInt(far - 2) })
    }
    for (const amount of middling) {
      assert.deepEqual(await finalAt(client, amount), { blockTag: 'safe' })
    }
    for (const amount of large) {
      assert.deepEqual(await finalAt(client, amount), { blockTag: 'finalized' })
    }
    // A chain of one block has nothing below its first.
    const young = chainAt({ latest: 1, safe: 0, finalized: 0 })
    assert.deepEqual(await finalAt(young.client, 1n), { blockNumber: 0n })
  })
})
