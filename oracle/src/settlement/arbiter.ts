import {
  type ArbiterStatistics,
  type Docket,
  decode,
  EMPTY_DOCKET,
  fromBytes32,
  MIN_TRADES,
  reportSchema,
  SEATS,
  seatsOf,
  struckOf,
  unpackLadder,
} from '@earnest/sdk/protocol'
import type { Address } from 'viem'
import type { EscrowState } from '../escrow/state.ts'
import type { Context } from '../store/context.ts'
import { unpack } from '../store/json.ts'
import type { Db } from '../store/store.ts'
import { leavesOf } from './committee/pool.ts'
import { judgesOf, type KnownAnswer, RULING_TARGET, type RuledCase, tierOf } from './statistics.ts'

/** What the record of this oracle says of an arbiter. */
export async function arbiterStatistics(
  { db, clock }: Pick<Context, 'db' | 'clock'>,
  arbiter: Address,
): Promise<ArbiterStatistics> {
  const now = clock.now()
  const rows = await db
    .selectFrom('escrow')
    .innerJoin('lock', 'lock.escrow_id', 'escrow.escrow_id')
    .innerJoin('pact', 'pact.pact_id', 'lock.pact_id')
    .leftJoin('docket', 'docket.escrow_id', 'escrow.escrow_id')
    .select(['escrow.body', 'docket.body as docket', 'pact.capability'])
    .where('escrow.arbiter', 'in', [arbiter, arbiter.toLowerCase()])
    .where('escrow.state', 'in', ['Resolved', 'Arbitration'])
    .execute()
  const cases: RuledCase[] = []
  let open = 0
  for (const row of rows) {
    const state = unpack<EscrowState>(row.body)
    const docket = row.docket ? unpack<Docket>(row.docket) : EMPTY_DOCKET
    if (state.state === 'Arbitration') {
      open += now > startOf(state) + RULING_TARGET ? 1 : 0
      continue
    }
    const ruled = await caseOf(db, { state, docket })
    if (ruled) cases.push(ruled)
  }
  const of = (tier: RuledCase['tier']) => tierOf(cases.filter((each) => each.tier === tier))
  const late = cases.filter((each) => each.ruledAt - each.escalatedAt > RULING_TARGET).length
  return {
    arbiter,
    asOf: now,
    jury: of('jury'),
    committee: of('committee'),
    moderator: of('moderator'),
    target: { seconds: RULING_TARGET, late, open },
    judges: judgesOf(await knownAnswers(db)),
  }
}

const startOf = ({ timerEnd, clauses }: EscrowState) => timerEnd - clauses.arbitrationWindow

/** A ruling, or a proposal that stood until the end; undefined for what the parties ended themselves. */
async function caseOf(
  db: Db,
  { state, docket }: { state: EscrowState; docket: Docket },
): Promise<RuledCase | undefined> {
  const { ending } = state
  const isDecision = ending?.how === 'ruled' || (ending?.how === 'concluded' && state.proposed)
  if (!ending || !isDecision) return undefined
  const { appeal, proposal, panels } = docket
  const panel = panels.findLast(({ closed }) => closed?.decided)
  const report = await reportOf(db, state)
  return {
    tier: panel ? 'committee' : docket.stage === 'none' || proposal ? 'jury' : 'moderator',
    escalatedAt: startOf(state),
    ruledAt: ending.at,
    sellerBps: ending.sellerBps,
    checkedBps: report && report.result !== 'UNDECIDED' ? report.passedBps : null,
    disputedBy: state.buyerDisputed ? 'buyer' : state.sellerDisputed ? 'seller' : 'arbiter',
    appealed: appeal !== null,
    overturned: appeal?.won === true,
    domainMatch: panel ? await matchOf(db, state, panel) : null,
  }
}

async function reportOf(db: Db, { id, round }: EscrowState) {
  const row = await db
    .selectFrom('completion')
    .select('report')
    .where('escrow_id', '=', id)
    .where('round', '=', round)
    .executeTakeFirst()
  return row?.report ? decode(reportSchema, JSON.parse(row.report), 'invalid_report') : undefined
}

/** Share of the seven that had settled enough trades in the domain of the pool they were drawn from. */
async function matchOf(
  db: Db,
  { terms }: EscrowState,
  panel: Docket['panels'][number],
): Promise<number | null> {
  const number = unpackLadder(fromBytes32(terms.ladder))?.pool ?? 0
  const row = await db
    .selectFrom('pool')
    .select('members')
    .where('number', '=', number)
    .where('arbiter', '=', terms.arbiter.toLowerCase())
    .where('anchored_at', 'is not', null)
    .executeTakeFirst()
  if (!row || !panel.draw) return null
  const trades = new Map(leavesOf(row).map((leaf) => [leaf.member.toLowerCase(), leaf.trades]))
  const seats = seatsOf({ drawn: panel.draw.members, struck: struckOf(panel) })
  const fit = seats.filter((member) => (trades.get(member.toLowerCase()) ?? 0) >= MIN_TRADES)
  return fit.length / SEATS
}

async function knownAnswers(db: Db): Promise<KnownAnswer[]> {
  const rows = await db
    .selectFrom('probe')
    .select(['answer', 'votes'])
    .orderBy('seq', 'desc')
    .limit(1000)
    .execute()
  return rows.flatMap(({ answer, votes }) =>
    Object.entries(JSON.parse(votes) as Record<string, number | null>).flatMap(([model, vote]) =>
      // A judge that leans to neither side knew nothing.
      vote === null ? [] : [{ model, right: answer ? vote > 5000 : vote < 5000 }],
    ),
  )
}
