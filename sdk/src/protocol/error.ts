/** What an error carries besides its code. */
export interface EarnestErrorOptions {
  /** True when the same call may succeed later without a change. */
  retryable?: boolean
  /** Facts for a program to read: got, want, ids. Never secrets. */
  details?: Readonly<Record<string, unknown>>
  cause?: unknown
}

/**
 * The one error class of the project: `code` is stable on the wire, `message` is for people.
 * @example
 * throw new EarnestError('amount_too_small', 'Got 9999, want at least 10000', { details: { got: 9999n } })
 */
export class EarnestError extends Error {
  readonly code: string
  readonly retryable: boolean
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: string, message: string, options: EarnestErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'EarnestError'
    this.code = code
    this.retryable = options.retryable ?? false
    this.details = options.details ?? {}
  }
}

/** True for an `EarnestError`, of the given code where one is named. */
export function isEarnestError(error: unknown, code?: string): error is EarnestError {
  return error instanceof EarnestError && (code === undefined || error.code === code)
}
