import * as z from 'zod'
import { mime } from '../protocol/criterion.ts'
import { refuse } from '../protocol/decode.ts'
import { formatUsdc, parseUsdc } from '../protocol/money.ts'

/** Semantic version (semver.org). */
export const semver = z
  .string()
  .max(100)
  .regex(/^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/)

/** A price as the source document writes it: a JSON number of USDC; base units in memory. */
const price = z.codec(z.number().min(0).max(1e9), z.bigint(), {
  decode: (number, context) => {
    try {
      // The shortest decimal of the number, so no float arithmetic happens.
      return parseUsdc(String(number))
    } catch {
      context.issues.push({ code: 'custom', input: number, message: 'more than 6 decimals' })
      return z.NEVER
    }
  },
  encode: (amount) => Number(formatUsdc(amount)),
})

/** One detached JWS over the card's canonical form without `signatures` (A2A 1.0 section 8.4). */
export const cardSignature = z.looseObject({
  protected: z.string().min(1).max(4000),
  signature: z.string().min(1).max(200),
})

/** An extension as both cards list it. */
export const cardExtension = z.looseObject({
  uri: z.string().min(1).max(500),
  required: z.boolean().exactOptional(),
  params: z.record(z.string(), z.json()).exactOptional(),
})

const capability = z.string().regex(/^[a-z][a-z0-9_.-]{0,63}$/, 'want a capability id')

/** The card at `/.well-known/agent.json` in the shape of the source document (DIS-02 to DIS-15, W-50). */
export const sourceCardSchema = z
  .looseObject({
    name: z.string().min(1).max(200),
    description: z.string().min(1).max(5000),
    version: semver,
    capabilities: z.array(capability).min(1).max(200),
    inputFormats: z.array(mime).min(1).max(50),
    outputFormats: z.array(mime).min(1).max(50),
    pricing: z.looseObject({ currency: z.string().max(20), perTask: price, complex: price }),
    sla: z.looseObject({ maxResponseTimeMs: z.int().min(1), uptime99Days: z.int().min(1) }),
    /** Absent: the agent is not registered and is not trusted (DIS-16). */
    armaloTrustId: z.string().max(300).exactOptional(),
    armaloTrustScoreUrl: z.url({ protocol: /^https?$/ }).exactOptional(),
    armaloVerified: z.boolean().exactOptional(),
    bondTier: z.int().min(0).exactOptional(),
    endpoint: z.url({ protocol: /^https?$/ }),
    extensions: z.array(cardExtension).max(50).exactOptional(),
    signatures: z.array(cardSignature).max(10).exactOptional(),
  })
  .superRefine((card, context) => {
    const { currency } = card.pricing
    if (currency !== 'USDC') {
      refuse(context, 'unsupported_currency', `want USDC, got ${currency}`, ['pricing', 'currency'])
    }
  })
