import { EarnestError, hashBytes } from '@earnest/sdk/protocol'

/** Crockford's alphabet: no letter that looks like a figure. */
const SIGNS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const BITS = 5

/** 32 secret bytes and a checksum as groups of four signs, to be written down. */
export function writeCode(seed: Uint8Array): string {
  const bytes = [...seed, ...checksum(seed)]
  let text = ''
  for (let bit = 0; bit < bytes.length * 8; bit += BITS) text += SIGNS[take(bytes, bit)]
  return text.match(/.{1,4}/g)?.join(' ') ?? ''
}

/**
 * The bytes of a written code; O and I, L are read as the figures that they look like.
 * @throws recovery_code_wrong
 */
export function readCode(text: string): Uint8Array {
  const signs = text.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1')
  const bytes: number[] = []
  let held = 0
  let bits = 0
  for (const sign of signs) {
    const value = SIGNS.indexOf(sign)
    if (value < 0) throw wrong()
    held = (held << BITS) | value
    bits += BITS
    if (bits >= 8) {
      bits -= 8
      bytes.push((held >> bits) & 0xff)
      held &= (1 << bits) - 1
    }
  }
  const seed = Uint8Array.from(bytes.slice(0, 32))
  const sum = bytes.slice(32)
  if (bytes.length !== 35 || checksum(seed).some((byte, index) => byte !== sum[index]))
    throw wrong()
  return seed
}

/** Three bytes: one mistyped code in sixteen million passes. */
function checksum(seed: Uint8Array): number[] {
  const hash = hashBytes(
    Uint8Array.from([...new TextEncoder().encode('earnest/recovery'), ...seed]),
  )
  return [0, 2, 4].map((at) => Number.parseInt(hash.slice(at, at + 2), 16))
}

function take(bytes: readonly number[], bit: number): number {
  const at = bit >> 3
  const word = ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  return (word >> (16 - BITS - (bit & 7))) & 31
}

function wrong(): EarnestError {
  return new EarnestError('recovery_code_wrong', 'Not a recovery code')
}
