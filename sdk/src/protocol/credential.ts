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
import { utc } from './time.ts'

const CONTEXT = [
  'https://www.w3.org/ns/credentials/v2',
  'https://www.w3.org/ns/credentials/undefined-terms/v2',
] as const

const contextSchema = z.tuple([z.literal(CONTEXT[0]), z.literal(CONTEXT[1])])

/** A track record in one domain; says nothing about who the owner is (TAP-16). */
export const credentialSchema = z.strictObject({
  '@context': contextSchema,
  type: z.tuple([z.literal('VerifiableCredential'), z.literal('EarnestReputationCredential')]),
  id: z.string().regex(/^urn:uuid:[0-9a-f-]{36}$/),
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
    transactions: z.int().min(0),
    /** 0 to 1000; null where there is too little evidence. */
    score: z.int().min(0).max(1000).nullable(),
    windowFrom: utc,
    windowUntil: utc,
    /** Merkle root of the settlements counted. */
    evidenceRoot: hash,
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

/** Checks issuer's signature and validity at a time (unix seconds), offline. Throws `invalid_credential`, `credential_expired`. */
export function verifyCredential(
  signed: SignedCredential,
  { now, keyOf = ownKey }: { now: number; keyOf?: KeyResolver },
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
}

function securedOf(credential: Credential, options: z.output<typeof proofOptionsSchema>): Secured {
  return {
    options: encode(proofOptionsSchema, options, 'invalid_credential'),
    document: encode(credentialSchema, credential, 'invalid_credential'),
  }
}
