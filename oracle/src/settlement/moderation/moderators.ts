import { pactArbiterAbi } from '@earnest/contracts'
import type { Address } from 'viem'
import type { Chain } from '../../escrow/chain.ts'

/** Who may decide at one arbiter. */
export type Bench = {
  /** The one whose transaction the arbiter takes; a wallet of several people may stand there. */
  seat: Address
  /** People who may read and sign, lower case; whoever has the seat is one of them. */
  people: readonly string[]
  /** Signatures that a decision needs before it is carried out. */
  needed: number
}

/**
 * Reads an arbiter's moderator. Two people sign where the arbiter asks for two of its keys and more
 * than one moderator is named: what two keys guard is not for one person alone.
 */
export async function benchOf(
  { client }: Pick<Chain, 'client'>,
  { arbiter, named }: { arbiter: Address; named: readonly Address[] },
): Promise<Bench> {
  const contract = { address: arbiter, abi: pactArbiterAbi } as const
  const [seat, threshold] = await Promise.all([
    client.readContract({ ...contract, functionName: 'moderator' }),
    client.readContract({ ...contract, functionName: 'threshold' }),
  ])
  const people = [...new Set([seat, ...named].map((address) => address.toLowerCase()))]
  return { seat, people, needed: threshold > 1n && people.length > 1 ? 2 : 1 }
}
