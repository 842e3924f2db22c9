import {
  type Clock,
  canonicalBytes,
  decode,
  EarnestError,
  manifestSchema,
} from '@earnest/sdk/protocol'
import { findLock } from '../negotiation/pact.ts'
import type { Db } from '../store/store.ts'
import { locateFiles, readWhole } from './artifact.ts'
import type { Check } from './attest.ts'
import { putBlob } from './blob.ts'
import type { TestFetch } from './verify/guardedFetch.ts'
import type { Transcript } from './verify/transcript.ts'
import { verify } from './verify/verify.ts'

/** Feeds the verification with what the store holds: the pact, the delivered bytes, the deposits. */
export function createCheck({
  db,
  masterKey,
  clock,
  fetch,
}: {
  db: Db
  masterKey: Uint8Array
  clock: Clock
  /** Reaches the services that HTTP criteria test; without it they stay undecided. */
  fetch?: TestFetch | undefined
}): Check {
  return async ({ escrowId, round, deliveredAt }) => {
    const lock = await findLock(db, escrowId)
    const row = await db
      .selectFrom('completion')
      .select('manifest')
      .where('escrow_id', '=', escrowId)
      .where('round', '=', round)
      .executeTakeFirst()
    if (!lock || !row) throw new EarnestError('completion_unknown', 'No such completion')
    const manifest = decode(manifestSchema, JSON.parse(row.manifest), 'invalid_manifest')
    const located = await locateFiles(db, escrowId, manifest)
    const transcripts: Transcript[] = []
    const report = await verify({
      pact: lock.pact,
      milestone: lock.milestone,
      escrowId,
      round,
      manifest,
      deliveredAt,
      readFile: async (name) => {
        const id = located.get(name)
        if (id === undefined) throw new EarnestError('artifact_unknown', `No file ${name}`)
        return readWhole({ db, masterKey, id })
      },
      readDeposit: async (sha256) => {
        const deposit = await db
          .selectFrom('deposit')
          .select('blob_id')
          .where('pact_id', '=', lock.pactId)
          .where('sha256', '=', sha256)
          .executeTakeFirst()
        return deposit ? readWhole({ db, masterKey, id: deposit.blob_id }) : null
      },
      ...(fetch && { fetch }),
      onTranscript: (_, transcript) => transcripts.push(transcript),
    })
    // Kept under the hash that the report names, or nobody could recompute it.
    for (const transcript of transcripts) {
      const bytes = canonicalBytes(transcript)
      const source = (async function* () {
        yield bytes
      })()
      await putBlob({ db, masterKey, source, maxBytes: bytes.length, at: clock.now() })
    }
    return report
  }
}
