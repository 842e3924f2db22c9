import { createMemoryStore } from '../../../sdk/src/memoryStore.ts'
import type { Channel, Delivery, Incoming, Reception } from '../../../sdk/src/owner/channel.ts'
import {
  createOwnerDesk,
  type OwnerDesk,
  type OwnerDeskOptions,
} from '../../../sdk/src/owner/desk.ts'
import type { OwnerEngine, Standing, TradeRef } from '../../../sdk/src/owner/engine.ts'
import { plainText } from '../../../sdk/src/owner/letter.ts'
import { createManualClock } from '../../../sdk/src/protocol/clock.ts'
import { EarnestError } from '../../../sdk/src/protocol/error.ts'
import { isTerminal } from '../../../sdk/src/protocol/status.ts'

export const START = 1_800_000_000
const hex = (text: string) => text.repeat(64).slice(0, 64)
export const tradeOf = (letter: string): TradeRef => ({
  side: 'seller',
  pactId: hex(letter),
  escrowId: `0x${hex(letter)}`,
  milestone: 0,
})

/** A channel without a wire: what goes out is kept, what comes in the test says. */
export function createBox(name = 'box', isAnsweredByLink = false) {
  let reception: Reception | undefined
  let count = 0
  const sent: (Delivery & { messageId: string })[] = []
  /** Errors that the next sendings throw. */
  const failures: Error[] = []
  const channel: Channel = {
    name,
    isAnsweredByLink,
    async send(delivery) {
      const failure = failures.shift()
      if (failure) throw failure
      const messageId = `${name}-${sent.length + 1}`
      sent.push({ ...delivery, messageId })
      return { messageId }
    },
    async open(opened) {
      reception = opened
    },
    async close() {},
  }
  const box = {
    channel,
    sent,
    failures,
    reception: () => reception as Reception,
    texts: () => sent.map(({ letter }) => plainText(letter)),
    last: () => plainText(sent.at(-1)?.letter as Delivery['letter']),
    /** The code of the last letter that has one. */
    code: () =>
      /confirm ([0-9]{6})/.exec(
        box.texts().findLast((each) => /confirm [0-9]{6}/.test(each)) ?? '',
      )?.[1] ?? '',
    async hear(text: string, changes: Partial<Incoming> & { now: number }) {
      const { now, ...rest } = changes
      return await box.reception().receive({
        account: 'owner',
        messageId: `in-${++count}`,
        text,
        sentAt: now,
        replyTo: null,
        refusal: null,
        ...rest,
      })
    },
  }
  return box
}

/** An engine over trades that the test moves as it likes; it counts what it was told to do. */
export function createEngine() {
  const trades = new Map<string, { trade: TradeRef; standing: Standing }>()
  const done: { verb: string; escrowId: string; text?: string }[] = []
  /** Errors that the next calls of a kind throw, before or after the deed. */
  const failures: { before: Error[]; after: Error[] } = { before: [], after: [] }
  const of = (trade: TradeRef) => {
    const known = trades.get(trade.escrowId)
    if (known === undefined) throw new EarnestError('unknown_trade', 'No such trade')
    return known
  }
  const move = (escrowId: string, changes: Partial<Standing>) => {
    const known = trades.get(escrowId)
    if (known === undefined) throw new Error('no trade')
    const state = changes.state ?? known.standing.state
    const verbs: Standing['verbs'] =
      state === 'None'
        ? ['cancel']
        : state === 'Disputed'
          ? ['refund', 'defend']
          : isTerminal(state)
            ? []
            : ['refund']
    known.standing = { ...known.standing, seq: known.standing.seq + 1n, verbs, ...changes }
  }
  const act = async (trade: TradeRef, seq: bigint, verb: string, state: Standing['state']) => {
    const before = failures.before.shift()
    if (before) throw before
    const { standing } = of(trade)
    if (standing.seq !== seq) throw new EarnestError('invalid_authorization', 'Another seq')
    done.push({ verb, escrowId: trade.escrowId })
    move(trade.escrowId, { state, window: null, otherwise: null })
    const after = failures.after.shift()
    if (after) throw after
    return { txHash: `0x${'7'.repeat(64)}` as const, blockNumber: 1n }
  }
  const engine: OwnerEngine = {
    async find({ pactId, escrowId }) {
      return [...trades.values()].find(
        ({ trade }) => trade.escrowId === escrowId || (!escrowId && trade.pactId === pactId),
      )?.trade
    },
    amountOf: async (trade) => of(trade).standing.amountUsdc,
    async standing(trade) {
      return of(trade).standing
    },
    complaintOf: async () => 'It is not what I ordered',
    refund: (trade, { seq }) => act(trade, seq, 'refund', 'Refunded'),
    async refunded(trade) {
      const isBack = of(trade).standing.state === 'Refunded'
      return isBack ? { txHash: `0x${'7'.repeat(64)}` } : undefined
    },
    async defend(trade, text) {
      const sent = await act(trade, of(trade).standing.seq, 'defend', 'Negotiating')
      Object.assign(done.at(-1) as object, { text })
      return sent
    },
    async cancel(trade) {
      const before = failures.before.shift()
      if (before) throw before
      done.push({ verb: 'cancel', escrowId: trade.escrowId })
      trades.delete(trade.escrowId)
      const after = failures.after.shift()
      if (after) throw after
    },
    cancelled: async ({ escrowId }) =>
      done.some((each) => each.verb === 'cancel' && each.escrowId === escrowId),
    taskOf: async (trade) => `task-${trade.pactId[0]}`,
  }
  return {
    engine,
    done,
    failures,
    move,
    standing: (trade: TradeRef) => of(trade).standing,
    add(trade: TradeRef, changes: Partial<Standing> = {}) {
      trades.set(trade.escrowId, {
        trade,
        standing: {
          capability: 'greeting',
          counterparty: 'did:key:zBuyer',
          amountUsdc: 10_000_000n,
          state: 'Disputed',
          seq: 3n,
          proposedBps: null,
          window: { from: START, until: START + 7200 },
          otherwise: 'the matter goes to the arbiter',
          verbs: ['refund', 'defend'],
          ...changes,
        },
      })
    },
  }
}

const desks = new Set<OwnerDesk>()

/** Stops every desk that a test opened. */
export async function closeDesks(): Promise<void> {
  for (const desk of desks) await desk.stop()
  desks.clear()
}

/** A desk with one linked account, whose clock and trades the test moves. */
export async function openDesk({
  only = false,
  ...changes
}: Partial<OwnerDeskOptions> & {
  /** True: the named channels and no other, with nobody linked. */
  only?: boolean
} = {}) {
  const clock = createManualClock(START)
  const box = createBox()
  const errors: unknown[] = []
  const store = changes.store ?? createMemoryStore()
  const world = createEngine()
  const options = {
    store,
    clock: changes.clock ?? clock,
    tickMs: 1_000_000,
    onError: (error: unknown) => errors.push(error),
    ...changes,
    channels: only ? (changes.channels ?? []) : [box.channel, ...(changes.channels ?? [])],
  }
  const open = async () => {
    const desk = await createOwnerDesk(options)
    desks.add(desk)
    desk.attach(world.engine)
    await desk.start()
    await desk.idle()
    return desk
  }
  const desk = await open()
  const settle = async (which = desk) => {
    await which.tick()
    await which.idle()
    await which.tick()
    await which.idle()
  }
  if (!only) {
    const linked = await desk.link('box')
    await box.hear(`link ${linked}`, { now: clock.now() })
    await settle()
  }
  box.sent.length = 0
  return {
    desk,
    clock,
    box,
    store,
    world,
    errors,
    settle,
    /** The same desk after a crash: nothing but the store is left. */
    reopen: open,
    hear: (text: string, incoming: Partial<Incoming> = {}) =>
      box.hear(text, { now: clock.now(), ...incoming }),
    /** Tells the desk what an oracle says about a trade. */
    async tell(type: string, trade: TradeRef) {
      const { pactId, escrowId } = trade
      await desk.observe({
        type: 'oracle_event',
        event: { type, pactId, escrowId } as never,
      })
      await settle()
    },
  }
}
