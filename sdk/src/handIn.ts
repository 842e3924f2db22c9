import type { Hex } from 'viem'
import { authorize } from './escrow/authorize.ts'
import { type EscrowClient, type EscrowRef, escrowOfPact } from './escrow/client.ts'
import { readEventTime, readHistory } from './escrow/events.ts'
import { type EscrowStatus, readEscrow } from './escrow/readEscrow.ts'
import { filesOfDraft, type JobBook, type JobRecord } from './job.ts'
import { ZERO_ADDRESS } from './protocol/address.ts'
import type { Clock } from './protocol/clock.ts'
import { EarnestError, isEarnestError } from './protocol/error.ts'
import { fromBytes32, toBytes32 } from './protocol/hash.ts'
import type { Identity } from './protocol/identity.ts'
import { artifactHash } from './protocol/manifest.ts'
import type { ResponseMessage } from './protocol/message.ts'
import { milestoneOf, type Pact } from './protocol/pact.ts'
import { complete, upload } from './settlement/deliver.ts'
import { manifestOfFiles } from './settlement/file.ts'
import type { OracleClient } from './trust/oracle.ts'

const FIRST_PAUSE = 250
const LONGEST_PAUSE = 15_000
/** Looks at the chain after which a delivery that the oracle took counts as lost and is signed anew. */
const LOOKS = 5

/** Refusals that say no more than that the delivery is on its way. */
const HELD = new Set(['round_taken', 'wrong_state', 'wrong_round'])

/** What handing in needs. */
export interface HandInOptions {
  identity: Identity
  client: EscrowClient
  oracle: OracleClient
  clock: Clock
  jobs: JobBook
  /**
   * Waits so many milliseconds, or until there may be something to see; longer where the oracle took the
   * delivery and would tell. Throws when the seller stops.
   */
  rest: (milliseconds: number, isTaken: boolean) => Promise<void>
  onTaken: (result: string) => void
  onRetry: (code: string) => void
}

/**
 * Hands a draft in and stays with it until the chain shows the delivery: what the oracle says that it took
 * is only a promise. Resumable at every step. Throws what lasts: `escrow_not_open`, `deadline_passed`, the
 * oracle's refusals.
 */
export async function handIn(
  start: JobRecord,
  pact: Pact,
  options: HandInOptions,
): Promise<ResponseMessage> {
  const { identity, client, oracle, clock, jobs } = options
  let job = start
  const { pactId, milestone, draft } = job
  if (draft === null) throw new EarnestError('empty_deliverable', 'Nothing to deliver')
  const escrow = escrowOfPact({ pact, milestone })
  const escrowId = job.escrowId as `0x${string}`
  const files = filesOfDraft(draft)
  const manifest = manifestOfFiles(files)
  const deliverableHash = artifactHash(manifest)
  const { deadlineUtc } = milestoneOf(pact, milestone)
  let looks = 0
  let isUploaded = false
  let isTaken = false

  for (let wait = FIRST_PAUSE; ; wait = Math.min(wait * 2, LONGEST_PAUSE)) {
    try {
      const status = await readEscrow(client, escrow)
      const { state } = status
      if (state !== 'Funded') {
        const deliveredAt = await standsSince(client, escrow, { hash: deliverableHash, status })
        if (deliveredAt === undefined) throw notOpen(state)
        return {
          status: 'completed',
          pactId,
          escrowId,
          deliverableHash,
          deliverable: manifest,
          completionTimeUtc: deliveredAt,
        }
      }
      if (clock.now() >= deadlineUtc) {
        throw new EarnestError('deadline_passed', 'The delivery did not come on chain in time')
      }
      if (!isTaken) {
        await send(status)
        // Another process of ours may have come to the end before.
        if (job.response !== null) return job.response
        isTaken = true
        looks = 0
        wait = FIRST_PAUSE
      } else if (++looks >= LOOKS) {
        // What the chain refused is not sent again under the same signature.
        job = await jobs.advance(job, { ...job, nonce: crypto.randomUUID(), submission: null })
        isTaken = false
        continue
      }
    } catch (error) {
      if (!isEarnestError(error)) throw error
      if (HELD.has(error.code)) {
        // The oracle holds what it took before, or has seen more of the chain than we have: we look again.
        isTaken = true
        looks = 0
      } else if (error.code === 'artifact_missing' && isUploaded) {
        isUploaded = false
      } else {
        if (!error.retryable || clock.now() >= deadlineUtc) throw error
        options.onRetry(error.code)
      }
    }
    await options.rest(wait, isTaken)
  }

  async function send({ round: before, seq }: EscrowStatus): Promise<void> {
    const round = before + 1
    const reserve = escrow.terms.vault !== ZERO_ADDRESS
    if (job.submission?.round !== round) {
      const action = { verb: 'deliver', artifactHash: toBytes32(deliverableHash), reserve } as const
      const validBefore = BigInt(deadlineUtc)
      const authorization = await authorize(client, { escrow, action, seq, validBefore })
      const submission = { round, completedAt: clock.now(), authorization }
      job = await jobs.advance(job, { ...job, submission })
    }
    const { submission } = job
    if (job.response !== null) return
    if (submission === null || draft === null) throw new EarnestError('store_corrupt', 'No draft')
    if (!isUploaded) await upload({ oracle, escrowId, files })
    isUploaded = true
    const { result } = await complete({
      oracle,
      identity,
      escrowId,
      pactId,
      round: submission.round,
      files,
      metrics: { latencyMs: draft.latencyMs, selfAuditScore: draft.selfAuditScore },
      reserve,
      completedAt: submission.completedAt,
      authorization: submission.authorization as Hex,
      nonce: job.nonce,
    })
    options.onTaken(result)
  }
}

/** When this delivery came on chain, unix seconds; undefined where the chain has none of this hash. */
async function standsSince(
  client: EscrowClient,
  escrow: EscrowRef,
  { hash, status }: { hash: string; status: EscrowStatus },
): Promise<number | undefined> {
  const events = await readHistory(client, escrow, status)
  const found = events.find(
    (event) => event.eventName === 'Delivered' && fromBytes32(event.args.artifactHash) === hash,
  )
  return found?.blockNumber == null ? undefined : await readEventTime(client, found)
}

function notOpen(state: string): EarnestError {
  return new EarnestError('escrow_not_open', `The escrow is ${state}`, { details: { state } })
}
