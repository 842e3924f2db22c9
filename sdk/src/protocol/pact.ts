import * as z from 'zod'
import { address, chainId, ZERO_ADDRESS } from './address.ts'
import { type Criterion, criterionSchema, isMachineChecked, mime } from './criterion.ts'
import { decode, encode, refuse } from './decode.ts'
import { did } from './did.ts'
import { EarnestError, isEarnestError } from './error.ts'
import { hash, hashBody, parseHash } from './hash.ts'
import type { Identity } from './identity.ts'
import { json } from './json.ts'
import { type KeyResolver, ownKey } from './key.ts'
import { checkLadder } from './ladder.ts'
import { usdc } from './money.ts'
import { isSame } from './same.ts'
import { type Signature, signature, verifyBody } from './signature.ts'
import { utc } from './time.ts'
import { areWindowsLegal, profileSchema, windowsSchema } from './timing.ts'

/** Base units: one cent (contract). */
export const MIN_AMOUNT = 10_000n
/** Basis points (contract). */
export const MAX_PROTOCOL_FEE_BPS = 200
/** Basis points (contract). */
export const MAX_ARBITRATION_FEE_BPS = 500
/** Seconds that a proposal's clock may differ from ours (PCT-11). */
export const MAX_CLOCK_SKEW = 300

const partySchema = z.strictObject({ did, wallet: address })

const milestoneSchema = z.strictObject({
  title: z.string().min(1).max(200),
  paymentUsdc: usdc,
  fundBy: utc,
  deadlineUtc: utc,
  /** Ids of the criteria that this milestone is judged by. */
  acceptance: z.array(z.string()).max(200),
  deliverableFormat: z.array(mime).min(1).max(20),
})
export type Milestone = z.output<typeof milestoneSchema>

const escrowSchema = z.strictObject({
  chainId,
  contract: address,
  token: address,
  arbiter: address,
  /** Zero address: no instant release. */
  vault: address,
  fees: z.strictObject({
    protocolBps: z.int(),
    arbitrationBps: z.int(),
    recipient: address,
  }),
  /** What the evidence pays where nothing else decides. */
  fallback: z.strictObject({ sellerBps: z.int() }),
  /** The arbiter's tiers, limits and bonds as 32 bytes; opaque to the escrow. */
  ladder: hash,
})

const disclosureSchema = z.strictObject({
  /** The committee of the ladder may read the deliverable. */
  committee: z.boolean(),
  /** Names of the judge providers that may read it; none: the jury is skipped. */
  judges: z.array(z.string().regex(/^[a-z][a-z0-9-]{0,63}$/)).max(20),
})

const termsOfPact = z.strictObject({
  version: z.literal('1'),
  buyer: partySchema,
  seller: partySchema,
  proposedBy: did,
  proposedTo: did,
  capability: z.string().regex(/^[a-z][a-z0-9_.-]{0,63}$/, 'want a capability id'),
  taskDescription: z.string().min(1).max(20_000),
  input: json,
  deliverableFormat: z.array(mime).min(1).max(20),
  acceptance: z.array(criterionSchema).max(200),
  accuracyRequirement: z.number().exactOptional(),
  /** "unverified", or the id of the metric criterion that measures it (PCT-07). */
  accuracyMethod: z.string().min(1).max(64).exactOptional(),
  paymentUsdc: usdc,
  deadlineUtc: utc,
  milestones: z.array(milestoneSchema).min(1).max(100).exactOptional(),
  timing: z.strictObject({ profile: profileSchema, fundBy: utc, windows: windowsSchema }),
  escrow: escrowSchema,
  disclosure: disclosureSchema,
  proposedAt: utc,
  nonce: z.uuid().lowercase(),
  salt: hash,
})

/**
 * The terms of one trade. What the contract would refuse is refused here with a stable code, in
 * both directions (design section 2, PCT-02 to PCT-13).
 */
export const pactSchema = termsOfPact.superRefine((pact, context) => {
  for (const [code, message, path] of faultsOf(pact)) refuse(context, code, message, path)
})
export type Pact = z.output<typeof pactSchema>
export type PactWire = z.input<typeof pactSchema>

/** The pact with both signatures over the same canonical bytes. */
export const signedPactSchema = z.strictObject({
  pact: pactSchema,
  pactHash: hash,
  buyerSignature: signature,
  sellerSignature: signature,
})
export type SignedPact = z.output<typeof signedPactSchema>

type Fault = [code: string, message: string, path: (string | number)[]]

function* faultsOf(pact: z.output<typeof termsOfPact>): Generator<Fault> {
  yield* faultsOfParties(pact)
  yield* faultsOfEscrow(pact)
  yield* faultsOfAcceptance(pact)
  yield* faultsOfMilestones(pact)
  yield* faultsOfLadder(pact)
  if (pact.paymentUsdc < MIN_AMOUNT) {
    yield ['amount_too_small', 'want at least 0.01 USDC', ['paymentUsdc']]
  }
  if (pact.timing.fundBy >= pact.deadlineUtc) {
    yield ['fund_by_not_before_deadline', 'want fundBy before deadlineUtc', ['timing', 'fundBy']]
  }
  if (pact.proposedAt >= pact.timing.fundBy) {
    yield ['fund_by_passed', 'want proposedAt before fundBy', ['timing', 'fundBy']]
  }
  if (!areWindowsLegal(pact.timing.windows)) {
    yield ['window_out_of_range', 'want 60 s to 30 days; review may be 0', ['timing', 'windows']]
  }
}

function* faultsOfParties({
  buyer,
  seller,
  proposedBy,
  proposedTo,
  escrow,
}: Pact): Generator<Fault> {
  if (buyer.did === seller.did) yield ['equal_parties', 'want two agents', ['seller', 'did']]
  const wallets = [buyer.wallet, seller.wallet, escrow.arbiter]
  if (new Set(wallets.map(lower)).size < 3) {
    yield ['equal_parties', 'want buyer, seller and arbiter to differ', ['seller', 'wallet']]
  }
  if (proposedBy !== buyer.did && proposedBy !== seller.did) {
    yield ['proposer_mismatch', 'want the buyer or the seller', ['proposedBy']]
  }
  if (proposedTo !== (proposedBy === buyer.did ? seller.did : buyer.did)) {
    yield ['recipient_mismatch', 'want the other party', ['proposedTo']]
  }
  const { contract, token } = escrow
  for (const wallet of [...wallets, contract, token]) {
    if (wallet === ZERO_ADDRESS) yield ['zero_address', 'want an address', ['escrow']]
  }
  const machinery = [contract, token].map(lower)
  if (
    machinery[0] === machinery[1] ||
    [...wallets, escrow.fees.recipient].map(lower).some((wallet) => machinery.includes(wallet))
  ) {
    yield ['equal_parties', 'want nobody to be the token or the escrow', ['escrow']]
  }
}

function* faultsOfEscrow({ escrow }: Pact): Generator<Fault> {
  const { protocolBps, arbitrationBps, recipient } = escrow.fees
  if (
    !(protocolBps >= 0 && protocolBps <= MAX_PROTOCOL_FEE_BPS) ||
    !(arbitrationBps >= 0 && arbitrationBps <= MAX_ARBITRATION_FEE_BPS)
  ) {
    yield ['fee_above_cap', 'want at most 200 and 500 basis points', ['escrow', 'fees']]
  }
  if (protocolBps > 0 && recipient === ZERO_ADDRESS) {
    yield ['zero_address', 'want somebody to pay the fee to', ['escrow', 'fees', 'recipient']]
  }
  const { sellerBps } = escrow.fallback
  if (!(sellerBps >= 0 && sellerBps <= 10_000)) {
    yield ['split_out_of_range', 'want 0 to 10000', ['escrow', 'fallback', 'sellerBps']]
  }
}

function* faultsOfAcceptance(pact: z.output<typeof termsOfPact>): Generator<Fault> {
  const byId = new Map(pact.acceptance.map((criterion) => [criterion.id, criterion]))
  if (byId.size < pact.acceptance.length) {
    yield ['duplicate_criterion', 'want ids to differ', ['acceptance']]
  }
  if (new Set(pact.deliverableFormat).size < pact.deliverableFormat.length) {
    yield ['duplicate_format', 'want each format once', ['deliverableFormat']]
  }
  for (const [index, { verifier }] of pact.acceptance.entries()) {
    if (verifier.type === 'metric' && verifier.min === undefined && verifier.max === undefined) {
      yield ['metric_without_bound', 'want min or max', ['acceptance', index]]
    }
  }
  const { accuracyRequirement: accuracy, accuracyMethod: method } = pact
  if (accuracy === undefined && method === undefined) return
  if (accuracy === undefined || !(accuracy >= 0 && accuracy <= 1)) {
    yield ['accuracy_out_of_range', 'want 0 to 1', ['accuracyRequirement']]
  } else if (method === undefined) {
    yield ['accuracy_method_missing', 'want a criterion id or "unverified"', ['accuracyMethod']]
  } else if (method !== 'unverified') {
    const verifier = byId.get(method)?.verifier
    if (verifier?.type !== 'metric' || verifier.min === undefined || verifier.min < accuracy) {
      const message = 'want a metric criterion whose min is not below accuracyRequirement'
      yield ['accuracy_method_mismatch', message, ['accuracyMethod']]
    }
  }
}

function* faultsOfMilestones(pact: z.output<typeof termsOfPact>): Generator<Fault> {
  const { milestones } = pact
  if (milestones === undefined) return
  const known = new Set(pact.acceptance.map(({ id }) => id))
  const used: string[] = []
  for (const [index, milestone] of milestones.entries()) {
    const path = ['milestones', index]
    if (milestone.paymentUsdc < MIN_AMOUNT) {
      yield ['amount_too_small', 'want at least 0.01 USDC', [...path, 'paymentUsdc']]
    }
    if (milestone.fundBy >= milestone.deadlineUtc) {
      yield ['fund_by_not_before_deadline', 'want fundBy before deadlineUtc', [...path, 'fundBy']]
    }
    const earlier = milestones[index - 1]
    if (earlier !== undefined && milestone.deadlineUtc <= earlier.deadlineUtc) {
      yield ['milestone_order', 'want rising deadlines', [...path, 'deadlineUtc']]
    }
    if (milestone.acceptance.some((id) => !known.has(id))) {
      yield ['unknown_criterion', 'want ids of acceptance', [...path, 'acceptance']]
    }
    used.push(...milestone.acceptance)
  }
  if (new Set(used).size !== used.length || used.length !== known.size) {
    yield ['criterion_not_assigned', 'want each criterion in one milestone', ['milestones']]
  }
  if (milestones.reduce((sum, { paymentUsdc }) => sum + paymentUsdc, 0n) !== pact.paymentUsdc) {
    yield ['milestone_sum_mismatch', 'want the payments to add up to paymentUsdc', ['milestones']]
  }
  if (milestones.at(-1)?.deadlineUtc !== pact.deadlineUtc) {
    yield ['milestone_order', 'want the last deadline to be deadlineUtc', ['deadlineUtc']]
  }
  if (milestones[0]?.fundBy !== pact.timing.fundBy) {
    yield ['milestone_order', 'want the first fundBy to be timing.fundBy', ['timing', 'fundBy']]
  }
}

function* faultsOfLadder({ escrow, timing }: z.output<typeof termsOfPact>): Generator<Fault> {
  const { profile, windows } = timing
  try {
    checkLadder({ ladder: escrow.ladder, window: windows.arbitration, profile })
  } catch (error) {
    if (!isEarnestError(error)) throw error
    yield [error.code, error.message, ['escrow', 'ladder']]
  }
}

function lower(text: string): string {
  return text.toLowerCase()
}

/** Reads a pact from the wire. Throws the rule's own code, or `invalid_pact`. */
export function decodePact(wire: unknown): Pact {
  return decode(pactSchema, wire, 'invalid_pact')
}

/** The wire form of a pact; throws as `decodePact` for a pact that no contract would accept. */
export function encodePact(pact: Pact): PactWire {
  return encode(pactSchema, pact, 'invalid_pact')
}

/** A pact as it was written before. */
interface Written {
  /** The pact as it was then. */
  pact: Pact
  body: PactWire
  pactHash: string
}

/** One pact is hashed, signed and checked a dozen times in a trade, and writing it is what that costs. */
const written = new WeakMap<Pact, Written>()

/** Writes a pact, once for as long as it stays what it is. */
function write(pact: Pact): Written {
  const before = written.get(pact)
  // Its owner may have changed it since.
  if (before !== undefined && isSame(before.pact, pact)) return before
  const body = encodePact(pact)
  const now = { pact: structuredClone(pact), body, pactHash: hashBody(body) }
  written.set(pact, now)
  return now
}

/** The pact's id and the chain's `pactHash`: SHA-256 of the canonical wire form (PCT-13). */
export function hashPact(pact: Pact): string {
  return write(pact).pactHash
}

/** Signs the whole pact as one of its parties; the hash is recomputed (W-10). Throws `signer_not_party`. */
export function signPact({ pact, identity }: { pact: Pact; identity: Identity }): Signature {
  if (identity.did !== pact.buyer.did && identity.did !== pact.seller.did) {
    throw new EarnestError('signer_not_party', 'Only the buyer or the seller signs a pact')
  }
  return identity.sign({ type: 'pact', body: write(pact).body })
}

/** True when this party signed this pact; `keyOf` resolves rotated keys (default: the DID's own key). */
export function verifyPactSignature(options: {
  pact: Pact
  did: string
  signature: string
  keyOf?: KeyResolver
}): boolean {
  const { pact, keyOf = ownKey } = options
  return isSignedBy(options.did, { ...options, body: write(pact).body, keyOf })
}

function isSignedBy(did: string, { pact, body, signature, keyOf }: Signing): boolean {
  const publicKey = keyOf(did, pact.proposedAt)
  return verifyBody({ type: 'pact', body, signature, publicKey })
}

interface Signing {
  pact: Pact
  /** The pact as it is signed. */
  body: PactWire
  signature: string
  keyOf: KeyResolver
}

/**
 * Recomputes the hash and checks both signatures. Throws `pact_hash_mismatch`,
 * `invalid_buyer_signature`, `invalid_seller_signature`, or what the key resolver throws.
 */
export function verifySignedPact(signed: SignedPact, keyOf: KeyResolver = ownKey): string {
  const { pact } = signed
  const { body, pactHash } = write(pact)
  if (parseHash(signed.pactHash) !== pactHash) {
    throw new EarnestError('pact_hash_mismatch', 'The hash is not the hash of these terms', {
      details: { got: signed.pactHash, want: pactHash },
    })
  }
  const { buyer, seller } = pact
  const { buyerSignature, sellerSignature } = signed
  if (!isSignedBy(buyer.did, { pact, body, signature: buyerSignature, keyOf })) {
    throw new EarnestError('invalid_buyer_signature', 'Not signed by the buyer')
  }
  if (!isSignedBy(seller.did, { pact, body, signature: sellerSignature, keyOf })) {
    throw new EarnestError('invalid_seller_signature', 'Not signed by the seller')
  }
  return pactHash
}

/** Refuses a proposal by the clock. Throws `clock_skew`, `fund_by_passed`, `deadline_passed` (PCT-08, PCT-11). */
export function checkProposalTime({ pact, now }: { pact: Pact; now: number }): void {
  if (Math.abs(now - pact.proposedAt) > MAX_CLOCK_SKEW) {
    throw new EarnestError('clock_skew', 'proposedAt differs from our clock by more than 300 s')
  }
  if (now >= pact.deadlineUtc) throw new EarnestError('deadline_passed', 'deadlineUtc is past')
  if (now >= pact.timing.fundBy) throw new EarnestError('fund_by_passed', 'fundBy is past')
}

/** The criteria of one milestone; of the whole pact where it has none. Throws `unknown_milestone`. */
export function criteriaOf(pact: Pact, milestone = 0): Criterion[] {
  if (pact.milestones === undefined && milestone === 0) return [...pact.acceptance]
  const ids = pact.milestones?.[milestone]?.acceptance
  if (ids === undefined) throw new EarnestError('unknown_milestone', `No milestone ${milestone}`)
  return pact.acceptance.filter(({ id }) => ids.includes(id))
}

/** Amount (base units), times (unix seconds) and formats of one milestone. Throws `unknown_milestone`. */
export function milestoneOf(pact: Pact, milestone = 0) {
  if (pact.milestones === undefined && milestone === 0) {
    const { paymentUsdc, deadlineUtc, deliverableFormat } = pact
    return { paymentUsdc, fundBy: pact.timing.fundBy, deadlineUtc, deliverableFormat }
  }
  const found = pact.milestones?.[milestone]
  if (found === undefined) throw new EarnestError('unknown_milestone', `No milestone ${milestone}`)
  const { paymentUsdc, fundBy, deadlineUtc, deliverableFormat } = found
  return { paymentUsdc, fundBy, deadlineUtc, deliverableFormat }
}

/** True where code alone cannot judge the work, so that it is held for people or a jury (W-15). */
export function isSubjective(pact: Pact, milestone = 0): boolean {
  return !criteriaOf(pact, milestone).some(isMachineChecked)
}
