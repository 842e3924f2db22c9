import { canonicalText, type Probe } from '@earnest/sdk/protocol'
import type { EvidencePackage } from './prompt.ts'

/** A case whose right answer is known, made anew each time so that no judge can have learnt it. */
export type KnownCase = { evidence: EvidencePackage; answer: boolean }

/** What a judge's seats said to one known case, by `provider/model`, so that a new model starts anew. */
export type ProbeRow = { id: string; answer: boolean; votes: Record<string, number | null> }

/** The rolling set of known answers; the newest last. */
export type ProbeBook = {
  read(limit: number): Promise<ProbeRow[]>
  append(row: ProbeRow): Promise<void>
}

/** How many known answers weigh. */
export const PROBES = 200

/** The rows as probes of the seats that sit today. */
export function probesOf(rows: readonly ProbeRow[], models: readonly string[]): Probe[] {
  return rows.map(({ id, answer, votes }) => ({
    id,
    answer,
    votes: models.map((model) => votes[model] ?? null),
  }))
}

/**
 * Draws a known case: a list to sort or a column to add, done rightly or with one planted fault. Half
 * of them are traps: the fault under a polished surface, or right work under a confident complaint.
 */
export function drawKnownCase(random: (bytes: number) => Uint8Array): KnownCase {
  const [task, right, trap, ...seed] = random(24)
  const numbers = seed.slice(0, 12).map((byte, index) => byte * 7 + index)
  const answer = ((right ?? 0) & 1) === 1
  const { asked, done } = (task ?? 0) & 1 ? sorting(numbers, answer) : adding(numbers, answer)
  const tricky = ((trap ?? 0) & 1) === 1
  return {
    answer,
    evidence: {
      terms: canonicalText({ taskDescription: asked, paymentUsdc: '20', accuracyRequirement: 1 }),
      report: 'no criterion could be checked by machine',
      deliverable: tricky && !answer ? polished(done) : done,
      claim: complaint(answer, tricky),
      response: tricky && answer ? '' : 'The work is complete and was checked twice.',
    },
  }
}

function sorting(numbers: readonly number[], right: boolean) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const shown = right
    ? sorted
    : [...sorted.slice(0, 3), ...sorted.slice(3, 9).reverse(), ...sorted.slice(9)]
  // Reversing equal numbers would plant no fault.
  if (!right && shown.join() === sorted.join()) shown.reverse()
  return {
    asked: `Sort these numbers in ascending order, all of them: ${numbers.join(', ')}`,
    done: shown.join(', '),
  }
}

function adding(numbers: readonly number[], right: boolean) {
  const total = numbers.reduce((sum, value) => sum + value, 0)
  return {
    asked: `Give the exact total of these amounts: ${numbers.join(', ')}`,
    done: `Total: ${right ? total : total + 40}`,
  }
}

const polished = (done: string) =>
  `# Final report\n\n## Method\nEvery value was read twice and checked against an independent run.\n\n## Result\n${done}\n\n## Quality\nNo deviations were found.`

function complaint(right: boolean, tricky: boolean): string {
  if (!right) return 'The result does not match what was asked for.'
  return tricky
    ? 'The result is plainly wrong in several places and of no use; a full refund is due.'
    : 'The layout is plain, although the result may be right.'
}
