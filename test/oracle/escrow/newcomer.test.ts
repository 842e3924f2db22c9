import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Chain } from '../../../oracle/src/escrow/chain.ts'
import { createSteps, watchFunders } from '../../../oracle/src/escrow/funder.ts'
import { takeLease } from '../../../oracle/src/store/lease.ts'
import { createDesk } from '../support/world.ts'

const wallet = (n: number) => `0x${n.toString(16).padStart(40, '0')}`
const HEAD = 10_000_000

test('strangers who register keep nobody’s funder from being found, and are read themselves', async () => {
  const desk = await createDesk()
  try {
    const { db, signer, chain } = desk.oracle
    const row = { incoming: '[]', funder: null, since: HEAD, done: false }
    const newcomers = Array.from({ length: 150 }, (_, n) => ({
      ...row,
      wallet: wallet(n),
      block: 0,
    }))
    const known = { ...row, wallet: wallet(900), block: HEAD - 1_500 }
    await db
      .insertInto('origin')
      .values([...newcomers, known])
      .execute()
    const asked: { from: number; to: number }[] = []
    const client = {
      getBlock: async () => ({ number: BigInt(HEAD), timestamp: BigInt(HEAD) }),
      async getLogs(query: { args: { to: string[] }; fromBlock: bigint; toBlock: bigint }) {
        const [from, to] = [Number(query.fromBlock), Number(query.toBlock)]
        assert.ok(to - from < 2_000 && query.args.to.length <= 100)
        asked.push({ from, to })
        const blockNumber = HEAD - 10
        if (!query.args.to.includes(known.wallet) || from > blockNumber || to < blockNumber)
          return []
        const args = { from: wallet(901), to: known.wallet, value: 50_000_000n }
        return [{ args, blockNumber: BigInt(blockNumber), logIndex: 0 }]
      },
    }
    const faked = { ...chain, client, startBlock: 1 } as unknown as Chain
    const lease = await takeLease(db, { name: 'indexer', holder: 'test', seconds: 60 })
    assert.ok(lease)
    assert.equal(
      await watchFunders({ db, signer, chain: faked, lease, steps: createSteps() }),
      true,
    )
    const found = await db.selectFrom('origin').selectAll().where('wallet', '=', known.wallet)
    const { funder, block } = await found.executeTakeFirstOrThrow()
    assert.deepEqual([funder, block], [wallet(901), HEAD + 1])
    assert.ok(asked.some(({ from }) => from === 1))
    const { behind } = await db
      .selectFrom('origin')
      .select((eb) => eb.fn.countAll<number>().as('behind'))
      .where('block', '=', 0)
      .executeTakeFirstOrThrow()
    assert.equal(Number(behind), 0, 'all of them were begun')
  } finally {
    await desk.close()
  }
})
