import type { EscrowClient, EscrowRef, Relay } from './escrow/client.ts'
import { dispute } from './escrow/dispute.ts'
import type { Objection } from './journal.ts'
import { encode } from './protocol/decode.ts'
import {
  type Claim,
  claimSchema,
  type DisputeReason,
  type Evidence,
  hashClaim,
} from './protocol/dispute.ts'
import { isEarnestError } from './protocol/error.ts'
import { hashBody } from './protocol/hash.ts'
import type { Identity } from './protocol/identity.ts'
import type { Pact } from './protocol/pact.ts'
import type { Check } from './settlement/check.ts'
import type { Verification } from './settlement/verify.ts'
import type { OracleClient } from './trust/oracle.ts'

/** What somebody has against a delivery, in words. */
export interface Complaint {
  reason: DisputeReason
  claim: string
}

/** What a buyer has against a delivery: failed checks, papers that do not fit the chain, or words. */
export type Grounds = { verification: Verification } | { code: string } | Complaint

/** What raising an objection needs. */
export interface ObjectionOptions {
  identity: Identity
  wallet: EscrowClient
  oracle: OracleClient
  relay: Relay | undefined
  pact: Pact
  pactId: string
  escrow: EscrowRef
  /** Unix seconds. */
  now: number
  /** Writes the objection down, before anything is sent; gives the one that stands for its round. */
  keep(objection: Objection): Promise<Objection>
}

/** The buyer's objection to one round, worded once and for all its tries. */
export function objectionTo(
  { escrow, pactId, identity, now }: ObjectionOptions,
  { round, grounds }: { round: number; grounds: Grounds },
): Objection {
  const body: Claim = {
    escrowId: escrow.escrowId as `0x${string}`,
    pactId,
    round,
    disputedBy: identity.did,
    reason: 'reason' in grounds ? grounds.reason : 'wrong_verification',
    claim: sentenceOf(grounds).slice(0, 10_000),
    evidence: evidenceFor(grounds),
    claimedAt: now,
    nonce: crypto.randomUUID(),
  }
  const wire = encode(claimSchema, body, 'invalid_claim')
  return {
    claim: { body, signature: identity.sign({ type: 'claim', body: wire }) },
    isFiled: false,
  }
}

/** Files the claim at the oracle; the same again changes nothing. True once the oracle has it. */
export async function file(
  objection: Objection,
  { oracle, keep }: Pick<ObjectionOptions, 'oracle' | 'keep'>,
): Promise<boolean> {
  if (objection.isFiled) return true
  const { claim } = objection
  try {
    await oracle.call('dispute', { body: claim, idempotencyKey: claim.body.nonce })
  } catch (error) {
    if (!isEarnestError(error)) throw error
    return false
  }
  await keep({ ...objection, isFiled: true })
  return true
}

/**
 * Disputes a delivery: writes the objection down, files the claim, and sends `dispute` with the stake,
 * which binds the claim's hash. The chain does not wait for the oracle: a window ends, and the paper can
 * follow its hash. Throws as the verb `dispute`.
 */
export function object(objection: Objection, options: ObjectionOptions): Promise<string> {
  return raise(objection, options, dispute)
}

/** The same by another verb that takes the stake and binds the hash. Throws as the verb. */
export async function raise(
  objection: Objection,
  options: ObjectionOptions,
  verb: typeof dispute,
): Promise<string> {
  const { wallet, escrow, pact, relay, keep } = options
  const standing = await keep(objection)
  const claimHash = hashClaim(standing.claim.body)
  const { token } = pact.escrow
  // Side by side: the tries of an oracle that hangs last longer than a short window.
  await Promise.all([
    verb(wallet, { escrow, token, claimHash, ...(relay && { relay }) }),
    file(standing, options),
  ])
  return claimHash
}

function evidenceFor(grounds: Grounds): Evidence[] {
  if ('reason' in grounds) return []
  const facts = 'code' in grounds ? { code: grounds.code } : factsOf(grounds.verification)
  return [{ type: 'specific_claim', content: facts, sha256: hashBody(facts) }]
}

function factsOf({ checks, disagreements, deliverable }: Verification) {
  const failed = checks.filter(({ outcome }) => outcome === 'fail')
  const plain = failed.map(({ id, code, missing }: Check) => ({ id, code, missing }))
  return { artifactHash: deliverable.artifactHash, failed: plain, disagreements }
}

function sentenceOf(grounds: Grounds): string {
  if ('reason' in grounds) return grounds.claim
  if ('code' in grounds) return `What was handed out is not what stands on chain: ${grounds.code}`
  const { failed } = factsOf(grounds.verification)
  const list = failed.map(({ id, code, missing }) =>
    [id, code, ...missing.slice(0, 5)].join(' ').slice(0, 300),
  )
  return `Called done, and not met when recomputed: ${list.join('; ')}`
}
