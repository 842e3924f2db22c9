import type { Identity } from '@earnest/sdk/protocol'
import { type Address, parseAbiItem, zeroAddress } from 'viem'
import { append, type Entry } from '../store/journal.ts'
import { pack, unpack } from '../store/json.ts'
import { holdLease, type Lease } from '../store/lease.ts'
import type { Db, Tx } from '../store/store.ts'
import type { AgentStatement } from '../trust/event.ts'
import { type Chain, sendersOf } from './chain.ts'

/** Blocks asked for in one call; public nodes refuse more. */
const STEP = 2_000
/** Calls in one look, so that a long way back holds up nothing else. */
const CALLS = 20
/** Wallets asked for in one call. */
const WALLETS = 100
/** Incoming transfers that tell where a wallet's money is from; whoever sent most of them funded it. */
const TRANSFERS = 5
/** Base units below which a transfer says nothing: dust must not make anybody somebody's creature. */
const LEAST = 1_000_000n
/** Base units below which all that somebody sent is a gift: no purse to trade from. */
const PURSE = 10_000_000n
/** Stands for the escrow and its like where an incoming transfer is kept. */
const HOUSE = 'house'
/** Seconds after which the transfers that came are all there is to say. */
const PATIENCE = 30 * 86_400

const transferEvent = parseAbiItem(
  'event Transfer(address indexed from, address indexed to, uint256 value)',
)

/** How many blocks a node is asked for at once: halved where it refuses, grown back slowly. */
export type Steps = { blocks: number }

/** The width that every node is asked for first. */
export function createSteps(): Steps {
  return { blocks: STEP }
}

/** One transfer that counts, as it is kept. */
export type Incoming = { from: string; value: bigint; block: number; logIndex: number }

/**
 * Who funded an agent's wallet: whoever sent more than half of its first five transfers by value, and
 * enough to trade from. A smaller gift makes nobody somebody's creature. Null where nobody did, or
 * somebody public.
 */
export function funderOf(
  incoming: readonly Pick<Incoming, 'from' | 'value'>[],
  isPublic: (address: string) => boolean,
): string | null {
  const totals = new Map<string, bigint>()
  let sum = 0n
  for (const { from, value } of incoming) {
    if (from === HOUSE) continue
    totals.set(from, (totals.get(from) ?? 0n) + value)
    sum += value
  }
  const [funder, total] = [...totals].find(([, total]) => 2n * total > sum) ?? [null, 0n]
  return funder === null || total < PURSE || isPublic(funder) ? null : funder
}

/**
 * What is kept of a wallet's transfers: the first five of at least 1 USDC, and in one sum what it earned
 * before. What is sent to somebody who has earned more than that by then funds nobody.
 */
export function keepIncoming(kept: readonly Incoming[], fresh: readonly Incoming[]): Incoming[] {
  const incoming = [...kept]
  for (const transfer of fresh) {
    const earned = incoming.find(({ from }) => from === HOUSE)
    const sent = incoming.length - (earned ? 1 : 0)
    if (transfer.from !== HOUSE) {
      if (sent < TRANSFERS && transfer.value > (earned?.value ?? 0n)) incoming.push(transfer)
    } else if (earned) {
      incoming[incoming.indexOf(earned)] = { ...earned, value: earned.value + transfer.value }
    } else incoming.push(transfer)
  }
  return incoming
}

/**
 * Follows the first transfers of USDC into the wallets of registered agents, as far as the chain is
 * sure of them, and tells the trust model who funded whom (REP-18, REP-19).
 * @returns true while there is more to read.
 */
export async function watchFunders({
  db,
  signer,
  chain,
  lease,
  steps,
}: {
  db: Db
  signer: Identity
  chain: Chain
  lease: Lease
  /** What this node answers at once: kept by the caller from look to look. */
  steps: Steps
}): Promise<boolean> {
  const start = chain.fundersFrom ?? chain.startBlock
  let sure: { number: number; timestamp: number } | undefined
  for (let call = 0; call < CALLS; call++) {
    sure ??= await sureBlock()
    const end = sure.number
    // From both ends in turn: whoever registers begins at the first block, and must hold up nobody.
    const isLatest = call % 2 === 0
    const rows = await db
      .selectFrom('origin')
      .selectAll()
      .where('done', '=', false)
      .where('block', '<=', end)
      .orderBy('block', isLatest ? 'desc' : 'asc')
      .orderBy('wallet')
      .limit(WALLETS)
      .execute()
    const [first] = rows
    if (!first) return false
    const near = rows.filter(({ block }) => Math.abs(block - first.block) < steps.blocks)
    const from = Math.max(start, Math.min(...near.map(({ block }) => block)))
    if (from > end) return false
    const to = Math.min(end, from + steps.blocks - 1)
    // Those that are further on wait for the others to come up with them.
    const due = near.filter(({ block }) => block <= to)
    const wallets = due.map(({ wallet }) => wallet as Address)
    const found = await read(wallets, from, to).catch((error: unknown) => {
      if (steps.blocks === 1) throw error
      // A node that refuses so wide a question, or answers it too late, is asked a narrower one.
      steps.blocks = Math.ceil(steps.blocks / 2)
    })
    if (!found) continue
    if (steps.blocks < STEP) steps.blocks = Math.min(STEP, steps.blocks + Math.ceil(STEP / 64))
    const now = sure.timestamp
    await db.transaction().execute(async (tx) => {
      await holdLease(tx, lease)
      const entries: Entry[] = []
      for (const row of due) {
        const fresh = (found.get(row.wallet) ?? []).filter(({ block }) => block >= row.block)
        const incoming = keepIncoming(unpack<Incoming[]>(row.incoming), fresh)
        const sent = incoming.filter(({ from }) => from !== HOUSE).length
        const funder = funderOf(incoming, isPublic)
        const late = to === sure?.number && now > row.since + PATIENCE
        await tx
          .updateTable('origin')
          .set({
            block: to + 1,
            incoming: pack(incoming),
            funder,
            done: sent === TRANSFERS || (sent > 0 && late),
          })
          .where('wallet', '=', row.wallet)
          .execute()
        if (funder !== row.funder)
          entries.push(...(await statementsOf(tx, row.wallet, funder, now)))
      }
      await append(tx, signer, entries)
    })
  }
  return true

  async function sureBlock(): Promise<{ number: number; timestamp: number }> {
    const { number, timestamp } = await chain.client.getBlock({ blockTag: 'safe' })
    return { number: Number(number), timestamp: Number(timestamp) }
  }

  function isPublic(address: string): boolean {
    return (chain.publicFunders ?? []).some((known) => known.toLowerCase() === address)
  }

  /** Transfers that count, by wallet, oldest first. */
  async function read(
    wallets: readonly Address[],
    from: number,
    to: number,
  ): Promise<Map<string, Incoming[]>> {
    const logs = await chain.client.getLogs({
      address: chain.token,
      event: transferEvent,
      args: { to: [...wallets] },
      fromBlock: BigInt(from),
      toBlock: BigInt(to),
      strict: true,
    })
    const house = houseOf(chain)
    const counting = logs
      .map((log) => ({ ...log, from: log.args.from.toLowerCase() }))
      .filter(({ from, args }) => args.value >= LEAST && from !== args.to.toLowerCase())
      .filter(({ from }) => from !== zeroAddress)
      .map(({ from, args, blockNumber, logIndex }) => ({
        to: args.to.toLowerCase(),
        from: house.has(from) ? HOUSE : from,
        value: args.value,
        block: Number(blockNumber),
        logIndex,
      }))
      .sort((a, b) => a.block - b.block || a.logIndex - b.logIndex)
    return Map.groupBy(counting, (transfer) => transfer.to)
  }
}

/** Addresses whose transfers are earnings or refunds, never an owner's purse. */
function houseOf(chain: Chain): Set<string> {
  const addresses = [
    chain.token,
    chain.escrow,
    ...(chain.vault ? [chain.vault] : []),
    ...chain.arbiters,
    ...chain.feeRecipients,
    ...sendersOf(chain).map(({ address }) => address),
  ]
  return new Set(addresses.map((address) => address.toLowerCase()))
}

async function statementsOf(
  tx: Tx,
  wallet: string,
  funder: string | null,
  at: number,
): Promise<Entry[]> {
  const agents = await tx.selectFrom('agent').select('did').where('wallet', '=', wallet).execute()
  return agents.map(({ did }) => {
    const fact: AgentStatement = { kind: 'agent', agent: did, at, funder }
    return { action: 'funder_seen', subject: did, at, data: { wallet, funder }, fact }
  })
}
