import {
  type Clock,
  canonicalBytes,
  decode,
  EarnestError,
  manifestSchema,
} from '@earnest/sdk/protocol'
import { findLock } from '../negotiation/pact.ts'
import type { Db } from '../store/store.ts'
import { locateFiles } from './artifact.ts'
import type { Check } from './attest.ts'
import type { Blobs } from './blob.ts'
import { keepPaper } from './paper.ts'
import type { Examiner } from './verify/examiner.ts'
import type { TestFetch } from './verify/guardedFetch.ts'
import type { Transcript } from './verify/transcript.ts'
import { verify } from './verify/verify.ts'

/** Feeds the verification with what the store holds: the pact, the delivered bytes, the deposits. */
export function createCheck({
  db,
  blobs,
  clock,
  examiner,
  fetch,
}: {
  db: Db
  blobs: Blobs
  clock: Clock
  examiner: Examiner
  /** Reaches the services that HTTP criteria test; without it they stay undecided. */
  fetch?: TestFetch | undefined
}): Check {
  return async ({ escrowId, round, manifest: text, deliveredAt }) => {
    const lock = await findLock(db, escrowId)
    if (!lock) throw new EarnestError('completion_unknown', 'No such completion')
    const manifest = decode(manifestSchema, JSON.parse(text), 'invalid_manifest')
    const located = await locateFiles(db, escrowId, manifest)
    const transcripts: Transcript[] = []
    const report = await verify({
      pact: lock.pact,
      milestone: lock.milestone,
      escrowId,
      round,
      manifest,
      deliveredAt,
      openFile: (name) => blobs.read(located.get(name) ?? ''),
      readDeposit: async (sha256) => {
        const deposit = await db
          .selectFrom('deposit')
          .select('blob_id')
          .where('pact_id', '=', lock.pactId)
          .where('sha256', '=', sha256)
          .executeTakeFirst()
        return deposit ? blobs.readWhole(deposit.blob_id) : null
      },
      examiner,
      ...(fetch && { fetch }),
      onTranscript: (_, transcript) => transcripts.push(transcript),
    })
    // Kept under the hash that the report names, or nobody could recompute it.
    for (const transcript of transcripts) {
      const bytes = canonicalBytes(transcript)
      await keepPaper({ db, blobs, clock }, { escrowId, kind: 'transcript', bytes })
    }
    return report
  }
}
