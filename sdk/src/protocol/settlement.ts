import * as z from 'zod'
import { address, chainId, word } from './address.ts'
import { refuse } from './decode.ts'
import { did } from './did.ts'
import { hash } from './hash.ts'
import { usdc } from './money.ts'
import { signature } from './signature.ts'
import { utc } from './time.ts'

/** How an escrow ended, by the verb that ended it. */
export const outcomeSchema = z.enum([
  'released',
  'refunded',
  'expired',
  'settled',
  'ruled',
  'concluded',
])
export type Outcome = z.infer<typeof outcomeSchema>

/** What was paid, out of the chain's event; both behavioural records stand on it (REP-13). */
export const settlementSchema = z
  .strictObject({
    version: z.literal('1'),
    pactId: hash,
    escrowId: word,
    milestone: z.int().min(0).max(65_535),
    chainId,
    contract: address,
    buyer: did,
    seller: did,
    outcome: outcomeSchema,
    amountUsdc: usdc,
    sellerUsdc: usdc,
    buyerUsdc: usdc,
    protocolFeeUsdc: usdc,
    arbitrationFeeUsdc: usdc,
    sellerBps: z.int().min(0).max(10_000),
    txHash: word,
    blockNumber: z.int().min(0),
    settledAt: utc,
    /** Null where nothing was delivered. */
    artifactHash: hash.nullable(),
    /** Null where nothing was attested. */
    reportHash: hash.nullable(),
    /** Null where nobody proposed or ruled. */
    recordHash: hash.nullable(),
  })
  .superRefine((receipt, context) => {
    const { sellerUsdc, buyerUsdc, protocolFeeUsdc, arbitrationFeeUsdc } = receipt
    if (sellerUsdc + buyerUsdc + protocolFeeUsdc + arbitrationFeeUsdc !== receipt.amountUsdc) {
      refuse(context, 'not_conserved', 'want the parts to add up to the amount', ['amountUsdc'])
    }
  })
export type Settlement = z.output<typeof settlementSchema>

/** A settlement that both agents signed at the pact and the oracle signs at the end: portable history (REP-13). */
export const attestationSchema = z.strictObject({
  settlement: settlementSchema,
  buyerSignature: signature,
  sellerSignature: signature,
  oracle: did,
  /** Type "attestation" over {settlement, buyerSignature, sellerSignature, oracle}. */
  signature,
})
export type Attestation = z.output<typeof attestationSchema>
