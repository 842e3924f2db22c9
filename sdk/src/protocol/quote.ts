import * as z from 'zod'
import { capability } from './agent.ts'
import { did } from './did.ts'
import { usdc } from './money.ts'
import { signature } from './signature.ts'
import { signedObject } from './signedObject.ts'
import { utc } from './time.ts'

const share = z.number().min(0).max(1)

/** What the transactions of a trade cost on chain, whoever sends them (FEE-06). */
export const gasEstimateSchema = signedObject({
  /** Gas of funding, delivery and release one by one, without a dispute. */
  units: z.int().min(1),
  /** Wei for one unit of gas now, decimal; null where the chain did not say. */
  weiPerUnit: z
    .string()
    .regex(/^(0|[1-9]\d{0,30})$/)
    .nullable(),
  /** At the operator's price of ether; null where it names none, or the chain did not answer. */
  usdc: usdc.nullable(),
})
export type GasEstimate = z.output<typeof gasEstimateSchema>

/** The risk of this buyer with this seller at this amount, turned into terms. */
export const quoteBodySchema = signedObject({
  buyer: did,
  seller: did,
  capability,
  amountUsdc: usdc,
  /** Probability that this trade goes wrong. */
  pairRisk: share,
  sellerFailureProbability: share,
  buyerFailureProbability: share,
  /** False where the amount is above the limit or a party is frozen. */
  acceptable: z.boolean(),
  /** Stable codes of what speaks against it. */
  warnings: z.array(z.string().regex(/^[a-z][a-z0-9_]*$/)),
  /** Most that this seller may have open in all. */
  limitUsdc: usdc,
  openExposureUsdc: usdc,
  /** Seconds. */
  reviewWindow: z.int().min(0),
  instantRelease: z.boolean(),
  /** Only where it was asked: true where the pair has traded so well that review and bond are halved. */
  trustedPair: z.boolean().exactOptional(),
  bondToReserveUsdc: usdc,
  /** Seconds to add to the seller's own estimate. */
  deadlineSlack: z.int().min(0),
  protocolFeeUsdc: usdc,
  arbitrationFeeUsdc: usdc,
  /** What the parties pay for gas: nothing, where the oracle's relay sends. */
  gasUsdc: usdc,
  /** What they pay over the amount, basis points, without a dispute. */
  overheadBps: z.int().min(0),
  /** What the gas costs whoever pays it. */
  gas: gasEstimateSchema,
  /** Fee and true gas over the amount, basis points rounded up; null where the gas has no price in USDC. */
  effectiveBps: z.int().min(0).nullable(),
  scorer: z.string().min(1).max(64),
  oracle: did,
  asOf: utc,
  validUntil: utc,
})
export type QuoteBody = z.output<typeof quoteBodySchema>

/** The signed quote (signature type "quote" over all other fields). */
export const quoteSchema = quoteBodySchema.extend({ signature })
export type Quote = z.output<typeof quoteSchema>
