import * as z from 'zod'
import { word } from './address.ts'

/** Why a seller could not do the work, as anybody may read it; its own words are for the parties. */
export const failureCodeSchema = z.enum([
  'execution_failed',
  'unknown_capability',
  'input_unusable',
  'out_of_scope',
  'dependency_unavailable',
  'out_of_time',
])
export type FailureCode = z.infer<typeof failureCodeSchema>

/** A seller that could not do it says so, instead of delivering (SET-12). */
export const failureSchema = z.strictObject({
  escrowId: word,
  /** Absent: `execution_failed`. */
  failureCode: failureCodeSchema.exactOptional(),
  failureReason: z.string().min(1).max(2000),
})

/** The public code for an error of whatever code: its own where it is one, else `execution_failed`. */
export function failureCodeOf(code: string): FailureCode {
  return failureCodeSchema.safeParse(code).data ?? 'execution_failed'
}
