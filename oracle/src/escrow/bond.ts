import { bondVaultAbi } from '@earnest/contracts'
import type { Identity } from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { type Address, type Hex, parseEventLogs } from 'viem'
import { append } from '../store/journal.ts'
import { unpack } from '../store/json.ts'
import { holdLease, type Lease } from '../store/lease.ts'
import type { Db } from '../store/store.ts'
import type { BondStatement } from '../trust/event.ts'
import type { Chain } from './chain.ts'
import { OVERLAP, type Places } from './place.ts'
import { decodeVaultLog, type VaultLog } from './recourse.ts'
import type { EscrowState } from './state.ts'
import { storeRecourses, type VaultView } from './storeRecourses.ts'

const STEP = 2_000

/**
 * Follows the vault: whoever staked, withdrew, was slashed, freed or released against its bond is read
 * anew, and what changed is told to the trust model (ORC-07); so is what was reserved and claimed of it.
 */
export async function watchBonds({
  db,
  signer,
  chain,
  lease,
  latest,
  place,
}: {
  db: Db
  signer: Identity
  chain: Chain
  lease: Lease
  latest: number
  place: Places['vault']
}): Promise<void> {
  const { client, vault } = chain
  if (!vault) return
  const last = place.block
  if (last === latest) return
  const from = last === null ? chain.startBlock : Math.max(chain.startBlock, last - OVERLAP)
  const to = Math.min(latest, from + STEP)
  const [logs, released] = await Promise.all([
    client.getLogs({ address: vault, fromBlock: BigInt(from), toBlock: BigInt(to) }),
    last === null || place.bonded ? readBonded(db, { from, to }) : [],
  ])
  const wallets = new Set<Address>()
  const claimed: Hex[] = []
  for (const { args } of parseEventLogs({ abi: bondVaultAbi, logs })) {
    if ('seller' in args) wallets.add(args.seller)
    else if ('id' in args) claimed.push(args.id)
  }
  const bonded = released.filter(({ body }) => unpack<EscrowState>(body).bonded)
  if (logs.length + bonded.length === 0 && !place.recourses) {
    // The next look begins as far back as it has to while the cursor is this near.
    if (last !== null && to === latest && to - last < OVERLAP / 2) return
  }
  for (const { seller } of bonded) wallets.add(seller as Address)
  for (const wallet of await sellersOf(db, claimed)) wallets.add(wallet)
  const view = await viewOf(
    chain,
    logs,
    bonded.map(({ escrow_id }) => escrow_id),
  )

  const { timestamp } = await client.getBlock({ blockNumber: BigInt(to) })
  const at = Number(timestamp)
  const bonds = await Promise.all([...wallets].map((wallet) => readBond(wallet)))
  await db.transaction().execute(async (tx) => {
    await holdLease(tx, lease)
    const entries = await storeRecourses(tx, { vault, from, ...view })
    for (const { wallet, staked, free } of bonds) {
      const key = wallet.toLowerCase()
      const before = await tx
        .selectFrom('bond')
        .select(['staked', 'free'])
        .where('wallet', '=', key)
        .executeTakeFirst()
      if (before?.staked === String(staked) && before.free === String(free)) continue
      const row = { wallet: key, staked: String(staked), free: String(free), at }
      await tx
        .insertInto('bond')
        .values(row)
        .onConflict((conflict) => conflict.column('wallet').doUpdateSet(row))
        .execute()
      const agent = await tx
        .selectFrom('agent')
        .select('did')
        .where('wallet', '=', key)
        .executeTakeFirst()
      if (!agent) continue
      const fact: BondStatement = { kind: 'bond', agent: agent.did, at, staked, free }
      const data = { staked: row.staked, free: row.free }
      entries.push({ action: 'bond_changed', subject: agent.did, at, data, fact })
    }
    await tx
      .insertInto('cursor')
      .values({ name: 'vault', block: to })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ block: to }))
      .execute()
    await append(tx, signer, entries)
  })

  async function readBond(wallet: Address) {
    const contract = { address: vault as Address, abi: bondVaultAbi } as const
    const [bond, free] = await Promise.all([
      client.readContract({ ...contract, functionName: 'bondOf', args: [wallet] }),
      client.readContract({ ...contract, functionName: 'freeOf', args: [wallet] }),
    ])
    // What was asked back counts no longer.
    return { wallet, staked: bond.amount - bond.leaving, free }
  }
}

async function readBonded(db: Db, { from, to }: { from: number; to: number }) {
  return (
    db
      .selectFrom('escrow')
      .select(['escrow_id', 'seller', 'body'])
      .where('updated_block', '>=', from)
      .where('updated_block', '<=', to)
      // In the words of their index: most that was released has no bond behind it.
      .where(sql<boolean>`state = 'Completed' and body like '%"bonded":true%'`)
      .execute()
  )
}

async function sellersOf(db: Db, escrowIds: readonly string[]): Promise<Address[]> {
  if (escrowIds.length === 0) return []
  const rows = await db
    .selectFrom('escrow')
    .select('seller')
    .where('escrow_id', 'in', [...escrowIds])
    .execute()
  return rows.map((row) => row.seller as Address)
}

async function viewOf(
  { client, vault }: Chain,
  found: readonly FoundLog[],
  released: readonly string[],
): Promise<Pick<VaultView, 'arbiter' | 'logs' | 'released'>> {
  const logs: VaultLog[] = []
  for (const { blockNumber, blockHash, logIndex, transactionHash, topics, data } of found) {
    const row = {
      block_number: Number(blockNumber),
      log_index: logIndex,
      block_hash: blockHash,
      tx_hash: transactionHash,
      timestamp: 0,
      escrow_id: '',
      raw: JSON.stringify({ topics, data }),
    }
    const log = decodeVaultLog(row)
    if (!log) continue
    const { timestamp } = await client.getBlock({ blockNumber })
    logs.push({ ...log, row: { ...log.row, timestamp: Number(timestamp) } })
  }
  const arbiter = await client.readContract({
    address: vault as Address,
    abi: bondVaultAbi,
    functionName: 'arbiter',
  })
  return { arbiter, logs, released }
}

type FoundLog = {
  blockNumber: bigint
  blockHash: Hex
  logIndex: number
  transactionHash: Hex
  topics: readonly Hex[]
  data: Hex
}
