import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject, sign } from 'node:crypto'
import { createIdentity, type Identity, signingBytes } from '@earnest/sdk/protocol'

/** PKCS #8 of an Ed25519 key up to its 32 bytes (RFC 8410). */
const pkcs8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The Ed25519 key of one webhook: made of the oracle's, so that a restore or another process has it too. */
export type WebhookKey = {
  /** 32 bytes. */
  publicKey: Uint8Array
  /** @returns 64 bytes. */
  sign(message: Uint8Array): Uint8Array
}

/** The oracle's identity, and a key for each webhook that can sign nothing of the identity's. */
export type Signer = Identity & { webhookKey(webhookId: string): WebhookKey }

/**
 * An identity whose statements are signed by the platform's own Ed25519: the same signatures as
 * `createIdentity`, many times faster, since this key signs every event and answer.
 * Throws `invalid_secret_key`.
 */
export function createSigner({ secretKey }: { secretKey: Uint8Array }): Signer {
  const identity = createIdentity({ secretKey })
  const key = privateKeyOf(secretKey)
  return {
    ...identity,
    sign: ({ type, body }) => {
      // The kernel's check stays: only a whole body is signed, never a bare hash.
      if (typeof body !== 'object' || body === null || Array.isArray(body)) {
        return identity.sign({ type, body })
      }
      return sign(null, signingBytes({ type, body }), key).toString('hex')
    },
    webhookKey(webhookId) {
      const own = privateKeyOf(
        new Uint8Array(hkdfSync('sha256', secretKey, webhookId, 'earnest/v1/webhook', 32)),
      )
      const jwk = createPublicKey(own).export({ format: 'jwk' })
      return {
        publicKey: Uint8Array.from(Buffer.from(jwk.x ?? '', 'base64url')),
        sign: (message) => Uint8Array.from(sign(null, message, own)),
      }
    },
  }
}

function privateKeyOf(secretKey: Uint8Array): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([pkcs8, secretKey]),
    format: 'der',
    type: 'pkcs8',
  })
}
