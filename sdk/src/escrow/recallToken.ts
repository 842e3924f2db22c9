import type { Address } from 'viem'
import type { TokenRef } from '../protocol/authorization.ts'
import type { ReadClient } from './client.ts'
import { readToken } from './token.ts'

const paidWith = new WeakMap<ReadClient, TokenRef>()

/** Name and version of the token that a client pays with, asked once until a payment fails: then `forgetToken`. */
export async function recallToken(client: ReadClient, address: Address): Promise<TokenRef> {
  const known = paidWith.get(client)
  if (known?.address === address) return known
  const token = await readToken(client, address)
  paidWith.set(client, token)
  return token
}

/** A payment that failed may have been signed for a name that the token has no more. */
export function forgetToken(client: ReadClient): void {
  paidWith.delete(client)
}
