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

/**
 * Writes a new trade down. Where another process has begun it meanwhile, its word stands and is given back:
 * both go on with one draft, and so with one escrow.
 */
export async function beginTrade(journal: Store, trade: Trade): Promise<Trade> {
  const isFirst = await journal.swap(keyOf(trade.tradeId), undefined, wireOf(trade))
  return isFirst ? trade : await readTrade(journal, trade.tradeId)
}

/** Changes one trade as it stands at that moment, whoever else writes. Throws as `readTrade`. */
async function changeTrade(
  journal: Store,
  tradeId: string,
  change: (trade: Trade) => Trade,
): Promise<Trade> {
  for (;;) {
    const wire = await journal.get(keyOf(tradeId))
    if (wire === undefined) throw new EarnestError('unknown_trade', `No trade ${tradeId}`)
    const trade = change(decode(tradeSchema, wire, 'store_corrupt'))
    if (await journal.swap(keyOf(tradeId), wire, wireOf(trade))) return trade
  }
}

/** One trade that is under way, as it stands and as it is written down. */
export interface TradeRecord {
  /** As it was last read or written here. */
  read(): Trade
  /** Reads what another process may have written. */
  refresh(): Promise<Trade>
  /** Writes what has come about. What was signed first stays, and no milestone is taken back. */
  save(news: Partial<Trade>): Promise<void>
  /** Writes an objection down; gives the one that stands for its escrow and round. */
  keep(objection: Objection): Promise<Objection>
}

/** Keeps one trade from here on. */
export function recordOf(journal: Store, start: Trade): TradeRecord {
  const { tradeId } = start
  let trade = start
  return {
    read: () => trade,
    async refresh() {
      trade = await readTrade(journal, tradeId)
      return trade
    },
    async save(news) {
      trade = await changeTrade(journal, tradeId, (now) => withNews(now, news))
    },
    async keep(objection) {
      const standing = await keepObjection(journal, tradeId, objection)
      trade = await readTrade(journal, tradeId)
      return standing
    },
  }
}

function withNews(now: Trade, news: Partial<Trade>): Trade {
  const { signed, taskId, contextId, milestone, fundingTxHash, ...others } = news
  const isSigned = signed !== undefined && now.signed === null
  const isFunded = fundingTxHash !== undefined && (milestone ?? 0) >= now.milestone
  return {
    ...now,
    ...others,
    ...(isSigned && { signed, taskId: taskId ?? null, contextId: contextId ?? null }),
    ...(isFunded && { fundingTxHash, milestone: milestone ?? now.milestone }),
  }
}

/** Reads one trade; undefined where none was begun under this id. Throws `store_corrupt`. */
export async function findTrade(journal: Store, tradeId: string): Promise<Trade | undefined> {
  const wire = await journal.get(keyOf(tradeId))
  return wire === undefined ? undefined : decode(tradeSchema, wire, 'store_corrupt')
}

/** Reads one trade. Throws `unknown_trade`, `store_corrupt`. */
export async function readTrade(journal: Store, tradeId: string): Promise<Trade> {
  const trade = await findTrade(journal, tradeId)
  if (trade === undefined) throw new EarnestError('unknown_trade', `No trade ${tradeId}`)
  return trade
}

/**
 * Writes down an objection, or what became of it, and gives the one that stands: the first for an escrow
 * and round. Throws as `readTrade`.
 */
export async function keepObjection(
  journal: Store,
  tradeId: string,
  objection: Objection,
): Promise<Objection> {
  const { escrowId, round, nonce } = objection.claim.body
  let standing = objection
  await changeTrade(journal, tradeId, (trade) => {
    const isIts = ({ claim: { body } }: Objection) =>
      body.escrowId === escrowId && body.round === round
    const known = trade.objections.find(isIts)
    standing = known === undefined || known.claim.body.nonce === nonce ? objection : known
    const others = trade.objections.filter((each) => !isIts(each))
    return { ...trade, objections: [...others, standing] }
  })
  return standing
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

function keyOf(tradeId: string): string {
  return `trade/${tradeId}`
}

function wireOf(trade: Trade): unknown {
  return encode(tradeSchema, trade, 'store_corrupt')
}
