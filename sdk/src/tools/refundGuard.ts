import * as z from 'zod'
import type { Clock } from '../protocol/clock.ts'
import { decode } from '../protocol/decode.ts'
import type { Store } from '../protocol/store.ts'
import { refusal } from './tool.ts'

/** How much of its disputes a model may give back by itself. */
export interface RefundRule {
  /** Share of the answered disputes, 0 to 1, that may end in `agree_refund`. */
  maxShare: number
  /** Disputes from which on the share is looked at. */
  fromDisputes: number
  /** Seconds that count. */
  window: number
}

/** Every second dispute at most, from the fourth in ninety days. */
export const defaultRefundRule: RefundRule = {
  maxShare: 0.5,
  fromDisputes: 4,
  window: 90 * 86_400,
}

const answerSchema = z.strictObject({ action: z.enum(['defend', 'agree_refund']), at: z.int() })
type Answer = z.output<typeof answerSchema>

/** What the owner should hear of. */
export interface ToolAlert {
  code: 'refund_rate_exceeded'
  escrowId: string
  refunds: number
  disputes: number
}

/** Keeps a model from taking the easy path always (TOL-14). */
export interface RefundGuard {
  /**
   * Does what answers a dispute and counts it. Throws `refund_rate_exceeded` where one more refund is above
   * the rule: the owner may still refund, the model may only defend.
   */
  answer<T>(
    dispute: { escrowId: string; round: number; action: 'defend' | 'agree_refund' },
    act: () => Promise<T>,
  ): Promise<T>
}

/** Makes the guard of one agent. */
export function createRefundGuard({
  store,
  clock,
  rule,
  onAlert,
}: {
  store: Store
  clock: Clock
  rule: RefundRule
  onAlert: (alert: ToolAlert) => void
}): RefundGuard {
  let counting: Promise<unknown> = Promise.resolve()

  /** One at a time: what one call has counted and not yet weighed lets no other past. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = counting.then(work, work)
    counting = next.catch(() => {})
    return next
  }

  /** Counts an answer and weighs it; gives what stood there before. */
  async function count(
    place: string,
    { escrowId, action }: { escrowId: string; action: Answer['action'] },
  ): Promise<Answer | undefined> {
    const own = await read(place)
    // What was begun under the rule is finished under it; another answer was not weighed yet.
    if (own?.action === action) return own
    await store.set(place, { action, at: clock.now() })
    try {
      if (action === 'agree_refund') await check(escrowId)
    } catch (error) {
      await putBack(place, own)
      throw error
    }
    return own
  }

  async function putBack(place: string, own: Answer | undefined): Promise<void> {
    if (own === undefined) await store.delete(place)
    else await store.set(place, own)
  }

  async function read(place: string): Promise<Answer | undefined> {
    const wire = await store.get(place)
    return wire === undefined ? undefined : decode(answerSchema, wire, 'store_corrupt')
  }

  return {
    async answer({ escrowId, round, action }, act) {
      const place = `tools/answer/${escrowId}/${round}`
      const before = await inTurn(() => count(place, { escrowId, action }))
      try {
        return await act()
      } catch (error) {
        await inTurn(async () => {
          // Another answer may have taken its place meanwhile.
          if ((await read(place))?.action === action) await putBack(place, before)
        })
        throw error
      }
    },
  }

  async function check(escrowId: string): Promise<void> {
    const since = clock.now() - rule.window
    let refunds = 0
    let disputes = 0
    for (const place of await store.keys('tools/answer/')) {
      const { action, at } = decode(answerSchema, await store.get(place), 'store_corrupt')
      if (at < since) continue
      disputes += 1
      if (action === 'agree_refund') refunds += 1
    }
    if (disputes < rule.fromDisputes || refunds <= rule.maxShare * disputes) return
    onAlert({ code: 'refund_rate_exceeded', escrowId, refunds, disputes })
    throw refusal(
      'refund_rate_exceeded',
      `${refunds} of ${disputes} disputes would end in a refund, and your owner allows ${rule.maxShare * 100} percent`,
      'Defend with a written explanation, or leave it to your owner, who was told.',
    )
  }
}
