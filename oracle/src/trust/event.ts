import type { Dimension } from '@earnest/sdk/protocol'

/** How an escrow came to its end; `paid` is a release without any delivery, which proves nothing. */
export type Ending = 'completed' | 'expired' | 'refunded' | 'resolved' | 'paid'

/** What a delivery can do beside being poor work. */
export type Harm = 'harm' | 'security'

/** What is known of the work itself; whatever is absent leaves its dimension unmeasured. */
export type DeliveryFacts = {
  /** Weight of the criteria that passed verification, 0..1. */
  passed?: number
  /** The seller's own audit of the same criteria, 0..1. */
  selfAudit?: number
  /** Unix seconds of funding, delivery and deadline. */
  fundedAt?: number
  deliveredAt?: number
  deliverBy?: number
  /** Base units of USDC: price agreed, the seller's own list price, the capability's median price. */
  agreedPrice?: bigint
  listPrice?: bigint
  medianPrice?: bigint
  /** Model named in the proof is the one the pact demands. */
  modelAsAgreed?: boolean
  /** Formats, sizes and limits kept. */
  runtimeAsAgreed?: boolean
  /** Execution failures and redeliveries on the way. */
  executionFailures?: number
  redeliveries?: number
  /** The verification ended PARTIAL. */
  partial?: boolean
  /** The seller fell silent: `mended` within its grace and then delivered, or `lasting` beyond it. */
  outage?: 'mended' | 'lasting'
  /** Upheld in its dispute: the incident marks that dimension, the trade does not. */
  upheld?: Harm
}

/**
 * An escrow that came to its end. The oracle passes only those that count (design section 5): id
 * derived from a registered, doubly signed pact, listed arbiter and fee recipient, funded in time,
 * fee really paid.
 */
export type SettledEscrow = {
  kind: 'settled'
  escrowId: string
  /** The pact behind it, 64 hex. */
  pactId?: string
  /** Unix seconds of the terminal transaction. */
  at: number
  buyer: string
  seller: string
  capability: string
  /** Base units of USDC. */
  amount: bigint
  protocolFee: bigint
  ending: Ending
  /** Share of the escrow that went to the seller, basis points. */
  sellerBps: number
  /** `awardedBps` is null where nobody ruled. */
  dispute?: { by: 'buyer' | 'seller' | 'arbiter'; awardedBps: number | null }
  facts?: DeliveryFacts
}

/** What an agent is known to be; later statements replace earlier ones. */
export type AgentStatement = {
  kind: 'agent'
  agent: string
  at: number
  /** Organisation that the agent states or was proved to belong to; null where it has none. */
  organization?: string | null
  /** The agent's own wallet, lower case: whoever it funds is of its making. */
  wallet?: string
  /** Wallet that funded the agent's wallet first; null where nobody did, or a public one (an exchange). */
  funder?: string | null
}

/** An upheld (or withdrawn) incident. */
export type Incident = {
  kind: 'incident'
  incidentId: string
  agent: string
  at: number
  class: Harm | 'quality' | 'slashing'
  /** 0..1; 0 withdraws the incident of the same id. */
  severity: number
  capability?: string
  reason: string
}

/** A claim against the bond behind a trade that had been paid at once, as the arbiter ruled it. */
export type RuledClaim = {
  kind: 'claim'
  escrowId: string
  at: number
  buyer: string
  seller: string
  /** What the seller keeps, basis points. */
  sellerBps: number
  /** Taken from the bond, base units of USDC. */
  slashed: bigint
  /** Upheld by the ruling: the incident marks that dimension, the trade does not. */
  upheld?: Harm
}

/** One observation of a single dimension outside an escrow (a reply against its SLA, heartbeats). */
export type Observation = {
  kind: 'observation'
  agent: string
  at: number
  dimension: Dimension
  /** 0 (failed) .. 1 (fulfilled). */
  mark: number
}

/** A decision on a flag: `upheld` gives the excluded trades back. */
export type AppealDecision = { kind: 'appeal'; flagId: string; at: number; upheld: boolean }

/**
 * Bond of a seller at the bond vault, what of it is free, and what the seller has open (registered and
 * unsettled; absent: as stated before), base units of USDC.
 */
export type BondStatement = {
  kind: 'bond'
  agent: string
  at: number
  staked: bigint
  free: bigint
  open?: bigint
}

/** A signed act of the agent itself (a delivery, a signature, a heartbeat counts not). */
export type Activity = { kind: 'activity'; agent: string; at: number }

/**
 * A record that an agent brought from another oracle (TAP-17), as long as it counts; what its issuer
 * says later replaces it.
 */
export type ImportedRecord = {
  kind: 'import'
  agent: string
  at: number
  credentialId: string
  issuer: string
  /** The operator's trust in the issuer, 0..1. */
  weight: number
  /** Capability, or "*" for the whole record. */
  domain: string
  transactions: number
  /** In trades of somebody whom the issuer trusts, at `windowUntil`. */
  fulfilled: number
  failed: number
  /** Mean amount of a trade, base units of USDC. */
  meanAmount: bigint
  windowUntil: number
  evidenceRoot: string
  /** Counts before this instant, unix seconds. */
  until: number
}

/** The nightly full pass: whoever follows the log makes it at this place and goes on from its result. */
export type Pass = { kind: 'pass'; at: number }

/** Everything that moves the trust model, in the order in which it became known. */
export type TrustEvent =
  | SettledEscrow
  | AgentStatement
  | RuledClaim
  | Incident
  | Observation
  | AppealDecision
  | BondStatement
  | Activity
  | ImportedRecord
  | Pass
