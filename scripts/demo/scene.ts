import type { Book } from './book.ts'
import type { Prepare, Stage } from './stage.ts'

/** One scene of the demo. */
export interface Scene {
  /** What the audience reads first; the number is put before it. */
  title: string
  prepare?: Prepare
  /** Begins, once the stage stands, what takes its time and disturbs no other scene. */
  begin?(stage: Stage): Promise<unknown>
  /** Plays, notes in the book what should move, and names everything that does not hold. */
  play(stage: Stage, book: Book): Promise<string[]>
}
