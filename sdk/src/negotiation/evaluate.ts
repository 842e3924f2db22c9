import * as z from 'zod'
import { address, chainId, isSameAddress } from '../protocol/address.ts'
import { depositsOf, mime } from '../protocol/criterion.ts'
import { decode } from '../protocol/decode.ts'
import { hash, hashBytes } from '../protocol/hash.ts'
import type { JsonValue } from '../protocol/json.ts'
import { formatUsdc, usdc } from '../protocol/money.ts'
import { isSubjective, type Pact } from '../protocol/pact.ts'
import { formatUtc } from '../protocol/time.ts'

/** What a seller works for, as JSON (PCT-16). */
export const sellerPolicySchema = z.strictObject({
  /** By capability id: least payment, and the seconds the work needs. */
  capabilities: z.record(
    z.string(),
    z.strictObject({ minPaymentUsdc: usdc, minSeconds: z.int().min(0) }),
  ),
  inputFormats: z.array(mime).min(1),
  outputFormats: z.array(mime).min(1),
  /** Shorter descriptions are no scope. */
  minDescriptionLength: z.int().min(1),
  /** True: refuses a pact that code alone cannot judge. */
  machineCheckedOnly: z.boolean(),
  /** True: works under checkers and held-out data of which it sees only the hash; absent: false. */
  acceptsSecretCheckers: z.boolean().exactOptional(),
  /** SHA-256 of checkers and data that the seller has seen; what the pact's input carries needs none. */
  seenDeposits: z.array(hash).exactOptional(),
  /** Where it settles. */
  escrows: z.array(z.strictObject({ chainId, contract: address, token: address })).min(1),
  arbiters: z.array(address).min(1),
  maxProtocolFeeBps: z.int().min(0),
  maxArbitrationFeeBps: z.int().min(0),
  minFallbackSellerBps: z.int().min(0).max(10_000),
  /** Seconds that it waits for its money after a delivery, at most. */
  maxReviewWindow: z.int().min(0),
})
export type SellerPolicy = z.output<typeof sellerPolicySchema>

/** Reads a seller's policy from its JSON form. Throws `invalid_policy`. */
export function decodeSellerPolicy(wire: unknown): SellerPolicy {
  return decode(sellerPolicySchema, wire, 'invalid_policy')
}

/** What a counter-proposal may change. */
export type PactChanges = Partial<Pick<Pact, 'paymentUsdc' | 'deadlineUtc' | 'taskDescription'>>

/** A seller's opinion of a pact (API-07). */
export interface TermsEvaluation {
  acceptable: boolean
  /** Terms under which it would be; absent: none. */
  counterProposal?: PactChanges
  /** Stable code; `acceptable` where it is. */
  reasonCode: string
  reason: string
}

const ACCEPTABLE: TermsEvaluation = {
  acceptable: true,
  reasonCode: 'acceptable',
  reason: 'The terms are fair',
}

/**
 * Holds a pact against a seller's policy: what cannot be bargained about first, then scope, then price and
 * deadline, which draw one counter-proposal for both (PCT-16, DIS-07, DIS-08, DIS-10).
 * @param now Unix seconds.
 */
export function evaluatePactTerms(
  pact: Pact,
  { policy, now }: { policy: SellerPolicy; now: number },
): TermsEvaluation {
  const fault = findFault(pact, policy)
  if (fault !== undefined) return { acceptable: false, reasonCode: fault[0], reason: fault[1] }

  const wants = policy.capabilities[pact.capability]
  if (wants === undefined) {
    const offers = Object.keys(policy.capabilities).slice(0, 20).join(', ')
    const reason = `No such capability: ${pact.capability}. We offer: ${offers}`
    return { acceptable: false, reasonCode: 'unknown_capability', reason }
  }
  const isCheap = pact.paymentUsdc < wants.minPaymentUsdc
  const earliest = now + wants.minSeconds
  const isSoon = pact.deadlineUtc < earliest
  if (!isCheap && !isSoon) return ACCEPTABLE
  const reasonCode = isCheap ? 'price_too_low' : 'deadline_too_soon'
  const reason = isCheap
    ? `Want at least ${formatUsdc(wants.minPaymentUsdc)} USDC`
    : `Want until ${formatUtc(earliest)}`
  // A pact in parts has sums and dates of its own: only its author can write them anew.
  if (pact.milestones !== undefined) return { acceptable: false, reasonCode, reason }
  const counterProposal: PactChanges = {
    ...(isCheap && { paymentUsdc: wants.minPaymentUsdc }),
    ...(isSoon && { deadlineUtc: earliest }),
  }
  return { acceptable: false, counterProposal, reasonCode, reason }
}

/** The MIME types of a pact's input: those its `files` name, else JSON. */
export function inputFormatsOf({ input }: Pact): string[] {
  const found = z
    .looseObject({ files: z.array(z.looseObject({ mime: z.string() })).min(1) })
    .safeParse(input)
  return found.success ? found.data.files.map((file) => file.mime) : ['application/json']
}

/** Why a seller does not settle where a pact says: a stable code and the reason; undefined where it does. */
export function findVenueFault(
  escrow: Pact['escrow'],
  policy: SellerPolicy,
): [string, string] | undefined {
  const isKnown = policy.escrows.some(
    (each) =>
      each.chainId === escrow.chainId &&
      isSameAddress(each.contract, escrow.contract) &&
      isSameAddress(each.token, escrow.token),
  )
  if (!isKnown) return ['unsupported_escrow', 'Not an escrow that we settle in']
  if (!policy.arbiters.some((each) => isSameAddress(each, escrow.arbiter))) {
    return ['unsupported_arbiter', 'Not an arbiter that we accept']
  }
  const { protocolBps, arbitrationBps } = escrow.fees
  if (protocolBps > policy.maxProtocolFeeBps || arbitrationBps > policy.maxArbitrationFeeBps) {
    return ['fee_too_high', 'The fees are above what we pay']
  }
  return undefined
}

function findFault(pact: Pact, policy: SellerPolicy): [string, string] | undefined {
  const { escrow, timing } = pact
  const fault = findVenueFault(escrow, policy)
  if (fault !== undefined) return fault
  if (escrow.fallback.sellerBps < policy.minFallbackSellerBps) {
    return ['fallback_too_low', 'The fallback split is below what we accept']
  }
  if (timing.windows.review > policy.maxReviewWindow) {
    return ['window_too_long', 'The review takes longer than we wait']
  }
  const input = inputFormatsOf(pact).find((each) => !policy.inputFormats.includes(each))
  if (input !== undefined) return ['unsupported_input_format', `We do not read ${input}`]
  const output = pact.deliverableFormat.find((each) => !policy.outputFormats.includes(each))
  if (output !== undefined) return ['unsupported_output_format', `We do not write ${output}`]
  if (pact.taskDescription.trim().length < policy.minDescriptionLength) {
    return ['scope_unclear', 'The description does not say what is wanted']
  }
  if (policy.machineCheckedOnly && isSubjective(pact)) {
    return ['scope_unclear', 'No criterion says how the work is checked']
  }
  if (!policy.acceptsSecretCheckers && secretDepositsOf(pact, policy.seenDeposits).length > 0) {
    return ['secret_checker', 'We do not work under a checker or data that we cannot see']
  }
  return undefined
}

/**
 * Hashes of the checkers and held-out data that the seller cannot see: neither in the pact's input, as text
 * or base64, nor among those it holds. A checker that nobody has read may fail everybody.
 */
function secretDepositsOf({ acceptance, input }: Pact, seen: readonly string[] = []): string[] {
  const wanted = depositsOf(acceptance)
  if (wanted.length === 0) return []
  const known = new Set(seen)
  for (const text of textsOf(input)) {
    known.add(hashBytes(new TextEncoder().encode(text)))
    const bytes = bytesOf(text)
    if (bytes !== undefined) known.add(hashBytes(bytes))
  }
  return wanted.filter((each) => !known.has(each))
}

function* textsOf(value: JsonValue): Generator<string> {
  if (typeof value === 'string') yield value
  if (typeof value !== 'object' || value === null) return
  for (const member of Object.values(value)) yield* textsOf(member)
}

function bytesOf(text: string): Uint8Array | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch {
    return undefined
  }
}
