import type { Phase } from './gate.ts'

/** A kill that is aimed at no step. */
export const ANY = 'any instant'

const both: readonly Phase[] = ['before', 'after']
const beforeOnly: readonly Phase[] = ['before']
const afterOnly: readonly Phase[] = ['after']

/**
 * Where each kind of process is killed: before a step takes effect, and after it before the process knows.
 * `writes`: into its own folder. `asks`, `sends` and names of the oracle's routes: to the seller, the
 * chain and the oracle. `answers`: to whom it was asked by. What an oracle commits goes by what the
 * transaction writes; what is committed without a transaction can be held after it alone. The database
 * dies with a transaction in its hands, the chain's node with one that nobody knows to have arrived.
 */
const steps: Readonly<Record<string, Readonly<Record<string, readonly Phase[]>>>> = {
  buyer: {
    'writes draft': both,
    'asks pact_negotiation': both,
    'writes agreement': both,
    'POST pacts': both,
    'writes registration': both,
    'POST relay fund': both,
    'sends fund': both,
    'writes funding': both,
    'asks greeting': both,
    'POST grants': both,
    'POST relay release': both,
    'sends release': both,
    'asks settlement_offer': both,
    'sends settle': both,
    'writes its withdrawal': both,
    'writes end': both,
  },
  seller: {
    'writes nonce': both,
    'writes talk': both,
    'writes pact': both,
    'answers asks pact_negotiation': afterOnly,
    'writes the end of rounds': both,
    'answers asks greeting': afterOnly,
    'hears funded': beforeOnly,
    'writes job.accepted': both,
    works: beforeOnly,
    'writes job.drafted': both,
    'PUT artifacts': both,
    'POST completions': both,
    'writes job.ended': both,
    'answers asks settlement_offer': afterOnly,
    'POST failures': both,
    'POST relay refund': both,
  },
  oracle: {
    'event pact_registered': both,
    'answers POST pacts': afterOnly,
    'submission relay queued': both,
    'submission relay signed': afterOnly,
    'sends fund': both,
    'submission relay mined': afterOnly,
    'answers POST relay fund': afterOnly,
    'event funding_seen': both,
    'event funded': both,
    'answers PUT artifacts': afterOnly,
    'event completion_received': both,
    'completion verified': both,
    'submission complete queued': afterOnly,
    'submission complete signed': afterOnly,
    'sends complete': both,
    'submission complete mined': afterOnly,
    'completion submitted': afterOnly,
    'answers POST completions': afterOnly,
    'event delivered': both,
    'answers POST grants': afterOnly,
    'sends release': both,
    'answers POST relay release': afterOnly,
    'event released': both,
    'submission attest signed': afterOnly,
    'sends attest': both,
    'event disputed': both,
    'event settled': both,
    'sends refund': both,
    'event refunded': both,
    'submission timer queued': afterOnly,
    'submission timer signed': afterOnly,
    'sends expire': both,
    'submission timer mined': afterOnly,
    'event expired': both,
    'sends escalate': both,
    'event escalated': both,
    'sends conclude': both,
    'event concluded': both,
    'settlement recorded': both,
    'verdict recorded': both,
    'submission propose queued': afterOnly,
    'submission propose signed': afterOnly,
    'sends propose': both,
    'event proposed': both,
  },
  database: {
    'commits event': both,
    'commits submission': both,
    'commits completion': both,
    'commits settlement': both,
  },
  node: {
    'answers sends fund': both,
    'answers sends complete': both,
    'answers sends release': both,
  },
}

/** One place to die. */
export type Point = { step: string; phase: Phase | 'at' }

/** Every place where processes of a role die, each as often as the others. */
function pointsOf(role: string): readonly Point[] {
  const named = Object.entries(steps[role] ?? {}).flatMap(([step, phases]) =>
    phases.map((phase): Point => ({ step, phase })),
  )
  return [...named, { step: ANY, phase: 'at' }]
}

/** The places of each role. */
export type Places = ReadonlyMap<string, readonly Point[]>

/**
 * The places where processes die: all, or those alone that are named in words.
 * @throws Error with all the names where one of them is no place.
 */
export function placesOf(names: readonly string[] = []): Places {
  const all = Object.keys(steps).map((role) => [role, pointsOf(role)] as const)
  const known = new Set(all.flatMap(([role, points]) => points.map((p) => wordsOf(role, p))))
  const unknown = names.filter((name) => !known.has(name))
  if (unknown.length > 0) {
    throw new Error(`No such place: ${unknown.join(', ')}. There are:\n${[...known].join('\n')}`)
  }
  if (names.length === 0) return new Map(all)
  const isNamed = (role: string) => (point: Point) => names.includes(wordsOf(role, point))
  return new Map(all.map(([role, points]) => [role, points.filter(isNamed(role))]))
}

/** How a place is called in the table of kills. */
export function wordsOf(role: string, { step, phase }: Point): string {
  return step === ANY ? `${role}: ${ANY}` : `${role}: ${phase} ${step}`
}
