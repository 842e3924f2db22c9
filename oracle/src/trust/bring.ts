import {
  type CredentialStatus,
  decode,
  EarnestError,
  encode,
  isEarnestError,
  type SignedCredential,
  signedCredentialSchema,
  signedCredentialStatusSchema,
  verifyCredential,
} from '@earnest/sdk/protocol'
import type { Context } from '../store/context.ts'
import { append } from '../store/journal.ts'
import type { Tx } from '../store/store.ts'
import type { Row } from '../store/tables.ts'
import type { ImportedRecord } from './event.ts'

const HOUR = 3600
/** Seconds for which an import counts on one word of its issuer; who is silent for longer vouches for nothing. */
export const STATUS_WITHIN = 24 * HOUR
/** Seconds before the end of that, from which on the issuer is asked again. */
const ASK_BEFORE = 12 * HOUR
/** Seconds between two questions to an issuer that does not answer. */
const ASK_AGAIN = HOUR / 4
/** Seconds by which two oracles' clocks may differ. */
const SKEW = 300
/** Imports looked after in one step. */
const PORTION = 20

/** Reads an address that a stranger named, without ever reaching into this house; null where nothing came. */
export type Reach = (request: {
  method: string
  url: string
  headers: Readonly<Record<string, string>>
  body: null
}) => Promise<{ status: number; body: Uint8Array } | null>

type Bringing = Context & {
  /** Issuers whose credentials count, and how much (0..1). */
  issuers: ReadonlyMap<string, number>
  reach: Reach
}

/**
 * Takes the record that an agent brings from another oracle: signed by an issuer that the operator
 * trusts, about this very agent, valid and not revoked at this moment by the issuer's own word.
 * @throws signer_not_agent, issuer_untrusted, subject_mismatch, domain_unsupported,
 * invalid_credential, credential_expired, credential_revoked, credential_imported,
 * credential_older, evidence_reused, issuer_unreachable
 */
export async function bringCredential(
  bringing: Bringing,
  { did, by, credential }: { did: string; by: string; credential: SignedCredential },
): Promise<ImportedRecord> {
  const { db, signer, clock, issuers } = bringing
  if (by !== did) throw new EarnestError('signer_not_agent', 'An agent brings its own record')
  const { credentialSubject: subject, issuer } = credential
  const weight = issuers.get(issuer) ?? 0
  if (issuer === signer.did || weight === 0) {
    throw new EarnestError('issuer_untrusted', 'The word of this issuer counts for nothing here')
  }
  if (subject.id !== did) throw new EarnestError('subject_mismatch', 'It is about another agent')
  if (subject.role !== 'seller') {
    throw new EarnestError('domain_unsupported', 'Only a record as a seller can be brought')
  }
  verifyCredential(credential, { now: readAt(credential, clock.now()) })
  await assertNew(bringing, credential)
  const status = await askStatus(bringing, credential)
  const now = clock.now()
  const at = readAt(credential, now)
  verifyCredential(credential, { now: at, status, statusWithin: STATUS_WITHIN })
  return db.transaction().execute(async (tx) => {
    // Two requests at once are one after the other here.
    await tx.selectFrom('agent').select('did').where('did', '=', did).forUpdate().execute()
    await assertNew({ ...bringing, db: tx }, credential)
    const until = untilOf(credential, status)
    const row: Row<'import'> = {
      did,
      issuer,
      credential_id: credential.id,
      evidence_root: subject.evidenceRoot,
      body: JSON.stringify(encode(signedCredentialSchema, credential, 'invalid_credential')),
      valid_from: credential.validFrom,
      weight,
      until,
      ask_at: until - ASK_BEFORE,
    }
    await tx
      .insertInto('import')
      .values(row)
      .onConflict((conflict) => conflict.columns(['did', 'issuer']).doUpdateSet(row))
      .execute()
    const fact = factOf(credential, { weight, until, at: now })
    await record(bringing, tx, fact, 'credential_imported')
    return fact
  })
}

/**
 * Asks issuers again before their word runs out: what they revoked or what the operator no longer
 * trusts ends at once, whose issuer stays silent ends by itself.
 * @returns how many imports were moved on or ended.
 */
export async function tendImports(bringing: Bringing): Promise<number> {
  const { db, clock, issuers } = bringing
  const from = clock.now()
  const live = await db.selectFrom('import').selectAll().where('until', '>', from).execute()
  const due = live.filter(
    (row) => row.ask_at <= from || row.weight !== (issuers.get(row.issuer) ?? 0),
  )
  let [moved, asked] = [0, 0]
  const silent = new Set<string>()
  for (const row of due.sort((a, b) => a.ask_at - b.ask_at)) {
    // One that does not answer holds up nobody else's.
    if (silent.has(row.issuer)) continue
    if (asked++ === PORTION) break
    const tended = await tend(bringing, row)
    if (tended.moved) moved += 1
    if (tended.silent) silent.add(row.issuer)
  }
  return moved
}

async function tend(
  bringing: Bringing,
  row: Row<'import'>,
): Promise<{ moved: boolean; silent: boolean }> {
  const { clock, issuers } = bringing
  const credential = decode(signedCredentialSchema, JSON.parse(row.body), 'invalid_credential')
  const weight = issuers.get(row.issuer) ?? 0
  const move = async (until: number) => ({
    moved: await restate(bringing, row, { credential, weight, until }),
    silent: false,
  })
  if (weight === 0) return move(clock.now())
  try {
    const status = await askStatus(bringing, credential)
    verifyCredential(credential, { now: clock.now(), status, statusWithin: STATUS_WITHIN })
    return await move(untilOf(credential, status))
  } catch (error) {
    if (!isEarnestError(error)) throw error
    const isOver = error.code === 'credential_revoked' || error.code === 'credential_expired'
    if (isOver) return move(clock.now())
    await bringing.db
      .updateTable('import')
      .set({ ask_at: clock.now() + ASK_AGAIN })
      .where('did', '=', row.did)
      .where('issuer', '=', row.issuer)
      .execute()
    const { moved } = row.weight === weight ? { moved: false } : await move(row.until)
    return { moved, silent: error.code === 'issuer_unreachable' }
  }
}

async function restate(
  bringing: Bringing,
  row: Row<'import'>,
  { credential, weight, until }: { credential: SignedCredential; weight: number; until: number },
): Promise<boolean> {
  const { db, clock } = bringing
  return db.transaction().execute(async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('import')
      .set({ weight, until, ask_at: Math.max(until - ASK_BEFORE, clock.now() + ASK_AGAIN) })
      .where('did', '=', row.did)
      .where('issuer', '=', row.issuer)
      // Another process, or the agent itself, may have been here since.
      .where('credential_id', '=', row.credential_id)
      .where('until', '=', row.until)
      .where('weight', '=', row.weight)
      .executeTakeFirst()
    if (numUpdatedRows !== 1n) return false
    const at = clock.now()
    const fact = factOf(credential, { weight, until, at })
    await record(bringing, tx, fact, until > at ? 'import_confirmed' : 'import_ended')
    return true
  })
}

/** An issuer's clock may be ahead of ours: what it signed a moment from now was signed now. */
function readAt({ validFrom }: SignedCredential, now: number): number {
  return Math.max(now, Math.min(validFrom, now + SKEW))
}

/** Not what counts already, not an older word than one that this issuer gave, not another's evidence. */
async function assertNew(
  { db, clock }: Pick<Bringing, 'clock'> & { db: Bringing['db'] | Tx },
  { id, issuer, validFrom, credentialSubject: subject }: SignedCredential,
): Promise<void> {
  const rows = await db.selectFrom('import').selectAll().where('did', '=', subject.id).execute()
  const live = rows.filter(({ until }) => until > clock.now())
  if (live.some(({ credential_id }) => credential_id === id)) {
    throw new EarnestError('credential_imported', 'It counts already')
  }
  const before = rows.find((row) => row.issuer === issuer && row.credential_id !== id)
  if (before && before.valid_from >= validFrom) {
    throw new EarnestError('credential_older', 'A later one of this issuer was brought before')
  }
  const others = live.filter((row) => row.issuer !== issuer)
  if (others.some(({ evidence_root }) => evidence_root === subject.evidenceRoot)) {
    throw new EarnestError('evidence_reused', 'Another issuer vouched for the same evidence')
  }
}

/** The issuer's own word, from where its signed credential says; what does not come is not asked for twice. */
async function askStatus(
  { reach }: Bringing,
  { credentialStatus }: SignedCredential,
): Promise<CredentialStatus> {
  const headers = { accept: 'application/json' }
  const answer = await reach({ method: 'GET', url: credentialStatus.id, headers, body: null })
  try {
    if (answer?.status !== 200) throw new EarnestError('issuer_unreachable', 'No status came')
    const wire: unknown = JSON.parse(new TextDecoder().decode(answer.body))
    return decode(signedCredentialStatusSchema, wire, 'issuer_unreachable')
  } catch (cause) {
    throw new EarnestError('issuer_unreachable', 'The issuer does not say that it is valid', {
      retryable: true,
      cause,
    })
  }
}

function untilOf(credential: SignedCredential, status: CredentialStatus): number {
  return Math.min(credential.validUntil, status.validUntil, status.asOf + STATUS_WITHIN)
}

function factOf(
  { id, issuer, credentialSubject: subject }: SignedCredential,
  { weight, until, at }: { weight: number; until: number; at: number },
): ImportedRecord {
  return {
    kind: 'import',
    agent: subject.id,
    at,
    credentialId: id,
    issuer,
    weight,
    domain: subject.domain,
    transactions: subject.transactions,
    fulfilled: subject.fulfilled,
    failed: subject.failed,
    meanAmount: subject.meanUsdc,
    windowUntil: subject.windowUntil,
    evidenceRoot: subject.evidenceRoot,
    until,
  }
}

async function record(
  { signer }: Bringing,
  tx: Tx,
  fact: ImportedRecord,
  action: string,
): Promise<void> {
  const { agent, at, credentialId, issuer, until } = fact
  // The journal carries no fractions: the fact has the numbers.
  await append(tx, signer, [
    { action, subject: agent, at, data: { credentialId, issuer, until }, fact },
  ])
}
