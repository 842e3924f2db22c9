import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { EarnestError } from '@earnest/sdk/protocol'

/** Texts that lie in the store and that a copy of the store must not give away. */
export type Envelope = {
  seal(text: string): string
  /** @throws answer_unreadable under another key, or when a bit changed. */
  open(sealed: string): string
}

/**
 * AES-256-GCM under a key of its own for each purpose, made of the artifact key.
 * @param masterKey 32 bytes.
 */
export function createEnvelope(masterKey: Uint8Array, purpose: string): Envelope {
  const key = Buffer.from(
    hkdfSync('sha256', masterKey, new Uint8Array(0), `earnest/${purpose}`, 32),
  )
  return {
    seal(text) {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce)
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64')
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, 'base64')
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12))
        decipher.setAuthTag(bytes.subarray(12, 28))
        return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString()
      } catch (cause) {
        throw new EarnestError('answer_unreadable', 'The kept answer does not open', { cause })
      }
    },
  }
}
