import { committeeAbi } from '@earnest/contracts'
import {
  EarnestError,
  MIN_MEMBERS,
  MIN_TRADES,
  MOST_OF_POOL,
  type PoolMember,
  type PoolTree,
  plantPool,
  poolTypedData,
} from '@earnest/sdk/protocol'
import { type Address, encodeFunctionData, keccak256, stringToHex } from 'viem'
import type { Chain } from '../../escrow/chain.ts'
import { submit } from '../../escrow/submit.ts'
import type { Context } from '../../store/context.ts'
import { append } from '../../store/journal.ts'
import { pack, unpack } from '../../store/json.ts'
import type { Db } from '../../store/store.ts'
import type { Row } from '../../store/tables.ts'
import type { Trust } from '../../trust/answer.ts'
import type { Attestors } from '../attestor.ts'
import { capped } from './capped.ts'
import type { Court } from './court.ts'

/** Seconds after which a pool whose members or weights changed is anchored anew. */
const POOL_LIFETIME = 7 * 86_400
/** Seconds after which a plan that never stood on chain is given up. */
const PLAN_LIFETIME = 600

type Planning = Context & {
  chain: Chain
  courts: readonly Court[]
  attestors: Attestors
  trust: Trust
}

/**
 * Anchors the next pool that is due: one for each capability in which at least 21 members have shown
 * what they can. The plan, its leaves and the events behind its weights are on record before any
 * attestor signs.
 * @returns the number of the pool that was planned; undefined where none is due.
 */
export async function planPool(planning: Planning): Promise<number | undefined> {
  const { db, clock } = planning
  for (const court of planning.courts) {
    const pending = await db
      .selectFrom('pool')
      .select('number')
      .where('committee', '=', court.committee.toLowerCase())
      .where('anchored_at', 'is', null)
      .where('planned_at', '>', clock.now() - PLAN_LIFETIME)
      .executeTakeFirst()
    // Numbers are given in order, so there is one plan at a time.
    if (pending) continue
    const bench = await benchOf(planning, court)
    for (const capability of capabilitiesOf(bench)) {
      const number = await planOne(planning, { court, bench, capability })
      if (number !== undefined) return number
    }
  }
  return undefined
}

/** A member that may be drawn, with its agent. */
type Sitter = { did: string; wallet: Address; capabilities: readonly string[] }

async function benchOf({ db, chain }: Planning, court: Court): Promise<Sitter[]> {
  const rows = await db
    .selectFrom('member')
    .innerJoin('agent', 'agent.wallet', 'member.wallet')
    .select(['agent.did', 'member.wallet', 'agent.capabilities'])
    .where('member.committee', '=', court.committee.toLowerCase())
    .where('agent.status', '=', 'active')
    .orderBy('member.wallet')
    .execute()
  const sitters: Sitter[] = []
  for (const { did, wallet, capabilities } of rows) {
    const account = await chain.client.readContract({
      address: court.committee,
      abi: committeeAbi,
      functionName: 'memberOf',
      args: [wallet as Address],
    })
    if (account.since > 0 && account.leavingAt === 0) {
      sitters.push({ did, wallet: wallet as Address, capabilities })
    }
  }
  return sitters
}

const capabilitiesOf = (bench: readonly Sitter[]) =>
  [...new Set(bench.flatMap(({ capabilities }) => capabilities))].sort()

async function planOne(
  planning: Planning,
  { court, bench, capability }: { court: Court; bench: readonly Sitter[]; capability: string },
): Promise<number | undefined> {
  const { db, signer, clock, chain, attestors, trust } = planning
  const { members, eventRoot } = await membersOf(planning, court, bench, capability)
  if (members.length < MIN_MEMBERS) return undefined
  const tree = plantPool(members)
  const now = clock.now()
  const last = await db
    .selectFrom('pool')
    .select(['root', 'anchored_at'])
    .where('committee', '=', court.committee.toLowerCase())
    .where('capability', '=', capability)
    .where('anchored_at', 'is not', null)
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst()
  const isFresh = last && (last.root === tree.root || now < (last.anchored_at ?? 0) + POOL_LIFETIME)
  if (isFresh) return undefined

  const count = await chain.client.readContract({
    address: court.committee,
    abi: committeeAbi,
    functionName: 'poolCount',
  })
  const number = count + 1n
  const domain = domainOf(capability)
  const { root, total } = tree
  const size = BigInt(members.length)
  const proof = await attestors.prove({
    arbiter: court.arbiter,
    kind: 'attestation',
    typedData: poolTypedData({
      chainId: chain.chainId,
      committee: court.committee,
      number,
      domain,
      root,
      total,
      members: size,
    }),
  })
  const committee = court.committee.toLowerCase()
  const args = [domain, root, total, members.length, proof] as const
  await db.transaction().execute(async (tx) => {
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('pool')
      .values({
        committee,
        arbiter: court.arbiter.toLowerCase(),
        number: Number(number),
        capability,
        root,
        total: total.toString(),
        members: pack(members),
        scorer: trust.scorer.version,
        event_root: eventRoot,
        planned_at: now,
        anchored_at: null,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst()
    if (numInsertedOrUpdatedRows !== 1n) return
    await submit(tx, {
      key: `pool/${committee}/${number}/${root}`,
      escrowId: root,
      at: now,
      call: {
        functionName: 'anchorPool',
        args,
        to: court.committee,
        data: encodeFunctionData({ abi: committeeAbi, functionName: 'anchorPool', args }),
      },
    })
    const data = {
      number: Number(number),
      capability,
      committee,
      members: members.length,
      eventRoot,
    }
    await append(tx, signer, [{ action: 'pool_planned', subject: root, at: now, data }])
  })
  return Number(number)
}

/** Who has shown competence in a capability, and how much each weighs. */
async function membersOf(
  { trust, attestors }: Planning,
  { arbiter }: Court,
  bench: readonly Sitter[],
  capability: string,
): Promise<{ members: PoolMember[]; eventRoot: string }> {
  const { standings, eventRoot } = await trust.standings(
    bench.map(({ did }) => did),
    capability,
  )
  const witnesses = new Set((await attestors.keysOf(arbiter)).map((key) => key.toLowerCase()))
  const fit = bench.flatMap(({ did, wallet }) => {
    const standing = standings.get(did)
    const isFit = standing && standing.trades >= MIN_TRADES && standing.weight > 0
    return isFit && !witnesses.has(wallet.toLowerCase()) ? [{ wallet, ...standing }] : []
  })
  // An organisation has one voice, however many agents it runs.
  const sizes = Map.groupBy(fit, ({ organization, wallet }) => organization ?? wallet)
  const shares = fit.map(({ weight, organization, wallet }) =>
    Math.max(1, Math.floor((weight * 1000) / (sizes.get(organization ?? wallet)?.length ?? 1))),
  )
  const weights = capped(shares, Number(MOST_OF_POOL))
  const members = fit.map(({ wallet, trades }, i) => ({
    member: wallet,
    weight: BigInt(weights[i] ?? 0),
    trades,
  }))
  return { members, eventRoot }
}

/** The domain of a capability's pool. */
export function domainOf(capability: string) {
  return keccak256(stringToHex(capability))
}

/** One anchored or planned pool. Throws `pool_unknown`. */
export async function readPool(
  db: Db,
  { number, committee }: { number: number; committee?: string },
): Promise<Row<'pool'>> {
  let query = db.selectFrom('pool').selectAll().where('number', '=', number)
  if (committee) query = query.where('committee', '=', committee.toLowerCase())
  // Of a number that was planned twice, the one that stands.
  const row = await query
    .orderBy('anchored_at', (by) => by.asc().nullsLast())
    .limit(1)
    .executeTakeFirst()
  if (!row) throw new EarnestError('pool_unknown', 'No such pool')
  return row
}

/** The leaves of a kept pool. */
export function leavesOf(row: Pick<Row<'pool'>, 'members'>): PoolMember[] {
  return unpack<PoolMember[]>(row.members)
}

/** The tree of a kept pool. Throws `pool_unknown`. */
export async function plantStored(
  db: Db,
  which: { number: number; committee: string },
): Promise<PoolTree> {
  return plantPool(leavesOf(await readPool(db, which)))
}
