import * as z from 'zod'
import { word } from './protocol/address.ts'
import { decode, encode } from './protocol/decode.ts'
import { signedClaimSchema } from './protocol/dispute.ts'
import { EarnestError } from './protocol/error.ts'
import { hash } from './protocol/hash.ts'
import { pactSchema, signedPactSchema } from './protocol/pact.ts'
import type { Store } from './protocol/store.ts'

const objectionSchema = z.strictObject({ claim: signedClaimSchema, isFiled: z.boolean() })
/** A claim of the buyer, and whether the oracle has it. */
export type Objection = z.output<typeof objectionSchema>

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
  /** The milestone that was funded last. */
  milestone: z.int().min(0),
  /** Written down before anything is sent, one for an escrow and round. */
  objections: z.array(objectionSchema),
  /** The checkers and held-out data that the pact names by hash. */
  deposits: z.array(z.base64()),
  isEnded: z.boolean(),
})
export type Trade = z.output<typeof tradeSchema>

/** Writes one trade. */
export async function writeTrade(journal: Store, trade: Trade): Promise<void> {
  await journal.set(`trade/${trade.tradeId}`, encode(tradeSchema, trade, 'store_corrupt'))
}

/** One trade that is under way, as it stands and as it is written down. */
export interface TradeRecord {
  read(): Trade
  save(changes: Partial<Trade>): Promise<void>
}

/** Keeps one trade from here on. */
export function recordOf(journal: Store, start: Trade): TradeRecord {
  let trade = start
  return {
    read: () => trade,
    async save(changes) {
      trade = { ...trade, ...changes }
      await writeTrade(journal, trade)
    },
  }
}

/** Reads one trade; undefined where none was begun under this id. Throws `store_corrupt`. */
export async function findTrade(journal: Store, tradeId: string): Promise<Trade | undefined> {
  const wire = await journal.get(`trade/${tradeId}`)
  return wire === undefined ? undefined : decode(tradeSchema, wire, 'store_corrupt')
}

/** Reads one trade. Throws `unknown_trade`, `store_corrupt`. */
export async function readTrade(journal: Store, tradeId: string): Promise<Trade> {
  const trade = await findTrade(journal, tradeId)
  if (trade === undefined) throw new EarnestError('unknown_trade', `No trade ${tradeId}`)
  return trade
}

/** Writes down an objection, in the place of the same one as it was before. Throws as `readTrade`. */
export async function keepObjection(
  journal: Store,
  tradeId: string,
  objection: Objection,
): Promise<void> {
  const trade = await readTrade(journal, tradeId)
  const { nonce } = objection.claim.body
  const others = trade.objections.filter(({ claim }) => claim.body.nonce !== nonce)
  await writeTrade(journal, { ...trade, objections: [...others, objection] })
}

/** Says that no further milestone is funded; a key of its own, for the trade may be running. Throws `unknown_trade`. */
export async function stopTrade(journal: Store, tradeId: string): Promise<void> {
  await readTrade(journal, tradeId)
  await journal.set(`stopped/${tradeId}`, true)
}

/** True once `stopTrade` was called. */
export async function isStopped(journal: Store, tradeId: string): Promise<boolean> {
  return (await journal.get(`stopped/${tradeId}`)) !== undefined
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
