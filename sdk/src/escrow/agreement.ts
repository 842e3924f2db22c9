import { EarnestError } from '../protocol/error.ts'
import type { ReadClient } from './client.ts'

/**
 * One fact as several RPCs see it: it counts only where all agree, also in every part of it. Throws
 * `rpc_disagreement` (retryable, for one may lag behind), `no_rpc`, and what the reading throws.
 */
export async function agreedBy<T>(
  clients: readonly ReadClient[],
  read: (client: ReadClient) => Promise<T>,
): Promise<T> {
  const [first, ...others] = await Promise.all(clients.map(read))
  if (first === undefined) throw new EarnestError('no_rpc', 'No RPC to ask')
  const words = [first, ...others].map(wordOf)
  if (new Set(words).size > 1) {
    throw new EarnestError('rpc_disagreement', 'The RPCs disagree about the escrow', {
      retryable: true,
      details: { answers: words },
    })
  }
  return first
}

function wordOf(fact: unknown): string {
  return JSON.stringify(fact, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))
}
