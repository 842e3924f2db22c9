import { EarnestError, hashBody, MAX_REQUEST_SKEW } from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import type { Oracle } from '../oracle.ts'
import { statement } from '../store/statement.ts'
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
  const times = {
    now,
    abandonedAt: now - ABANDONED,
    expiresAt: write.issuedAt + 2 * MAX_REQUEST_SKEW,
  }
  const [claimed] = await claim(db, { ...write, requestHash, ...times })
  if (!claimed?.burnt) {
    const before = await db
      .selectFrom('request_nonce')
      .select(['key', 'request_hash'])
      .where('signer', '=', signer)
      .where('nonce', '=', nonce)
      .executeTakeFirst()
    if (before?.key !== key || before.request_hash !== requestHash) {
      throw new EarnestError('request_replayed', 'This nonce was used for another request')
    }
  }
  if (!claimed?.claimed) {
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
    await keepAnswer(db, { signer, key, status: answer.status, body })
    return { ...answer, repeated: false }
  } catch (error) {
    // Nothing is kept of a failure: the same request may succeed later.
    await db.deleteFrom('idempotency').where('signer', '=', signer).where('key', '=', key).execute()
    throw error
  } finally {
    clearInterval(timer)
  }
}

const keepAnswer = statement((db, { signer, key, status, body }: Kept) =>
  db
    .updateTable('idempotency')
    .set({ status, body })
    .where('signer', '=', signer)
    .where('key', '=', key),
)
type Kept = { signer: string; key: string; status: number; body: string }

/**
 * Burns the nonce and claims the key in one statement. The key is claimed only by a nonce that is new, or
 * that was burnt for this very request: a replay of another one leaves no trace.
 */
const claim = statement(
  (_, { signer, nonce, key, requestHash, expiresAt, now, abandonedAt }: Claim) =>
    sql<{ burnt: boolean; claimed: boolean }>`
    with burnt as (
      insert into request_nonce (signer, nonce, key, request_hash, expires_at)
      values (${signer}, ${nonce}, ${key}, ${requestHash}, ${expiresAt})
      on conflict do nothing
      returning 1
    ), claimed as (
      insert into idempotency (signer, key, request_hash, status, body, created_at)
      select ${signer}::text, ${key}::text, ${requestHash}::text, null, null, ${now}::int8
      where exists (select 1 from burnt) or exists (
        select 1 from request_nonce
        where signer = ${signer} and nonce = ${nonce}
          and key = ${key} and request_hash = ${requestHash}
      )
      on conflict (signer, key) do update set created_at = ${now}
      where idempotency.status is null
        and idempotency.request_hash = ${requestHash}
        and idempotency.created_at < ${abandonedAt}
      returning 1
    )
    select exists (select 1 from burnt) as burnt, exists (select 1 from claimed) as claimed`,
)
type Claim = Pick<Write, 'signer' | 'nonce' | 'key'> & {
  requestHash: string
  expiresAt: number
  now: number
  abandonedAt: number
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
