import * as z from 'zod'
import { underLease } from '../lease.ts'
import type { Clock } from '../protocol/clock.ts'
import { EarnestError } from '../protocol/error.ts'
import type { Store } from '../protocol/store.ts'
import type { Account } from './account.ts'
import { accountKey } from './account.ts'
import { type TradeRef, tradeRefSchema } from './engine.ts'

const orderSchema = z.strictObject({
  id: z.string(),
  verb: z.enum(['refund', 'cancel', 'defend']),
  /** The explanation of a defence. */
  text: z.string().nullable(),
  trade: tradeRefSchema,
  alertId: z.int().nullable(),
  /** Who ordered it, and so who alone may confirm it. */
  channel: z.string(),
  account: z.string(),
  /** The escrow as it was shown to the owner; any change on chain voids the order. */
  seq: z.string(),
  state: z.string(),
  amount: z.string(),
  expires: z.int(),
  tries: z.int(),
  stage: z.enum(['asked', 'confirmed', 'done', 'failed', 'dropped']),
  confirmedAt: z.int().nullable(),
  result: z.string().nullable(),
})
/** Something that the engine is told to do, from the asking to the end. */
export type Order = z.infer<typeof orderSchema>

/** Codes that may be wrong before an order is dropped. */
export const MAX_TRIES = 3
/** Seconds for which a confirmed order is tried while the chain cannot be reached. */
export const TRIED_FOR = 3600

/** The orders of one desk. */
export type Orders = ReturnType<typeof createOrders>

/** Keeps the orders: one that waits for each account, one that runs for each escrow. */
export function createOrders({ store, clock }: { store: Store; clock: Clock }) {
  async function read(id: string): Promise<Order | undefined> {
    const known = orderSchema.safeParse(await store.get(`owner/order/${id}`))
    return known.success ? known.data : undefined
  }

  /** From one step to the next, as long as no other process has gone on with it. */
  async function move(from: Order | undefined, to: Order): Promise<void> {
    if (await store.swap(`owner/order/${to.id}`, from, to)) return
    throw elsewhere()
  }

  const waitingKey = ({ channel, account }: Pick<Account, 'channel' | 'account'>) =>
    `owner/waiting/${accountKey(channel, account)}`
  const forget = async (order: Order) => {
    const key = waitingKey(order)
    if ((await store.get(key)) === order.id) await store.delete(key)
  }
  const runningKey = ({ escrowId }: Pick<TradeRef, 'escrowId'>) => `owner/running/${escrowId}`

  async function runningFor(trade: Pick<TradeRef, 'escrowId'>): Promise<Order | undefined> {
    const id = await store.get(runningKey(trade))
    const order = typeof id === 'string' ? await read(id) : undefined
    return order?.stage === 'confirmed' ? order : undefined
  }

  const isTaken = async ({ id, trade }: Order) => ((await runningFor(trade))?.id ?? id) !== id

  return {
    read,
    /** Writes an order down; a later one of the same account takes its place. */
    async ask(order: Order): Promise<void> {
      // The same message once more, after a crash, begins nothing anew.
      if ((await read(order.id)) !== undefined) return
      await move(undefined, order)
      await store.set(waitingKey(order), order.id)
    },
    /** The order that waits for this account's code. */
    async waitingFor(account: Pick<Account, 'channel' | 'account'>): Promise<Order | undefined> {
      const id = await store.get(waitingKey(account))
      const order = typeof id === 'string' ? await read(id) : undefined
      return order?.stage === 'asked' ? order : undefined
    },
    /** Counts a try before its code is looked at: a crash in between gives nobody another one. */
    async count(order: Order): Promise<Order> {
      const counted = { ...order, tries: order.tries + 1 }
      await move(order, counted)
      return counted
    },
    async giveBack(order: Order): Promise<void> {
      await move(order, { ...order, tries: order.tries - 1 })
    },
    async drop(order: Order, result: string): Promise<void> {
      await move(order, { ...order, stage: 'dropped', result })
      await forget(order)
    },
    /** The order that runs for an escrow. */
    runningFor,
    /** From here on it is carried out, by this process or the next. */
    async confirm(order: Order): Promise<Order> {
      const confirmed: Order = { ...order, stage: 'confirmed', confirmedAt: clock.now() }
      const { escrowId } = order.trade
      await underLease({ store, clock }, `owner/lease/trade/${escrowId}`, async () => {
        const standing = await read(order.id)
        if ((standing?.stage ?? 'asked') !== 'asked' || (await isTaken(order))) throw elsewhere()
        // The mark first: an order that is confirmed and that nobody looks for would never be carried out.
        await store.set(runningKey(order.trade), order.id)
        await move(standing, confirmed)
      })
      await forget(order)
      return confirmed
    },
    async end(order: Order, stage: 'done' | 'failed', result: string): Promise<void> {
      await move(order, { ...order, stage, result })
      await store.swap(runningKey(order.trade), order.id, undefined)
    },
    /** The orders' end is remembered for a while, so that the same message does nothing twice. */
    async prune(before: number): Promise<void> {
      for (const key of await store.keys('owner/order/')) {
        const order = await read(key.slice('owner/order/'.length))
        if (order !== undefined && order.stage !== 'confirmed' && order.expires < before) {
          await store.delete(key)
        }
      }
    },
    /** Orders that were confirmed and have not ended. */
    async running(): Promise<Order[]> {
      const orders: Order[] = []
      for (const key of await store.keys('owner/running/')) {
        const id = await store.get(key)
        const order = typeof id === 'string' ? await read(id) : undefined
        if (order?.stage === 'confirmed') orders.push(order)
        // It ended, and the process died before its mark was taken away.
        else if (order !== undefined && order.stage !== 'asked')
          await store.swap(key, id, undefined)
      }
      return orders
    },
  }
}

function elsewhere(): EarnestError {
  return new EarnestError('held_elsewhere', 'Another process is at this order', { retryable: true })
}
