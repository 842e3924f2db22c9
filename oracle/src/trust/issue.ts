import {
  CREDENTIAL_HEAD,
  type CredentialStatus,
  credentialStatusSchema,
  decode,
  EarnestError,
  encode,
  type SignedCredential,
  signCredential,
  signedCredentialSchema,
} from '@earnest/sdk/protocol'
import { getAgent } from '../discovery/agent.ts'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import type { Db } from '../store/store.ts'
import type { Row } from '../store/tables.ts'
import type { Trust } from './answer.ts'
import { fade } from './fade.ts'
import { TRUST_PARAMETERS } from './parameters.ts'
import type { PortableRecord } from './portable.ts'

const DAY = 86_400
/** Seconds for which a credential is valid: what it says fades by half in that time. */
const CREDENTIAL_LIFETIME = 90 * DAY
/** Seconds for which the same credential is given again while its numbers stand. */
const SAME_FOR = DAY
/** Seconds for which the word on a credential holds. */
const STATUS_LIFETIME = DAY
/**
 * Trades by which a record may get worse before what was said of it is taken back: failures that came, or
 * successes that went otherwise than by time, because they were found not to count.
 */
const WORSE_BY = 0.5

type Issuing = Context & {
  trust: Pick<Trust, 'portable' | 'scorer'>
  /** Where others reach this oracle. */
  publicUrl: string
}

/** Whose record, in which role and domain ("*": the whole). */
type Question = { did: string; role: 'seller' | 'buyer'; domain: string }

/**
 * The credential of a record, the same again for a day while its numbers stand; each is kept, so that
 * it can be revoked.
 * @throws agent_unknown, key_log_frozen, agent_retired, record_empty
 */
export async function issueCredential(
  issuing: Issuing,
  { did, role, domain }: Question,
): Promise<SignedCredential> {
  const { db, signer, clock, trust, publicUrl } = issuing
  const agent = await getAgent(db, did)
  if (agent.status === 'frozen') throw new EarnestError('key_log_frozen', 'Its key log is frozen')
  if (agent.status === 'retired') throw new EarnestError('agent_retired', 'It retired its keys')
  const now = clock.now()
  const record = await trust.portable({ agent: did, role, domain, now })
  if (record === null) throw new EarnestError('record_empty', 'No trade to speak of')
  const last = await db
    .selectFrom('credential')
    .selectAll()
    .where('did', '=', did)
    .where('role', '=', role)
    .where('domain', '=', domain)
    .where('revoked_at', 'is', null)
    .orderBy('issued_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  if (last && now < last.issued_at + SAME_FOR && isSame(credentialOf(last), record)) {
    return credentialOf(last)
  }
  const id = crypto.randomUUID()
  const credential = signCredential({
    credential: {
      ...CREDENTIAL_HEAD,
      id: `urn:uuid:${id}`,
      issuer: signer.did,
      validFrom: now,
      validUntil: now + CREDENTIAL_LIFETIME,
      credentialStatus: {
        id: `${publicUrl}/api/v1/credentials/${id}`,
        type: 'EarnestRevocation',
      },
      credentialSubject: {
        id: agent.did,
        role,
        domain,
        ...record,
        scorer: trust.scorer.version,
        ...(agent.keyLog && { keyLog: agent.keyLog }),
      },
    },
    identity: signer,
    created: now,
  })
  const wire = encode(signedCredentialSchema, credential, 'invalid_credential')
  await db
    .insertInto('credential')
    .values({
      id,
      did,
      role,
      domain,
      body: JSON.stringify(wire),
      issued_at: now,
      expires_at: credential.validUntil,
      revoked_at: null,
      reason: null,
    })
    .execute()
  return credential
}

/**
 * The signed word on a credential: revoked where the operator said so, where its agent's keys are no
 * longer its own, or where the record has got worse since. What was revoked stays so.
 * @throws credential_unknown
 */
export async function credentialStatus(issuing: Issuing, id: string): Promise<CredentialStatus> {
  const { db, signer, clock } = issuing
  const row = await readRow(db, id)
  const reason = row.reason ?? (await reasonAgainst(issuing, row))
  if (reason !== null && row.revoked_at === null) {
    await revokeCredential(issuing, { id, reason }).catch(ignoreRevoked)
  }
  const now = clock.now()
  const body = {
    credentialId: `urn:uuid:${id}`,
    issuer: signer.did,
    status: reason === null ? ('valid' as const) : ('revoked' as const),
    reason,
    asOf: now,
    validUntil: now + STATUS_LIFETIME,
  }
  const wire = encode(credentialStatusSchema, body, 'invalid_credential')
  return { ...body, signature: signer.sign({ type: 'credential-status', body: wire }) }
}

/**
 * Takes a credential back for good.
 * @param reason A stable code, told to whoever asks.
 * @throws credential_unknown, credential_revoked
 */
export async function revokeCredential(
  { db, signer, clock }: Context,
  { id, reason }: { id: string; reason: string },
): Promise<void> {
  await readRow(db, id)
  const at = clock.now()
  await db.transaction().execute(async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('credential')
      .set({ revoked_at: at, reason })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .executeTakeFirst()
    if (numUpdatedRows !== 1n) throw new EarnestError('credential_revoked', 'It was before')
    const entry = { action: 'credential_revoked', subject: id, at, data: { reason } }
    await append(tx, signer, [entry])
  })
}

/** Forgets what has expired: it proves nothing any more, revoked or not. */
export async function forgetCredentials({ db, clock }: Context): Promise<void> {
  await db.deleteFrom('credential').where('expires_at', '<=', clock.now()).execute()
}

async function reasonAgainst(
  { db, clock, trust }: Issuing,
  row: Row<'credential'>,
): Promise<string | null> {
  const { status } = await getAgent(db, row.did)
  if (status !== 'active') return `agent_${status}`
  const said = credentialOf(row).credentialSubject
  const { role, domain } = said
  const now = clock.now()
  const record = await trust.portable({ agent: row.did, role, domain, now })
  // Without a trade that counts nothing that was said stands.
  const { fulfilled, failed } = record ?? { fulfilled: 0, failed: 0 }
  const { successHalfLife, habitHalfLife } = TRUST_PARAMETERS
  const halfLife = role === 'buyer' ? habitHalfLife : successHalfLife
  const faded = said.fulfilled * fade(now - said.windowUntil, halfLife)
  const isWorse = failed > said.failed + WORSE_BY || fulfilled < faded - WORSE_BY
  return isWorse ? 'record_worse' : null
}

function isSame({ credentialSubject: said }: SignedCredential, record: PortableRecord): boolean {
  return (
    said.transactions === record.transactions &&
    said.score === record.score &&
    said.failed === record.failed
  )
}

function credentialOf(row: Row<'credential'>): SignedCredential {
  return decode(signedCredentialSchema, JSON.parse(row.body), 'invalid_credential')
}

async function readRow(db: Db, id: string): Promise<Row<'credential'>> {
  const row = await db.selectFrom('credential').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) throw new EarnestError('credential_unknown', 'No such credential')
  return row
}

/** Two readers may find the same at once. */
function ignoreRevoked(error: unknown): void {
  if (!(error instanceof EarnestError) || error.code !== 'credential_revoked') throw error
}
