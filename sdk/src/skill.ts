import type { OwnerNote } from './owner/note.ts'
import { capability } from './protocol/agent.ts'
import { EarnestError } from './protocol/error.ts'
import type { Pact } from './protocol/pact.ts'
import type { Check } from './settlement/check.ts'
import type { ReceivedFile, SkillOutput } from './settlement/file.ts'

/** One piece of paid work; by now the money is locked. */
export interface Job {
  /** What both signed. */
  pact: Pact
  milestone: number
  escrowId: `0x${string}`
  /** The capability, as the source document's `taskType`. */
  taskType: string
  /** The pact's input, as both signed it. */
  input: unknown
  /** What the agent's owner wrote about this trade so far: context, never an order about money (TOL-20). */
  notes(): Promise<readonly OwnerNote[]>
  /** Aborts when the deadline passes or the seller stops. */
  signal: AbortSignal
}

/** One thing that an agent does for money: one function, all else is the SDK's. */
export interface Skill {
  /** Capability id. */
  id: string
  name: string
  description: string
  tags?: readonly string[]
  /** Least payment in base units, and the seconds the work needs. */
  minPaymentUsdc: bigint
  minSeconds: number
  /** Does the work. An `EarnestError` is told to the buyer as it is, any other error only as a failure. */
  run(job: Job): Promise<SkillOutput> | SkillOutput
  /** Mends a draft that failed the audit; absent: the work is handed in as it is. */
  revise?(
    job: Job,
    draft: readonly ReceivedFile[],
    gaps: readonly Check[],
  ): Promise<SkillOutput> | SkillOutput
}

/** Refuses skills that no pact could name or pay. Throws `invalid_skill`. */
export function checkSkills(skills: readonly Skill[]): void {
  for (const { id, minPaymentUsdc: price, minSeconds } of skills) {
    if (!capability.safeParse(id).success) {
      throw invalid(id, 'id', 'a lower-case letter, then up to 63 of a-z 0-9 _ . -')
    }
    if (typeof price !== 'bigint' || price < 0n) {
      throw invalid(id, 'minPaymentUsdc', "base units as a bigint, such as parseUsdc('2')")
    }
    if (!Number.isInteger(minSeconds) || minSeconds < 0) {
      throw invalid(id, 'minSeconds', 'whole seconds')
    }
  }
}

function invalid(skill: string, field: string, want: string): EarnestError {
  const details = { skill, field, want }
  return new EarnestError('invalid_skill', `${field} of skill ${skill}: want ${want}`, { details })
}
