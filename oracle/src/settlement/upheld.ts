import {
  type DisputeReason,
  decode,
  foundHarm,
  fromBytes32,
  reportSchema,
  signedClaimSchema,
  verdictRecordSchema,
} from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import { type Link, logsOf } from '../escrow/fold.ts'
import type { Entry } from '../store/journal.ts'
import type { Tx } from '../store/store.ts'
import type { Harm } from '../trust/event.ts'
import { harmDone, isUpheld } from '../trust/harm.ts'
import { capOfReport } from './cap.ts'
import { readClaims } from './case.ts'
import { BEFORE_HARM } from './jury/prompt.ts'

/** Reasons that accuse of more than poor work, and the incident that each of them is once it is upheld. */
const HARMS: Partial<Record<DisputeReason, Harm>> = { harmful: 'harm', security_breach: 'security' }

/**
 * What a tribunal upheld against a seller beside its work; null where nothing was. Only the buyer's claim
 * whose hash stands on chain counts, with its stake, and only if it was here before anybody judged: words
 * that no judge could read are upheld by none.
 */
export async function upheldHarm(
  tx: Tx,
  {
    escrowId,
    round,
    buyer,
    claimHash,
    awardedBps,
  }: { escrowId: Hex; round: number; buyer: string; claimHash: Hex | null; awardedBps: number },
): Promise<Harm | null> {
  if (claimHash === null) return null
  const claim = (await readClaims(tx, escrowId, round)).find(
    (row) => row.disputed_by === buyer && row.claim_hash === fromBytes32(claimHash),
  )
  if (!claim) return null
  const { reason } = decode(signedClaimSchema, JSON.parse(claim.claim), 'invalid_claim').body
  const harm = HARMS[reason]
  if (!harm) return null
  const judgedAt = await firstJudgement(tx, { escrowId, round })
  if (judgedAt !== null && claim.filed_at >= judgedAt) return null
  if (await isDenied(tx, { escrowId, round })) return null
  const completion = await tx
    .selectFrom('completion')
    .select('report')
    .where('escrow_id', '=', escrowId)
    .where('round', '=', round)
    .executeTakeFirst()
  const report = completion?.report
    ? decode(reportSchema, JSON.parse(completion.report), 'invalid_report')
    : null
  return isUpheld({ awardedBps, capBps: capOfReport(report) }) ? harm : null
}

/** True where a jury with a number was asked about harm and found none, whatever the number came to above it. */
async function isDenied(
  tx: Tx,
  { escrowId, round }: { escrowId: Hex; round: number },
): Promise<boolean> {
  const row = await tx
    .selectFrom('verdict')
    .select('record')
    .where('escrow_id', '=', escrowId)
    .where('round', '=', round)
    .executeTakeFirst()
  if (!row) return false
  const record = decode(verdictRecordSchema, JSON.parse(row.record), 'invalid_verdict')
  const isAsked = record.sellerBps !== null && record.instructionHash !== BEFORE_HARM
  return isAsked && !foundHarm(record)
}

/** What was upheld, as it goes on record beside the end of the trade; once. */
export function harmEntry({
  escrowId,
  link,
  at,
  harm,
  awardedBps,
}: {
  escrowId: string
  link: Link
  at: number
  harm: Harm
  awardedBps: number
}): Entry {
  return {
    action: 'harm_upheld',
    subject: escrowId,
    at,
    key: `harm/${escrowId}`,
    data: { class: harm, awardedBps },
    fact: harmDone({ escrowId, seller: link.seller, at, harm, awardedBps }),
  }
}

/** When the jury had heard the case, or a proposal stood on chain; null before either. */
async function firstJudgement(
  tx: Tx,
  { escrowId, round }: { escrowId: Hex; round: number },
): Promise<number | null> {
  const verdicts = await tx
    .selectFrom('verdict')
    .select('at')
    .where('escrow_id', '=', escrowId)
    .where('round', '=', round)
    .execute()
  const proposals = (await logsOf(tx, escrowId)).flatMap((log) =>
    log.name === 'Proposed' ? [log.timestamp] : [],
  )
  const times = [...verdicts.map(({ at }) => at), ...proposals]
  return times.length === 0 ? null : Math.min(...times)
}
