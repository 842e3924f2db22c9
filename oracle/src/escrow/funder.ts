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
/** Seconds after which the transfers that came are all there is to say. */
const PATIENCE = 30 * 86_400

const transferEvent = parseAbiItem(
  'event Transfer(address indexed from, address indexed to, uint256 value)',
)

/** One transfer that counts, as it is kept. */
type Incoming = { from: string; value: bigint; block: number; logIndex: number }

/**
 * Who funded an agent's wallet: of its first five transfers of at least 1 USDC, whoever sent the most.
 * Payouts of the escrow and its like fund nobody; null where nobody did, or somebody public.
 */
export function funderOf(
  incoming: readonly Pick<Incoming, 'from' | 'value'>[],
  isPublic: (address: string) => boolean,
): string | null {
  const totals = new Map<string, bigint>()
  for (const { from, value } of incoming) totals.set(from, (totals.get(from) ?? 0n) + value)
  let funder: string | null = null
  for (const [from, total] of totals) {
    if (funder === null || total > (totals.get(funder) as bigint)) funder = from
  }
  return funder === null || isPublic(funder) ? null : funder
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
}: {
  db: Db
  signer: Identity
  chain: Chain
  lease: Lease
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
    const near = rows.filter(({ block }) => Math.abs(block - first.block) < STEP)
    const from = Math.max(start, Math.min(...near.map(({ block }) => block)))
    if (from > end) return false
    const to = Math.min(end, from + STEP - 1)
    // Those that are further on wait for the others to come up with them.
    const due = near.filter(({ block }) => block <= to)
    const found = await read(
      due.map(({ wallet }) => wallet as Address),
      from,
      to,
    )
    const now = sure.timestamp
    await db.transaction().execute(async (tx) => {
      await holdLease(tx, lease)
      const entries: Entry[] = []
      for (const row of due) {
        const fresh = (found.get(row.wallet) ?? []).filter(({ block }) => block >= row.block)
        const incoming = [...unpack<Incoming[]>(row.incoming), ...fresh].slice(0, TRANSFERS)
        const funder = funderOf(incoming, isPublic)
        const late = to === sure?.number && now > row.since + PATIENCE
        await tx
          .updateTable('origin')
          .set({
            block: to + 1,
            incoming: pack(incoming),
            funder,
            done: incoming.length === TRANSFERS || (incoming.length > 0 && late),
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
      .filter(({ args }) => args.value >= LEAST && !house.has(args.from.toLowerCase()))
      .filter(({ args }) => args.from.toLowerCase() !== args.to.toLowerCase())
      .map(({ args, blockNumber, logIndex }) => ({
        to: args.to.toLowerCase(),
        from: args.from.toLowerCase(),
        value: args.value,
        block: Number(blockNumber),
        logIndex,
      }))
      .sort((a, b) => a.block - b.block || a.logIndex - b.logIndex)
    return Map.groupBy(counting, (transfer) => transfer.to)
  }
}

/** Addresses whose transfers are earnings, refunds or new money, never an owner's purse. */
function houseOf(chain: Chain): Set<string> {
  const addresses = [
    zeroAddress,
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
