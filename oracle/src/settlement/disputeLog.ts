import {
  type DisputeLine,
  decode,
  EarnestError,
  fromBytes32,
  isTerminal,
  parseHash,
  signedClaimSchema,
} from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import type { Recourse } from '../escrow/recourse.ts'
import type { EscrowState } from '../escrow/state.ts'
import { unpack } from '../store/json.ts'
import type { Db } from '../store/store.ts'
import { readClaims } from './case.ts'

/**
 * The public log of disputes, oldest first: hashes, times and outcomes, no words (TAP-07, DRV-18).
 * @throws invalid_request for a cursor that this list never gave
 */
export async function listDisputes(
  db: Db,
  { limit = 50, cursor }: { limit?: number | undefined; cursor?: string | undefined },
): Promise<{ disputes: DisputeLine[]; cursor: string | null }> {
  const [openedAt, escrowId, round] = placeOf(cursor)
  const rows = await db
    .selectFrom('dispute')
    .innerJoin('lock', 'lock.escrow_id', 'dispute.escrow_id')
    .innerJoin('escrow', 'escrow.escrow_id', 'dispute.escrow_id')
    .select(['dispute.escrow_id', 'dispute.round', 'dispute.opened_at', 'dispute.defence_hash'])
    .leftJoin('recourse', 'recourse.escrow_id', 'dispute.escrow_id')
    .select(['dispute.defended_at', 'dispute.package_hash', 'lock.pact_id', 'escrow.body'])
    .select('recourse.body as recourse')
    .where(({ eb, refTuple, tuple }) =>
      eb(
        refTuple('dispute.opened_at', 'dispute.escrow_id', 'dispute.round'),
        '>',
        tuple(openedAt, escrowId, round),
      ),
    )
    .orderBy('dispute.opened_at')
    .orderBy('dispute.escrow_id')
    .orderBy('dispute.round')
    .limit(limit)
    .execute()
  const last = rows.length === limit ? rows.at(-1) : undefined
  return {
    disputes: await Promise.all(rows.map(lineOf)),
    cursor: last ? `${last.opened_at}/${last.escrow_id}/${last.round}` : null,
  }

  async function lineOf(row: (typeof rows)[number]): Promise<DisputeLine> {
    const state = unpack<EscrowState>(row.body)
    const claims = await readClaims(db, row.escrow_id, row.round)
    const evidence = await db
      .selectFrom('evidence')
      .select(['sha256', 'at', 'verified'])
      .where('escrow_id', '=', row.escrow_id)
      .where('round', '=', row.round)
      .orderBy('at')
      .orderBy('sha256')
      .execute()
    const recourse = row.recourse === null ? undefined : unpack<Recourse>(row.recourse)
    const ending = state.round === row.round ? endingOf(state, recourse) : null
    const { recordHash } = ending ?? state
    return {
      escrowId: row.escrow_id as `0x${string}`,
      pactId: parseHash(row.pact_id),
      round: row.round,
      openedAt: row.opened_at,
      claims: claims.map((one) => ({
        reason: decode(signedClaimSchema, JSON.parse(one.claim), 'invalid_claim').body.reason,
        claimHash: one.claim_hash,
        filedAt: one.filed_at,
      })),
      defenceHash: row.defence_hash,
      evidence,
      packageHash: row.package_hash,
      outcome: ending?.how ?? (state.round > row.round ? 'redelivered' : null),
      sellerBps: ending?.sellerBps ?? null,
      endedAt: ending?.at ?? null,
      recordHash: recordHash ? fromBytes32(recordHash) : null,
    }
  }
}

/** How the dispute of the last round ended: in its escrow or, after a release at once, in the vault. */
function endingOf(state: EscrowState, recourse: Recourse | undefined) {
  if (!isTerminal(state.state) || recourse?.state === 'claimed' || !state.ending) return null
  const { recordHash } = state
  const claim = recourse?.claimedAt == null ? null : recourse.ending
  if (!claim) return { ...state.ending, recordHash }
  const how = claim.how === 'ruled' || claim.how === 'concluded' ? claim.how : 'released'
  return { ...claim, how } as const
}

/** Disputed escrows by how they ended, `open` where they have not (TOL-14). */
export async function countDisputes(db: Db): Promise<Map<string, number>> {
  const { rows } = await sql<{ exit: string | null; n: string }>`
    select settlement.receipt::json -> 'settlement' ->> 'outcome' as exit, count(*) as n
    from (select distinct escrow_id from dispute) as disputed
    left join settlement on settlement.escrow_id = disputed.escrow_id
    group by 1`.execute(db)
  return new Map(rows.map(({ exit, n }) => [exit ?? 'open', Number(n)]))
}

function placeOf(cursor: string | undefined): [number, string, number] {
  if (cursor === undefined) return [-1, '', 0]
  const parts = /^(\d{1,15})\/(0x[0-9a-f]{64})\/(\d{1,3})$/.exec(cursor)
  if (!parts) throw new EarnestError('invalid_request', 'Not a cursor of this list')
  return [Number(parts[1]), String(parts[2]), Number(parts[3])]
}
