import { EarnestError, hashBody, MAX_REQUEST_SKEW } from '@earnest/sdk/protocol'
import type { Oracle } from '../oracle.ts'
import type { Db } from '../store/store.ts'

/** Seconds after which a request whose process died may be tried again; until then it renews its claim. */
const ABANDONED = 15

/** A signed write: who, what, and the key under which its answer is kept. */
export type Write = {
  signer: string
  nonce: string
  issuedAt: number
  key: string
  method: string
  path: string
  bodySha256: string
}

/**
 * Runs a signed write once (DRV-08): the same nonce or idempotency key with the same request gives
 * the kept answer, with another request it is refused. A write that failed may be tried again.
 * @throws request_replayed, idempotency_key_reused, request_in_progress
 */
export async function once(
  { db, clock, answers }: Pick<Oracle, 'db' | 'clock' | 'answers'>,
  write: Write,
  run: () => Promise<{ status: number; body: unknown }>,
): Promise<{ status: number; body: unknown; repeated: boolean }> {
  const { signer, nonce, key, method, path, bodySha256 } = write
  const requestHash = hashBody({ method, path, bodySha256 })
  const now = clock.now()
  const claimed = await db.transaction().execute(async (tx) => {
    if (!(await burn(tx, { ...write, requestHash }))) {
      const before = await tx
        .selectFrom('request_nonce')
        .select(['key', 'request_hash'])
        .where('signer', '=', signer)
        .where('nonce', '=', nonce)
        .executeTakeFirst()
      if (before?.key !== key || before.request_hash !== requestHash) {
        throw new EarnestError('request_replayed', 'This nonce was used for another request')
      }
    }
    const fresh = await tx
      .insertInto('idempotency')
      .values({
        signer,
        key,
        request_hash: requestHash,
        status: null,
        body: null,
        created_at: now,
      })
      .onConflict((conflict) =>
        conflict
          .columns(['signer', 'key'])
          .doUpdateSet({ created_at: now })
          .where('idempotency.status', 'is', null)
          .where('idempotency.request_hash', '=', requestHash)
          .where('idempotency.created_at', '<', now - ABANDONED),
      )
      .executeTakeFirst()
    return fresh.numInsertedOrUpdatedRows === 1n
  })
  if (!claimed) {
    const kept = await db
      .selectFrom('idempotency')
      .selectAll()
      .where('signer', '=', signer)
      .where('key', '=', key)
      .executeTakeFirst()
    if (kept && kept.request_hash !== requestHash) {
      throw new EarnestError('idempotency_key_reused', 'This key was used for another request')
    }
    if (kept?.status == null || kept.body === null) {
      throw new EarnestError('request_in_progress', 'The same request is under way', {
        retryable: true,
      })
    }
    return { status: kept.status, body: JSON.parse(answers.open(kept.body)), repeated: true }
  }
  const row = db.updateTable('idempotency').where('signer', '=', signer).where('key', '=', key)
  const renew = () => row.set({ created_at: clock.now() }).where('status', 'is', null).execute()
  const timer = setInterval(() => void renew().catch(() => {}), (ABANDONED * 1000) / 3)
  try {
    const answer = await run()
    // Sealed: an answer may be the key to somebody's files.
    const body = answers.seal(JSON.stringify(answer.body))
    await row.set({ status: answer.status, body }).execute()
    return { ...answer, repeated: false }
  } catch (error) {
    // Nothing is kept of a failure: the same request may succeed later.
    await db.deleteFrom('idempotency').where('signer', '=', signer).where('key', '=', key).execute()
    throw error
  } finally {
    clearInterval(timer)
  }
}

/**
 * Uses up the nonce of a signed read, of which nothing is kept.
 * @throws request_replayed
 */
export async function useNonce(
  { db }: Pick<Oracle, 'db'>,
  read: Omit<Write, 'key'>,
): Promise<void> {
  const { method, path, bodySha256 } = read
  const requestHash = hashBody({ method, path, bodySha256 })
  if (await burn(db, { ...read, key: read.nonce, requestHash })) return
  throw new EarnestError('request_replayed', 'This nonce was used before')
}

async function burn(
  tx: Db,
  {
    signer,
    nonce,
    key,
    issuedAt,
    requestHash,
  }: Pick<Write, 'signer' | 'nonce' | 'key' | 'issuedAt'> & { requestHash: string },
): Promise<boolean> {
  const expires_at = issuedAt + 2 * MAX_REQUEST_SKEW
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('request_nonce')
    .values({ signer, nonce, key, request_hash: requestHash, expires_at })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return numInsertedOrUpdatedRows === 1n
}
