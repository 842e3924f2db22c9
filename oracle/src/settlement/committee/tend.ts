import { committeeAbi, pactArbiterAbi } from '@earnest/contracts'
import {
  composeDraw,
  type Docket,
  EarnestError,
  fromBytes32,
  isEarnestError,
  type Ladder,
  type LadderStep,
  nextStep,
  unpackLadder,
} from '@earnest/sdk/protocol'
import { encodeFunctionData, type Hex } from 'viem'
import type { Call, Chain } from '../../escrow/chain.ts'
import type { EscrowState } from '../../escrow/state.ts'
import { submit, takeUp } from '../../escrow/submit.ts'
import { unpack } from '../../store/json.ts'
import type { Db } from '../../store/store.ts'
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
    .select(['escrow.body', 'docket.body as docket'])
    .where((eb) =>
      eb.or([
        eb('escrow.state', '=', 'Arbitration'),
        eb('docket.stage', 'in', ['proposed', 'sitting', 'moderation']),
      ]),
    )
    .limit(500)
    .execute()
  const keys: string[] = []
  for (const row of rows) {
    const state = unpack<EscrowState>(row.body)
    const ladder = ladderOf(state)
    const court = courts.find(({ arbiter }) => same(arbiter, state.terms.arbiter))
    if (!ladder || !court) continue
    const docket = row.docket ? unpack<Docket>(row.docket) : undefined
    const step = dueStep({ state, ladder, docket, court, now, latest })
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

/** The rungs of an escrow; null without a ladder or with one of another arbiter. */
export function ladderOf({ terms }: Pick<EscrowState, 'terms'>): Ladder | null {
  try {
    return unpackLadder(fromBytes32(terms.ladder))
  } catch {
    return null
  }
}

/** Unix seconds of the arbitration of an escrow that is in it. */
export function arbitrationOf({ state, timerEnd, clauses }: EscrowState) {
  return state === 'Arbitration'
    ? { start: timerEnd - clauses.arbitrationWindow, end: timerEnd }
    : null
}

function dueStep(options: {
  state: EscrowState
  ladder: Ladder
  docket: Docket | undefined
  court: Court
  now: number
  latest: number
}): LadderStep | undefined {
  const { state, ladder, docket, court, now, latest } = options
  const { terms, clauses } = state
  const fee = (terms.amount * BigInt(clauses.arbitrationFeeBps)) / 10_000n
  return nextStep({
    docket: docket ?? { stage: 'none', proposal: null, appeal: null, panels: [], decision: null },
    ladder,
    arbitration: arbitrationOf(state),
    convenable: (state.buyerDisputed || state.sellerDisputed) && fee >= court.panelCost,
    now,
    blockNumber: BigInt(latest),
  })
}

/** What tells one occasion for a verb from the next. */
function markOf(step: LadderStep): string {
  if (step.verb === 'draw') return `/${step.panel}/${step.seedBlock}`
  return step.verb === 'execute' ? `/${step.panel}` : ''
}

/** True for a step that was written down; one that was given up while still due is taken up again. */
async function isKnown(db: Db, key: string): Promise<boolean> {
  const known = await db
    .selectFrom('submission')
    .select('attempts')
    .where('key', '=', key)
    .executeTakeFirst()
  if (!known) return false
  const delaySeconds = Math.min(300, 2 ** Math.min(known.attempts, 9))
  await db.transaction().execute((tx) => takeUp(tx, key, { delaySeconds }))
  return true
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
