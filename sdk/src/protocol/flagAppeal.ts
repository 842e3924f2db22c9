import * as z from 'zod'
import { utc } from './time.ts'

/** What a flagged agent says against a flag; its words are for the reviewer alone. */
export const flagAppealSchema = z.strictObject({
  flagId: z.string().startsWith('flag:').max(4_000),
  statement: z.string().trim().min(1).max(4_000),
})
export type FlagAppeal = z.output<typeof flagAppealSchema>

/** An appeal against a flag and what became of it (UNS-10). */
export const flagAppealRecordSchema = z.object({
  flagId: z.string(),
  /** When it was filed. */
  at: utc,
  status: z.enum(['open', 'upheld', 'rejected']),
  decidedAt: utc.nullable(),
  /** The reviewer's reason, published with the decision. */
  reason: z.string().nullable(),
})
export type FlagAppealRecord = z.output<typeof flagAppealRecordSchema>
