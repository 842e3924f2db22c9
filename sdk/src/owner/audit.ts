import * as z from 'zod'
import { EarnestError } from '../protocol/error.ts'
import { hash, hashBody } from '../protocol/hash.ts'
import { jsonObject } from '../protocol/json.ts'
import type { Store } from '../protocol/store.ts'

const entrySchema = z.strictObject({
  number: z.int().min(1),
  /** Unix seconds. */
  at: z.int(),
  action: z.string(),
  data: jsonObject,
  /** Hash of the entry before; 64 zeros for the first. */
  before: hash,
  /** SHA-256 of the canonical form of all other fields. */
  hash,
})
/** One line of the desk's log. */
export type AuditEntry = z.infer<typeof entrySchema>

const PREFIX = 'owner/audit/'
const GENESIS = '0'.repeat(64)

/** The log of everything that an owner ordered and what became of it. */
export interface Audit {
  note(action: string, data: AuditEntry['data']): Promise<void>
}

/** Opens the log at its end. Throws `audit_broken` where the last entry is not its own hash. */
export async function openAudit(store: Store, clock: { now(): number }): Promise<Audit> {
  const [lastKey] = (await store.keys(PREFIX)).slice(-1)
  let last = lastKey === undefined ? undefined : read(await store.get(lastKey))
  return {
    async note(action, data) {
      for (;;) {
        const body = {
          number: (last?.number ?? 0) + 1,
          at: clock.now(),
          action,
          data,
          before: last?.hash ?? GENESIS,
        }
        const entry = { ...body, hash: hashBody(body) }
        const key = keyOf(entry.number)
        if (await store.swap(key, undefined, entry)) {
          last = entry
          return
        }
        // Another process has written on: ours comes after it.
        last = read(await store.get(key))
      }
    },
  }
}

/**
 * Reads the whole log and checks its chain. Throws `audit_broken`, with the number of the entry, where
 * one was changed, taken out or put between. What was cut off at the end only a copy of the last hash shows.
 */
export async function readAudit(store: Store): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = []
  for (const key of await store.keys(PREFIX)) {
    const entry = read(await store.get(key))
    const before = entries.at(-1)
    const isNext =
      entry.number === entries.length + 1 &&
      key === keyOf(entry.number) &&
      entry.before === (before?.hash ?? GENESIS)
    if (!isNext) throw broken(entry.number)
    entries.push(entry)
  }
  return entries
}

function read(value: unknown): AuditEntry {
  const known = entrySchema.safeParse(value)
  if (!known.success) throw broken(0)
  const { hash: claimed, ...body } = known.data
  if (hashBody(body) !== claimed) throw broken(body.number)
  return known.data
}

function keyOf(number: number): string {
  return `${PREFIX}${String(number).padStart(12, '0')}`
}

function broken(number: number): EarnestError {
  return new EarnestError('audit_broken', `Entry ${number} of the log is not what was written`, {
    details: { number },
  })
}
