import { createHash, randomBytes } from 'node:crypto'
import { EarnestError, sessionTypedData, type WalletVerifier } from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import type { Context } from '../../store/context.ts'
import { append } from '../../store/journal.ts'

/** Seconds for which a moderator stays signed in. */
const LIFETIME = 8 * 3600
/** Seconds by which the statement may be older than its arrival. */
const MAX_AGE = 300

/** A signed statement by which somebody wants to sign in. */
export type SignIn = { moderator: Hex; issuedAt: number; nonce: string; signature: Hex }

/** Someone who is signed in. */
export type Session = {
  moderator: string
  /** Goes with every form of this session, and with no form of another site. */
  formKey: string
}

/**
 * Opens a session for a moderator who signed for this oracle, now and once.
 * @throws not_moderator, request_expired, invalid_request_signature, request_replayed
 */
export async function openSession(
  {
    db,
    signer,
    clock,
    chainId,
    people,
    verifyWallet,
  }: Context & { chainId: number; people: readonly string[]; verifyWallet: WalletVerifier },
  { moderator, issuedAt, nonce, signature }: SignIn,
): Promise<{ token: string; lifetime: number }> {
  const wallet = moderator.toLowerCase()
  if (!people.includes(wallet)) throw new EarnestError('not_moderator', 'Not a moderator')
  const now = clock.now()
  if (Math.abs(now - issuedAt) > MAX_AGE) throw new EarnestError('request_expired', 'Too old')
  const oracle = signer.did
  const typedData = sessionTypedData({ chainId, moderator, oracle, issuedAt, nonce })
  if (!(await verifyWallet({ wallet: moderator, chainId, typedData, signature }))) {
    throw new EarnestError('invalid_request_signature', 'Not signed by the moderator')
  }
  const token = randomBytes(32).toString('base64url')
  await db.transaction().execute(async (tx) => {
    await tx
      .deleteFrom('session')
      .where('expires_at', '<', now - MAX_AGE)
      .execute()
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto('session')
      .values({
        token_hash: hashToken(token),
        nonce,
        moderator: wallet,
        expires_at: now + LIFETIME,
      })
      .onConflict((conflict) => conflict.column('nonce').doNothing())
      .executeTakeFirst()
    if (numInsertedOrUpdatedRows !== 1n) {
      throw new EarnestError('request_replayed', 'This statement was used')
    }
    const data = { until: now + LIFETIME }
    await append(tx, signer, [{ action: 'moderator_signed_in', subject: wallet, at: now, data }])
  })
  return { token, lifetime: LIFETIME }
}

/** Whose session a token is; a moderator who was removed meanwhile has none. Throws session_unknown. */
export async function findSession(
  {
    db,
    clock,
    people,
  }: Pick<Context, 'db' | 'clock'> & { people: () => Promise<readonly string[]> },
  token: string,
): Promise<Session> {
  const row = await db
    .selectFrom('session')
    .select('moderator')
    .where('token_hash', '=', hashToken(token))
    .where('expires_at', '>', clock.now())
    .executeTakeFirst()
  // The chain is asked only about somebody who did sign in.
  if (!row || !(await people()).includes(row.moderator)) {
    throw new EarnestError('session_unknown', 'Sign in first')
  }
  return { moderator: row.moderator, formKey: hashToken(`form/${token}`) }
}

/** Ends a session at once. */
export async function closeSession({ db }: Pick<Context, 'db'>, token: string): Promise<void> {
  await db.deleteFrom('session').where('token_hash', '=', hashToken(token)).execute()
}

function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
