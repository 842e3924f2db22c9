import { type Address, encodeFunctionData, type TypedDataDefinition } from 'viem'
import { readContract, signTypedData } from 'viem/actions'
import { isSameAddress } from '../protocol/address.ts'
import { recourseTypedData } from '../protocol/authorization.ts'
import { EarnestError, isEarnestError } from '../protocol/error.ts'
import { toBytes32 } from '../protocol/hash.ts'
import { stakeOf } from '../protocol/split.ts'
import { unpackClauses } from '../protocol/terms.ts'
import { callVault } from './bond.ts'
import { call } from './call.ts'
import { claimAbi } from './claimAbi.ts'
import type { EscrowClient, EscrowRef, ReadClient, Sent } from './client.ts'
import type { DisputeParameters } from './dispute.ts'
import { readChainTime, readEscrow } from './readEscrow.ts'
import { relayOr } from './relayOrSend.ts'
import { mapErrors } from './send.ts'
import { readToken } from './token.ts'

const VALIDITY = 3600
const STATES = ['none', 'reserved', 'claimed', 'freed', 'slashed'] as const

/** What a buyer still has after a release at once: a claim against the seller's bond. */
export interface Recourse {
  /** `none`: the escrow was not released against the bond. */
  state: (typeof STATES)[number]
  /** Unix seconds: until then it may be claimed (`reserved`) or ruled (`claimed`). */
  end: number
  /** What the claimant staked, base units. */
  stake: bigint
}

/** Reads the recourse of an escrow. Throws `wrong_chain`, `chain_unreachable` (retryable). */
export async function readRecourse(client: ReadClient, escrow: EscrowRef): Promise<Recourse> {
  const { terms, escrowId } = escrow
  const { bonded, timerEnd } = await readEscrow(client, escrow)
  if (!bonded) return { state: 'none', end: 0, stake: 0n }
  return await mapErrors(async () => {
    const ask = { address: terms.vault, abi: claimAbi } as const
    const [reservation, claim] = await Promise.all([
      readContract(client, { ...ask, functionName: 'reservationOf', args: [terms] }),
      readContract(client, { ...ask, functionName: 'claimOf', args: [escrowId] }),
    ])
    const state = STATES[reservation] ?? 'none'
    return { state, end: state === 'reserved' ? timerEnd : claim.end, stake: claim.stake }
  })
}

/**
 * Claims against the bond of a seller that was paid at once, as the buyer, before the review would have
 * ended; one signature pays the stake of one arbitration fee (ERC-3009). Where the arbiter is silent the
 * PASS stands and the stake goes to the seller. Throws `not_buyer`, `not_reserved`, `after_review`, `token_call_failed`.
 */
export async function claimRecourse(
  client: EscrowClient,
  { escrow, token, claimHash, relay }: DisputeParameters,
): Promise<Sent> {
  const { terms, chainId, escrowId } = escrow
  const { account } = client
  if (!isSameAddress(account.address, terms.buyer)) {
    throw new EarnestError('not_buyer', 'Only the buyer has a recourse')
  }
  const hash = toBytes32(claimHash)
  const validBefore = BigInt((await readChainTime(client)) + VALIDITY)
  const { arbitrationFeeBps } = unpackClauses(terms.clauses)
  const typedData = recourseTypedData({
    chainId,
    vault: terms.vault,
    escrowId,
    buyer: account.address,
    stake: stakeOf({ amount: terms.amount, arbitrationFeeBps }),
    claimHash: hash,
    validBefore,
    token: await readToken(client, token),
  }) as unknown as TypedDataDefinition
  const signature = await mapErrors(() => signTypedData(client, { ...typedData, account }))
  const args = [terms, hash, validBefore, signature] as const
  const claim = { abi: claimAbi, functionName: 'claim', args } as const
  const data = encodeFunctionData(claim)
  const itself = () => call(client, { chainId, address: terms.vault, ...claim })
  if (relay === undefined) return await itself()
  const said = { eventName: 'Claimed', args: { id: escrowId, claimHash: hash } }
  const handed = { relay, data, contract: terms.vault, abi: claimAbi, ...said }
  return await relayOr(client, handed, itself)
}

/** Takes the claim back; its stake goes to the seller. Throws `not_claimed`, `not_buyer`. */
export function dropRecourse(
  client: EscrowClient,
  { escrow }: { escrow: EscrowRef },
): Promise<Sent> {
  return callVault(client, vaultOf(escrow), 'drop', [escrow.terms])
}

/**
 * Ends a recourse whose time is over, as anybody: frees what nobody claimed, lets the PASS stand where the
 * arbiter was silent. Undefined where nothing is due (DRV-02).
 */
export async function endRecourse(
  client: EscrowClient,
  { escrow }: { escrow: EscrowRef },
): Promise<(Sent & { verb: 'free' | 'conclude' }) | undefined> {
  const [{ state, end }, now] = await Promise.all([
    readRecourse(client, escrow),
    readChainTime(client),
  ])
  if ((state !== 'reserved' && state !== 'claimed') || now < end) return undefined
  const verb = state === 'reserved' ? 'free' : 'conclude'
  return { verb, ...(await callVault(client, vaultOf(escrow), verb, [escrow.terms])) }
}

/** What an arbiter of the default kind says of its vault. */
const vaultAbi = [
  {
    type: 'function',
    name: 'vault',
    inputs: [],
    outputs: [{ type: 'address' }],
    stateMutability: 'view',
  },
] as const

/**
 * True where the vault is the arbiter's own, so that who was agreed on rules the claims against it; false
 * also for an arbiter that has none. Throws `chain_unreachable` (retryable).
 */
export async function isVaultOf(
  client: ReadClient,
  { arbiter, vault }: { arbiter: Address; vault: Address },
): Promise<boolean> {
  try {
    const own = await mapErrors(() =>
      readContract(client, { address: arbiter, abi: vaultAbi, functionName: 'vault' }),
    )
    return isSameAddress(own, vault)
  } catch (error) {
    if (isEarnestError(error, 'transaction_reverted')) return false
    throw error
  }
}

const vaultOf = ({ chainId, terms }: EscrowRef) => ({ chainId, vault: terms.vault })
