import * as z from 'zod'
import { hashBytes } from '../protocol/hash.ts'
import type { Store } from '../protocol/store.ts'

const noteSchema = z.strictObject({
  /** Unix seconds. */
  at: z.int(),
  /** Null: about no trade in particular. */
  escrowId: z.string().nullable(),
  /** `say`: to be told to the customer too. */
  kind: z.enum(['note', 'say']),
  text: z.string(),
})
/** What the owner wrote for the agent: context for its work, never an order about money (TOL-20). */
export type OwnerNote = z.infer<typeof noteSchema>

/** Characters of one note. */
const LIMIT = 2000

/** The notes of one desk. */
export type Notes = ReturnType<typeof createNotes>

/** Keeps what the owner wrote, by trade, and what is still to be said to a customer, by conversation. */
export function createNotes(store: Store) {
  async function list(prefix: string): Promise<[key: string, note: OwnerNote][]> {
    const found: [string, OwnerNote][] = []
    for (const key of await store.keys(prefix)) {
      const known = noteSchema.safeParse(await store.get(key))
      if (known.success) found.push([key, known.data])
    }
    return found.sort(([, a], [, b]) => a.at - b.at)
  }

  return {
    /** Writes a note down; the same `id` again changes nothing. */
    async add(id: string, note: OwnerNote): Promise<void> {
      const text = note.text.slice(0, LIMIT)
      await store.set(`owner/note/${note.escrowId ?? 'general'}/${id}`, { ...note, text })
    },
    /** Has the agent say it in a conversation, with its next message there. */
    async say(id: string, taskId: string, note: OwnerNote): Promise<void> {
      const text = note.text.slice(0, LIMIT)
      await store.set(`owner/saying/${talkOf(taskId)}/${id}`, { ...note, text })
    },
    /** Notes about a trade, or about none, oldest first. */
    async read(escrowId?: string): Promise<OwnerNote[]> {
      return (await list(`owner/note/${escrowId ?? 'general'}/`)).map(([, note]) => note)
    },
    /** What is to be said in a conversation now; it is said once. */
    async takeSayings(taskId: string): Promise<string[]> {
      const found = await list(`owner/saying/${talkOf(taskId)}/`)
      const taken: string[] = []
      for (const [key, note] of found) {
        if (await store.swap(key, note, undefined)) taken.push(note.text)
      }
      return taken
    },
  }
}

/** A conversation's id is the other side's to choose. */
function talkOf(taskId: string): string {
  return hashBytes(new TextEncoder().encode(taskId)).slice(0, 32)
}
