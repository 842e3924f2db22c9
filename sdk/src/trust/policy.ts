import * as z from 'zod'
import type { Criterion } from '../protocol/criterion.ts'
import { isMachineChecked } from '../protocol/criterion.ts'
import { decode } from '../protocol/decode.ts'
import { formatUsdc, usdc } from '../protocol/money.ts'
import { utc } from '../protocol/time.ts'
import policies from './policies.json' with { type: 'json' }

const DAY = 86_400

const limits = {
  /** 0 to 1000. */
  minCompositeScore: z.number().min(0).max(1000),
  /** Tasks under one verified pact of the exact capability. */
  minTaskCount: z.int().min(0),
  minBondTier: z.int().min(0),
  /** 0 to 1. */
  minFulfillmentRate90d: z.number().min(0).max(1),
  maxInactiveDays: z.number().min(0),
}

/** What a buyer asks of a seller before it pays; the oracle only supplies data (POL-09). */
export const trustPolicySchema = z.strictObject({
  default: z.strictObject(limits),
  /** Applies to payments above `aboveUsdc`; null: the default applies to all. */
  highValue: z.strictObject({ aboveUsdc: usdc, ...limits }).nullable(),
  /**
   * Agents with no score or too few tasks for the profile, and no bad record (W-29): up to `maxUsdc`, or
   * up to their bond if that is more, for work whose every criterion code can check; null: none.
   */
  newcomer: z.strictObject({ maxUsdc: usdc }).nullable(),
})
export type TrustPolicy = z.output<typeof trustPolicySchema>

/** Reads a policy from its JSON form. Throws `invalid_policy`. */
export function decodeTrustPolicy(wire: unknown): TrustPolicy {
  return decode(trustPolicySchema, wire, 'invalid_policy')
}

/** Default and high-value profiles of the source document, with a lane for newcomers (POL-02 to POL-08). */
export const defaultTrustPolicy: TrustPolicy = decodeTrustPolicy(policies)

/** What the policy reads of a task. */
export interface TaskRequirements {
  capability: string
  /** Base units. */
  paymentUsdc: bigint
  acceptance?: readonly Criterion[]
}

const pactFacts = z.looseObject({
  capability: z.string(),
  taskCount: z.int().min(0),
  fulfillmentRate: z.number().min(0).max(1),
})
const trustFacts = z.looseObject({
  status: z.enum(['rated', 'unrated', 'frozen']).exactOptional(),
  compositeScore: z.number().min(0).max(1000).nullable(),
  pacts: z.array(pactFacts),
  bondTier: z.int().min(0),
  bondAmountUsdc: usdc.exactOptional(),
  fulfillmentRate90d: z.number().min(0).max(1).nullable(),
  lastActiveAt: utc.nullable(),
  asOf: utc.exactOptional(),
})

/** What the policy reads of an oracle's answer, in wire form. */
export type EarnestTrustResponse = z.input<typeof trustFacts>

/** A decision with its reason. */
export interface TrustDecision {
  approved: boolean
  reason: string
}

/**
 * Whether an agent may get this task: validates first, and refuses whatever it cannot read (W-12).
 * Inactivity is measured against the answer's own `asOf`, or `options.now` (unix seconds).
 */
export function meetsTransactionTrustPolicy(
  trust: EarnestTrustResponse,
  task: TaskRequirements,
  options: { policy?: TrustPolicy; now?: number } = {},
): TrustDecision {
  const { policy = defaultTrustPolicy } = options
  const read = trustFacts.safeDecode(trust)
  if (!read.success) {
    const path = read.error.issues[0]?.path.join('.') ?? ''
    return refuse(`Trust response is unreadable at ${path || 'its root'}`)
  }
  const facts = read.data
  const now = options.now ?? facts.asOf
  if (now === undefined) return refuse('Trust response is unreadable at asOf')
  if (typeof task.paymentUsdc !== 'bigint' || task.paymentUsdc <= 0n || task.capability === '') {
    return refuse('Task has no payment in base units (a bigint) or no capability')
  }
  if (facts.status === 'frozen') return refuse('Agent is frozen')
  const isHigh = policy.highValue !== null && task.paymentUsdc > policy.highValue.aboveUsdc
  const limit = isHigh && policy.highValue !== null ? policy.highValue : policy.default
  if (facts.compositeScore === null) return admitNewcomer(facts, task, policy)
  const decision = holdAgainst(facts, task, limit, now)
  // Or nobody could ever earn a first score: few tasks, none of them bad, is a newcomer still.
  const isBad =
    facts.fulfillmentRate90d !== null && facts.fulfillmentRate90d < limit.minFulfillmentRate90d
  if (decision.approved || isBad || taskCountOf(facts, task) >= limit.minTaskCount) return decision
  const admission = admitNewcomer(facts, task, policy)
  return admission.approved ? admission : decision
}

type Facts = z.output<typeof trustFacts>

function taskCountOf({ pacts }: Facts, { capability }: TaskRequirements): number {
  const own = pacts.filter((pact) => pact.capability === capability)
  return Math.max(0, ...own.map((pact) => pact.taskCount))
}

function holdAgainst(
  facts: Facts,
  task: TaskRequirements,
  limit: TrustPolicy['default'],
  now: number,
): TrustDecision {
  if (facts.compositeScore === null) return refuse('Agent is unrated')
  if (facts.compositeScore < limit.minCompositeScore) {
    return refuse(`Score ${facts.compositeScore} below threshold ${limit.minCompositeScore}`)
  }

  const isKnown = facts.pacts.some(({ capability }) => capability === task.capability)
  if (!isKnown && limit.minTaskCount > 0) {
    return refuse(`No verified pact for capability: ${task.capability}`)
  }
  const taskCount = taskCountOf(facts, task)
  if (taskCount < limit.minTaskCount) {
    return refuse(
      `Verified pact for capability ${task.capability} has ${taskCount} tasks, below ${limit.minTaskCount}`,
    )
  }

  if (facts.bondTier < limit.minBondTier) {
    if (facts.bondTier === 0) return refuse('Agent is not bonded')
    return refuse(`Bond tier ${facts.bondTier} below ${limit.minBondTier}`)
  }

  const rate = facts.fulfillmentRate90d ?? (limit.minFulfillmentRate90d === 0 ? 0 : null)
  if (rate === null) return refuse('90d fulfillment rate unknown')
  if (rate < limit.minFulfillmentRate90d) {
    return refuse(`90d fulfillment rate ${rate} below ${limit.minFulfillmentRate90d.toFixed(2)}`)
  }

  if (facts.lastActiveAt === null) return refuse('Agent was never active')
  const days = (now - facts.lastActiveAt) / DAY
  if (!(days <= limit.maxInactiveDays)) return refuse(`Agent inactive for ${days.toFixed(0)} days`)

  return { approved: true, reason: 'Meets all trust policy requirements' }
}

function admitNewcomer(
  facts: Facts,
  task: TaskRequirements,
  { newcomer }: TrustPolicy,
): TrustDecision {
  if (newcomer === null) return refuse('Agent is unrated')
  const bond = facts.bondAmountUsdc ?? 0n
  const cap = bond > newcomer.maxUsdc ? bond : newcomer.maxUsdc
  if (task.paymentUsdc > cap) {
    return refuse(
      `Agent is a newcomer and the payment is above its limit of ${formatUsdc(cap)} USDC`,
    )
  }
  const acceptance = task.acceptance ?? []
  const isContent = acceptance.some(isMachineChecked)
  if (!isContent || acceptance.some(({ verifier }) => verifier.type === 'jury')) {
    return refuse('Agent is a newcomer and the task has no criteria or some that code cannot check')
  }
  return { approved: true, reason: 'Newcomer within its limit' }
}

function refuse(reason: string): TrustDecision {
  return { approved: false, reason }
}
