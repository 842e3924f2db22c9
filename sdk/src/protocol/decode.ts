import type * as z from 'zod'
import { EarnestError } from './error.ts'

/**
 * Reads a wire value with its schema into memory. Throws an `EarnestError` whose code is the rule's
 * own (`amount_too_small`, ...) or `fallbackCode` for a wrong shape; details carry every issue.
 */
export function decode<S extends z.ZodType>(
  schema: S,
  wire: unknown,
  fallbackCode: string,
): z.output<S> {
  const result = schema.safeDecode(wire as z.input<S>)
  if (result.success) return result.data
  throw toEarnestError(result.error, fallbackCode)
}

/** Writes a value of memory to its wire form, checking every rule on the way. Throws as `decode`. */
export function encode<S extends z.ZodType>(
  schema: S,
  value: z.output<S>,
  fallbackCode: string,
): z.input<S> {
  const result = schema.safeEncode(value)
  if (result.success) return result.data
  throw toEarnestError(result.error, fallbackCode)
}

/** Adds an issue that keeps its stable code through `decode`. */
export function refuse<T>(
  context: z.core.$RefinementCtx<T>,
  code: string,
  message: string,
  path: (string | number)[] = [],
): void {
  context.addIssue({ code: 'custom', params: { code }, message, path, input: context.value })
}

function toEarnestError(error: z.ZodError, fallbackCode: string): EarnestError {
  const issues = error.issues.map((issue) => ({
    path: issue.path.map(String).join('.'),
    code: issue.code === 'custom' ? String(issue.params?.code ?? fallbackCode) : fallbackCode,
    message: issue.message,
  }))
  const first = issues[0] ?? { path: '', code: fallbackCode, message: 'invalid' }
  return new EarnestError(first.code, `${first.path || 'value'}: ${first.message}`, {
    details: { issues },
    cause: error,
  })
}
