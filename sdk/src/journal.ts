import * as z from 'zod'
import { word } from './protocol/address.ts'
import { decode, encode } from './protocol/decode.ts'
import { EarnestError } from './protocol/error.ts'
import { hash } from './protocol/hash.ts'
import { pactSchema, signedPactSchema } from './protocol/pact.ts'
import type { Store } from './protocol/store.ts'

/** What a buyer has to remember of one trade to go on after a crash. */
export const tradeSchema = z.strictObject({
  tradeId: z.uuid(),
  agentUrl: z.string(),
  /** Written before anything is proposed, so that nothing is ever proposed twice in other words. */
  draft: pactSchema,
  endpoint: z.string(),
  /** SHA-256 of the card that was proven. */
  cardHash: hash,
  card: z.record(z.string(), z.json()),
  signed: signedPactSchema.nullable(),
  taskId: z.string().nullable(),
  contextId: z.string().nullable(),
  isRegistered: z.boolean(),
  fundingTxHash: word.nullable(),
  isEnded: z.boolean(),
})
export type Trade = z.output<typeof tradeSchema>

/** Writes one trade. */
export async function writeTrade(journal: Store, trade: Trade): Promise<void> {
  await journal.set(`trade/${trade.tradeId}`, encode(tradeSchema, trade, 'store_corrupt'))
}

/** Reads one trade. Throws `unknown_trade`, `store_corrupt`. */
export async function readTrade(journal: Store, tradeId: string): Promise<Trade> {
  const wire = await journal.get(`trade/${tradeId}`)
  if (wire === undefined) throw new EarnestError('unknown_trade', `No trade ${tradeId}`)
  return decode(tradeSchema, wire, 'store_corrupt')
}

/** Ids of the trades that have not ended. */
export async function openTrades(journal: Store): Promise<string[]> {
  const open: string[] = []
  for (const key of await journal.keys('trade/')) {
    const trade = await readTrade(journal, key.slice('trade/'.length))
    if (!trade.isEnded) open.push(trade.tradeId)
  }
  return open
}
