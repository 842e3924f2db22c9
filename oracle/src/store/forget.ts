import type { Clock } from '@earnest/sdk/protocol'
import type { Db } from './store.ts'

/** Seconds for which the answer of a write is kept for whoever repeats it. */
const ANSWER_LIFETIME = 2 * 86_400
/** Seconds after which an upload that nobody filed is thrown away. */
const UPLOAD_LIFETIME = 86_400

/** Throws away what can serve nobody any more: nonces out of skew, old answers, uploads that were refused. */
export async function forget({ db, clock }: { db: Db; clock: Clock }): Promise<void> {
  const now = clock.now()
  await db.deleteFrom('request_nonce').where('expires_at', '<', now).execute()
  await db
    .deleteFrom('idempotency')
    .where('created_at', '<', now - ANSWER_LIFETIME)
    .execute()
  await db
    .deleteFrom('blob')
    .where('created_at', '<', now - UPLOAD_LIFETIME)
    .where((eb) =>
      eb.not(
        eb.or([
          eb.exists(
            eb.selectFrom('artifact').select('name').whereRef('artifact.blob_id', '=', 'blob.id'),
          ),
          eb.exists(
            eb.selectFrom('deposit').select('sha256').whereRef('deposit.blob_id', '=', 'blob.id'),
          ),
          // Evidence packages and transcripts are named by their hash alone; a finished blob may be one.
          eb('blob.sha256', 'is not', null),
        ]),
      ),
    )
    .execute()
}
