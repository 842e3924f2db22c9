import * as z from 'zod'
import { underLease } from '../lease.ts'
import { canonicalText } from '../protocol/canonical.ts'
import type { Clock } from '../protocol/clock.ts'
import { decode } from '../protocol/decode.ts'
import { EarnestError } from '../protocol/error.ts'
import { hashBytes } from '../protocol/hash.ts'
import type { Store } from '../protocol/store.ts'

type Facts = { next_step: string; [fact: string]: unknown }

const entrySchema = z.strictObject({
  wish: z.string(),
  facts: z.looseObject({ next_step: z.string() }).nullable(),
})

/** What was wished under which key, and what became of it. */
export interface KeyBook {
  /**
   * Does a thing once for each key, and gives its facts again to whoever repeats it. A refusal is not kept,
   * so that the same key may succeed later; what a crash cut off is done again, which the engine makes
   * harmless; `run` is told that the key was tried before. Throws `key_reused` where the key named something
   * else, `held_elsewhere` (retryable) while another process is at it or has died at it just now.
   */
  once(
    wish: { key: string; tool: string; input: unknown },
    run: (isAgain: boolean) => Promise<Facts>,
  ): Promise<Facts>
}

/** Keeps the keys of one agent in its store, whichever of its processes uses them. */
export function createKeyBook(store: Store, clock: Clock): KeyBook {
  const underway = new Map<string, { wish: string; done: Promise<Facts> }>()

  async function once(
    key: string,
    wish: string,
    run: (isAgain: boolean) => Promise<Facts>,
  ): Promise<Facts> {
    const place = `tools/key/${key}`
    const begun = { wish, facts: null }
    return await underLease({ store, clock }, `tools/lease/${key}`, async () => {
      const known = await read(place, wish)
      if (known?.facts) return known.facts
      // Written before anything happens: after a crash the key still means what it meant.
      if (known === undefined) await store.swap(place, undefined, begun)
      await read(place, wish)
      const facts = await run(known !== undefined)
      // Where our lease ran out, another may have come to an end before us: then that is what came of it.
      if (await store.swap(place, begun, { wish, facts })) return facts
      return (await read(place, wish))?.facts ?? facts
    })
  }

  async function read(
    place: string,
    wish: string,
  ): Promise<z.output<typeof entrySchema> | undefined> {
    const wire = await store.get(place)
    if (wire === undefined) return undefined
    const known = decode(entrySchema, wire, 'store_corrupt')
    if (known.wish !== wish) throw reused()
    return known
  }

  return {
    async once({ key, tool, input }, run) {
      const wish = hashBytes(new TextEncoder().encode(`${tool}\0${canonicalText(input)}`))
      const running = underway.get(key)
      if (running !== undefined) {
        if (running.wish !== wish) throw reused()
        return await running.done
      }
      const done = once(key, wish, run)
      underway.set(key, { wish, done })
      try {
        return await done
      } finally {
        underway.delete(key)
      }
    },
  }
}

function reused(): EarnestError {
  return new EarnestError('key_reused', 'This key was used for another call')
}
