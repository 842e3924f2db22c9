import { EarnestError } from '@earnest/sdk/protocol'
import type { Budget, Examination, Examiner } from './examiner.ts'
import type { Answer, Question } from './question.ts'

/** One report's turn with an examiner, taken when there is something to ask. */
export interface Turn {
  /**
   * @throws verification_interrupted (retryable) where the thread died or ran into the wall clock. All work
   * in there is counted, so that is the machine's fault: it says nothing about the delivery and never
   * comes into a report.
   */
  ask<Q extends Question>(question: Q): Promise<Answer<Q>>
  end(): Promise<void>
}

/** On whose time an examination runs. */
export interface Account {
  /** Agents take turns: what one of them hands in never waits behind all that another did. */
  owner: string
  /** Asked once the thread is there, when everything before was booked. Throws where nothing is left. */
  admit?(): Promise<void>
  /** Books CPU time of a thread. */
  charge?(milliseconds: number): Promise<void>
}

/** A turn that begins with its first question. */
export function openTurn({
  examiner,
  budget,
  account,
}: {
  examiner: Examiner
  budget: Budget
  account?: Account
}): Turn {
  let begun: Promise<Examination> | undefined

  async function begin(): Promise<Examination> {
    const examination = await examiner.begin({ budget, owner: account?.owner })
    try {
      await account?.admit?.()
      return examination
    } catch (error) {
      examination.end()
      throw error
    }
  }

  return {
    async ask(question) {
      begun ??= begin()
      const result = await (await begun).ask(question)
      if (result !== 'killed') return result.answer
      throw new EarnestError('verification_interrupted', 'The examination did not end here', {
        retryable: true,
        details: { question: question.kind },
      })
    },
    async end() {
      const examination = await begun?.catch(() => undefined)
      if (!examination) return
      try {
        // Booked before the thread is free: the next of the same agent sees it.
        await account?.charge?.(examination.spent())
      } finally {
        examination.end()
      }
    },
  }
}
