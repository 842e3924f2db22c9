import { fundBatchTypedData } from '../protocol/authorization.ts'
import { EarnestError, isEarnestError } from '../protocol/error.ts'
import type { KeyResolver } from '../protocol/key.ts'
import type { SignedPact } from '../protocol/pact.ts'
import type { EscrowClient, Relay, Sent } from './client.ts'
import {
  checkPact,
  checkPurse,
  type FundedPact,
  findLock,
  fundedPact,
  type Lockable,
} from './lock.ts'
import { relayOrSend } from './relayOrSend.ts'
import { send } from './send.ts'
import { signTyped } from './signTyped.ts'
import { readToken } from './token.ts'

/**
 * Funds many pacts of one buyer with one signature in one transaction; all or none. A batch that stands
 * already is returned. Throws as `fund`, `empty_batch`, `mixed_batch` for another contract, chain or token
 * or the same escrow twice, `escrow_not_open` where a part of it was funded before.
 */
export async function fundBatch(
  client: EscrowClient,
  {
    items,
    relay,
    keyOf,
  }: {
    items: readonly { signed: SignedPact; milestone?: number }[]
    relay?: Relay
    keyOf?: KeyResolver
  },
): Promise<FundedPact[]> {
  // Step 1: the pacts.
  const payments = items.map((item) => checkPact(client, { ...item, ...(keyOf && { keyOf }) }))
  const [first] = payments
  if (first === undefined) throw new EarnestError('empty_batch', 'No pacts to fund')
  checkSame(first, payments)

  // Step 2: the chain. What stands already is not paid again.
  const before = await findAll(client, payments)
  if (before !== undefined) return before
  await checkPurse(client, payments)

  // Step 3: one call, sent by the relay or by the buyer.
  const { chainId, contract } = first.escrow
  const terms = payments.map(({ escrow }) => escrow.terms)
  const token = await readToken(client, first.signed.pact.escrow.token)
  const typedData = fundBatchTypedData({ terms, chainId, contract, token })
  const signature = await signTyped(client, typedData)
  const call = { functionName: 'fundBatch', args: [terms, signature] } as const
  const ref = { chainId, contract }
  const id = payments.map(({ escrow }) => escrow.escrowId)
  const done = { eventName: 'Funded', args: { id } } as const
  try {
    const sent =
      relay === undefined
        ? await send(client, ref, call)
        : await relayOrSend(client, { ...ref, relay, ...done }, call)
    return payments.map((payment) => fundedPact(payment, sent))
  } catch (error) {
    const then = isEarnestError(error) ? await findAll(client, payments) : undefined
    if (then === undefined) throw error
    return then
  }
}

function checkSame(first: Lockable, payments: readonly Lockable[]): void {
  const { chainId, contract } = first.escrow
  const { token } = first.signed.pact.escrow
  for (const { escrow, signed } of payments) {
    const same = escrow.chainId === chainId && escrow.contract === contract
    if (!same || signed.pact.escrow.token !== token) {
      throw new EarnestError('mixed_batch', 'A batch has one contract and one token')
    }
  }
  if (new Set(payments.map(({ escrow }) => escrow.escrowId)).size < payments.length) {
    throw new EarnestError('mixed_batch', 'A batch has every escrow once')
  }
}

/** The batch where all of it stands; undefined where none of it does. */
async function findAll(
  client: EscrowClient,
  payments: readonly Lockable[],
): Promise<FundedPact[] | undefined> {
  const found = await Promise.all(payments.map((payment) => findLock(client, payment)))
  const standing = found.filter((sent): sent is Sent => sent !== undefined)
  if (standing.length === 0) return undefined
  if (standing.length < payments.length) {
    throw new EarnestError('escrow_not_open', 'A part of this batch was funded before')
  }
  return payments.map((payment, at) => fundedPact(payment, standing[at] as Sent))
}
