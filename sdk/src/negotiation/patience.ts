import * as z from 'zod'
import { hashBody } from '../protocol/hash.ts'
import { encodePact, type Pact } from '../protocol/pact.ts'
import type { Store } from '../protocol/store.ts'

const countSchema = z.strictObject({ count: z.int(), since: z.int() })
type Count = z.output<typeof countSchema>

/** Pieces of work that one buyer may haggle about at the same time. */
const PIECES = 10

/** Counts the proposals that led to nothing, across conversations. */
export interface Patience {
  /** True where this buyer has used up its proposals, for this work or for all. */
  isFull(pact: Pact, now: number): Promise<boolean>
  add(pact: Pact, now: number): Promise<void>
  /** An agreement: the buyer may begin anew. */
  clear(pact: Pact): Promise<void>
}

/**
 * The memory that a new conversation does not wipe: who opens one task after the other, with another nonce
 * each time, is counted by its DID and by the work that it wants (PCT-19). A buyer with a new DID for each
 * proposal is not held by it; such a one has no record either.
 */
export function createPatience({
  store,
  rounds,
  timeoutSeconds,
}: {
  store: Store
  rounds: number
  timeoutSeconds: number
}): Patience {
  async function read(key: string, now: number): Promise<Count> {
    const known = countSchema.safeParse(await store.get(key))
    if (known.success && now <= known.data.since + timeoutSeconds) return known.data
    return { count: 0, since: now }
  }

  async function count(key: string, now: number): Promise<void> {
    const { count, since } = await read(key, now)
    await store.set(key, { count: count + 1, since })
  }

  return {
    async isFull(pact, now) {
      const [work, all] = [await read(workOf(pact), now), await read(buyerOf(pact), now)]
      return work.count >= rounds || all.count >= rounds * PIECES
    },
    async add(pact, now) {
      await count(workOf(pact), now)
      await count(buyerOf(pact), now)
    },
    async clear(pact) {
      await store.delete(workOf(pact))
      await store.delete(buyerOf(pact))
    },
  }
}

function buyerOf({ buyer }: Pact): string {
  return `rounds/${buyer.did}`
}

/** What stays the same while two parties haggle: not price, times, description, nonce or salt. */
function workOf(pact: Pact): string {
  const { capability, input, acceptance, deliverableFormat } = encodePact(pact)
  const work = hashBody({ capability, input, acceptance, deliverableFormat })
  return `${buyerOf(pact)}/${work}`
}
