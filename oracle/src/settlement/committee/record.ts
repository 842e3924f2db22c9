import {
  type Conflict,
  type Docket,
  type DocketRecord,
  EarnestError,
  hashBody,
  type Panel,
  type PoolRecord,
  phaseOf,
  plantPool,
  seatOf,
} from '@earnest/sdk/protocol'
import type { Address, Hex } from 'viem'
import { readEscrow } from '../../escrow/fold.ts'
import { findLock } from '../../negotiation/pact.ts'
import type { Context } from '../../store/context.ts'
import type { Db } from '../../store/store.ts'
import type { Row } from '../../store/tables.ts'
import type { Trust } from '../../trust/answer.ts'
import { readDocket } from './docket.ts'
import { domainOf, leavesOf, readPool } from './pool.ts'
import { agentsOf } from './watch.ts'

/**
 * What arbiter and committee said of an escrow, with each drawn member's ties to the parties: the
 * typed reasons for which a party may strike it.
 * @throws escrow_unknown
 */
export async function docketRecord(
  { db, clock, trust }: Pick<Context, 'db' | 'clock'> & { trust: Trust },
  escrowId: string,
): Promise<DocketRecord> {
  const lock = await findLock(db, escrowId)
  const state = await readEscrow(db, escrowId)
  if (!lock || !state) throw new EarnestError('escrow_unknown', 'No such funded escrow')
  const docket = await readDocket(db, escrowId)
  const { proposal, appeal, decision, stage } = docket
  const parties = { buyer: lock.pact.buyer.did, seller: lock.pact.seller.did }
  return {
    escrowId: state.id,
    arbiter: state.terms.arbiter,
    stage,
    proposal: proposal && {
      byCommittee: proposal.byCommittee,
      sellerBps: proposal.sellerBps,
      recordHash: proposal.recordHash,
      appealEnd: proposal.appealEnd,
    },
    appeal: appeal && { by: appeal.by, bondUsdc: appeal.bond, won: appeal.won },
    panels: await Promise.all(
      docket.panels.map((panel) =>
        panelRecord({ db, trust }, { escrowId, panel, parties, now: clock.now() }),
      ),
    ),
    decision: decision && {
      sellerBps: decision.sellerBps,
      recordHash: decision.recordHash,
      executed: decision.executed,
    },
  }
}

async function panelRecord(
  { db, trust }: { db: Db; trust: Trust },
  {
    escrowId,
    panel,
    parties,
    now,
  }: {
    escrowId: string
    panel: Panel
    parties: Record<'buyer' | 'seller', string>
    now: number
  },
): Promise<DocketRecord['panels'][number]> {
  const { draw, closed } = panel
  const members = draw?.members ?? []
  const agents = await agentsOf(db, members)
  const conflicts = await conflictsOf(trust, { escrowId, parties, agents: [...agents.values()] })
  const same = (a: Address) => (b: Address) => a.toLowerCase() === b.toLowerCase()
  const { phase, ends } = phaseOf(panel, now)
  return {
    openBlock: panel.openBlock,
    openedAt: panel.openedAt,
    phase,
    phaseEnds: ends,
    seedBlock: draw?.seedBlock ?? null,
    seed: draw?.seed ?? null,
    drawn: members.map((member) => {
      const is = same(member)
      const did = agents.get(member.toLowerCase()) ?? null
      const strike = panel.strikes.find((each) => is(each.member))
      return {
        member,
        did: did as `did:key:${string}` | null,
        struck: strike
          ? { by: strike.by, reason: strike.reason, evidenceHash: strike.evidenceHash }
          : null,
        seat: seatOf(panel, member)?.seat ?? null,
        committed: panel.committed.some(({ voter }) => is(voter)),
        sellerBps: panel.reveals.find(({ voter }) => is(voter))?.sellerBps ?? null,
        slashed: panel.noShows.find((each) => is(each.member))?.slashed ?? null,
        conflicts: (did && conflicts.get(did)) || [],
      }
    }),
    decided: closed?.decided ?? null,
    sellerBps: closed?.decided ? closed.sellerBps : null,
    recordHash: closed?.recordHash ?? null,
  }
}

async function conflictsOf(
  trust: Trust,
  {
    escrowId,
    parties,
    agents,
  }: { escrowId: string; parties: Record<'buyer' | 'seller', string>; agents: readonly string[] },
): Promise<Map<string, Conflict[]>> {
  const found = new Map<string, Conflict[]>(agents.map((agent) => [agent, []]))
  for (const side of ['buyer', 'seller'] as const) {
    const ties = await trust.ties(agents, parties[side])
    for (const [agent, list] of ties) {
      for (const { reason, detail } of list) {
        const conflict = { reason, with: side, detail }
        const evidenceHash = hashBody({ escrowId, member: agent, ...conflict })
        found.get(agent)?.push({ ...conflict, evidenceHash })
      }
    }
  }
  return found
}

/** The newest anchored pool of each capability, without its leaves. */
export async function listPools(db: Db, capability?: string) {
  let query = db
    .selectFrom('pool')
    .selectAll()
    .distinctOn(['committee', 'capability'])
    .where('anchored_at', 'is not', null)
    .orderBy('committee')
    .orderBy('capability')
    .orderBy('number', 'desc')
  if (capability !== undefined) query = query.where('capability', '=', capability)
  const rows = await query.execute()
  return rows.map((row) => {
    const { members, ...rest } = poolRecordOf(row)
    return { ...rest, members: members.length }
  })
}

/** One pool with all its leaves. Throws `pool_unknown`. */
export async function poolRecord(db: Db, number: number): Promise<PoolRecord> {
  return poolRecordOf(await readPool(db, { number }))
}

/** One leaf with its way to the root. Throws `pool_unknown`, `member_unknown`. */
export async function poolProof(db: Db, { number, member }: { number: number; member: Address }) {
  const tree = plantPool(leavesOf(await readPool(db, { number })))
  const same = (other: Address) => other.toLowerCase() === member.toLowerCase()
  const index = tree.members.findIndex((leaf) => same(leaf.member))
  if (index < 0) throw new EarnestError('member_unknown', 'The pool has no such member')
  return { ...tree.leaf(index), root: tree.root }
}

function poolRecordOf(row: Row<'pool'>): PoolRecord {
  return {
    number: row.number,
    arbiter: row.arbiter as Address,
    committee: row.committee as Address,
    capability: row.capability,
    domain: domainOf(row.capability),
    root: row.root as Hex,
    total: BigInt(row.total),
    scorer: row.scorer,
    eventRoot: row.event_root,
    plannedAt: row.planned_at,
    anchoredAt: row.anchored_at,
    members: leavesOf(row),
  }
}

/** True for a member drawn for this escrow's latest panel that no party has struck. */
export function isDrawn({ panels }: Docket, wallet: string): boolean {
  const panel = panels.at(-1)
  const place = panel && seatOf(panel, wallet as Address)
  if (!panel || !place) return false
  return !panel.strikes.some(({ member }) => member.toLowerCase() === wallet.toLowerCase())
}
