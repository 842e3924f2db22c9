import { getAddress, zeroAddress } from 'viem'
import * as z from 'zod'

/** No contract, no wallet. */
export const ZERO_ADDRESS = zeroAddress

/** An EVM address: lower case on the wire (one spelling, one hash), EIP-55 checksum in memory as viem has it. */
export const address = z.codec(
  z.string().regex(/^0x[0-9a-f]{40}$/, 'want a lower-case address'),
  z.custom<`0x${string}`>(
    (value) => typeof value === 'string' && /^0x[0-9a-fA-F]{40}$/.test(value),
  ),
  {
    decode: (text) => getAddress(text),
    encode: (value) => value.toLowerCase(),
  },
)

/** True for one address however it is spelled; false, not an error, for what is none. */
export function isSameAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

/** 32 bytes born on chain (escrow id, transaction hash): 0x and 64 lower-case hex characters. */
export const word = hex(/^0x[0-9a-f]{64}$/, 'want 0x and 64 lower-case hex characters')
export type Word = z.output<typeof word>

/** Bytes born on chain (EVM signature, calldata): 0x and lower-case hex, whole bytes. */
export const bytes = hex(/^0x([0-9a-f]{2})*$/, 'want 0x and lower-case hex')

/** EVM chain id. */
export const chainId = z.int().min(1).max(Number.MAX_SAFE_INTEGER)

function hex(pattern: RegExp, message: string) {
  return z.codec(
    z.string().regex(pattern, message),
    z.custom<`0x${string}`>((value) => typeof value === 'string' && pattern.test(value), message),
    { decode: (text) => text as `0x${string}`, encode: (value) => value },
  )
}
