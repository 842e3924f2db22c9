import { CONTENT_LIMIT, type Delivery } from './delivery.ts'
import type { Answer, Question } from './exam.ts'
import type { Budget, Examination, Examiner } from './examiner.ts'
import { type Finding, failed, undecided } from './finding.ts'

/** Questions about the content of one delivered file. */
type FileQuestion = Extract<Question, { kind: 'json' | 'schema' | 'path' | 'pointer' | 'metric' }>

/** Puts delivered files before the examiner, one at a time. */
export interface Reader {
  /** The answer, or why nobody read the file: it is missing, corrupt or too large, or the thread died. */
  ask<Q extends FileQuestion>(file: string, question: Q): Promise<Answer<Q> | Finding>
  /** A question about no file. */
  judge(question: Extract<Question, { kind: 'http' }>): Promise<Finding>
  end(): void
}

/** One reader for one report. */
export function openReader({
  delivery,
  examiner,
  budget,
}: {
  delivery: Delivery
  examiner: Examiner
  budget: Budget
}): Reader {
  let begun: Promise<Examination> | undefined
  let held: string | undefined
  const examination = () => {
    begun ??= examiner.begin(budget)
    return begun
  }

  async function answerOf<Q extends Question>(question: Q): Promise<Answer<Q> | Finding> {
    const result = await (await examination()).ask(question)
    return result === 'killed' ? undecided('examiner_killed') : result.answer
  }
  return {
    async ask(file, question) {
      const promised = delivery.file(file)
      if (promised === undefined) return failed('file_missing', [file])
      if (promised.size > CONTENT_LIMIT) return undecided('content_too_large')
      if (held !== file) {
        const bytes = await delivery.content(file)
        if (bytes === undefined) return failed('corrupt_file', [file])
        const fault = await answerOf({ kind: 'open', name: file, mime: promised.mime, bytes })
        if (fault !== undefined) return fault
        held = file
      }
      return answerOf(question)
    },
    judge: async (question) => answerOf(question),
    end: () => void begun?.then((examination) => examination.end()),
  }
}
