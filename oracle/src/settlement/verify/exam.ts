import type { ManifestFile, Verifier } from '@earnest/sdk/protocol'
import { type Document, jsonOf, openDocument } from './document.ts'
import { type Finding, failed, met, undecided } from './finding.ts'
import { judgeAnswers } from './http.ts'
import { depositFault, examineMetric, type Metric } from './metric.ts'
import { readJson } from './parseJson.ts'
import { examinePath } from './path.ts'
import { valueAt } from './pointer.ts'
import { createSandbox, type Limits } from './sandbox.ts'
import { examineSchema } from './schema.ts'
import { beginSurvey, type Survey } from './survey.ts'
import type { Transcript } from './transcript.ts'

type Of<T extends Verifier['type']> = Extract<Verifier, { type: T }>

/** What an examiner is asked. */
export type Question =
  /** A pass over a file: announced, then part after part, then what it showed. */
  | { kind: 'survey'; file: ManifestFile }
  | { kind: 'part'; bytes: Uint8Array }
  | { kind: 'surveyed' }
  /** A file whose content is read as a whole; the next five are about the one that was opened last. */
  | { kind: 'open'; name: string; mime: string; bytes: Uint8Array }
  | { kind: 'json' }
  | { kind: 'schema'; verifier: Of<'schema'> }
  | { kind: 'path'; verifier: Of<'path'> }
  | { kind: 'pointer'; pointer: string }
  | { kind: 'metric'; verifier: Metric; deposit: Uint8Array; input: unknown }
  | { kind: 'http'; requests: Of<'http'>['requests']; transcript: Transcript }
  | { kind: 'deposit'; source: Metric['source']; deposit: Uint8Array }

/** The answer to each kind of question; a part is answered by whether more of the file is wanted. */
export type Answer<Q extends Question> = Q extends { kind: 'open' | 'survey' }
  ? undefined
  : Q extends { kind: 'part' }
    ? boolean
    : Q extends { kind: 'surveyed' }
      ? Survey
      : Q extends { kind: 'pointer' }
        ? { value: unknown } | Finding | undefined
        : Q extends { kind: 'deposit' }
          ? string | undefined
          : Finding

/** One report's questions: one file at a time, and for each question an engine of its own. */
export function createExam(limits: Limits): {
  ask<Q extends Question>(question: Q): Promise<Answer<Q>>
} {
  let document: Document | undefined
  let survey: ReturnType<typeof beginSurvey> | undefined

  async function answer(question: Question): Promise<unknown> {
    switch (question.kind) {
      case 'survey':
        survey = beginSurvey(question.file)
        return undefined
      case 'part':
        return survey?.take(question.bytes) ?? false
      case 'surveyed':
        return survey?.end() ?? 'corrupt'
      case 'open':
        document = openDocument(question.name, question.mime, question.bytes)
        return undefined
      case 'http':
        return judgeAnswers(question.requests, question.transcript, await createSandbox(limits))
      case 'deposit':
        return depositFault(question.source, question.deposit, await createSandbox(limits))
    }
    if (document === undefined) throw new Error('no document')
    switch (question.kind) {
      case 'json':
        return isWholeJson(document)
      case 'schema':
        return examineSchema(question.verifier, document, await createSandbox(limits))
      case 'path':
        return examinePath(question.verifier, document)
      case 'pointer': {
        const json = jsonOf(document)
        return 'outcome' in json ? json : valueAt(json.value, question.pointer)
      }
      case 'metric': {
        const { verifier, deposit, input } = question
        const sandbox = await createSandbox(limits)
        return examineMetric(verifier, document, { deposit, input, sandbox })
      }
    }
  }
  return { ask: (question) => answer(question) as Promise<Answer<typeof question>> }
}

function isWholeJson(document: Document): Finding {
  const wrong = failed('wrong_format', [document.name])
  if (document.mime === 'application/json') {
    const json = jsonOf(document)
    if (!('outcome' in json)) return met()
    return json.outcome === 'undecided' ? json : wrong
  }
  const lines = (document.text() ?? '').split('\n').filter((line) => line.trim() !== '')
  for (const line of lines) {
    const json = readJson(line)
    if (json === 'too_many_values') return undecided('content_too_large')
    if (json === 'not_json') return wrong
  }
  return lines.length > 0 ? met() : wrong
}
