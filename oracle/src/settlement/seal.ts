import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { EarnestError } from '@earnest/sdk/protocol'

/** Bytes of plain text in one sealed chunk. */
export const CHUNK_SIZE = 256 * 1024
/** Bytes of a full sealed chunk: the tag and the ciphertext. */
export const SEALED_CHUNK_SIZE = CHUNK_SIZE + 16

/** A random key of one blob, sealed under the oracle's artifact key: nonce, tag, ciphertext. */
export function sealKey(masterKey: Uint8Array): { key: Uint8Array; sealed: Uint8Array } {
  const key = randomBytes(32)
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', masterKey, nonce)
  const body = Buffer.concat([cipher.update(key), cipher.final()])
  return { key, sealed: Buffer.concat([nonce, cipher.getAuthTag(), body]) }
}

/** @throws artifact_unreadable when the artifact key is another one. */
export function openKey(masterKey: Uint8Array, sealed: Uint8Array): Uint8Array {
  return open(masterKey, sealed.subarray(0, 12), sealed.subarray(12))
}

/** AES-256-GCM; the chunk number is the nonce, since each blob has a key of its own. */
export function sealChunk(key: Uint8Array, n: number, plain: Uint8Array): Uint8Array {
  const cipher = createCipheriv('aes-256-gcm', key, nonceOf(n))
  const body = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([cipher.getAuthTag(), body])
}

/** @throws artifact_unreadable when a bit of the chunk changed or it stands in another place. */
export function openChunk(key: Uint8Array, n: number, sealed: Uint8Array): Uint8Array {
  return open(key, nonceOf(n), sealed)
}

function nonceOf(n: number): Uint8Array {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32BE(n, 8)
  return nonce
}

function open(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce)
    decipher.setAuthTag(sealed.subarray(0, 16))
    return Buffer.concat([decipher.update(sealed.subarray(16)), decipher.final()])
  } catch (cause) {
    throw new EarnestError('artifact_unreadable', 'the sealed bytes do not open', { cause })
  }
}
