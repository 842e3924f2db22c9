import type { Account, Address, Hex, PublicClient } from 'viem'

/** The chain that an oracle watches and writes to. */
export type Chain = {
  client: PublicClient
  chainId: number
  escrow: Address
  token: Address
  /** The arbiter's bond vault, whose bonds count. */
  vault?: Address
  /** First block that can hold a log of the escrow. */
  startBlock: number
  /** First block from which on the transfers into agents' wallets are read; default: `startBlock`. */
  fundersFrom?: number
  /** Exchanges, bridges and faucets: who was funded by one of them has nobody in common by that. */
  publicFunders?: readonly Address[]
  /** Arbiters whose pacts count. */
  arbiters: readonly Address[]
  /** Fee recipients whose pacts count. */
  feeRecipients: readonly Address[]
  /** Smallest protocol fee, basis points, with which a trade counts. */
  minProtocolFeeBps: number
  /** Pays the gas of what the oracle submits. */
  sender: Account
  /** More keys that pay gas, each with its own nonces: as many transactions are under way at once. */
  senders?: readonly Account[]
}

/** A call of the escrow contract, kept until it is mined. */
export type Call = { functionName: string; args: readonly unknown[]; to?: Address; data?: Hex }

/** Every key that sends. */
export function sendersOf({ sender, senders = [] }: Pick<Chain, 'sender' | 'senders'>): Account[] {
  return [sender, ...senders]
}
