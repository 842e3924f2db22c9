import * as z from 'zod'
import { did } from './did.ts'
import { EarnestError } from './error.ts'
import { hash, hashBytes } from './hash.ts'
import type { Identity } from './identity.ts'
import { type KeyResolver, ownKey } from './key.ts'
import { verifyBody } from './signature.ts'

/** Seconds by which the clocks of client and oracle may differ. */
export const MAX_REQUEST_SKEW = 300

/** What an agent signs for one HTTP request (signature type "request"). */
export const requestBodySchema = z.strictObject({
  method: z.enum(['GET', 'POST', 'PUT', 'DELETE']),
  /** Path and query as sent. */
  path: z.string().startsWith('/'),
  /** The oracle's DID: a request to one oracle is worth nothing at another. */
  audience: did,
  bodySha256: hash,
  issuedAt: z.int().min(0),
  nonce: z.uuid().lowercase(),
})
export type RequestBody = z.infer<typeof requestBodySchema>

/** Names of the four headers, lower case. */
export const REQUEST_HEADERS = {
  signer: 'earnest-signer',
  issuedAt: 'earnest-issued-at',
  nonce: 'earnest-nonce',
  signature: 'earnest-signature',
} as const

/** The headers that sign a request; `body` is the raw bytes (empty for none), `issuedAt` unix seconds. */
export function signRequest(options: {
  identity: Identity
  method: RequestBody['method']
  path: string
  audience: string
  body: Uint8Array
  issuedAt: number
  nonce: string
}): Record<string, string> {
  const { identity, body, ...rest } = options
  const statement = requestBodySchema.parse({ ...rest, bodySha256: hashBytes(body) })
  return {
    [REQUEST_HEADERS.signer]: identity.did,
    [REQUEST_HEADERS.issuedAt]: String(options.issuedAt),
    [REQUEST_HEADERS.nonce]: options.nonce,
    [REQUEST_HEADERS.signature]: identity.sign({ type: 'request', body: statement }),
  }
}

/** A request whose signature holds; the caller still refuses a nonce that it has seen. */
export interface VerifiedRequest {
  signer: string
  nonce: string
  /** Unix seconds. */
  issuedAt: number
}

/**
 * Checks a signed request whose body's SHA-256 is known (a stream is hashed on the way).
 * Throws `request_unsigned`, `request_expired`, `invalid_request_signature`, or what the key resolver throws.
 */
export function verifyRequest(options: {
  header: (name: string) => string | null | undefined
  method: string
  path: string
  audience: string
  bodySha256: string
  now: number
  keyOf?: KeyResolver
}): VerifiedRequest {
  const { header, method, path, audience, bodySha256, now, keyOf = ownKey } = options
  const signer = did.safeParse(header(REQUEST_HEADERS.signer))
  const issuedText = header(REQUEST_HEADERS.issuedAt) ?? ''
  const signature = header(REQUEST_HEADERS.signature)
  const statement = requestBodySchema.safeParse({
    method,
    path,
    audience,
    bodySha256,
    issuedAt: /^(0|[1-9]\d{0,11})$/.test(issuedText) ? Number(issuedText) : null,
    nonce: header(REQUEST_HEADERS.nonce),
  })
  if (!signer.success || !statement.success || signature == null) {
    throw new EarnestError('request_unsigned', 'Want the four earnest headers')
  }
  const { issuedAt, nonce } = statement.data
  if (Math.abs(now - issuedAt) > MAX_REQUEST_SKEW) {
    throw new EarnestError('request_expired', 'issuedAt differs from our clock by more than 300 s')
  }
  const publicKey = keyOf(signer.data, issuedAt)
  if (!verifyBody({ type: 'request', body: statement.data, signature, publicKey })) {
    throw new EarnestError('invalid_request_signature', 'Not signed by the signer')
  }
  return { signer: signer.data, nonce, issuedAt }
}
