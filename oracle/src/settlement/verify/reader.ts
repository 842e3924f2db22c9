import { CONTENT_LIMIT, type Delivery } from './delivery.ts'
import { type Finding, failed, undecided } from './finding.ts'
import type { Answer, Question } from './question.ts'
import type { Turn } from './turn.ts'

/** Questions about the content of one delivered file. */
type FileQuestion = Extract<Question, { kind: 'json' | 'schema' | 'path' | 'pointer' | 'metric' }>

/** Puts delivered files before the examiner, one at a time. */
export interface Reader {
  /** The answer, or why nobody read the file: it is missing, corrupt or too large. */
  ask<Q extends FileQuestion>(file: string, question: Q): Promise<Answer<Q> | Finding>
  /** A question about no file. */
  judge(question: Extract<Question, { kind: 'http' }>): Promise<Finding>
}

/** One reader for one report. */
export function openReader({ delivery, turn }: { delivery: Delivery; turn: Turn }): Reader {
  let held: string | undefined
  return {
    async ask(file, question) {
      const promised = delivery.file(file)
      if (promised === undefined) return failed('file_missing', [file])
      if (promised.size > CONTENT_LIMIT) return undecided('content_too_large')
      if (held !== file) {
        const bytes = await delivery.content(file)
        if (bytes === undefined) return failed('corrupt_file', [file])
        await turn.ask({ kind: 'open', name: file, mime: promised.mime, bytes })
        held = file
      }
      return turn.ask(question)
    },
    judge: (question) => turn.ask(question),
  }
}
