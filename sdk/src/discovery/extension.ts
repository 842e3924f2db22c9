import * as z from 'zod'
import { address, chainId } from '../protocol/address.ts'
import { canonicalText } from '../protocol/canonical.ts'
import { mime } from '../protocol/criterion.ts'
import { did } from '../protocol/did.ts'
import { keyLogSchema } from '../protocol/keylog.ts'
import { usdc } from '../protocol/money.ts'
import { profileSchema } from '../protocol/timing.ts'
import { walletBindingSchema } from '../protocol/wallet.ts'

const url = z.url({ protocol: /^https?$/ })
/** An EVM network as CAIP-2 writes it; the chain id in memory. */
const caip2 = z.codec(z.string().regex(/^eip155:[1-9]\d{0,15}$/), chainId, {
  decode: (text) => Number(text.slice('eip155:'.length)),
  encode: (id) => `eip155:${id}`,
})

/** What a seller says of its trade: params of `PACT_EXTENSION`. Members that we do not know are left alone. */
export const pactParamsSchema = z.looseObject({
  pactVersions: z.array(z.string()).min(1),
  settlement: z.looseObject({
    network: caip2,
    asset: address,
    escrow: address,
    payTo: address,
    transferMethod: z.literal('eip3009'),
  }),
  pricing: z.looseObject({ currency: z.literal('USDC'), perTask: usdc, complex: usdc }),
  sla: z.looseObject({ maxResponseTimeMs: z.int().min(1), uptime99Days: z.int().min(1) }),
  inputFormats: z.array(mime).min(1).max(50),
  outputFormats: z.array(mime).min(1).max(50),
  timing: z.looseObject({ profiles: z.array(profileSchema).min(1) }),
  arbiters: z.array(address).min(1).max(20),
})
export type PactParams = z.output<typeof pactParamsSchema>

/** A key log as JSON text: its entries hold null, which some A2A libraries drop from a card they verify. */
const keyLogText = z.codec(z.string().max(200_000), keyLogSchema, {
  decode: (text, context) => {
    try {
      return JSON.parse(text)
    } catch {
      context.issues.push({ code: 'custom', input: text, message: 'want JSON' })
      return z.NEVER
    }
  },
  encode: (log) => canonicalText(log),
})

/** Who a seller says it is: params of `TRUST_EXTENSION`. */
export const trustParamsSchema = z.looseObject({
  did,
  /** Present once the key was rotated. */
  keyLog: keyLogText.exactOptional(),
  /** Agent and wallet about each other. */
  wallet: walletBindingSchema.exactOptional(),
  /** Where the agent says that its record can be read; a client asks only oracles of its own list (W-11). */
  trustScoreUrl: url.exactOptional(),
  /** Claims, never believed: the oracle's answer counts (DIS-14). */
  verified: z.boolean().exactOptional(),
  bondTier: z.int().min(0).exactOptional(),
})
export type TrustParams = z.output<typeof trustParamsSchema>
