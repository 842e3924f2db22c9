import { committeeAbi } from '@earnest/contracts'
import type { Address } from 'viem'
import { getBlock, readContract } from 'viem/actions'
import type { Docket } from '../protocol/docket.ts'
import { composeDraw, type MemberAccount } from '../protocol/eligibility.ts'
import { EarnestError } from '../protocol/error.ts'
import { fromBytes32 } from '../protocol/hash.ts'
import { unpackLadder } from '../protocol/ladder.ts'
import { type PoolMember, plantPool } from '../protocol/pool.ts'
import { type LadderStep, nextStep } from '../protocol/seating.ts'
import { unpackClauses } from '../protocol/terms.ts'
import type { EscrowClient, EscrowRef, ReadClient, Sent } from './client.ts'
import { type Court, callArbiter, callCommittee, readCourt } from './court.ts'
import { readDocket } from './readDocket.ts'
import { readEscrow } from './readEscrow.ts'
import { readRecourse } from './recourse.ts'
import { mapErrors } from './send.ts'

/** The step of the ladder that was taken; null where none is due. */
export type Advance = { verb: LadderStep['verb']; sent: Sent } | null

/**
 * Takes the step of a dispute's ladder that is due: convenes, draws, executes, finalizes. Anybody may,
 * so a dispute never depends on the oracle being there. Throws `pool_unknown` where a draw is due and
 * the pool's leaves are not given, `invalid_pool` where they are not those of the chain.
 * @param pool The leaves of the pool that the ladder names; public, from the oracle or any copy.
 */
export async function advance(
  client: EscrowClient,
  { escrow, pool }: { escrow: EscrowRef; pool?: readonly PoolMember[] },
): Promise<Advance> {
  const { chainId, terms } = escrow
  const ladder = unpackLadder(fromBytes32(terms.ladder))
  if (ladder === null) return null
  const court = await readCourt(client, { chainId, arbiter: terms.arbiter })
  const [docket, status, recourse, block] = await Promise.all([
    readDocket(client, escrow),
    readEscrow(client, escrow),
    readRecourse(client, escrow),
    mapErrors(() => getBlock(client)),
  ])
  const { arbitrationWindow, arbitrationFeeBps } = unpackClauses(terms.clauses)
  const fee = (terms.amount * BigInt(arbitrationFeeBps)) / 10_000n
  // A case stands in its escrow's arbitration or, after a release at once, as a claim in the vault.
  const isClaimed = recourse.state === 'claimed'
  const end = isClaimed ? recourse.end : status.timerEnd
  const isOpen = isClaimed || status.state === 'Arbitration'
  const disputed = isClaimed || status.buyerDisputed || status.sellerDisputed
  const step = nextStep({
    docket,
    ladder,
    arbitration: isOpen ? { start: end - arbitrationWindow, end } : null,
    convenable: disputed && fee >= court.panelCost,
    now: Number(block.timestamp),
    blockNumber: block.number,
  })
  if (!step) return null
  const { verb } = step
  if (step.verb === 'draw') {
    const sent = await drawOnChain(client, {
      escrow,
      court,
      docket,
      step,
      pool,
      poolNumber: ladder.pool,
      fundedAt: status.fundedAt,
    })
    return { verb, sent }
  }
  const args = {
    convene: [terms],
    lapse: [terms],
    finalize: [terms, step.verb === 'finalize' ? step.drawn : []],
    execute: step.verb === 'execute' ? [terms, step.drawn, step.earlier] : [],
  }[step.verb]
  return { verb, sent: await callArbiter(client, court, step.verb, args) }
}

async function drawOnChain(
  client: EscrowClient,
  {
    escrow,
    court,
    docket,
    step,
    pool,
    poolNumber,
    fundedAt,
  }: {
    escrow: EscrowRef
    court: Court
    docket: Docket
    step: Extract<LadderStep, { verb: 'draw' }>
    pool: readonly PoolMember[] | undefined
    poolNumber: number
    fundedAt: number
  },
): Promise<Sent> {
  const { terms, escrowId } = escrow
  if (!pool) throw new EarnestError('pool_unknown', 'A draw needs the leaves of the pool')
  const tree = plantPool(pool)
  const { root } = await mapErrors(() =>
    readContract(client, {
      address: court.committee,
      abi: committeeAbi,
      functionName: 'poolOf',
      args: [BigInt(poolNumber)],
    }),
  )
  if (root !== tree.root) throw new EarnestError('invalid_pool', 'These leaves have another root')
  const panel = docket.panels[step.panel]
  const { hash } = await mapErrors(() => getBlock(client, { blockNumber: step.seedBlock }))
  if (!panel || !hash) throw new EarnestError('draw_failed', 'The panel is not open')
  const earlier = step.panel > 0 ? docket.panels[0] : undefined
  const draw = await composeDraw({
    pool: tree,
    one: {
      escrowId,
      panel: BigInt(step.panel),
      blockHash: hash,
      buyer: terms.buyer,
      seller: terms.seller,
      fundedAt,
      openedAt: panel.openedAt,
      ...(earlier && { earlier }),
    },
    readMembers: (members) =>
      Promise.all(members.map((member) => readMember(client, { ...court, member }))),
  })
  const args = [terms, BigInt(step.panel), draw.leaves, draw.order, step.earlier]
  return await callCommittee(client, court, 'draw', args)
}

/** A member's account at a committee: stake and pay in base units, since when, leaving since. */
export async function readMember(
  client: ReadClient,
  { committee, member }: { committee: Address; member: Address },
): Promise<MemberAccount> {
  return await mapErrors(() =>
    readContract(client, {
      address: committee,
      abi: committeeAbi,
      functionName: 'memberOf',
      args: [member],
    }),
  )
}
