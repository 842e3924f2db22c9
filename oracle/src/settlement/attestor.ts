import { EarnestError } from '@earnest/sdk/protocol'
import {
  type Address,
  concat,
  type Hex,
  hashTypedData,
  type LocalAccount,
  parseAbi,
  type TypedDataDefinition,
  toHex,
} from 'viem'
import type { Chain } from '../escrow/chain.ts'

const attestorsAbi = parseAbi([
  'struct Attestor { address key; uint40 addedAt; }',
  'function attestors() view returns (Attestor[])',
  'function threshold() view returns (uint256)',
])

/** Seconds for which the set of an arbiter is believed to be unchanged. */
const SET_LIFETIME = 60

type AttestorSet = {
  threshold: number
  keys: readonly { key: Address; addedAt: number }[]
}

export type Attestors = {
  /** The active keys of an arbiter. */
  keysOf(arbiter: Address): Promise<Address[]>
  /** Signs typed data with as many of this process's keys as the arbiter wants for it. */
  prove(options: {
    arbiter: Address
    kind: 'receipt' | 'attestation' | 'proposal' | 'ruling'
    typedData: TypedDataDefinition
  }): Promise<Hex>
}

/**
 * The attestor keys of this process. The proof carries the arbiter's whole active set, since the
 * contract keeps only its hash (IAttestors.sol).
 * @throws too_few_attestors when this process holds fewer keys than the arbiter wants.
 */
export function createAttestors({
  chain,
  accounts,
  clock,
}: {
  chain: Pick<Chain, 'client'>
  accounts: readonly LocalAccount[]
  clock: { now(): number }
}): Attestors {
  const sets = new Map<Address, { set: AttestorSet; readAt: number }>()
  const byAddress = new Map(accounts.map((account) => [account.address.toLowerCase(), account]))

  async function setOf(arbiter: Address): Promise<AttestorSet> {
    const known = sets.get(arbiter)
    if (known && clock.now() - known.readAt < SET_LIFETIME) return known.set
    const [keys, threshold] = await Promise.all([
      chain.client.readContract({
        address: arbiter,
        abi: attestorsAbi,
        functionName: 'attestors',
      }),
      chain.client.readContract({
        address: arbiter,
        abi: attestorsAbi,
        functionName: 'threshold',
      }),
    ])
    const set = { keys, threshold: Number(threshold) }
    sets.set(arbiter, { set, readAt: clock.now() })
    return set
  }

  return {
    keysOf: async (arbiter) => (await setOf(arbiter)).keys.map(({ key }) => key),

    async prove({ arbiter, kind, typedData }) {
      const set = await setOf(arbiter)
      const need = kind === 'receipt' ? 1 : set.threshold
      const signers = set.keys
        .flatMap(({ key }) => byAddress.get(key.toLowerCase()) ?? [])
        .slice(0, need)
      if (signers.length < need) {
        throw new EarnestError('too_few_attestors', `want ${need} keys, have ${signers.length}`, {
          retryable: true,
          details: { arbiter, need, have: signers.length },
        })
      }
      const hash = hashTypedData(typedData)
      const signatures = await Promise.all(
        signers.map((signer) => {
          if (!signer.sign) throw new EarnestError('attestor_cannot_sign', signer.address)
          return signer.sign({ hash })
        }),
      )
      return concat([
        toHex(set.keys.length, { size: 1 }),
        ...set.keys.flatMap(({ key, addedAt }) => [key, toHex(addedAt, { size: 5 })]),
        ...signatures,
      ])
    },
  }
}
