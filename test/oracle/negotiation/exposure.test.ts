import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { escrowIdOfPact, formatUtc, hashPact, type Pact } from '@earnest/sdk/protocol'
import { openStore, type Store } from '../../../oracle/src/store/store.ts'
import { type Server, startServer } from '../../../scripts/local/postgres.ts'
import { openFreshStore } from '../../../scripts/local/store.ts'
import {
  agree,
  call,
  createDesk,
  pactOf,
  problemOf,
  register,
  registrationOf,
  send,
} from '../support/world.ts'

type Desk = Awaited<ReturnType<typeof createDesk>>
const usdc = 1_000_000n
const path = '/api/v1/pacts'
const newcomerCap = 20n * usdc

const propose = (desk: Desk, pact: Pact) =>
  send(desk, { by: desk.buyer, method: 'POST', path, body: registrationOf(desk, pact) })

const cancel = (desk: Desk, pact: Pact) =>
  call(desk, {
    by: desk.seller,
    method: 'POST',
    path: `${path}/${hashPact(pact)}/cancellation`,
    body: { reason: 'no capacity' },
  })

/** What the chain would have said of an escrow, as far as exposure reads it. */
async function setEscrow({ oracle }: Desk, pact: Pact, state: string): Promise<void> {
  const row = {
    escrow_id: escrowIdOfPact({ pact }),
    state,
    buyer: pact.buyer.wallet,
    seller: pact.seller.wallet,
    arbiter: pact.escrow.arbiter,
    amount: pact.paymentUsdc.toString(),
    timer_end: 0,
    funded_at: 1,
    funded_block: 1,
    updated_block: 1,
    awaits: false,
    remind_at: null,
    body: '{}',
  }
  await oracle.db
    .insertInto('escrow')
    .values(row)
    .onConflict((conflict) => conflict.column('escrow_id').doUpdateSet(row))
    .execute()
}

/** Two desks, of one process or of two, over one store, before a newcomer. */
function describeExposure(
  name: string,
  open: () => Promise<{ stores: [Store, Store?]; close: () => Promise<void> }>,
): void {
  describe(name, () => {
    let first: Desk
    let second: Desk
    let close: () => Promise<void>

    before(async () => {
      const opened = await open()
      const [store, other] = opened.stores
      first = await createDesk({ store, newcomerCap })
      second = other ? await createDesk({ store: other, newcomerCap }) : first
      close = opened.close
      await register(first, first.buyer)
      await register(first, first.seller)
    })
    after(async () => {
      await first?.close()
      if (second !== first) await second?.close()
      await close?.()
    })

    test('[W-29] [UNS-14] of two registrations at once that do not both fit, one is refused', async () => {
      for (let round = 0; round < 5; round++) {
        const pacts = [1, 2, 3].map(() => pactOf(first, { paymentUsdc: '15' }))
        const answers = await Promise.all(
          pacts.map((pact, i) => propose(i % 2 ? second : first, pact)),
        )
        const statuses = answers.map(({ status }) => status).sort()
        assert.deepEqual(statuses, [201, 409, 409])
        const lost = answers.find(({ status }) => status === 409)
        const problem = (await lost?.json()) as { code: string; details: object }
        assert.equal(problem.code, 'exposure_exceeded')
        assert.deepEqual(problem.details, { limitUsdc: '20', openUsdc: '15', amountUsdc: '15' })
        // What was refused left nothing behind; taken back, the room is free again.
        const kept = pacts[answers.findIndex(({ status }) => status === 201)] as Pact
        const gone = pacts.filter((pact) => pact !== kept)
        for (const pact of gone) {
          assert.equal((await first.app.request(`${path}/${hashPact(pact)}`)).status, 404)
        }
        await cancel(first, kept)
      }
    })

    test('the same pact again takes no more room, and the quote counts what is open', async () => {
      const pact = pactOf(first, { paymentUsdc: '15' })
      await agree(first, pact)
      await agree(first, pact)
      const query = new URLSearchParams({
        buyer: first.buyer.identity.did,
        seller: first.seller.identity.did,
        capability: 'financial_analysis',
        amount: '6',
      })
      const quote = (await (await first.app.request(`/api/v1/quote?${query}`)).json()) as {
        openExposureUsdc: string
        acceptable: boolean
      }
      assert.deepEqual([quote.openExposureUsdc, quote.acceptable], ['15', false])
      await agree(first, pactOf(first, { paymentUsdc: '5' }))
      const more = await propose(first, pactOf(first, { paymentUsdc: '0.01' }))
      assert.deepEqual(await problemOf(more), [409, 'exposure_exceeded'])
      await cancel(first, pact)
      await agree(first, pactOf(first, { paymentUsdc: '15' }))
    })

    test('what nobody funded in time is room again, after the time to read the chain', async () => {
      const fundBy = first.clock.now() + 3600
      const late = () => propose(first, pactOf(first, { paymentUsdc: '20' }))
      first.clock.set(fundBy + 119)
      assert.deepEqual(await problemOf(await late()), [409, 'exposure_exceeded'])
      first.clock.set(fundBy + 120)
      assert.equal((await late()).status, 201)
      first.clock.set(first.clock.now() + 4000)
    })

    test('new terms that are funded with other money make room for no more of their kind', async () => {
      const wire = { paymentUsdc: '20', proposedAt: formatUtc(first.clock.now()) }
      const pact = pactOf(first, wire)
      await agree(first, pact)
      await setEscrow(first, pact, 'Funded')
      const second = pactOf(first, wire)
      await agree(first, second)
      // Funded beside the first, and not out of it.
      await setEscrow(first, second, 'Funded')
      const third = pactOf(first, wire)
      assert.deepEqual(await problemOf(await propose(first, third)), [409, 'exposure_exceeded'])
      // Moved out of the first it may be changed again.
      await setEscrow(first, pact, 'Amended')
      const at = { block_number: 1, log_index: 0, block_hash: '0x', tx_hash: '0x', timestamp: 1 }
      const logs = [pact, second].map((each) => ({
        ...at,
        escrow_id: escrowIdOfPact({ pact: each }),
        raw: '{}',
      }))
      await first.oracle.db.insertInto('log').values(logs).execute()
      assert.equal((await propose(first, third)).status, 201)
      await cancel(first, third)
      await setEscrow(first, second, 'Completed')
    })

    test('a lock keeps its room until it ends, and new terms for it need no more', async () => {
      const pact = pactOf(first, { paymentUsdc: '20' })
      await agree(first, pact)
      await setEscrow(first, pact, 'Funded')
      first.clock.set(first.clock.now() + 4000)
      const wire = { paymentUsdc: '20', proposedAt: formatUtc(first.clock.now()) }
      const moved = pactOf(first, wire)
      assert.equal((await propose(first, moved)).status, 201)
      // One amendment for one lock: a second is a trade of its own.
      const another = await propose(first, pactOf(first, wire))
      assert.deepEqual(await problemOf(another), [409, 'exposure_exceeded'])
      await cancel(first, moved)
      for (const state of ['Delivered', 'Disputed', 'Negotiating', 'Arbitration']) {
        await setEscrow(first, pact, state)
        const response = await propose(first, pactOf(first, { paymentUsdc: '1' }))
        assert.deepEqual(await problemOf(response), [409, 'exposure_exceeded'])
      }
      await setEscrow(first, pact, 'Completed')
      assert.equal((await propose(first, pactOf(first, { paymentUsdc: '20' }))).status, 201)
    })
  })
}

describeExposure('exposure in PGlite', async () => ({
  stores: [await openFreshStore()],
  close: async () => {},
}))

describeExposure('exposure of two processes on PostgreSQL', async () => {
  const server: Server = await startServer()
  const url = await server.database('exposure')
  return {
    stores: [await openStore({ url }), await openStore({ url })],
    close: () => server.close(),
  }
})
