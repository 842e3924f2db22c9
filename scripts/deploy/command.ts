import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { EarnestError, isEarnestError } from '@earnest/sdk/protocol'
import { BaseError, HttpRequestError, RpcError, TimeoutError } from 'viem'

/** The words that name the roles, the same to deploy with and to compare with. */
export const roleOptions = {
  attestors: { type: 'string' },
  threshold: { type: 'string' },
  seats: { type: 'string' },
  proposers: { type: 'string' },
  guardian: { type: 'string' },
  treasury: { type: 'string' },
  moderator: { type: 'string' },
  roster: { type: 'string' },
} as const

/**
 * Runs a command with its words: what went wrong is one line with a stable code, and the process ends with 1.
 */
export async function command<const options extends ParseArgsOptionsConfig>(
  options: options,
  run: (
    values: ReturnType<typeof parseArgs<{ options: options; strict: true }>>['values'],
  ) => Promise<void>,
): Promise<void> {
  try {
    await run(wordsOf(options))
  } catch (thrown) {
    const error = isEarnestError(thrown) ? thrown : errorOfRpc(thrown)
    if (error === undefined) throw thrown
    process.stderr.write(`${error.code}: ${error.message}\n`)
    process.exitCode = 1
  }
}

/** @throws invalid_options */
function wordsOf<const options extends ParseArgsOptionsConfig>(options: options) {
  try {
    return parseArgs<{ options: options; strict: true }>({ options, strict: true }).values
  } catch (cause) {
    throw new EarnestError('invalid_options', (cause as Error).message, { cause })
  }
}

/** What an RPC refused, or did not answer, at any question that has no error of its own. */
export function errorOfRpc(thrown: unknown): EarnestError | undefined {
  if (!(thrown instanceof BaseError)) return undefined
  const failed = thrown.walk((cause) =>
    [RpcError, HttpRequestError, TimeoutError].some((kind) => cause instanceof kind),
  )
  if (!(failed instanceof BaseError)) return undefined
  const said = [failed.shortMessage, failed.details].filter(Boolean).join(' ')
  return new EarnestError('chain_unreachable', `The RPC failed at a question. ${said}`, {
    cause: thrown,
    retryable: true,
  })
}
