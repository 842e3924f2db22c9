import * as z from 'zod'
import type { Clock } from '../protocol/clock.ts'
import type { Store } from '../protocol/store.ts'
import { tradeRefSchema } from './engine.ts'
import { letterSchema } from './letter.ts'

/** Why an owner is called (TOL-16). */
export const alertReasonSchema = z.enum([
  'dispute',
  'out_of_catalogue',
  'repeated_failures',
  'unusual_amount',
  'refund_rate',
  'unclassified',
  'agent',
])
export type AlertReason = z.infer<typeof alertReasonSchema>

const alertSchema = z.strictObject({
  id: z.int().min(1),
  /** One alert for a key, ever. */
  key: z.string(),
  reason: alertReasonSchema,
  at: z.int(),
  trade: tradeRefSchema.nullable(),
  /** The A2A task that a `say` is said in. */
  taskId: z.string().nullable(),
  /** The window in which an answer changes something. */
  window: z.strictObject({ from: z.int(), until: z.int() }).nullable(),
  letter: letterSchema,
  /** Reminders that were written: 1 at half of the window, 2 at nine tenths. */
  reminded: z.int(),
  isTold: z.boolean(),
  isOpen: z.boolean(),
})
export type Alert = z.infer<typeof alertSchema>
/** An alert before it has a number. */
export type AlertDraft = Pick<Alert, 'key' | 'reason' | 'trade' | 'taskId' | 'window' | 'letter'>

/** Seconds after which an alert without a window is no longer waited for. */
const OPEN_FOR = 86_400

/** The alerts of one desk. */
export type Alerts = ReturnType<typeof createAlerts>

/** Keeps the alerts: numbered, each key once, also when the process dies between any two writes. */
export function createAlerts({ store, clock }: { store: Store; clock: Clock }) {
  async function read(id: number): Promise<Alert | undefined> {
    const known = alertSchema.safeParse(await store.get(keyOf(id)))
    return known.success ? known.data : undefined
  }

  async function write(alert: Alert): Promise<void> {
    await store.set(keyOf(alert.id), alert)
    const mark = `owner/open/${alert.id}`
    if (alert.isOpen) await store.set(mark, alert.id)
    else await store.delete(mark)
  }

  async function numberOf(key: string): Promise<number> {
    const known = await store.get(`owner/once/${key}`)
    if (typeof known === 'number') return known
    const last = await store.get('owner/last')
    const id = (typeof last === 'number' ? last : 0) + 1
    // Where another process was faster, its number counts, and ours is another's or nobody's.
    if (!(await store.swap('owner/last', last, id))) return await numberOf(key)
    if (!(await store.swap(`owner/once/${key}`, undefined, id))) return await numberOf(key)
    return id
  }

  return {
    read,
    write,
    /** The alert of a draft: a new one, or the one that its key has. */
    async file(draft: AlertDraft): Promise<Alert> {
      const id = await numberOf(draft.key)
      const known = await read(id)
      if (known !== undefined) return known
      const letter = { ...draft.letter, alertId: id }
      const alert: Alert = {
        ...draft,
        letter,
        id,
        at: clock.now(),
        reminded: 0,
        isTold: false,
        isOpen: true,
      }
      await write(alert)
      return alert
    },
    /** Alerts that an answer may be about, oldest first. */
    async open(): Promise<Alert[]> {
      const alerts: Alert[] = []
      for (const key of await store.keys('owner/open/')) {
        const alert = await read(Number(key.slice('owner/open/'.length)))
        if (alert === undefined) continue
        const isOver = clock.now() >= (alert.window?.until ?? alert.at + OPEN_FOR)
        if (isOver) await write({ ...alert, isOpen: false })
        else alerts.push(alert)
      }
      return alerts.sort((a, b) => a.id - b.id)
    },
  }
}

function keyOf(id: number): string {
  return `owner/alert/${String(id).padStart(9, '0')}`
}
