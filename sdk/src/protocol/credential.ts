import { base58 } from '@scure/base'
import * as z from 'zod'
import { encode } from './decode.ts'
import { did } from './did.ts'
import { EarnestError } from './error.ts'
import { hash } from './hash.ts'
import type { Identity } from './identity.ts'
import { type Secured, verifyDocument } from './integrity.ts'
import { type KeyResolver, ownKey } from './key.ts'
import { keyLogSchema } from './keylog.ts'
import { usdc } from './money.ts'
import { signature, verifyBody } from './signature.ts'
import { signedObject } from './signedObject.ts'
import { utc } from './time.ts'

const CONTEXT = [
  'https://www.w3.org/ns/credentials/v2',
  'https://www.w3.org/ns/credentials/undefined-terms/v2',
] as const

const contextSchema = z.tuple([z.literal(CONTEXT[0]), z.literal(CONTEXT[1])])
const credentialId = z.string().regex(/^urn:uuid:[0-9a-f-]{36}$/)

/** A track record in one domain; says nothing about who the owner is (TAP-16). */
export const credentialSchema = z.strictObject({
  '@context': contextSchema,
  type: z.tuple([z.literal('VerifiableCredential'), z.literal('EarnestReputationCredential')]),
  id: credentialId,
  issuer: did,
  validFrom: utc,
  validUntil: utc,
  /** Where the issuer says whether it was revoked. */
  credentialStatus: z.strictObject({
    id: z.url(),
    type: z.literal('EarnestRevocation'),
  }),
  credentialSubject: z.strictObject({
    id: did,
    role: z.enum(['seller', 'buyer']),
    /** Capability id; "*" for the whole record. */
    domain: z.string().min(1).max(64),
    /** Trades in this role and domain, from `windowFrom` to `windowUntil`. */
    transactions: z.int().min(0),
    /** 0 to 1000 in this domain; null where there is too little evidence. */
    score: z.int().min(0).max(1000).nullable(),
    /** What went well and what went wrong, in trades with somebody the issuer trusts, faded to `windowUntil`. */
    fulfilled: z.number().min(0),
    failed: z.number().min(0),
    /** Mean amount of a trade: a record of small trades says little of large ones. */
    meanUsdc: usdc,
    windowFrom: utc,
    windowUntil: utc,
    /** Merkle root of the first `evidenceSize` facts of the issuer, which its route `/facts` lists. */
    evidenceRoot: hash,
    evidenceSize: z.int().min(0),
    scorer: z.string().min(1).max(64),
    /** The subject's key log, so that the identity can be followed offline. */
    keyLog: keyLogSchema.exactOptional(),
  }),
})
export type Credential = z.output<typeof credentialSchema>

const proofOptionsSchema = z.strictObject({
  '@context': contextSchema,
  type: z.literal('DataIntegrityProof'),
  cryptosuite: z.literal('eddsa-jcs-2022'),
  created: utc,
  verificationMethod: z.string(),
  proofPurpose: z.literal('assertionMethod'),
})

/** The credential with its Data Integrity proof (W3C eddsa-jcs-2022). */
export const signedCredentialSchema = credentialSchema.extend({
  proof: proofOptionsSchema.extend({ proofValue: z.string().regex(/^z[1-9A-HJ-NP-Za-km-z]+$/) }),
})
export type SignedCredential = z.output<typeof signedCredentialSchema>

/** `@context` and `type` of every credential. */
export const CREDENTIAL_HEAD = {
  '@context': [...CONTEXT] as [(typeof CONTEXT)[0], (typeof CONTEXT)[1]],
  type: ['VerifiableCredential', 'EarnestReputationCredential'] as [
    'VerifiableCredential',
    'EarnestReputationCredential',
  ],
}

/** Signs a credential as its issuer (W3C vc-di-eddsa, eddsa-jcs-2022). Throws `signer_not_party`. */
export function signCredential(options: {
  credential: Credential
  identity: Identity
  /** Unix seconds. */
  created: number
}): SignedCredential {
  const { credential, identity, created } = options
  if (identity.did !== credential.issuer) {
    throw new EarnestError('signer_not_party', 'Only the issuer signs')
  }
  const proof = {
    '@context': CREDENTIAL_HEAD['@context'],
    type: 'DataIntegrityProof',
    cryptosuite: 'eddsa-jcs-2022',
    created,
    verificationMethod: `${credential.issuer}#${credential.issuer.slice('did:key:'.length)}`,
    proofPurpose: 'assertionMethod',
  } as const
  const proofValue = `z${base58.encode(identity.signDocument(securedOf(credential, proof)))}`
  return { ...credential, proof: { ...proof, proofValue } }
}

/** What the issuer says of a credential now; it holds for a day at most (TAP-16). */
export const credentialStatusSchema = signedObject({
  credentialId,
  issuer: did,
  status: z.enum(['valid', 'revoked']),
  /** Why it was revoked, a stable code; null while it is valid. */
  reason: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/)
    .nullable(),
  asOf: utc,
  validUntil: utc,
})

/** The signed status (signature type "credential-status" over all other fields). */
export const signedCredentialStatusSchema = credentialStatusSchema.extend({ signature })
export type CredentialStatus = z.output<typeof signedCredentialStatusSchema>

/**
 * Checks the issuer's signature and the validity at a time (unix seconds), offline. Whoever wants to know
 * that it was not revoked gives the issuer's signed status, or demands one of at most `statusWithin`
 * seconds: without it the credential is refused then.
 * Throws `invalid_credential`, `credential_expired`, `credential_revoked`, `credential_status_stale`.
 */
export function verifyCredential(
  signed: SignedCredential,
  {
    now,
    keyOf = ownKey,
    status,
    statusWithin,
  }: {
    now: number
    keyOf?: KeyResolver
    status?: CredentialStatus
    /** Seconds. */
    statusWithin?: number
  },
): void {
  const { proof, ...credential } = signed
  const { proofValue, ...options } = proof
  if (!proof.verificationMethod.startsWith(`${credential.issuer}#`)) {
    throw new EarnestError('invalid_credential', 'The key is not the issuer’s')
  }
  const ok = verifyDocument({
    ...securedOf(credential, options),
    signature: base58.decode(proofValue.slice(1)),
    publicKey: keyOf(credential.issuer, proof.created),
  })
  if (!ok) throw new EarnestError('invalid_credential', 'Not signed by the issuer')
  if (now < credential.validFrom || now >= credential.validUntil) {
    throw new EarnestError('credential_expired', 'Outside validFrom and validUntil')
  }
  if (status !== undefined) assertNotRevoked(status, { credential, now, keyOf })
  if (statusWithin === undefined) return
  // Written so that an age or a bound that is no number refuses.
  if (status === undefined || !(now - status.asOf <= statusWithin)) {
    throw new EarnestError('credential_status_stale', 'Nobody says that it is not revoked', {
      retryable: true,
    })
  }
}

function assertNotRevoked(
  status: CredentialStatus,
  { credential, now, keyOf }: { credential: Credential; now: number; keyOf: KeyResolver },
): void {
  const { signature, ...said } = status
  const isIts = said.credentialId === credential.id && said.issuer === credential.issuer
  const body = encode(credentialStatusSchema, said, 'invalid_credential')
  const publicKey = keyOf(credential.issuer, said.asOf)
  if (!isIts || !verifyBody({ type: 'credential-status', body, signature, publicKey })) {
    throw new EarnestError('invalid_credential', 'The status is not the issuer’s word on it')
  }
  if (said.status === 'revoked') {
    throw new EarnestError('credential_revoked', said.reason ?? 'Revoked by its issuer')
  }
  if (said.asOf > now + 300 || now >= said.validUntil) {
    throw new EarnestError('credential_status_stale', 'The status has run out', { retryable: true })
  }
}

function securedOf(credential: Credential, options: z.output<typeof proofOptionsSchema>): Secured {
  return {
    options: encode(proofOptionsSchema, options, 'invalid_credential'),
    document: encode(credentialSchema, credential, 'invalid_credential'),
  }
}
