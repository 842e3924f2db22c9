import type { Account, Chain, Client, Hash, Hex, Transport } from 'viem'
import { hashPact, type Pact } from '../protocol/pact.ts'
import { type ContractRef, escrowId, type Terms, termsFromPact } from '../protocol/terms.ts'

/** A viem client that can read the chain. */
export type ReadClient = Client<Transport, Chain | undefined>
/** A viem client whose account acts for one party. */
export type EscrowClient = Client<Transport, Chain | undefined, Account>

/** One escrow: where it stands, its terms, its id. */
export interface EscrowRef extends ContractRef {
  terms: Terms
  escrowId: Hex
}

/**
 * Brings calldata that carries its own authorization on chain, such as the oracle's relay, in a transaction
 * that holds these bytes as they are, and says its hash.
 */
export interface Relay {
  (data: Hex): Promise<Hash>
  /** Milliseconds after which the party sends the same call itself; default 20,000. */
  patience?: number
}

/** What every verb of a party takes. */
export interface VerbParameters {
  escrow: EscrowRef
  /**
   * The party signs and this sends; where it fails the party sends the same signed call itself. Absent:
   * the party sends.
   */
  relay?: Relay
  /** The escrow's counter that the call is bound to: any change on chain voids it. Default: as it stands. */
  seq?: bigint
}

/** A transaction that succeeded. */
export interface Sent {
  txHash: Hash
  blockNumber: bigint
}

/** Escrows that were derived before, by pact: one is asked for a dozen times in a trade. */
const derived = new WeakMap<Pact, Record<string, EscrowRef>>()

/** The escrow of one milestone of a pact; a function of the pact and nothing else. */
export function escrowOfPact({
  pact,
  milestone = 0,
}: {
  pact: Pact
  milestone?: number
}): EscrowRef {
  // Its owner may have changed it since, and then its hash.
  const key = `${milestone} ${hashPact(pact)}`
  const known = derived.get(pact)?.[key]
  if (known) return { ...known, terms: { ...known.terms } }
  const { chainId, contract } = pact.escrow
  const terms = termsFromPact({ pact, milestone })
  const escrow = { chainId, contract, terms, escrowId: escrowId({ terms, chainId, contract }) }
  derived.set(pact, { ...derived.get(pact), [key]: escrow })
  return { ...escrow, terms: { ...terms } }
}
