import { base64urlnopad } from '@scure/base'
import * as z from 'zod'
import { canonicalBytes } from '../protocol/canonical.ts'
import { did } from '../protocol/did.ts'
import { EarnestError } from '../protocol/error.ts'
import type { Identity } from '../protocol/identity.ts'
import { jwsHeader, verifyJws } from '../protocol/jws.ts'
import { type KeyResolver, ownKey } from '../protocol/key.ts'

/** Seconds for which a token is good. */
const LIFETIME = 120
/** Seconds by which two clocks may differ. */
const SKEW = 60
/** Seconds that a token may claim for itself. */
const MAX_LIFETIME = 600

const claimsSchema = z.looseObject({
  iss: did,
  aud: z.string().max(2000),
  iat: z.int(),
  exp: z.int(),
  jti: z.string().min(8).max(200),
})

/**
 * A bearer token by which an agent says who calls: JWT signed EdDSA, `iss` the DID, `aud` the A2A
 * endpoint, good once and for two minutes (RFC 7519, RFC 8037).
 */
export function issueBearer({
  identity,
  audience,
  now,
}: {
  identity: Identity
  audience: string
  now: number
}): string {
  const payload = canonicalBytes({
    iss: identity.did,
    aud: audience,
    iat: now,
    exp: now + LIFETIME,
    jti: crypto.randomUUID(),
  })
  const header = { typ: 'JWT', kid: identity.did }
  const { protected: head, signature } = identity.signJws({ header, payload })
  return `${head}.${base64urlnopad.encode(payload)}.${signature}`
}

/** Checks bearer tokens of one endpoint and remembers each until it has run out. */
export function createBearerCheck({
  audience,
  keyOf = ownKey,
}: {
  audience: string
  keyOf?: KeyResolver
}): (token: string, now: number) => string {
  const seen = new Map<string, number>()
  return (token, now) => {
    const { iss, exp, jti } = verifyBearer(token, { audience, now, keyOf })
    for (const [old, end] of seen) {
      if (end + SKEW >= now) break
      seen.delete(old)
    }
    const key = `${iss} ${jti}`
    if (seen.has(key)) throw new EarnestError('bearer_replayed', 'The token was used before')
    seen.set(key, exp)
    return iss
  }
}

/** Reads and checks one token at a time (unix seconds). Throws `invalid_bearer`, `bearer_expired`. */
export function verifyBearer(
  token: string,
  { audience, now, keyOf = ownKey }: { audience: string; now: number; keyOf?: KeyResolver },
): z.output<typeof claimsSchema> {
  const [head = '', body = '', signature = '', ...rest] = token.split('.')
  let payload: Uint8Array
  let claims: z.output<typeof claimsSchema>
  try {
    payload = base64urlnopad.decode(body)
    claims = claimsSchema.parse(
      JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)),
    )
  } catch (cause) {
    throw new EarnestError('invalid_bearer', 'Want a JWT with iss, aud, iat, exp, jti', { cause })
  }
  const typ = jwsHeader(head)?.typ
  if (rest.length > 0 || (typ !== undefined && String(typ).toUpperCase() !== 'JWT')) {
    throw new EarnestError('invalid_bearer', 'Want a JWT')
  }
  const publicKey = keyOf(claims.iss, now)
  if (verifyJws({ protected: head, signature, payload, publicKey }) === undefined) {
    throw new EarnestError('invalid_bearer', 'Not signed by its issuer')
  }
  if (claims.aud.replace(/\/+$/, '') !== audience.replace(/\/+$/, '')) {
    throw new EarnestError('invalid_bearer', 'Meant for another endpoint')
  }
  const { iat, exp } = claims
  if (exp - iat > MAX_LIFETIME || iat > now + SKEW || now >= exp + SKEW) {
    throw new EarnestError('bearer_expired', 'The token is not good now')
  }
  return claims
}
