import { createIdentity, type Pact } from '@earnest/sdk/protocol'
import { hexToBytes } from 'viem'
import { readEvents, verifyJournal } from '../../oracle/src/store/journal.ts'
import { openStore } from '../../oracle/src/store/store.ts'
import { createFileStore } from '../../sdk/src/fileStore.ts'
import { createJobBook } from '../../sdk/src/job.ts'
import { readTrade, type Trade } from '../../sdk/src/journal.ts'
import { verify } from '../../sdk/src/settlement/verify.ts'
import type { OracleClient } from '../../sdk/src/trust/oracle.ts'
import { localSecret } from '../local/oracle.ts'
import type { Entry } from './ledger.ts'

/** What is wrong after all trades, counted; every fault in words beside it. */
export interface Audit {
  trades: number
  settled: number
  refunded: number
  /** Ended in a split that both parties signed. */
  split: number
  /** Ended by the arbiter, or by the last timer where it was silent. */
  decided: number
  /** Agreed on, and never paid for. */
  unfunded: number
  stuck: number
  paidTwice: number
  lost: number
  faults: string[]
}

/** What the parties of a trade were asked to make of it. */
export interface Prospect {
  /** Whether it may have come to nothing after both had signed. */
  mayLapse: boolean
  /** Where it may have ended on chain. */
  endings: readonly NonNullable<Entry['ending']>[]
}

/** All trades that a buyer's folder holds. */
export async function readTrades(folder: string): Promise<Trade[]> {
  const journal = createFileStore({ folder })
  const trades: Trade[] = []
  for (const key of await journal.keys('trade/')) {
    trades.push(await readTrade(journal, key.slice('trade/'.length)))
  }
  return trades
}

/** Told exactly once of each trade, by how it ended. */
const once: Readonly<Record<NonNullable<Entry['ending']>, readonly string[]>> = {
  Released: ['funding_seen', 'funded', 'completion_received', 'delivered', 'released'],
  Refunded: ['funding_seen', 'refunded'],
  Expired: ['funding_seen', 'expired'],
  Settled: ['funding_seen', 'funded', 'completion_received', 'delivered', 'settled'],
  Ruled: ['funding_seen', 'funded', 'completion_received', 'delivered', 'ruled'],
  Concluded: ['funding_seen', 'funded', 'completion_received', 'delivered', 'concluded'],
  Amended: ['funding_seen', 'amended'],
}

/** What a buyer calls an ending. */
const statusOf: Readonly<Record<NonNullable<Entry['ending']>, string>> = {
  Released: 'released',
  Refunded: 'refunded',
  Expired: 'refunded',
  Settled: 'resolved',
  Ruled: 'resolved',
  Concluded: 'resolved',
  Amended: 'resolved',
}

/**
 * Looks at chain, oracle and journals together: no lock without its end, no errand paid twice, no
 * delivery that its buyer cannot fetch, no fact that the oracle forgot or told twice, no payment that
 * the buyer does not know of, no deal that was forgotten, no end that was not to be.
 */
export async function audit({
  ledger,
  buyers,
  sellers = [],
  databaseUrl,
  told = new Map(),
  prospectOf = () => undefined,
}: {
  ledger: readonly Entry[]
  /** Each buyer's folder, and a client of the oracle that signs as it. */
  buyers: readonly { name: string; folder: string; oracle: OracleClient }[]
  /** Folders of sellers that must have come to an end with all their work. */
  sellers?: readonly { name: string; folder: string }[]
  databaseUrl: string
  /** What buyers said that became of their escrows. */
  told?: ReadonlyMap<string, string>
  /** What is to become of a trade; undefined where anything may. */
  prospectOf?: (pact: Pact) => Prospect | undefined
}): Promise<Audit> {
  const faults: string[] = []
  const lost = new Set<string>()
  const lose = (id: string, why: string) => {
    lost.add(id)
    faults.push(`${id}: ${why}`)
  }
  const stuck = ledger.filter(({ ending }) => ending === undefined)
  for (const { escrowId } of stuck) faults.push(`${escrowId}: still locked`)

  // What the buyers remember.
  const known = new Map<string, { trade: Trade; oracle: OracleClient }>()
  for (const { folder, oracle } of buyers) {
    for (const trade of await readTrades(folder)) {
      if (trade.signed !== null) known.set(trade.signed.pactHash, { trade, oracle })
    }
  }
  const paid = new Set(ledger.map(({ pactId }) => pactId))
  const unfunded = [...known].filter(([pactId]) => !paid.has(pactId))
  for (const [pactId, { trade }] of unfunded) {
    if (prospectOf(trade.signed?.pact ?? trade.draft)?.mayLapse === false) {
      lose(pactId, 'agreed on and never paid for')
    }
  }
  const payments = new Map<string, number>()
  for (const { escrowId, pactId, ending, isDelivered } of ledger) {
    const found = known.get(pactId)
    if (found === undefined) {
      lose(escrowId, 'no buyer knows of this payment')
      continue
    }
    const { trade, oracle } = found
    const { pact } = trade.signed ?? { pact: trade.draft }
    const errand = (pact.input as { to: string }).to
    payments.set(errand, (payments.get(errand) ?? 0) + 1)
    if (!trade.isEnded) lose(escrowId, 'the buyer does not know that it ended')
    const endings = prospectOf(pact)?.endings
    if (ending && endings && !endings.includes(ending)) lose(escrowId, `ended ${ending}`)
    const status = told.get(escrowId)
    if (ending && status !== undefined && status !== statusOf[ending]) {
      lose(escrowId, `ended ${ending}, and its buyer was told ${status}`)
    }
    if (ending === 'Released' && !isDelivered) lose(escrowId, 'paid without a delivery')
    const isUnpaid = ending === 'Refunded' || ending === 'Expired'
    if (isUnpaid && isDelivered) lose(escrowId, 'delivered and not paid')
    if (ending === 'Released') {
      const { artifactHash } = await oracle.call('getEscrow', { params: { escrowId } })
      const deliveredAt = pact.deadlineUtc - 1
      const onChain = { escrowId, artifactHash: artifactHash ?? '', reportHash: null, deliveredAt }
      const { isMet } = await verify({ oracle, pact, onChain }).catch(() => ({ isMet: false }))
      if (!isMet) lose(escrowId, 'the deliverable cannot be fetched any more')
    }
  }
  const doubled = [...payments].filter(([, times]) => times > 1)
  for (const [errand, times] of doubled) faults.push(`${errand}: paid ${times} times`)

  const isOpen = new Set(stuck.map(({ escrowId }) => escrowId.toLowerCase()))
  for (const { name, folder } of sellers) {
    for (const escrowId of await createJobBook(createFileStore({ folder })).open()) {
      if (!isOpen.has(escrowId.toLowerCase())) lose(escrowId, `${name} still works for it`)
    }
  }

  const { db, close } = await openStore({ url: databaseUrl, connections: 2 })
  try {
    const signer = createIdentity({ secretKey: hexToBytes(localSecret('oracle')) })
    await verifyJournal(db, signer).catch((error) => lose('journal', String(error)))
    for (const { escrowId, ending, disputes } of ledger) {
      if (ending === undefined) continue
      const events = await readEvents(db, { after: 0, limit: 1000, escrowId })
      const wanted = [
        ...once[ending].map((type) => [type, 1] as const),
        ['disputed', disputes],
      ] as const
      for (const [type, want] of wanted) {
        const times = events.filter((event) => event.type === type).length
        if (times !== want) lose(escrowId, `the oracle told ${type} ${times} times and not ${want}`)
      }
    }
    const ended = ledger.filter(({ ending }) => ending !== undefined)
    const rows = await db.selectFrom('settlement').select('escrow_id').execute()
    const receipts = new Set(rows.map((row) => row.escrow_id))
    for (const { escrowId } of ended) {
      if (!receipts.has(escrowId)) lose(escrowId, 'the oracle wrote no receipt')
    }
    const failed = await db.selectFrom('job').selectAll().where('failed', '=', true).execute()
    for (const job of failed) lose(`job ${job.queue}/${job.key}`, `set aside: ${job.error}`)
  } finally {
    await close()
  }
  return {
    trades: ledger.length,
    settled: ledger.filter(({ ending }) => ending === 'Released').length,
    refunded: ledger.filter(({ ending }) => ending === 'Expired' || ending === 'Refunded').length,
    split: ledger.filter(({ ending }) => ending === 'Settled').length,
    decided: ledger.filter(({ ending }) => ending === 'Ruled' || ending === 'Concluded').length,
    unfunded: unfunded.length,
    stuck: stuck.length,
    paidTwice: doubled.length,
    lost: lost.size,
    faults,
  }
}
