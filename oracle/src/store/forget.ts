import type { Clock } from '@earnest/sdk/protocol'
import type { Db } from './store.ts'

/** Seconds for which the answer of a write is kept for whoever repeats it. */
const ANSWER_LIFETIME = 2 * 86_400

/** Seconds for which bytes that were refused are known again. */
const REFUSAL_LIFETIME = 30 * 86_400
/** Hours for which it is known whom the examiner was busy with. */
const EXAM_HOURS = 48

/** Throws away what can serve nobody any more: nonces out of skew, old answers and accounts. */
export async function forget({ db, clock }: { db: Db; clock: Clock }): Promise<void> {
  const now = clock.now()
  await db.deleteFrom('request_nonce').where('expires_at', '<', now).execute()
  await db
    .deleteFrom('idempotency')
    .where('created_at', '<', now - ANSWER_LIFETIME)
    .execute()
  await db
    .deleteFrom('refusal')
    .where('at', '<', now - REFUSAL_LIFETIME)
    .execute()
  await db
    .deleteFrom('exam_time')
    .where('hour', '<', Math.floor(now / 3600) - EXAM_HOURS)
    .execute()
}
