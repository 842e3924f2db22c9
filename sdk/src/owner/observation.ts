import type { Progress } from '../progress.ts'
import type { OracleEvent } from '../protocol/event.ts'
import type { Pact } from '../protocol/pact.ts'
import type { WorkEvent } from '../work.ts'

/** What an engine tells its owner's desk; whether it is worth an alert the desk decides. */
export type Observation =
  | { type: 'oracle_event'; event: OracleEvent }
  | { type: 'work'; event: WorkEvent }
  /** A proposal was weighed. */
  | { type: 'proposal'; pact: Pact; reasonCode: string }
  /** A message that is not in the catalogue; `taskType` null: free talk. */
  | {
      type: 'outside'
      taskId: string
      caller: string | undefined
      taskType: string | null
      text: string
    }
  | { type: 'progress'; progress: Progress }
  /** A stage of a buyer's trade stopped here. */
  | { type: 'stage'; pactId: string; escrowId: string; status: string }
  /** A buyer's trade threw; `code` null: nothing that the SDK has a word for. */
  | { type: 'hire_failed'; tradeId: string; code: string | null }
