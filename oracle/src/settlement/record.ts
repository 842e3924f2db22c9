import {
  type Attestation,
  attestationSchema,
  decode,
  EarnestError,
  type EscrowRecord,
  fromBytes32,
  isSubjective,
  isTerminal,
  type PactRecord,
  type PactStatus,
  parseHash,
} from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { readEscrow } from '../escrow/fold.ts'
import type { EscrowState } from '../escrow/state.ts'
import { findLock, findPact, type RegisteredPact } from '../negotiation/pact.ts'
import type { Context } from '../store/context.ts'
import { unpack } from '../store/json.ts'
import { statement } from '../store/statement.ts'
import type { Db } from '../store/store.ts'

/**
 * A pact as the API shows it; its status is where its milestones stand (docs/names.md).
 * @param known What was just read of it.
 * @throws pact_unknown
 */
export async function pactRecord(
  { db, clock }: Context,
  pactId: string,
  known?: RegisteredPact,
): Promise<PactRecord> {
  const found = known ?? (await findPact(db, pactId))
  if (!found) throw new EarnestError('pact_unknown', 'No such pact')
  const { pact, buyerSignature, sellerSignature } = found.signed
  const states = await Promise.all(found.escrowIds.map((id) => readEscrow(db, id)))
  const fundBy = (index: number) => pact.milestones?.[index]?.fundBy ?? pact.timing.fundBy
  const standings = states.map((state, index) => {
    const standing = standingOf(state, fundBy(index), clock.now())
    const isOffer = standing.status === 'registered' || standing.status === 'expired'
    if (!isOffer || found.cancelledAt === null) return standing
    return { status: 'cancelled' as const, reason: 'cancelled_by_seller' }
  })
  const open = standings.find(({ status }) => status !== 'fulfilled')
  const { status, reason } = open ?? { status: 'fulfilled' as const, reason: null }
  return {
    pactId: parseHash(pactId),
    pactHash: parseHash(pactId),
    status,
    reason,
    terms: pact,
    buyerSignature,
    sellerSignature,
    subjective: states.some((_, index) => isSubjective(pact, index)),
    escrowIds: found.escrowIds,
    createdAt: found.registeredAt,
  }
}

/** Where one milestone stands, and why where it went wrong. */
export function standingOf(
  state: EscrowState | undefined,
  fundBy: number,
  now: number,
): { status: PactStatus; reason: string | null } {
  const standing = (status: PactStatus, reason: string | null = null) => ({ status, reason })
  switch (state?.state) {
    case undefined:
    case 'None':
      return now >= fundBy ? standing('expired', 'fund_by_passed') : standing('registered')
    case 'Funded':
      return standing('funded')
    case 'Delivered':
      return standing('delivered')
    case 'Disputed':
      return standing('disputed')
    case 'Negotiating':
      return standing('negotiating')
    case 'Arbitration':
      return standing('arbitration')
    case 'Completed':
      // A release without a delivery is a payment, never a fulfilment.
      return state.round > 0 ? standing('fulfilled') : standing('resolved', 'paid_without_delivery')
    case 'Refunded':
      return state.ending?.how === 'expired'
        ? standing('failed', 'deadline_exceeded')
        : standing('refunded')
    case 'Resolved':
      return standing('resolved', state.ending?.how ?? null)
    case 'Amended':
      return standing('amended')
  }
}

/**
 * An escrow as the chain has it, for an id that a registered pact derives.
 * @throws escrow_unknown
 */
export async function escrowRecord(
  db: Db,
  { escrowId, chainId }: { escrowId: `0x${string}`; chainId: number },
): Promise<EscrowRecord> {
  const lock = await findLock(db, escrowId)
  if (!lock) throw new EarnestError('escrow_unknown', 'No registered pact derives it')
  const [found] = await standingOfEscrow(db, { escrowId })
  const state = found?.body ? unpack<EscrowState>(found.body) : undefined
  const { pact, pactId, milestone } = lock
  const verification = await verificationOf(db, { escrowId, found })
  return {
    escrowId,
    ...(verification && { verification }),
    pactId: parseHash(pactId),
    milestone,
    state: state?.state ?? 'None',
    final: found?.reverted === false,
    amountUsdc: pact.milestones?.[milestone]?.paymentUsdc ?? pact.paymentUsdc,
    seq: state?.seq ?? 0,
    round: state?.round ?? 0,
    result: state?.result ?? null,
    timerEnd: state && !isTerminal(state.state) ? state.timerEnd : null,
    fundedAt: state?.fundedAt ?? null,
    fundingTxHash: state?.funding.txHash ?? null,
    blockNumber: state?.funding.block ?? null,
    network: `eip155:${chainId}`,
    artifactHash: state?.artifactHash ? fromBytes32(state.artifactHash) : null,
    settlement: found?.receipt
      ? decode(attestationSchema, JSON.parse(found.receipt), 'invalid_settlement').settlement
      : null,
  }
}

type Standing = {
  body: string | null
  reverted: boolean | null
  receipt: string | null
  /** Of the last completion. */
  round: number | null
  report_hash: string | null
}

const standingOfEscrow = statement(
  (_, { escrowId }: { escrowId: string }) => sql<Standing>`
    select
      (select body from escrow where escrow_id = ${escrowId}) as body,
      (select reverted from announcement where escrow_id = ${escrowId}) as reverted,
      (select receipt from settlement where escrow_id = ${escrowId}) as receipt,
      last.round, last.report_hash
    from (select 1) as one
    left join lateral (
      select round, report_hash from completion where escrow_id = ${escrowId}
      order by round desc limit 1
    ) as last on true`,
)

/** How the check of the last completion stands; its result is the parties' until the chain has it (DRV-18). */
async function verificationOf(
  db: Db,
  { escrowId, found }: { escrowId: string; found: Standing | undefined },
): Promise<EscrowRecord['verification']> {
  if (!found || found.round === null) return undefined
  const { round } = found
  if (found.report_hash !== null) return { round, status: 'done', code: null }
  const job = await db
    .selectFrom('job')
    .select(['failed', 'error'])
    .where('queue', '=', 'complete')
    .where('key', '=', `${escrowId}/${round}`)
    .executeTakeFirst()
  // An error is kept as its code and a text that is the operator's.
  const code = /^[a-z][a-z0-9_]*(?=:)/.exec(job?.error ?? '')?.[0] ?? null
  return { round, status: job?.failed ? 'parked' : 'pending', code }
}

/** Signed settlements that count, newest last, after `after`; of one escrow where it is named. */
export async function listAttestations(
  db: Db,
  {
    did,
    escrowId,
    after,
    limit,
  }: { did: string; escrowId?: string | undefined; after: number; limit: number },
): Promise<{ attestations: Attestation[]; last: number | null }> {
  let query = db
    .selectFrom('settlement')
    .select(['seq', 'receipt'])
    .where('counts', '=', true)
    .where((eb) => eb.or([eb('buyer_did', '=', did), eb('seller_did', '=', did)]))
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit)
  if (escrowId !== undefined) query = query.where('escrow_id', '=', escrowId)
  const rows = await query.execute()
  return {
    attestations: rows.map((row) =>
      decode(attestationSchema, JSON.parse(row.receipt), 'invalid_settlement'),
    ),
    last: rows.length === limit ? (rows.at(-1)?.seq ?? null) : null,
  }
}
