import * as z from 'zod'
import { canonicalText } from '../protocol/canonical.ts'
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
   * harmless; `run` is told that the key was tried before. Throws `key_reused` where the key named something else.
   */
  once(
    wish: { key: string; tool: string; input: unknown },
    run: (isAgain: boolean) => Promise<Facts>,
  ): Promise<Facts>
}

/** Keeps the keys of one agent in its store. */
export function createKeyBook(store: Store): KeyBook {
  const underway = new Map<string, { wish: string; done: Promise<Facts> }>()

  async function once(
    place: string,
    wish: string,
    run: (isAgain: boolean) => Promise<Facts>,
  ): Promise<Facts> {
    const before = await store.get(place)
    const known = before === undefined ? undefined : decode(entrySchema, before, 'store_corrupt')
    if (known !== undefined && known.wish !== wish) throw reused()
    if (known?.facts) return known.facts
    // Written before anything happens: after a crash the key still means what it meant.
    await store.set(place, { wish, facts: null })
    const facts = await run(known !== undefined)
    await store.set(place, { wish, facts })
    return facts
  }

  return {
    async once({ key, tool, input }, run) {
      const wish = hashBytes(new TextEncoder().encode(`${tool}\0${canonicalText(input)}`))
      const place = `tools/key/${key}`
      const running = underway.get(place)
      if (running !== undefined) {
        if (running.wish !== wish) throw reused()
        return await running.done
      }
      const done = once(place, wish, run)
      underway.set(place, { wish, done })
      try {
        return await done
      } finally {
        underway.delete(place)
      }
    },
  }
}

function reused(): EarnestError {
  return new EarnestError('key_reused', 'This key was used for another call')
}
