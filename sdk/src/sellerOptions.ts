import type { AgentFacts } from './discovery/publish.ts'
import type { Offer, OfferDecision } from './disputeDesk.ts'
import type { EscrowClient, ReadClient } from './escrow/client.ts'
import type { SellerPolicy, TermsEvaluation } from './negotiation/evaluate.ts'
import type { OwnerDesk } from './owner/desk.ts'
import type { Clock } from './protocol/clock.ts'
import type { OracleEvent } from './protocol/event.ts'
import type { Identity } from './protocol/identity.ts'
import type { KeyResolver } from './protocol/key.ts'
import type { Pact } from './protocol/pact.ts'
import type { Store } from './protocol/store.ts'
import type { WalletBinding } from './protocol/wallet.ts'
import type { Audit } from './settlement/audit.ts'
import type { Skill } from './skill.ts'
import type { OracleClient } from './trust/oracle.ts'
import type { WorkEvent } from './work.ts'

/** What a seller tells: its work, what the oracle said, and what the oracle warns of about a buyer (ORC-20). */
export type SellerEvent =
  | WorkEvent
  | { type: 'oracle_event'; event: OracleEvent }
  /** Something that cannot be reached now, by its code; it is tried again. */
  | { type: 'waiting'; reason: string }
  | { type: 'buyer_flagged'; buyer: string; pactId: string; reasons: string[] }

/** What a seller is made of. */
export interface SellerOptions {
  identity: Identity
  /** Client of the seller's wallet; reads the chain and signs deliveries. */
  wallet: EscrowClient
  /** Agent and wallet about each other; see `bindWallet`. */
  binding: WalletBinding
  skills: readonly Skill[]
  policy: SellerPolicy
  oracle: OracleClient
  clock: Clock
  /** What goes into the cards; the skills, wallet and DID are added here. */
  card: Pick<AgentFacts, 'name' | 'description' | 'version' | 'endpoint' | 'trade' | 'provider'> & {
    verified?: boolean
    bondTier?: number
  }
  /** Default: in memory, lost with the process. */
  store?: Store
  /** Further RPCs that must agree about a lock. */
  witnesses?: readonly ReadClient[]
  keyOf?: KeyResolver
  /** Default: `evaluatePactTerms` with the policy. */
  evaluate?: (pact: Pact) => TermsEvaluation | Promise<TermsEvaluation>
  /** Default: `auditDeliverable`. */
  audit?: Audit
  /** What to make of a buyer's offer to split; default: `evaluateOffer`. */
  evaluateOffer?: (offer: Offer) => OfferDecision | Promise<OfferDecision>
  maxRevisions?: number
  refundOnFailure?: boolean
  /** Proposals per conversation. */
  rounds?: number
  /** Seconds between heartbeats; 0: none. */
  heartbeatSeconds?: number
  /** Seconds between looks at the chain for pacts that wait for their money. */
  sweepSeconds?: number
  onEvent?: (event: SellerEvent) => void
  /** The desk at which this agent's owner is called and orders; see `@earnest/sdk/owner`. */
  owner?: Pick<OwnerDesk, 'attachSeller' | 'observe' | 'takeSayings' | 'notes'>
}
