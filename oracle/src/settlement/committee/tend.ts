import { committeeAbi, pactArbiterAbi } from '@earnest/contracts'
import {
  composeDraw,
  type Docket,
  EarnestError,
  isEarnestError,
  type Ladder,
  type LadderStep,
  nextStep,
} from '@earnest/sdk/protocol'
import { encodeFunctionData, type Hex } from 'viem'
import type { Call, Chain } from '../../escrow/chain.ts'
import { isKnown } from '../../escrow/keeper.ts'
import { ladderOf } from '../../escrow/ladder.ts'
import type { Recourse } from '../../escrow/recourse.ts'
import type { EscrowState } from '../../escrow/state.ts'
import { submit } from '../../escrow/submit.ts'
import { unpack } from '../../store/json.ts'
import type { Db } from '../../store/store.ts'
import { type Forum, forumOf } from '../forum.ts'
import type { Court } from './court.ts'
import { plantStored } from './pool.ts'

type Tending = {
  db: Db
  chain: Chain
  courts: readonly Court[]
  now: number
  /** The newest indexed block. */
  latest: number
}

/**
 * Takes every step of a ladder that is due and needs nobody's permission: opens a panel, draws it,
 * executes what it decided, finalizes what nobody appealed. Anyone else can do the same.
 * @returns the keys of the submissions.
 */
export async function tendDockets(tending: Tending): Promise<string[]> {
  const { db, courts, now, latest } = tending
  if (courts.length === 0) return []
  const rows = await db
    .selectFrom('escrow')
    .innerJoin('lock', 'lock.escrow_id', 'escrow.escrow_id')
    .leftJoin('docket', 'docket.escrow_id', 'escrow.escrow_id')
    .leftJoin('recourse', 'recourse.escrow_id', 'escrow.escrow_id')
    .select(['escrow.body', 'docket.body as docket', 'recourse.body as recourse'])
    // Each by its own index: one condition over the three tables would read every escrow at every look.
    .where('escrow.escrow_id', 'in', (eb) =>
      eb
        .selectFrom('escrow')
        .select('escrow_id')
        .where('state', '=', 'Arbitration')
        .union(eb.selectFrom('recourse').select('escrow_id').where('state', '=', 'claimed'))
        .union(
          eb
            .selectFrom('docket')
            .select('escrow_id')
            .where('stage', 'in', ['proposed', 'sitting', 'moderation']),
        ),
    )
    .limit(500)
    .execute()
  const keys: string[] = []
  for (const row of rows) {
    const state = unpack<EscrowState>(row.body)
    const forum = forumOf(state, row.recourse ? unpack<Recourse>(row.recourse) : undefined)
    const ladder = ladderOf(state)
    const court = courts.find(({ arbiter }) => same(arbiter, forum.arbiter))
    if (!ladder || !court) continue
    const docket = row.docket ? unpack<Docket>(row.docket) : undefined
    const step = dueStep({ state, forum, ladder, docket, court, now, latest })
    if (!step) continue
    const key = `ladder/${state.id}/${step.verb}${markOf(step)}`
    if (await isKnown(db, key)) continue
    try {
      const call = await callOf(tending, { state, ladder, court, docket, step })
      await submit(db, { key, escrowId: state.id, call, at: now })
      keys.push(key)
    } catch (error) {
      // A pool that is not ours, or that cannot fill a panel: others may draw, or the panel lapses.
      if (!isEarnestError(error) || error.retryable) throw error
    }
  }
  return keys
}

function dueStep(options: {
  state: EscrowState
  forum: Forum
  ladder: Ladder
  docket: Docket | undefined
  court: Court
  now: number
  latest: number
}): LadderStep | undefined {
  const { state, forum, ladder, docket, court, now, latest } = options
  const { terms, clauses } = state
  const fee = (terms.amount * BigInt(clauses.arbitrationFeeBps)) / 10_000n
  return nextStep({
    docket: docket ?? { stage: 'none', proposal: null, appeal: null, panels: [], decision: null },
    ladder,
    arbitration: forum.open,
    convenable: forum.disputed && fee >= court.panelCost,
    now,
    blockNumber: BigInt(latest),
  })
}

/** What tells one occasion for a verb from the next. */
function markOf(step: LadderStep): string {
  if (step.verb === 'draw') return `/${step.panel}/${step.seedBlock}`
  return step.verb === 'execute' ? `/${step.panel}` : ''
}

async function callOf(
  { db, chain }: Tending,
  {
    state,
    ladder,
    court,
    docket,
    step,
  }: {
    state: EscrowState
    ladder: Ladder
    court: Court
    docket: Docket | undefined
    step: LadderStep
  },
): Promise<Call> {
  const { terms } = state
  const arbiter = (
    functionName: 'convene' | 'execute' | 'finalize' | 'lapse',
    args: unknown[],
  ) => ({
    functionName,
    args,
    to: court.arbiter,
    data: encodeFunctionData({ abi: pactArbiterAbi, functionName, args } as never) as Hex,
  })
  switch (step.verb) {
    case 'convene':
    case 'lapse':
      return arbiter(step.verb, [terms])
    case 'finalize':
      return arbiter('finalize', [terms, step.drawn])
    case 'execute':
      return arbiter('execute', [terms, step.drawn, step.earlier])
    case 'draw': {
      const panel = docket?.panels[step.panel]
      const { hash } = await chain.client.getBlock({ blockNumber: step.seedBlock })
      if (!panel || !hash)
        throw new EarnestError('draw_failed', 'No open panel', { retryable: true })
      const earlier = step.panel > 0 ? docket?.panels[0] : undefined
      const draw = await composeDraw({
        pool: await plantStored(db, { committee: court.committee, number: ladder.pool }),
        one: {
          escrowId: state.id,
          panel: BigInt(step.panel),
          blockHash: hash,
          buyer: terms.buyer,
          seller: terms.seller,
          fundedAt: state.fundedAt,
          openedAt: panel.openedAt,
          ...(earlier && { earlier }),
        },
        readMembers: (members) =>
          Promise.all(
            members.map((member) =>
              chain.client.readContract({
                address: court.committee,
                abi: committeeAbi,
                functionName: 'memberOf',
                args: [member],
              }),
            ),
          ),
      })
      const args = [terms, BigInt(step.panel), draw.leaves, draw.order, step.earlier] as const
      const data = encodeFunctionData({ abi: committeeAbi, functionName: 'draw', args })
      return { functionName: 'draw', args, to: court.committee, data }
    }
  }
}

const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase()
