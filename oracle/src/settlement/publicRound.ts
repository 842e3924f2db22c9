import {
  decode,
  EarnestError,
  fromBytes32,
  type Manifest,
  manifestSchema,
  reportSchema,
  type VerificationReport,
} from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import { deliveriesOf } from '../escrow/fold.ts'
import type { EscrowState } from '../escrow/state.ts'
import { unpack } from '../store/json.ts'
import { statement } from '../store/statement.ts'
import type { Db } from '../store/store.ts'

type Delivered = { manifest: string; report: string | null }
type Round = { escrowId: `0x${string}`; round?: number | undefined }

/**
 * The manifest of a round that stands on chain, of the last one where none is named: what was handed
 * in since replaces nothing (DRV-18).
 * @throws not_delivered
 */
export async function publicManifest(db: Db, round: Round): Promise<Manifest> {
  const { manifest } = await standing(db, round)
  return decode(manifestSchema, JSON.parse(manifest), 'invalid_manifest')
}

/**
 * The report of a round that stands on chain.
 * @throws not_delivered, report_unknown
 */
export async function publicReport(db: Db, round: Round): Promise<VerificationReport> {
  const { report } = await standing(db, round)
  if (report === null) throw new EarnestError('report_unknown', 'Nothing was verified yet')
  return decode(reportSchema, JSON.parse(report), 'invalid_report')
}

/** The delivery that the chain has for a round, where it came through this oracle. */
async function standing(db: Db, { escrowId, round }: Round): Promise<Delivered> {
  const rows = await roundsOf(db, { escrowId })
  const state = rows[0] && unpack<EscrowState>(rows[0].body)
  const delivery = state && (await deliveryOf(db, { state, round }))
  const row = rows.find((each) => each.round === delivery?.round)
  if (!delivery || row?.artifact_hash !== fromBytes32(delivery.artifactHash)) {
    throw new EarnestError('not_delivered', 'No such delivery stands on chain')
  }
  return row
}

/** An escrow beside everything that was handed in for it. */
const roundsOf = statement((db, { escrowId }: { escrowId: string }) =>
  db
    .selectFrom('escrow')
    .innerJoin('completion', 'completion.escrow_id', 'escrow.escrow_id')
    .select(['escrow.body', 'round', 'artifact_hash', 'manifest', 'report'])
    .where('escrow.escrow_id', '=', escrowId),
)

/** The last round stands in the escrow's state; those before it only in its logs. */
async function deliveryOf(
  db: Db,
  { state, round }: { state: EscrowState; round: number | undefined },
): Promise<{ round: number; artifactHash: Hex } | undefined> {
  if (state.artifactHash === null) return undefined
  if (round === undefined || round === state.round) {
    return { round: state.round, artifactHash: state.artifactHash }
  }
  return (await deliveriesOf(db, state.id)).find((each) => each.round === round)
}
