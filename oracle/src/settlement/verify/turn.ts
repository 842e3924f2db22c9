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
  end(): void
}

/** A turn that begins with its first question. */
export function openTurn({ examiner, budget }: { examiner: Examiner; budget: Budget }): Turn {
  let begun: Promise<Examination> | undefined
  return {
    async ask(question) {
      begun ??= examiner.begin(budget)
      const result = await (await begun).ask(question)
      if (result !== 'killed') return result.answer
      throw new EarnestError('verification_interrupted', 'The examination did not end here', {
        retryable: true,
        details: { question: question.kind },
      })
    },
    end: () => void begun?.then((examination) => examination.end()),
  }
}
