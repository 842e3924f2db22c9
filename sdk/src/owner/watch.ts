import * as z from 'zod'
import { decode, encode } from '../protocol/decode.ts'
import { isEarnestError } from '../protocol/error.ts'
import { hashBytes } from '../protocol/hash.ts'
import { isTerminal } from '../protocol/status.ts'
import type { AlertDraft } from './alert.ts'
import { type DeskContext, findTrade } from './context.ts'
import { type Standing, type TradeRef, tradeRefSchema } from './engine.ts'
import { EMPTY, type Fact, historySchema, type TriggerPolicy, weigh } from './history.ts'
import type { Observation } from './observation.ts'
import { tellAlert } from './post.ts'
import { disputeAlert, findingAlert, requestAlert } from './wording.ts'

const HOUR = 3600
const DAY = 86_400
/** Alerts an hour about what anybody can cause for nothing. */
const MAX_REQUESTS = 5

/** Events of an oracle that begin a phase of a dispute; the chain is asked whether it is so. */
const DISPUTED = new Set([
  'disputed',
  'escalated',
  'proposed',
  'claimed',
  'claim_dropped',
  'claim_ruled',
  'claim_concluded',
])
/** Ends of a trade, and whether the money went back. */
const ENDS: Partial<Record<string, boolean>> = {
  released: false,
  refunded: true,
  expired: true,
  settled: false,
  ruled: false,
  concluded: false,
}

const pendingSchema = tradeRefSchema.pick({ side: true, pactId: true, escrowId: true })
/** Enough to find a trade of one of our agents, on its side of it. */
type Pending = z.infer<typeof pendingSchema>
const bucketSchema = z.strictObject({ since: z.int(), count: z.int(), muted: z.int() })

/** Turns what engines tell into alerts, and most of it into none. */
export interface Watch {
  observe(observation: Observation): Promise<void>
  /** Looks again at what could not be looked at. */
  retry(): Promise<void>
  file(draft: AlertDraft): Promise<void>
  /** How many were not shown before this one; undefined: neither is this one. */
  admit(kind: string): Promise<number | undefined>
}

/** Watches with plain rules: no model is asked whether something is worth an owner's time (TOL-16). */
export function createWatch(context: DeskContext, policy: TriggerPolicy): Watch {
  const { store, clock, engines, alerts } = context

  const find = (ids: Partial<Pending>) => findTrade(context, ids)

  async function file(draft: AlertDraft): Promise<void> {
    await tellAlert(context, await alerts.file(draft))
  }

  /** What is unusual about a fact, with the trade around it where it can be read. */
  async function note(fact: Fact, detail?: string): Promise<void> {
    const wire = await store.get('owner/history')
    const before = wire === undefined ? EMPTY : decode(historySchema, wire, 'store_corrupt')
    const { history, finding } = weigh(before, fact, policy)
    if (finding !== undefined) {
      const found = await find({ escrowId: fact.escrowId })
      const trade = found?.trade ?? null
      const standing = await found?.engine.standing(found.trade).catch(() => undefined)
      const taskId = await found?.engine.taskOf(found.trade)
      await file(findingAlert({ finding, trade, standing, taskId, detail }))
    }
    // After the alert: what is in the history is not found a second time.
    if (history === before) return
    const next = encode(historySchema, history, 'store_corrupt')
    // Another process has noted something meanwhile: ours is weighed again.
    if (!(await store.swap('owner/history', wire, next))) await note(fact, detail)
  }

  async function dispute(ids: Pending): Promise<void> {
    const pending = `owner/pending/${ids.side}/${ids.escrowId}`
    await store.set(pending, ids)
    const found = await find(ids)
    if (found !== undefined) {
      const { trade, engine } = found
      let standing: Standing
      try {
        standing = await engine.standing(trade)
      } catch (error) {
        // It stays pending, and is looked at again.
        if (isEarnestError(error)) return
        throw error
      }
      const isOver = isTerminal(standing.state)
      if (isOver || ['Disputed', 'Negotiating', 'Arbitration'].includes(standing.state)) {
        await closeOlder(trade, standing)
      }
      if (['Disputed', 'Negotiating', 'Arbitration'].includes(standing.state)) {
        const complaint = await engine.complaintOf(trade).catch(() => undefined)
        const taskId = await engine.taskOf(trade)
        await file(disputeAlert({ trade, standing, complaint, taskId }))
      }
    }
    await store.delete(pending)
  }

  /** Of the phases of one dispute the last one is open. */
  async function closeOlder({ side, escrowId }: TradeRef, { seq }: Standing): Promise<void> {
    for (const alert of await alerts.open()) {
      const { trade, reason, key } = alert
      const isIts = trade?.escrowId === escrowId && trade.side === side && reason === 'dispute'
      if (isIts && key !== `dispute/${side}/${escrowId}/${seq}`) {
        await alerts.write({ ...alert, isOpen: false })
      }
    }
  }

  async function admit(kind: string): Promise<number | undefined> {
    const now = clock.now()
    const wire = await store.get(`owner/bucket/${kind}`)
    const known = bucketSchema.safeParse(wire)
    const before = known.success ? known.data : { since: now, count: 0, muted: 0 }
    const isOver = now >= before.since + HOUR
    const bucket = isOver ? { since: now, count: 0, muted: before.muted } : before
    const isFull = bucket.count >= MAX_REQUESTS
    const next = isFull
      ? { ...bucket, muted: bucket.muted + 1 }
      : { ...bucket, count: bucket.count + 1, muted: 0 }
    if (!(await store.swap(`owner/bucket/${kind}`, wire, next))) return await admit(kind)
    return isFull ? undefined : bucket.muted
  }

  /** What anybody may cause: once a day for each who says who it is, for all others once an hour. */
  async function request(
    reason: 'out_of_catalogue' | 'unclassified',
    { asked, by, taskId }: { asked: string; by: string | undefined; taskId: string | null },
  ): Promise<void> {
    const now = clock.now()
    const whose = by === undefined ? 'stranger' : idOf(by)
    const span = by === undefined ? HOUR : DAY
    const key = `${reason}/${whose}/${Math.floor(now / span)}`
    if ((await store.get(`owner/once/${key}`)) !== undefined) return
    const muted = await admit(reason)
    if (muted === undefined) return
    await file(requestAlert({ key, reason, asked, by, taskId, muted }))
  }

  async function observe(observation: Observation): Promise<void> {
    switch (observation.type) {
      case 'oracle_event': {
        const { type, pactId, escrowId } = observation.event
        if (pactId === null || escrowId === null) return
        // An oracle's events are heard by sellers; buyers look at the chain themselves.
        const side = 'seller'
        if (DISPUTED.has(type)) return await dispute({ side, pactId, escrowId })
        const isRefund = ENDS[type]
        if (isRefund === undefined || (await find({ side, pactId, escrowId })) === undefined) return
        await note({ type: 'ended', escrowId, isRefund })
        return await dispute({ side, pactId, escrowId })
      }
      case 'work':
        return await work(observation)
      case 'proposal':
        if (observation.reasonCode !== 'unknown_capability') return
        return await request('out_of_catalogue', {
          asked: `${observation.pact.capability}: ${observation.pact.taskDescription}`,
          by: observation.pact.buyer.did,
          taskId: null,
        })
      case 'outside': {
        const { taskType, text, caller, taskId } = observation
        // Free talk of somebody who does not say who it is costs nothing and means nothing.
        if (taskType === null && caller === undefined) return
        return await request(taskType === null ? 'unclassified' : 'out_of_catalogue', {
          asked: taskType === null ? text : `${taskType} ${text}`.trim(),
          by: caller,
          taskId,
        })
      }
      case 'progress':
        if (observation.progress.step === 'not_claimed') {
          const { escrowId, reason } = observation.progress
          const asked = `The work was paid at once and fails our checks; nobody would hear a claim against the bond (${reason}), so none was made.`
          return await request('unclassified', {
            asked,
            by: `own trade ${escrowId}`,
            taskId: null,
          })
        }
        if (observation.progress.step !== 'funded') return
        return await funded(observation.progress.funded.escrowId)
      case 'stage': {
        const { pactId, escrowId, status } = observation
        if (status === 'disputed') return await dispute({ side: 'buyer', pactId, escrowId })
        if (status === 'pending') return
        if (status === 'released') await note({ type: 'delivered', escrowId })
        else await note({ type: 'failed', escrowId }, status)
        return await note({ type: 'ended', escrowId, isRefund: status === 'refunded' })
      }
      case 'hire_failed': {
        const { tradeId, code } = observation
        await note({ type: 'failed', escrowId: tradeId }, code ?? undefined)
        if (code === null) await unknown(`own trade ${tradeId}`)
        return
      }
    }
  }

  async function work({ event }: Extract<Observation, { type: 'work' }>): Promise<void> {
    const { type, escrowId, detail } = event
    if (type === 'started') return await funded(escrowId)
    if (type === 'delivered') return await note({ type: 'delivered', escrowId })
    if (type === 'retrying') {
      return await note({ type: 'retrying', escrowId, at: clock.now() }, detail)
    }
    if (type !== 'failed') return
    await note({ type: 'failed', escrowId }, detail)
    // A skill threw what the SDK has no word for.
    if (detail !== 'execution_failed') return
    await unknown(`own work on ${escrowId}`)
  }

  async function unknown(by: string): Promise<void> {
    const asked = 'It stopped with an error that has no code; its own log has it.'
    await request('unclassified', { asked, by, taskId: null })
  }

  /** Only what is really funded counts: a pact costs nothing to sign, so it neither alerts nor shifts the median. */
  async function funded(escrowId: string): Promise<void> {
    const found = await find({ escrowId })
    const amountUsdc = await found?.engine.amountOf(found.trade)
    if (amountUsdc !== undefined) await note({ type: 'funded', escrowId, amountUsdc })
  }

  return {
    observe,
    file,
    admit,
    async retry() {
      // Without an engine nothing could be found, and so nothing is given up.
      if (engines.length === 0) return
      for (const key of await store.keys('owner/pending/')) {
        const known = pendingSchema.safeParse(await store.get(key))
        if (known.success) await dispute(known.data)
        else await store.delete(key)
      }
    },
  }
}

function idOf(text: string): string {
  return hashBytes(new TextEncoder().encode(text)).slice(0, 32)
}
