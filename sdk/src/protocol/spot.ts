import * as z from 'zod'
import { word } from './address.ts'
import { hash, hashBody } from './hash.ts'
import { usdc } from './money.ts'
import { utc } from './time.ts'
import { verdictRecordSchema } from './verdict.ts'

/**
 * Where a delivery falls in the draw for a spot check, 0 to 9,999: it is drawn below its rate. The seed
 * is the hash of a block that did not exist when the delivery was signed, so that nobody knows the draw
 * before and anybody can repeat it after (UNS-01).
 */
export function spotDraw(options: { escrowId: string; round: number; seedHash: string }): number {
  const { escrowId, round, seedHash } = options
  const drawn = Number.parseInt(hashBody({ escrowId, round, seedHash }).slice(0, 8), 16)
  return Math.floor((drawn * 10_000) / 2 ** 32)
}

/** A delivery that passed every check by machine and was drawn to be looked at by the jury. */
export const spotCheckSchema = z.object({
  escrowId: word,
  round: z.int().min(1),
  /** Draw below rate, both in ten-thousandths; the table by which the rate came about. */
  draw: z.int().min(0).max(9999),
  rateBps: z.int().min(1).max(10_000),
  table: z.string().min(1).max(64),
  seedBlock: z.int().min(0),
  seedHash: word,
  drawnAt: utc,
  status: z.enum(['drawn', 'heard', 'not_heard']),
  /** Why no jury looked at it; null where one did, or still will. */
  code: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/)
    .nullable(),
  /** What the jury finds the work worth, in basis points; null where it finds no number that holds. */
  qualityBps: z.int().min(0).max(10_000).nullable(),
  /** True where it lowers the seller's accuracy. */
  poor: z.boolean(),
  decidedAt: utc.nullable(),
  recordHash: hash.nullable(),
  /** By which it can be recomputed, without the texts; those are in the parties' papers. */
  record: verdictRecordSchema.nullable(),
})
export type SpotCheck = z.output<typeof spotCheckSchema>

/** How this oracle makes spot checks: base rate, what one may cost, and how many judges have a key. */
export const spotPolicySchema = z.object({
  table: z.string().min(1).max(64),
  rateBps: z.int().min(0).max(10_000),
  costUsdc: usdc,
  judges: z.int().min(0),
})
