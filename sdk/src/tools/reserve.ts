import * as z from 'zod'
import type { Clock } from '../protocol/clock.ts'
import { decode, encode } from '../protocol/decode.ts'
import { usdc } from '../protocol/money.ts'
import type { Store } from '../protocol/store.ts'

const PLACE = 'tools/reserved'
/** Seconds in which a wish is refused or in the journal; what a dead process reserved counts so long. */
const LASTS = 600

const bookSchema = z.strictObject({
  /** +1 at every change: a wish that came and went since the journal was read is not missed. */
  turn: z.int(),
  wishes: z.record(z.string(), z.strictObject({ amount: usdc, until: z.int() })),
})
type Book = z.output<typeof bookSchema>

/**
 * Reserves what a wish may come to, before it is begun, so that all wishes of an agent at once, in whichever
 * of its processes, are counted as all of them. `check` is asked with everything reserved, this wish among
 * it, and throws where that is too much; then nothing is reserved. Gives what ends the reservation.
 */
export async function reserve(
  { store, clock }: { store: Store; clock: Clock },
  { id, amount }: { id: string; amount: bigint },
  check: (reserved: ReadonlyMap<string, bigint>) => Promise<void>,
): Promise<() => Promise<void>> {
  await change(async (wishes) => {
    const after = { ...wishes, [id]: { amount, until: clock.now() + LASTS } }
    await check(new Map(Object.entries(after).map(([each, wish]) => [each, wish.amount])))
    return after
  })
  return async () => {
    await change(async ({ [id]: _own, ...others }) => others)
  }

  async function change(next: (wishes: Book['wishes']) => Promise<Book['wishes']>): Promise<void> {
    for (;;) {
      const wire = await store.get(PLACE)
      const { turn, wishes } =
        wire === undefined ? { turn: 0, wishes: {} } : decode(bookSchema, wire, 'store_corrupt')
      const open = Object.entries(wishes).filter(([, { until }]) => clock.now() < until)
      const after = { turn: turn + 1, wishes: await next(Object.fromEntries(open)) }
      if (await store.swap(PLACE, wire, encode(bookSchema, after, 'store_corrupt'))) return
    }
  }
}
