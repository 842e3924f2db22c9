import { committeeAbi, pactEscrowAbi } from '@earnest/contracts'
import {
  type Address,
  type Hex,
  type Log,
  numberToHex,
  parseEventLogs,
  toEventSelector,
} from 'viem'
import { getBlock, getBlockNumber } from 'viem/actions'
import type { EscrowRef, ReadClient } from './escrow/client.ts'
import { type Court, readCourt } from './escrow/court.ts'
import { readDocket } from './escrow/readDocket.ts'
import { mapErrors } from './escrow/send.ts'
import { isSameAddress } from './protocol/address.ts'
import type { Docket } from './protocol/docket.ts'
import { EarnestError } from './protocol/error.ts'
import { type Phase, phaseOf, seatOf } from './protocol/seating.ts'
import type { Store } from './protocol/store.ts'

/** A panel that a member was drawn for, and what is asked of it now. */
export interface Duty {
  escrow: EscrowRef
  panel: number
  /** The fourteen, in the order of the draw. */
  drawn: Address[]
  /** Place among the fourteen. */
  index: number
  /** Rank among the seven; null: in reserve, or struck. */
  seat: number | null
  phase: Phase
  /** Unix seconds; null once the panel is over. */
  phaseEnds: number | null
  /** What this member has committed to, on chain. */
  commitment: Hex | null
  /** Basis points; null before the reveal. */
  revealed: number | null
  docket: Docket
}

/** Where a member looks for its duties. */
export interface DutyOptions {
  chainId: number
  /** The escrow contract. */
  contract: Address
  arbiter: Address
  member: Address
  store: Store
  /** First block that can hold a draw of this committee. */
  startBlock?: bigint
}

/** Blocks that are read again, since a reorg may have changed them. */
const OVERLAP = 64n
const SPAN = 5_000n
const CURSOR = 'member/cursor'
const keyOf = (escrowId: Hex, panel: number) => `member/duty/${escrowId}/${panel}`

/**
 * Every panel that a member was drawn for and that is not over, read from the chain alone. What was
 * found is kept, so that the next look reads only new blocks. Throws `chain_unreachable` (retryable).
 */
export async function listDuties(client: ReadClient, options: DutyOptions): Promise<Duty[]> {
  const { chainId, contract, arbiter, member, store } = options
  const court = await readCourt(client, { chainId, arbiter })
  await find(client, court, options)
  const duties: Duty[] = []
  const { timestamp } = await mapErrors(() => getBlock(client))
  for (const key of await store.keys('member/duty/')) {
    const { escrowId, panel } = (await store.get(key)) as { escrowId: Hex; panel: number }
    const escrow = await readRef(client, { chainId, contract, escrowId })
    const docket = await readDocket(client, escrow)
    const sitting = docket.panels[panel]
    const place = sitting && seatOf(sitting, member)
    if (!sitting?.draw || !place || sitting.closed) {
      await store.delete(key)
      continue
    }
    const { phase, ends } = phaseOf(sitting, Number(timestamp))
    const mine = ({ voter }: { voter: Address }) => isSameAddress(voter, member)
    duties.push({
      escrow,
      panel,
      drawn: sitting.draw.members,
      ...place,
      phase,
      phaseEnds: ends,
      commitment: sitting.committed.find(mine)?.commitment ?? null,
      revealed: sitting.reveals.find(mine)?.sellerBps ?? null,
      docket,
    })
  }
  return duties
}

/** Keeps every draw that names the member, from where the last look ended. */
async function find(
  client: ReadClient,
  { committee }: Court,
  { member, store, startBlock = 0n }: DutyOptions,
): Promise<void> {
  const latest = await mapErrors(() => getBlockNumber(client, { cacheTime: 0 }))
  const seen = (await store.get(CURSOR)) as string | undefined
  const from = seen === undefined ? startBlock : BigInt(seen) - OVERLAP
  for (let start = from < startBlock ? startBlock : from; start <= latest; start += SPAN) {
    const end = start + SPAN - 1n < latest ? start + SPAN - 1n : latest
    const logs = await logsOf(client, committee, [DRAWN], start, end)
    for (const { args } of parseEventLogs({ abi: committeeAbi, logs, eventName: 'PanelDrawn' })) {
      const panel = Number(args.panel)
      if (args.drawn.some((each) => isSameAddress(each, member))) {
        await store.set(keyOf(args.id, panel), { escrowId: args.id, panel })
      }
    }
    await store.set(CURSOR, end.toString())
  }
}

const DRAWN = toEventSelector('PanelDrawn(bytes32,uint256,uint256,bytes32,address[])')

/** An escrow's terms travel in its first event; its id is their hash, so nobody can show others. */
async function readRef(
  client: ReadClient,
  { chainId, contract, escrowId }: { chainId: number; contract: Address; escrowId: Hex },
): Promise<EscrowRef> {
  const latest = await mapErrors(() => getBlockNumber(client, { cacheTime: 0 }))
  for (let end = latest; ; end -= SPAN) {
    const start = end >= SPAN ? end - SPAN + 1n : 0n
    for (const topics of [
      [null, escrowId],
      [null, null, escrowId],
    ]) {
      const logs = await logsOf(client, contract, topics, start, end)
      const events = parseEventLogs({
        abi: pactEscrowAbi,
        logs,
        eventName: ['Funded', 'Amended'],
      })
      const first = events.find(({ eventName, args }) =>
        eventName === 'Amended' ? args.amendedId === escrowId : args.id === escrowId,
      )
      if (first) return { chainId, contract, escrowId, terms: first.args.terms }
    }
    if (start === 0n) break
  }
  throw new EarnestError('funding_not_found', 'The chain shows no funding of this escrow', {
    retryable: true,
  })
}

function logsOf(
  client: ReadClient,
  address: Address,
  topics: readonly (Hex | null)[],
  from: bigint,
  to: bigint,
) {
  return mapErrors(async () => {
    const range = { fromBlock: numberToHex(from), toBlock: numberToHex(to) }
    const found = await client.request({
      method: 'eth_getLogs',
      params: [{ address, ...range, topics: [...topics] }],
    })
    return found as unknown as Log[]
  })
}
