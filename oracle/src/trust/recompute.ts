import {
  encode,
  hashSeeds,
  type JsonValue,
  type SignedCredential,
  type TrustResponse,
  trustBodySchema,
} from '@earnest/sdk/protocol'
import { scorerCodeHash } from './codehash.ts'
import { eventOfWire } from './eventlog.ts'
import { createTrustModel, type TrustModel } from './model.ts'

/** What a recomputation found. */
export type Recomputed = {
  equal: boolean
  /** Facts that the answer stands on. */
  facts: number
  eventRoot: string
  /** Fields of the answer that follow otherwise, with both values. */
  differences: { field: string; said: unknown; follows: unknown }[]
}

/**
 * Recomputes what a credential says of its subject from the facts under its evidence root: whoever has
 * them needs not believe the issuer.
 */
export function recomputeCredential({
  credential: { credentialSubject: subject },
  facts,
  seeds,
}: {
  credential: SignedCredential
  facts: Iterable<{ fact: Record<string, JsonValue> }>
  seeds: readonly string[]
}): Recomputed {
  const { model, count } = learn({
    facts,
    seeds,
    isEnough: (_, learned) => learned === subject.evidenceSize,
  })
  const { id: agent, role, domain, windowUntil: now } = subject
  const record = model.portable({ agent, role, domain, now })
  const differences = Object.entries(record ?? { ...NOTHING, evidenceRoot: model.eventRoot() })
    .map(([field, follows]) => ({
      field,
      said: plain(subject[field as keyof typeof subject]),
      follows: plain(follows),
    }))
    .filter(({ said, follows }) => said !== follows)
  const equal = differences.length === 0
  return { equal, facts: count, eventRoot: model.eventRoot(), differences }
}

/** What follows of an agent without a trade. */
const NOTHING = { transactions: 0, score: null, fulfilled: 0, failed: 0 }

const plain = (value: unknown) => (typeof value === 'bigint' ? value.toString() : value)

/** The model after as many facts, in their order, as are enough. */
function learn({
  facts,
  seeds,
  isEnough,
}: {
  facts: Iterable<{ fact: Record<string, JsonValue> }>
  seeds: readonly string[]
  isEnough: (model: TrustModel, learned: number) => boolean
}): { model: TrustModel; count: number } {
  const model = createTrustModel({ seeds })
  let count = 0
  for (const { fact } of facts) {
    if (isEnough(model, count)) break
    model.apply(eventOfWire(fact))
    count++
  }
  return { model, count }
}

/** What an answer says of an agent beside its score: the store's to know, or the reader's own. */
const BESIDE = new Set([
  'oracle',
  'asOf',
  'validUntil',
  'nonce',
  'signature',
  'scorer',
  'lastActiveAt',
  'memoryAttestations',
])

/**
 * Recomputes a signed answer from public data alone: the oracle's facts in their order, its published
 * seeds and this code. Nothing that the oracle says of the score is believed.
 */
export function recompute({
  answer,
  facts,
  seeds,
}: {
  answer: TrustResponse
  facts: Iterable<{ fact: Record<string, JsonValue> }>
  seeds: readonly string[]
}): Recomputed {
  const { model, count } = learn({
    facts,
    seeds,
    isEnough: (learning) => learning.eventRoot() === answer.eventRoot,
  })
  const { scorerVersion, ...record } = model.assess({
    agent: answer.agentId,
    role: answer.role,
    capability: answer.capability ?? undefined,
    now: answer.asOf,
    frozen: answer.status === 'frozen',
  })
  const { signature: _, ...said } = answer
  const { imported: __, ...rest } = said
  const body = { ...rest, ...record, lastActiveAt: answer.lastActiveAt }
  const follows: Record<string, unknown> = encode(trustBodySchema, body, 'invalid_trust')
  const wire: Record<string, unknown> = encode(trustBodySchema, said, 'invalid_trust')
  const differences = [...new Set([...Object.keys(wire), ...Object.keys(follows)])]
    .filter((field) => !BESIDE.has(field))
    .map((field) => ({ field, said: told(field, wire[field]), follows: follows[field] }))
    .filter((field) => JSON.stringify(field.said) !== JSON.stringify(field.follows))
  for (const [field, saidOf, followsOf] of [
    ['scorer.version', answer.scorer.version, scorerVersion],
    ['scorer.codeHash', answer.scorer.codeHash, scorerCodeHash()],
    ['scorer.seeds', answer.scorer.seeds, hashSeeds(seeds)],
  ]) {
    if (saidOf !== followsOf)
      differences.push({ field: field as string, said: saidOf, follows: followsOf })
  }
  return {
    equal: differences.length === 0,
    facts: count,
    eventRoot: model.eventRoot(),
    differences,
  }
}

/** An outage that lasts now stands in no fact yet; it moves no score. */
function told(field: string, value: unknown): unknown {
  if (field !== 'flags') return value
  return (value as { code: string }[]).filter(({ code }) => code !== 'unreachable')
}
