import type { Deployment } from '../local/deploy.ts'
import type { Book } from './book.ts'
import type { Stage, StartProcess } from './stage.ts'

/** One scene of the demo. */
export interface Scene {
  /** What the audience reads first; the number is put before it. */
  title: string
  /** Starts what the scene needs before the oracle does; gives settings of the oracle. */
  prepare?(backstage: {
    start: StartProcess
    rpcUrl: string
    deployment: Deployment
    /** A folder that goes with the stage. */
    data: string
  }): Promise<Record<string, string>>
  /** Plays, notes in the book what should move, and names everything that does not hold. */
  play(stage: Stage, book: Book): Promise<string[]>
}
