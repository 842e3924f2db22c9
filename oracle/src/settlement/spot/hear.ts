import {
  canonicalText,
  encode,
  hashBody,
  hashVerdict,
  type VerdictRecord,
  verdictRecordSchema,
} from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import { tellOf } from '../../escrow/fold.ts'
import { type Recourse, readRecourse } from '../../escrow/recourse.ts'
import type { EscrowState } from '../../escrow/state.ts'
import type { Context } from '../../store/context.ts'
import { append, type Entry } from '../../store/journal.ts'
import { isPoor, poorWork } from '../../trust/quality.ts'
import { locateFiles } from '../artifact.ts'
import type { Blobs } from '../blob.ts'
import type { Jury } from '../jury/jury.ts'
import { capOf, present } from '../jury/present.ts'
import { declaredModels } from '../jury/sit.ts'
import { judgedRound } from '../package.ts'
import { keepPaper } from '../paper.ts'
import type { SpotPolicy } from './rate.ts'

type Hearing = Context & { blobs: Blobs; jury: Jury; policy: SpotPolicy }
type Round = { escrowId: Hex; round: number }
type Judged = NonNullable<Awaited<ReturnType<typeof judgedRound>>>

/** What a look came to. */
type Finding =
  | { status: 'heard'; record: VerdictRecord; absent: string[] }
  | { status: 'not_heard'; code: string; absent: string[] }

/** Characters of a delivery below which a look shows nothing. */
const LEAST_SHOWN = 1000

/** What the judges are told in the place of a complaint. */
const NO_COMPLAINT = `Nobody complains. This delivery passed every check that a machine could make, and was drawn at random to see whether it is any good. A file that is no text is shown by its hash alone, and a long one in part: what is not shown is not to be held against the seller.`

/**
 * Puts a drawn delivery before the jury, once (UNS-01). Nothing that comes of it moves money or holds a
 * payment up: it is a record, it tells the buyer while the review still runs, and poor work lowers its
 * seller's accuracy.
 */
export async function hearSpot(hearing: Hearing, round: Round): Promise<void> {
  const { db } = hearing
  const row = await db
    .selectFrom('spot_check')
    .select('status')
    .where('escrow_id', '=', round.escrowId)
    .where('round', '=', round.round)
    .executeTakeFirst()
  if (row?.status !== 'drawn') return
  await write(hearing, round, await look(hearing, round))
}

/** Reads what the pact lets be read, and asks the judges that it names. */
async function look(hearing: Hearing, round: Round): Promise<Finding> {
  const { db, blobs, clock, jury, policy } = hearing
  const { escrowId } = round
  const judged = await judgedRound(db, round)
  const code = judged ? obstacleOf(judged.state, await readRecourse(db, escrowId)) : 'superseded'
  if (!judged || code) return { status: 'not_heard', code: code ?? 'superseded', absent: [] }
  const { pact, link, delivery } = judged
  if (jury.judges.length === 0) return { status: 'not_heard', code: 'no_judges', absent: [] }
  const readers = pact.disclosure.judges
  if (readers.length === 0) return { status: 'not_heard', code: 'not_disclosed', absent: [] }
  const families = await declaredModels(db, escrowId, round.round)
  const { isQuorate, absent } = jury.muster({ families, readers })
  if (!isQuorate) return { status: 'not_heard', code: 'too_few_seats', absent: absent.map(lineOf) }

  const body = { ...delivery, claims: [], defence: null, excerpts: [], evidence: [] }
  const bytes = new TextEncoder().encode(canonicalText(body))
  let shown = 0
  const evidence = await present(bytes, async (file, most) => {
    const located = await locateFiles(db, escrowId, [file])
    shown += 1
    return blobs.readStart(located.get(file.name) ?? '', most)
  })
  if (shown === 0) return { status: 'not_heard', code: 'nothing_readable', absent: [] }
  await keepPaper({ db, blobs, clock }, { escrowId, kind: 'spot', bytes })
  const hear = (deliverable: string) =>
    jury.hear({
      escrowId,
      pactId: link.pactId,
      round: round.round,
      packageHash: hashBody(body),
      evidence: { ...evidence, deliverable, claim: NO_COMPLAINT },
      fee: policy.cost,
      capBps: capOf(bytes),
      families,
      readers,
    })
  let { deliverable } = evidence
  let heard = await hear(deliverable)
  // Or padding would be a way around every look: what is too long is shown as far as the price of one goes.
  while (isTooDear(heard) && deliverable.length >= 2 * LEAST_SHOWN) {
    deliverable = deliverable.slice(0, deliverable.length / 2).toWellFormed()
    heard = await hear(deliverable)
  }
  const missing = heard.absent.map(lineOf)
  return heard.status === 'heard'
    ? { status: 'heard', record: heard.record, absent: missing }
    : { status: 'not_heard', code: heard.code, absent: missing }
}

const isTooDear = (hearing: Awaited<ReturnType<Jury['hear']>>) =>
  hearing.status === 'not_heard' && hearing.code === 'fee_below_cost'

const lineOf = ({ provider, code }: { provider: string; code: string }) => `${provider}: ${code}`

/** A dispute has a jury of its own, whose word counts for more; so has a claim against a bond. */
function obstacleOf(
  { contested }: EscrowState,
  recourse: Recourse | undefined,
): string | undefined {
  return contested || (recourse && recourse.claimedAt !== null) ? 'disputed' : undefined
}

/** Unix seconds until which the buyer can still do something about poor work; null where it cannot. */
function answerableUntil(state: EscrowState, recourse: Recourse | undefined): number | null {
  if (recourse) return recourse.state === 'reserved' ? recourse.end : null
  return state.state === 'Delivered' ? state.timerEnd : null
}

/** Logs the one result of a round; of two processes the first that gets here. */
async function write(
  { db, signer, clock }: Hearing,
  { escrowId, round }: Round,
  finding: Finding,
): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const row = await tx
      .selectFrom('spot_check')
      .select(['status', 'seller_did'])
      .where('escrow_id', '=', escrowId)
      .where('round', '=', round)
      .forUpdate()
      .executeTakeFirst()
    if (row?.status !== 'drawn') return
    const judged = await judgedRound(tx, { escrowId, round })
    // What was disputed while the judges wrote is the dispute's.
    const recourse = await readRecourse(tx, escrowId)
    const code = judged ? obstacleOf(judged.state, recourse) : 'superseded'
    const result: Finding =
      code && finding.status === 'heard'
        ? { status: 'not_heard', code, absent: finding.absent }
        : finding
    const at = clock.now()
    const set = result.status === 'heard' ? columnsOf(result.record) : { code: result.code }
    await tx
      .updateTable('spot_check')
      .set({ ...set, status: result.status, decided_at: at })
      .where('escrow_id', '=', escrowId)
      .where('round', '=', round)
      .execute()
    const entries =
      result.status === 'heard' && judged
        ? entriesOf(judged, { ...result, round, seller: row.seller_did, at, recourse })
        : [notHeard(escrowId, { round, at, result })]
    await append(tx, signer, entries)
  })
}

/** A number that the judges doubt themselves is held against nobody. */
function qualityOf({ sellerBps, doubts }: VerdictRecord): number | null {
  return doubts.length > 0 ? null : sellerBps
}

function columnsOf(record: VerdictRecord) {
  const quality = qualityOf(record)
  return {
    quality_bps: quality,
    poor: quality !== null && isPoor(quality),
    record_hash: hashVerdict(record),
    record: canonicalText(encode(verdictRecordSchema, record, 'invalid_verdict')),
  }
}

function entriesOf(
  { state, link, pact }: Judged,
  {
    record,
    absent,
    round,
    seller,
    at,
    recourse,
  }: {
    record: VerdictRecord
    absent: string[]
    round: number
    seller: string
    at: number
    recourse: Recourse | undefined
  },
): Entry[] {
  const { id: escrowId } = state
  const { quality_bps: qualityBps, poor, record_hash: recordHash } = columnsOf(record)
  const data = { round, qualityBps, poor, recordHash, doubts: record.doubts }
  const heard: Entry = {
    action: 'spot_checked',
    subject: escrowId,
    at,
    key: `spot_checked/${escrowId}/${round}`,
    data: { ...data, absent },
    tell: tellOf('spot_checked', escrowId, link),
  }
  if (!poor || qualityBps === null) return [heard]
  const { capability } = pact
  const fact = poorWork({ escrowId, round, seller, capability, at, qualityBps })
  // A warning is for whom it still helps.
  const reviewEnd = answerableUntil(state, recourse)
  const warning: Entry = {
    action: 'quality_warning',
    subject: escrowId,
    at,
    key: `quality_warning/${escrowId}/${round}`,
    data: { ...data, reviewEnd },
    tell: tellOf('quality_warning', escrowId, link),
  }
  return [{ ...heard, fact }, ...(reviewEnd !== null && at < reviewEnd ? [warning] : [])]
}

function notHeard(
  escrowId: string,
  { round, at, result }: { round: number; at: number; result: Finding },
): Entry {
  const code = result.status === 'not_heard' ? result.code : 'superseded'
  return {
    action: 'spot_not_checked',
    subject: escrowId,
    at,
    key: `spot_checked/${escrowId}/${round}`,
    data: { round, code, absent: result.absent },
  }
}
