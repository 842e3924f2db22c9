import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import * as z from 'zod'
import { did } from './did.ts'
import { EarnestError } from './error.ts'
import { hash, hashBytes } from './hash.ts'
import type { Identity } from './identity.ts'
import { type KeyResolver, ownKey } from './key.ts'
import { signature, verifyBody } from './signature.ts'

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
/** Made once: to make a schema costs more than to check a request by it. */
const headSchema = requestBodySchema.omit({ bodySha256: true })

/** A request as its signer signed it: proof of who asked, for anybody who has that key. */
export const signedRequestSchema = requestBodySchema.extend({ signature })
export type SignedRequest = z.infer<typeof signedRequestSchema>

/** Names of the four headers, lower case. */
export const REQUEST_HEADERS = {
  signer: 'earnest-signer',
  issuedAt: 'earnest-issued-at',
  nonce: 'earnest-nonce',
  signature: 'earnest-signature',
} as const

/** The header that says what the body's SHA-256 is (RFC 9530): with it a signature is checked before the body comes. */
export const DIGEST_HEADER = 'content-digest'

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
    [DIGEST_HEADER]: digestOf(statement.bodySha256),
  }
}

function digestOf(sha256: string): string {
  return `sha-256=:${btoa(String.fromCharCode(...hexToBytes(sha256)))}:`
}

/** The body's SHA-256 (hex) by its `Content-Digest`; undefined where the header is not there or says no SHA-256. */
export function bodySha256Of(
  header: (name: string) => string | null | undefined,
): string | undefined {
  const text = /(?:^|,)\s*sha-256=:([A-Za-z0-9+/]{43}=):/.exec(header(DIGEST_HEADER) ?? '')?.[1]
  if (text === undefined) return undefined
  return bytesToHex(Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)))
}

/** A request whose signature holds; the caller still refuses a nonce that it has seen. */
export interface VerifiedRequest {
  signer: string
  nonce: string
  /** Unix seconds. */
  issuedAt: number
}

/** A verified request with what proves it to others. */
export interface ProvenRequest extends VerifiedRequest {
  proof: SignedRequest
}

/** A request as it arrives, before its body. */
export interface RequestHead {
  header: (name: string) => string | null | undefined
  method: string
  path: string
  audience: string
  /** Unix seconds. */
  now: number
}

/**
 * Reads the headers of a signed request and checks what needs no body; the signature is not one of it.
 * Throws `request_unsigned`, `request_expired`.
 */
export function readRequest(head: RequestHead): VerifiedRequest & { signature: string } {
  const { header, method, path, audience, now } = head
  const signer = did.safeParse(header(REQUEST_HEADERS.signer))
  const issuedText = header(REQUEST_HEADERS.issuedAt) ?? ''
  const signature = header(REQUEST_HEADERS.signature)
  const statement = headSchema.safeParse({
    method,
    path,
    audience,
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
  return { signer: signer.data, nonce, issuedAt, signature }
}

/**
 * Checks a signed request whose body's SHA-256 is known (a stream is hashed on the way).
 * Throws `request_unsigned`, `request_expired`, `invalid_request_signature`, or what the key resolver throws.
 */
export function verifyRequest(
  options: RequestHead & { bodySha256: string; keyOf?: KeyResolver },
): ProvenRequest {
  const { method, path, audience, bodySha256, keyOf = ownKey } = options
  const { signer, issuedAt, nonce, signature } = readRequest(options)
  const publicKey = keyOf(signer, issuedAt)
  const body = {
    method: method as RequestBody['method'],
    path,
    audience,
    bodySha256,
    issuedAt,
    nonce,
  }
  if (!verifyBody({ type: 'request', body, signature, publicKey })) {
    throw new EarnestError('invalid_request_signature', 'Not signed by the signer')
  }
  return { signer, nonce, issuedAt, proof: { ...body, signature } }
}
