import { judgeAnswers } from './answers.ts'
import { type Document, jsonOf, openDocument } from './document.ts'
import { type Finding, failed, met, undecided } from './finding.ts'
import { depositFault, examineMetric } from './metric.ts'
import { readJson } from './parseJson.ts'
import { examinePath } from './path.ts'
import { valueAt } from './pointer.ts'
import type { Answer, Question } from './question.ts'
import { createSandbox, type Limits } from './sandbox.ts'
import { examineSchema } from './schema.ts'
import { beginSurvey } from './survey.ts'

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
