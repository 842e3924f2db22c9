import * as z from 'zod'
import { address, word } from './address.ts'
import { hash } from './hash.ts'
import { usdc } from './money.ts'
import { utc } from './time.ts'

/** A claim against the bond behind a release at once, and what came of it; its words and evidence are in the dispute. */
export const recourseRecordSchema = z.object({
  escrowId: word,
  pactId: hash,
  vault: address,
  /** Who rules on it: the vault's arbiter. */
  arbiter: address,
  state: z.enum(['reserved', 'claimed', 'freed', 'slashed']),
  /** Until then the buyer may claim (`reserved`) or the arbiter rule (`claimed`). */
  end: utc,
  /** The arbiter decides from then on, by what was handed in before; null where nothing is claimed. */
  heardFrom: utc.nullable(),
  /** Of the bond, held for this escrow while it runs. */
  reservedUsdc: usdc,
  stakeUsdc: usdc,
  claimHash: hash.nullable(),
  claimedAt: utc.nullable(),
  /** How it ended: nobody claimed, the buyer took it back, the arbiter was silent, or it ruled. */
  ending: z
    .object({
      how: z.enum(['unclaimed', 'dropped', 'concluded', 'ruled']),
      sellerBps: z.int().min(0).max(10_000),
      /** Taken from the bond: the compensation, and the arbitration fee unless the stake paid it. */
      slashedUsdc: usdc,
      compensationUsdc: usdc,
      arbitrationFeeUsdc: usdc,
      recordHash: hash.nullable(),
      txHash: word,
      endedAt: utc,
    })
    .nullable(),
})
export type RecourseRecord = z.output<typeof recourseRecordSchema>
