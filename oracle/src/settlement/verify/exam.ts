import type { Verifier } from '@earnest/sdk/protocol'
import { type Document, openDocument } from './document.ts'
import { type Finding, failed, met } from './finding.ts'
import { judgeAnswers } from './http.ts'
import { depositFault, examineMetric, type Metric } from './metric.ts'
import { parseJson } from './parseJson.ts'
import { examinePath } from './path.ts'
import { valueAt } from './pointer.ts'
import { createSandbox, type Limits, type Sandbox } from './sandbox.ts'
import { examineSchema } from './schema.ts'
import type { Transcript } from './transcript.ts'

type Of<T extends Verifier['type']> = Extract<Verifier, { type: T }>

/** What an examiner is asked; all but the last three are about the document that was opened last. */
export type Question =
  | { kind: 'open'; name: string; mime: string; bytes: Uint8Array }
  | { kind: 'json' }
  | { kind: 'schema'; verifier: Of<'schema'> }
  | { kind: 'path'; verifier: Of<'path'> }
  | { kind: 'pointer'; pointer: string }
  | { kind: 'metric'; verifier: Metric; deposit: Uint8Array; input: unknown }
  | { kind: 'http'; requests: Of<'http'>['requests']; transcript: Transcript }
  | { kind: 'deposit'; source: Metric['source']; deposit: Uint8Array }

/** The answer to each kind of question. */
export type Answer<Q extends Question> = Q extends { kind: 'open' }
  ? undefined
  : Q extends { kind: 'pointer' }
    ? { value: unknown } | undefined
    : Q extends { kind: 'deposit' }
      ? string | undefined
      : Finding

/** One report's questions: one document at a time, one budget for all foreign code. */
export function createExam(limits: Limits): {
  ask<Q extends Question>(question: Q): Promise<Answer<Q>>
} {
  let document: Document | undefined
  // Starting an engine takes 25 ms, which a pact of paths and formats need not pay.
  let started: Promise<Sandbox> | undefined
  const sandbox = () => {
    started ??= createSandbox(limits)
    return started
  }

  async function answer(question: Question): Promise<unknown> {
    if (question.kind === 'open') {
      document = openDocument(question.name, question.mime, question.bytes)
      return undefined
    }
    if (question.kind === 'http') {
      return judgeAnswers(question.requests, question.transcript, await sandbox())
    }
    if (question.kind === 'deposit') {
      return depositFault(question.source, question.deposit, await sandbox())
    }
    if (document === undefined) throw new Error('no document')
    switch (question.kind) {
      case 'json':
        return isWholeJson(document) ? met() : failed('wrong_format', [document.name])
      case 'schema':
        return examineSchema(question.verifier, document, await sandbox())
      case 'path':
        return examinePath(question.verifier, document)
      case 'pointer': {
        const json = document.json()
        return json && valueAt(json.value, question.pointer)
      }
      case 'metric': {
        const { verifier, deposit, input } = question
        return examineMetric(verifier, document, { deposit, input, sandbox: await sandbox() })
      }
    }
  }
  return { ask: (question) => answer(question) as Promise<Answer<typeof question>> }
}

function isWholeJson(document: Document): boolean {
  if (document.mime === 'application/json') return document.json() !== undefined
  const lines = (document.text() ?? '').split('\n').filter((line) => line.trim() !== '')
  return lines.length > 0 && lines.every((line) => parseJson(line) !== undefined)
}
