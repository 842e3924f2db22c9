import type { Question } from '@earnest/sdk/protocol'
import { MAX_OUTPUT_TOKENS } from './ask.ts'
import { INSTRUCTION } from './prompt.ts'
import type { Juror } from './roster.ts'

/** What a jury asks each seat; the dearest plan that the fee covers is taken (API-12). */
export type Plan = { name: 'full' | 'lean' | 'single'; questions: Question[]; probe: boolean }

/** From the most careful to the cheapest. */
export const plans: readonly Plan[] = [
  { name: 'full', questions: ['normal', 'swapped', 'stripped', 'empty'], probe: true },
  { name: 'lean', questions: ['normal', 'swapped'], probe: false },
  { name: 'single', questions: ['normal'], probe: false },
]

/** Characters of text that one token stands for, on the low side. */
const CHARACTERS_PER_TOKEN = 3
const PER = 1_000_000n

/**
 * What a plan costs at most over all seats, in USDC base units, rounded up: every question with a
 * prompt of this many characters, each answered at full length, one retry a seat.
 */
export function costOf(plan: Plan, seats: readonly Juror[], promptCharacters: number): bigint {
  const total = seats.reduce((sum, seat) => sum + partOf(plan, seat, promptCharacters), 0n)
  return (total + PER - 1n) / PER
}

/** What a seat costs in any case at least, rounded down: the cheapest plan over no evidence. */
export function leastOf(seat: Juror): bigint {
  return plans
    .map((plan) => partOf(plan, seat, INSTRUCTION.length) / PER)
    .reduce((least, cost) => (cost < least ? cost : least))
}

/** Millionths of a base unit. */
function partOf({ questions, probe }: Plan, { price }: Juror, promptCharacters: number): bigint {
  const calls = BigInt(questions.length + (probe ? 2 : 0) + 1)
  const input = BigInt(Math.ceil(promptCharacters / CHARACTERS_PER_TOKEN))
  return calls * (input * price.input + BigInt(MAX_OUTPUT_TOKENS) * price.output)
}

/** The most careful plan that the fee covers; undefined: not even the cheapest. */
export function planFor(
  fee: bigint,
  seats: readonly Juror[],
  promptCharacters: number,
): Plan | undefined {
  return plans.find((plan) => costOf(plan, seats, promptCharacters) <= fee)
}
