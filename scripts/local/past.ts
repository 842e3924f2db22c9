import type { Identity } from '@earnest/sdk/protocol'
import { append } from '../../oracle/src/store/journal.ts'
import type { Db } from '../../oracle/src/store/store.ts'

const DAY = 86_400
/** Buyers of the past. */
const CUSTOMERS = 30

/**
 * Writes a simulated past into an oracle's journal, as one has it that has been running for a while:
 * every customer bought from every seed, and each seller served `trades` of the customers.
 */
export async function writePast(
  db: Db,
  signer: Identity,
  {
    seeds,
    sellers,
    capability,
    trades,
    now,
  }: {
    /** Agents from whom everybody's trust flows. */
    seeds: readonly string[]
    sellers: readonly string[]
    capability: string
    trades: number
    /** Unix seconds; the past begins 30 days before. */
    now: number
  },
): Promise<void> {
  const customers = Array.from({ length: CUSTOMERS }, (_, i) => `did:key:customer-${i}`)
  let n = 0
  const trade = (buyer: string, seller: string) => ({
    kind: 'settled',
    escrowId: `past-${crypto.randomUUID()}`,
    pactId: 'ab'.repeat(32),
    at: now - 30 * DAY + 600 * n++,
    buyer,
    seller,
    capability,
    amount: 50_000_000n,
    protocolFee: 500_000n,
    ending: 'completed',
    sellerBps: 10_000,
  })
  // Everybody bought from the seeds first, so that its word as a buyer weighs something.
  const facts = [
    ...customers.flatMap((customer) => seeds.map((seed) => trade(customer, seed))),
    ...sellers.flatMap((seller, i) =>
      Array.from({ length: trades }, (_, k) =>
        trade(customers[(i + 7 * k) % customers.length] as string, seller),
      ),
    ),
  ]
  await db.transaction().execute((tx) =>
    append(
      tx,
      signer,
      facts.map((fact) => ({
        action: 'settlement_recorded',
        subject: fact.escrowId,
        at: fact.at,
        data: {},
        fact,
      })),
    ),
  )
}
