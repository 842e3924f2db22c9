import type { Clock } from '../protocol/clock.ts'
import {
  type CredentialStatus,
  signedCredentialSchema,
  signedCredentialStatusSchema,
  verifyCredential,
} from '../protocol/credential.ts'
import { decode } from '../protocol/decode.ts'
import { readBounded } from '../protocol/readBounded.ts'
import { flagsOf, readText } from './input.ts'
import type { Agent } from './settings.ts'

const TIMEOUT_MS = 10_000
const MAX_STATUS_BYTES = 64 * 1024

/**
 * Checks a credential of a file, offline unless a word of its issuer of the last so many seconds is
 * demanded, and brings it to the oracle of the settings if that is asked for. Throws what it lacks.
 */
export async function checkCredential(
  args: readonly string[],
  clock: Clock,
  agent: () => Promise<Agent>,
): Promise<Record<string, unknown>> {
  const flags = Object.fromEntries(flagsOf(args).map(({ name, value }) => [name, value]))
  const wire: unknown = JSON.parse(readText(flags.file ?? ''))
  const credential = decode(signedCredentialSchema, wire, 'invalid_credential')
  const now = clock.now()
  if (flags.status_within === undefined) verifyCredential(credential, { now })
  else {
    const status = await statusAt(credential.credentialStatus.id)
    const statusWithin = Number(flags.status_within)
    verifyCredential(credential, { now, statusWithin, ...(status && { status }) })
  }
  const { issuer, credentialSubject: subject } = credential
  const told = {
    ok: true,
    issuer,
    subject: subject.id,
    domain: subject.domain,
    transactions: subject.transactions,
    score: subject.score,
  }
  if (flags.import !== 'true') return told
  const { oracle, identity } = await agent()
  const params = { id: identity.did }
  const imported = await oracle.call('importCredential', { params, body: { credential } })
  return { ...told, imported }
}

/** The issuer's signed word; undefined where none came. */
async function statusAt(url: string): Promise<CredentialStatus | undefined> {
  const signal = AbortSignal.timeout(TIMEOUT_MS)
  try {
    const response = await fetch(url, { redirect: 'error', signal })
    if (!response.ok) return undefined
    const text = new TextDecoder().decode(await readBounded(response, MAX_STATUS_BYTES, signal))
    return decode(signedCredentialStatusSchema, JSON.parse(text), 'invalid_credential')
  } catch {
    // No word: the demand for one is refused by `verifyCredential`.
    return undefined
  }
}
