import { bondVaultAbi } from '@earnest/contracts'
import type { Address, TypedDataDefinition } from 'viem'
import { bytesToHex } from 'viem'
import { readContract, signTypedData } from 'viem/actions'
import { bondTypedData } from '../protocol/authorization.ts'
import { call } from './call.ts'
import type { EscrowClient, ReadClient, Sent } from './client.ts'
import { readChainTime } from './readEscrow.ts'
import { assertChain, mapErrors } from './send.ts'
import { readToken } from './token.ts'

const VALIDITY = 3600

/** A vault of bonds on its chain. */
export interface VaultRef {
  chainId: number
  vault: Address
}

/** A seller's bond, base units. */
export interface Bond {
  amount: bigint
  /** Held for escrows that were released at once. */
  reserved: bigint
  /** Asked back; counts no longer. */
  leaving: bigint
  /** Unix seconds at which it was asked back; 0: never. */
  leavingAt: number
  /** 0 to 4: from 500, 5,000, 25,000, 100,000 USDC (ORC-07). */
  tier: number
}

/** Reads a seller's bond. Throws `wrong_chain`, `chain_unreachable` (retryable). */
export async function readBond(
  client: ReadClient,
  { chainId, vault, seller }: VaultRef & { seller: Address },
): Promise<Bond> {
  return await mapErrors(async () => {
    await assertChain(client, chainId)
    const ask = { address: vault, abi: bondVaultAbi, args: [seller] } as const
    const [bond, tier] = await Promise.all([
      readContract(client, { ...ask, functionName: 'bondOf' }),
      readContract(client, { ...ask, functionName: 'tierOf' }),
    ])
    return { ...bond, tier: Number(tier) }
  })
}

/** Stakes `amount` base units as a seller's bond with one signature (ERC-3009). Throws `token_call_failed`. */
export async function stakeBond(
  client: EscrowClient,
  { chainId, vault, token, amount }: VaultRef & { token: Address; amount: bigint },
): Promise<Sent> {
  const { account } = client
  const salt = bytesToHex(crypto.getRandomValues(new Uint8Array(32)))
  const validBefore = BigInt((await readChainTime(client)) + VALIDITY)
  const typedData = bondTypedData({
    chainId,
    vault,
    seller: account.address,
    amount,
    salt,
    validBefore,
    token: await readToken(client, token),
  }) as unknown as TypedDataDefinition
  const signature = await mapErrors(() => signTypedData(client, { ...typedData, account }))
  const args = [account.address, amount, validBefore, salt, signature]
  return await callVault(client, { chainId, vault }, 'stakeByAuthorization', args)
}

/**
 * Asks `amount` base units back; they are ready 38 days later and count no longer from now on. Replaces
 * what was asked before; zero takes the request back. Throws `insufficient_bond`.
 */
export function requestBondWithdrawal(
  client: EscrowClient,
  { amount, ...vault }: VaultRef & { amount: bigint },
): Promise<Sent> {
  return callVault(client, vault, 'requestWithdrawal', [amount])
}

/** Takes what was asked back. Throws `before_ready`, `zero_amount`. */
export function withdrawBond(
  client: EscrowClient,
  { to, ...vault }: VaultRef & { to: Address },
): Promise<Sent> {
  return callVault(client, vault, 'withdrawBond', [to])
}

/** Calls the vault. Throws the contract's error as a code. */
export function callVault(
  client: EscrowClient,
  { chainId, vault }: VaultRef,
  functionName:
    | 'stakeByAuthorization'
    | 'requestWithdrawal'
    | 'withdrawBond'
    | 'withdrawCredit'
    | 'claim'
    | 'drop'
    | 'free'
    | 'conclude',
  args: readonly unknown[],
): Promise<Sent> {
  return call(client, { chainId, address: vault, abi: bondVaultAbi, functionName, args })
}
