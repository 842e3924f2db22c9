import * as z from 'zod'
import { EarnestError } from './error.ts'

/** How the oracle says no (RFC 9457); `code` is the stable code of an `EarnestError`. */
export const problemSchema = z.looseObject({
  type: z.string(),
  title: z.string(),
  status: z.int().min(400).max(599),
  code: z.string().regex(/^[a-z][a-z0-9_]*$/),
  detail: z.string(),
  retryable: z.boolean().optional(),
  details: z.record(z.string(), z.json()).optional(),
})
export type Problem = z.output<typeof problemSchema>

/** The error that a problem stands for. */
export function errorOfProblem(problem: Problem): EarnestError {
  return new EarnestError(problem.code, problem.detail, {
    retryable: problem.retryable ?? false,
    details: { status: problem.status, ...problem.details },
  })
}
