import type { Question } from './question.ts'
import type { Limits } from './sandbox.ts'

/** What the examiner's thread is sent; it answers each with the same number. */
export type Order = { id: number } & ({ begin: Limits } | { question: Question })
