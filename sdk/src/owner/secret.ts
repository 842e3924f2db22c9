import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { base64urlnopad } from '@scure/base'
import * as z from 'zod'
import { EarnestError } from '../protocol/error.ts'
import type { Store } from '../protocol/store.ts'
import type { Token } from './channel.ts'

const tokenSchema = z.strictObject({
  channel: z.string(),
  kind: z.enum(['link', 'answer']),
  id: z.string(),
  account: z.string(),
  alertId: z.int().nullable(),
  expires: z.int(),
})
type Sealed = Token & { channel: string }

/** What only the desk can make. */
export interface Secret {
  /** The six digits of an order: the same after a restart, known nowhere but in the letter. */
  codeOf(orderId: string): string
  seal(token: Sealed): string
  /** Throws `invalid_token`. */
  unseal(text: string): Sealed
}

/** Opens the desk's secret in its store, or makes one. */
export async function openSecret(store: Store): Promise<Secret> {
  const fresh = bytesToHex(crypto.getRandomValues(new Uint8Array(32)))
  const isFirst = await store.swap('owner/secret', undefined, fresh)
  const known = isFirst ? fresh : await store.get('owner/secret')
  const key = hexToBytes(z.string().length(64).parse(known))
  const mac = (use: string, text: string) => hmac(sha256, key, utf8ToBytes(`${use}\0${text}`))
  return {
    codeOf(orderId) {
      const number = BigInt(`0x${bytesToHex(mac('code', orderId).subarray(0, 16))}`)
      return String(number % 1_000_000n).padStart(6, '0')
    },
    seal(token) {
      const text = base64urlnopad.encode(utf8ToBytes(JSON.stringify(token)))
      return `${text}.${base64urlnopad.encode(mac('token', text))}`
    },
    unseal(sealed) {
      const [text = '', signature = ''] = sealed.slice(0, 2000).split('.')
      const isOurs = isSame(base64urlnopad.encode(mac('token', text)), signature)
      if (!isOurs) throw new EarnestError('invalid_token', 'Not a link of ours')
      return tokenSchema.parse(JSON.parse(new TextDecoder().decode(base64urlnopad.decode(text))))
    },
  }
}

/** Compares without telling by its time where two texts part. */
export function isSame(a: string, b: string): boolean {
  // Hashes of one length: the time depends on nothing that the other side chooses.
  const [left, right] = [sha256(utf8ToBytes(a)), sha256(utf8ToBytes(b))]
  let difference = 0
  for (const [at, byte] of left.entries()) difference |= byte ^ (right[at] ?? 0)
  return difference === 0
}
