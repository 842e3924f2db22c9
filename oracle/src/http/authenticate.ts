import {
  bodySha256Of,
  EarnestError,
  type ProvenRequest,
  readRequest,
  verifyRequest,
} from '@earnest/sdk/protocol'
import type { Context as Http } from 'hono'
import { resolveKeys } from '../discovery/keys.ts'
import type { Oracle } from '../oracle.ts'

/** A request whose headers are in order, before a byte of its body was read. */
export type Opened = {
  /** Who it says it is from. */
  signer: string
  /** Proven already, because the headers say what the body's hash will be. */
  proven: boolean
  /**
   * Proves the whole request by the body that came.
   * @throws invalid_request_signature
   */
  prove(bodySha256: string): ProvenRequest
}

/**
 * Checks everything that can be checked before the body: the four headers, the clock, whether the
 * signer's key counts now (not when the client says it signed), and with `Content-Digest` (RFC 9530)
 * the signature itself, so that nobody makes this oracle read what no agent signed.
 * @throws request_unsigned, request_expired, invalid_request_signature, key_not_valid,
 * key_log_frozen, agent_retired
 */
export async function openRequest(
  { db, clock, signer: oracle }: Pick<Oracle, 'db' | 'clock' | 'signer'>,
  http: Http,
): Promise<Opened> {
  const now = clock.now()
  const options = {
    header: (name: string) => http.req.header(name),
    method: http.req.method,
    path: pathOf(http),
    audience: oracle.did,
    now,
  }
  const { signer } = readRequest(options)
  const publicKey = (await resolveKeys(db, [signer]))(signer, now)
  const prove = (bodySha256: string) =>
    verifyRequest({ ...options, bodySha256, keyOf: () => publicKey })
  const stated = bodySha256Of(options.header)
  const early = stated === undefined ? undefined : prove(stated)
  return {
    signer,
    proven: early !== undefined,
    prove(bodySha256) {
      if (early === undefined) return prove(bodySha256)
      if (bodySha256 !== stated) {
        throw new EarnestError('invalid_request_signature', 'Another body than was signed')
      }
      return early
    },
  }
}

/** Path and query as they were sent: what the client signed. */
export function pathOf(http: Http): string {
  const { pathname, search } = new URL(http.req.url)
  return pathname + search
}
