import { base64 } from '@scure/base'
import * as z from 'zod'
import { bytes } from '../protocol/address.ts'
import { criterionSchema, mime } from '../protocol/criterion.ts'
import { decode } from '../protocol/decode.ts'
import { EarnestError } from '../protocol/error.ts'
import { hash } from '../protocol/hash.ts'
import { pactSchema } from '../protocol/pact.ts'
import { profileSchema } from '../protocol/timing.ts'

/** Our scheme beside x402's own: the payment is locked under a pact, and not paid before the delivery. */
export const SCHEME = 'earnest-escrow'
/** The version of x402 that is spoken: one that knows schemes of others and names chains as CAIP-2. */
export const X402_VERSION = 2
/** Characters of a header that are read. */
const MAX_HEADER = 256 * 1024

/** What a paywall asks to be paid for, as a pact will say it. */
export const paywallTaskSchema = z.strictObject({
  capability: z.string(),
  description: z.string(),
  input: z.strictObject({ method: z.literal('GET'), path: z.string().regex(/^\//).max(4000) }),
  outputFormats: z.array(mime).min(1).max(20),
  acceptance: z.array(criterionSchema).min(1).max(50),
  /** Seconds that the work may take. */
  seconds: z.int().min(1),
  profile: profileSchema,
})
export type PaywallTask = z.output<typeof paywallTaskSchema>

/** One way to pay, as x402 v2 words it. */
export const requirementsSchema = z.looseObject({
  scheme: z.string(),
  /** CAIP-2. */
  network: z.string(),
  asset: z.string(),
  /** Base units. */
  amount: z.string().regex(/^(0|[1-9]\d{0,30})$/),
  payTo: z.string(),
  maxTimeoutSeconds: z.int().min(1),
  extra: z.record(z.string(), z.json()),
})
export type Requirements = z.output<typeof requirementsSchema>

/** What our scheme adds to the requirements. */
export const escrowExtraSchema = z.looseObject({
  paymentFlow: z.literal('escrow'),
  /** Whose signed card says who sells. */
  agentUrl: z.url({ protocol: /^https?$/ }),
  task: paywallTaskSchema,
})

/** A payment, as x402 v2 words it. */
export const paymentSchema = z.looseObject({
  x402Version: z.literal(X402_VERSION),
  accepted: requirementsSchema,
  payload: z.record(z.string(), z.json()),
})

/** What our scheme pays with: the pact as proposed, and the signature that locks the money under it. */
export const escrowPayloadSchema = z.strictObject({
  pact: pactSchema,
  pactHash: hash,
  /** The buyer's, over the pact. */
  signature: z.string(),
  /** ERC-3009 over the escrow's terms: pays and accepts them at once. */
  funding: bytes,
})

/** Reads a header of x402: base64 of JSON. Throws `invalid_payment`. */
export function readHeader<S extends z.ZodType>(text: string, schema: S): z.output<S> {
  let value: unknown
  try {
    if (text.length > MAX_HEADER) throw new EarnestError('invalid_payment', 'Too long')
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(base64.decode(text)))
  } catch (cause) {
    throw new EarnestError('invalid_payment', 'Not base64 of JSON', { cause })
  }
  return decode(schema, value, 'invalid_payment')
}

/** Writes a header of x402. */
export function writeHeader(value: unknown): string {
  return base64.encode(new TextEncoder().encode(JSON.stringify(value)))
}
