import type { Clock } from '@earnest/sdk/protocol'
import type { Db } from './store.ts'

/** Seconds for which the answer of a write is kept for whoever repeats it. */
const ANSWER_LIFETIME = 2 * 86_400

/** Throws away what can serve nobody any more: nonces out of skew, old answers. */
export async function forget({ db, clock }: { db: Db; clock: Clock }): Promise<void> {
  const now = clock.now()
  await db.deleteFrom('request_nonce').where('expires_at', '<', now).execute()
  await db
    .deleteFrom('idempotency')
    .where('created_at', '<', now - ANSWER_LIFETIME)
    .execute()
}
