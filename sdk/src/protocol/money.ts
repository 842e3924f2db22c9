import * as z from 'zod'
import { EarnestError } from './error.ts'

/** Decimals of USDC: one dollar is 1,000,000 base units. */
export const USDC_DECIMALS = 6
/** Above any supply, and far from where a product with basis points could overflow uint256. */
export const MAX_AMOUNT = 2n ** 128n - 1n

const DECIMAL = /^(0|[1-9]\d{0,38})(?:\.(\d{1,6}))?$/

/**
 * Base units out of a plain decimal such as "500" or "0.50". Throws `invalid_amount` for signs,
 * exponents, more than six decimals and numbers of any other type (PCT-09, DRV-01).
 */
export function parseUsdc(text: string): bigint {
  const match = typeof text === 'string' ? DECIMAL.exec(text) : null
  if (match === null)
    throw new EarnestError('invalid_amount', 'Want a decimal with at most 6 places')
  const [, whole = '0', fraction = ''] = match
  const amount = BigInt(whole) * 1_000_000n + BigInt(fraction.padEnd(USDC_DECIMALS, '0'))
  if (amount > MAX_AMOUNT) throw new EarnestError('invalid_amount', 'Amount above 2^128 - 1')
  return amount
}

/** The one decimal spelling of an amount of base units: "500", "0.5". Throws `invalid_amount`. */
export function formatUsdc(amount: bigint): string {
  if (typeof amount !== 'bigint' || amount < 0n || amount > MAX_AMOUNT) {
    throw new EarnestError('invalid_amount', 'Want base units between 0 and 2^128 - 1')
  }
  const whole = amount / 1_000_000n
  const fraction = (amount % 1_000_000n).toString().padStart(USDC_DECIMALS, '0').replace(/0+$/, '')
  return fraction === '' ? whole.toString() : `${whole}.${fraction}`
}

/** USDC: minimal decimal string on the wire, `bigint` base units in memory (DRV-01). */
export const usdc = z.codec(
  // One spelling only, or one amount would have two hashes.
  z.string().regex(/^(0|[1-9]\d{0,38})(\.\d{0,5}[1-9])?$/, 'want a minimal decimal string'),
  z.bigint().min(0n).max(MAX_AMOUNT),
  {
    decode: (text, context) => {
      try {
        return parseUsdc(text)
      } catch {
        context.issues.push({ code: 'custom', input: text, message: 'amount above 2^128 - 1' })
        return z.NEVER
      }
    },
    encode: formatUsdc,
  },
)
