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

/** A trade, and the JSON that stands for it. */
interface Standing {
  trade: Trade
  wire: Record<string, unknown>
}

/**
 * Changes one trade as it stands at that moment, whoever else writes. What `known` says is not read again:
 * where something else stands by now, nothing is written and the change is made to that. Throws as `readTrade`.
 */
async function changeTrade(
  journal: Store,
  tradeId: string,
  change: (trade: Trade) => Trade,
  known?: Standing,
): Promise<Standing> {
  for (let now = known; ; now = undefined) {
    now ??= await readStanding(journal, tradeId)
    const trade = change(now.trade)
    const wire = { ...now.wire, ...wireOfNews(now.trade, trade) }
    if (await journal.swap(keyOf(tradeId), now.wire, wire)) return { trade, wire }
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
  /** What was written here last. */
  let written: Standing | undefined
  async function refresh(): Promise<Trade> {
    trade = await readTrade(journal, tradeId)
    return trade
  }
  return {
    read: () => trade,
    refresh,
    async save(news) {
      written = await changeTrade(journal, tradeId, (now) => withNews(now, news), written)
      trade = written.trade
    },
    async keep(objection) {
      const standing = await keepObjection(journal, tradeId, objection)
      await refresh()
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
  return (await findStanding(journal, tradeId))?.trade
}

/** Reads one trade. Throws `unknown_trade`, `store_corrupt`. */
export async function readTrade(journal: Store, tradeId: string): Promise<Trade> {
  return (await readStanding(journal, tradeId)).trade
}

async function readStanding(journal: Store, tradeId: string): Promise<Standing> {
  const standing = await findStanding(journal, tradeId)
  if (standing === undefined) throw new EarnestError('unknown_trade', `No trade ${tradeId}`)
  return standing
}

async function findStanding(journal: Store, tradeId: string): Promise<Standing | undefined> {
  const wire = await journal.get(keyOf(tradeId))
  if (wire === undefined) return undefined
  return { trade: decode(tradeSchema, wire, 'store_corrupt'), wire: wire as Standing['wire'] }
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

const newsSchema = tradeSchema.partial()

/** The members that are others than before: two pacts and a card are long. */
function wireOfNews(before: Trade, after: Trade): object {
  const news = Object.entries(after).filter(
    ([name, value]) => before[name as keyof Trade] !== value,
  )
  return encode(newsSchema, Object.fromEntries(news), 'store_corrupt')
}
