import { underLease } from '../lease.ts'
import { EarnestError, isEarnestError } from '../protocol/error.ts'
import { type DeskContext, engineOf } from './context.ts'
import type { OwnerEngine } from './engine.ts'
import { letter } from './letter.ts'
import { type Order, TRIED_FOR } from './order.ts'
import { tellAll } from './post.ts'

/** Carries out what was confirmed. */
export interface Execution {
  /** Begins everything that was confirmed and does not run, also what a dead process left. */
  resume(): Promise<void>
  /** Waits until nothing runs. */
  idle(): Promise<void>
}

/** One order runs at a time for an escrow, and as often as it takes until it has ended on chain. */
export function createExecution(context: DeskContext): Execution {
  const { store, orders, clock, audit, alerts, inTurn } = context
  const running = new Map<string, Promise<void>>()

  /** No two processes carry out one order; that of a process that died is taken up when its lease is over. */
  async function alone({ id }: Order): Promise<void> {
    await underLease({ store, clock }, `owner/lease/order/${id}`, async () => {
      const order = await orders.read(id)
      if (order?.stage === 'confirmed') await carryOut(order)
    })
  }

  async function carryOut(order: Order): Promise<void> {
    let result: string
    try {
      const engine = await engineOf(context, order.trade)
      if (engine !== undefined) {
        result = await run(engine, order)
      } else if (order.verb === 'cancel' && (await wasCancelled(order))) {
        // The process died between the cancelling and its note.
        result = 'cancelled'
      } else {
        // Its engine may be attached a moment later.
        throw new EarnestError('unknown_trade', 'No agent here knows it', { retryable: true })
      }
    } catch (error) {
      const isOurs = isEarnestError(error)
      const mayTry = clock.now() < (order.confirmedAt ?? 0) + TRIED_FOR
      if (isOurs && error.retryable && mayTry) return
      const isSure = isOurs && !error.retryable
      return await inTurn(() => fail(order, isOurs ? error.code : 'execution_failed', isSure))
    }
    await inTurn(() => succeed(order, result))
  }

  async function wasCancelled({ trade }: Order): Promise<boolean> {
    const answers = await Promise.all(context.engines.map((engine) => engine.cancelled(trade)))
    return answers.includes(true)
  }

  async function succeed(order: Order, result: string): Promise<void> {
    const { id, verb, trade, amount, alertId } = order
    const words = {
      refund: [`${amount} went back to the buyer`, `Transaction ${result}`],
      cancel: ['Cancelled', 'What was not funded will not be.'],
      defend: ['Your defence is on record', 'The other side and the arbiter read it.'],
    }[verb] as [string, string]
    await audit.note('executed', { order: id, verb, escrowId: trade.escrowId, result })
    const about = `Ordered by ${order.channel}. Escrow ${trade.escrowId}`
    await tellAll(context, { key: `done/${id}`, letter: letter(words[0], [words[1], about]) })
    for (const alert of await alerts.open()) {
      const isDone = alert.id === alertId || alert.trade?.escrowId === trade.escrowId
      if (isDone && verb !== 'defend') await alerts.write({ ...alert, isOpen: false })
    }
    await orders.end(order, 'done', result)
  }

  async function fail(order: Order, code: string, isSure: boolean): Promise<void> {
    const { id, verb, trade, channel, account } = order
    await audit.note('failed', { order: id, verb, escrowId: trade.escrowId, code })
    const it = letter(`Not done: ${verb}`, [
      isSure
        ? `The engine says ${code}. No money was moved by this order.`
        : `It could not be finished (${code}). What was sent may still arrive: ask for the status.`,
      `Escrow ${trade.escrowId}`,
    ])
    await context.outbox.put({ key: `failed/${id}`, letter: it, channel, account })
    await orders.end(order, 'failed', code)
  }

  return {
    async resume() {
      for (const order of await orders.running()) {
        if (running.has(order.id)) continue
        const run = alone(order).finally(() => running.delete(order.id))
        running.set(order.id, run)
        void run.catch(() => {})
      }
    },
    async idle() {
      while (running.size > 0) await Promise.allSettled(running.values())
    },
  }
}

/** Does it, once: what was done before the process died is found on chain and not done again. */
async function run(engine: OwnerEngine, { verb, trade, seq, text }: Order): Promise<string> {
  const bound = { seq: BigInt(seq) }
  if (verb === 'cancel') {
    await engine.cancel(trade)
    return 'cancelled'
  }
  const now = await engine.standing(trade)
  if (now.seq === bound.seq) {
    try {
      const sent =
        verb === 'refund'
          ? await engine.refund(trade, bound)
          : await engine.defend(trade, text ?? '')
      return sent?.txHash ?? 'defended'
    } catch (error) {
      const before = verb === 'refund' ? await engine.refunded(trade) : undefined
      if (before === undefined) throw error
      return before.txHash
    }
  }
  const before = verb === 'refund' ? await engine.refunded(trade) : undefined
  if (before !== undefined) return before.txHash
  // Our own answer is the one change that there was.
  if (verb === 'defend' && now.state === 'Negotiating' && now.seq === bound.seq + 1n)
    return 'defended'
  throw new EarnestError('state_changed', 'The trade has moved on since the order was given')
}
