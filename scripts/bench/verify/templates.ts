import { hashBytes, type PactWire } from '@earnest/sdk/protocol'
import { type Files, json, pdf, textFile } from '../../../test/oracle/settlement/verify/files.ts'
import type { Chance } from './chance.ts'

/** One kind of work: what the pact demands and what an honest seller delivers. */
export interface Template {
  name: string
  /** The file that carries the work. */
  main: string
  pact: Pick<PactWire, 'deliverableFormat' | 'acceptance'>
  deposits: Uint8Array[]
  /** An honest delivery; another one for every state of chance. */
  deliver(chance: Chance): Files
}

const bytes = (text: string) => new TextEncoder().encode(text)
const WORDS =
  'revenue margin growth market demand cost price risk model forecast quarter segment customer region product capital'.split(
    ' ',
  )
const sentence = (chance: Chance) => {
  const words = Array.from({ length: chance.whole(8, 16) }, () => chance.pick(WORDS))
  return `${words.join(' ')} ${chance.whole(1, 999)}.`
}
const byChecker = (script: string, options: { id: string; file: string; pointer?: string }) => {
  const deposit = bytes(script)
  const { id, file, pointer = '' } = options
  const source = { kind: 'checker' as const, sha256: hashBytes(deposit) }
  const verifier = { type: 'metric' as const, file, pointer, source, min: 1 }
  return { deposit, criterion: { id, description: id, weight: 20, verifier } }
}

const ordered = byChecker(
  `const check = ({ base, bull, bear }) => bear.growth < base.growth && base.growth < bull.growth ? 1 : 0`,
  { id: 'distinct', file: 'result.json', pointer: '/scenarios' },
)
const scenario = {
  type: 'object',
  required: ['growth', 'value'],
  properties: { growth: { type: 'number' }, value: { type: 'number', exclusiveMinimum: 0 } },
}

const analysis: Template = {
  name: 'analysis',
  main: 'result.json',
  deposits: [ordered.deposit],
  pact: {
    deliverableFormat: ['application/json', 'application/pdf'],
    acceptance: [
      ...[
        '/dcfModel',
        '/scenarios/base',
        '/scenarios/bull',
        '/scenarios/bear',
        '/sensitivityTable',
      ].map((path, index) => ({
        id: `part${index}`,
        description: path,
        weight: 10,
        verifier: { type: 'path' as const, file: 'result.json', paths: [path] },
      })),
      {
        id: 'shape',
        description: 'Numbers where numbers belong',
        weight: 20,
        verifier: {
          type: 'schema',
          file: 'result.json',
          schema: {
            type: 'object',
            properties: {
              scenarios: { type: 'object', additionalProperties: scenario },
              sensitivityTable: { type: 'array', minItems: 3 },
            },
          },
        },
      },
      ordered.criterion,
    ],
  },
  deliver(chance) {
    const growth = chance.next() / 10
    const at = (shift: number) => ({ growth: growth + shift, value: chance.whole(100, 9999) })
    const scenarios = { base: at(0), bull: at(0.02), bear: at(-0.02) }
    const sensitivityTable = Array.from({ length: 5 }, (_, row) => [
      0.08 + row / 100,
      chance.whole(50, 500),
    ])
    const dcfModel = { years: [1, 2, 3, 4, 5].map(() => chance.whole(10, 99)), wacc: 0.09 }
    const result = { dcfModel, scenarios, sensitivityTable, metadata: { accuracy: 0.99 } }
    return { 'result.json': json(result), 'summary.pdf': pdf(`Value ${chance.whole(1, 9999)}`) }
  },
}

const LABELS = ['spam', 'ham', 'unsure']
const truth = Array.from({ length: 400 }, (_, index) => LABELS[(index * 7) % 3] ?? '')
const heldOut = bytes(JSON.stringify(truth))

const classification: Template = {
  name: 'classification',
  main: 'predictions.json',
  deposits: [heldOut],
  pact: {
    deliverableFormat: ['application/json'],
    acceptance: [
      {
        id: 'accuracy',
        description: 'Nine of ten labels right on held-out data',
        weight: 60,
        verifier: {
          type: 'metric',
          file: 'predictions.json',
          pointer: '/labels',
          source: { kind: 'heldOut', sha256: hashBytes(heldOut), measure: 'accuracy' },
          min: 0.9,
        },
      },
      {
        id: 'notes',
        description: 'How it was done',
        weight: 10,
        verifier: { type: 'path', file: 'predictions.json', paths: ['/method'] },
      },
    ],
  },
  deliver(chance) {
    const wrong = chance.whole(0, 40)
    const labels = truth.map((label, index) => (index < wrong ? `not ${label}` : label))
    return { 'predictions.json': json({ labels, method: sentence(chance), accuracy: 0.99 }) }
  },
}

const table = byChecker(
  `const check = (text) => {
    const rows = text.trim().split(/\\r?\\n/).map((row) => row.split(','))
    const [head, ...data] = rows
    const ids = new Set(data.map((row) => row[0]))
    const good = head.join() === 'id,name,price,stock' && data.length >= 50 && ids.size === data.length
    return good && data.every((row) => row.length === 4 && row.every((cell) => cell.trim() !== '') && Number(row[2]) > 0) ? 1 : 0
  }`,
  { id: 'rows', file: 'table.csv' },
)

const dataset: Template = {
  name: 'dataset',
  main: 'table.csv',
  deposits: [table.deposit],
  pact: { deliverableFormat: ['text/csv'], acceptance: [table.criterion] },
  deliver(chance) {
    const rows = Array.from({ length: chance.whole(50, 90) }, (_, id) =>
      [id + 1, chance.pick(WORDS), (chance.next() * 100 + 1).toFixed(2), chance.whole(0, 50)].join(
        ',',
      ),
    )
    const end = chance.pick(['\n', '\r\n'])
    return { 'table.csv': textFile(['id,name,price,stock', ...rows, ''].join(end), 'text/csv') }
  },
}

const SECTIONS = ['Summary', 'Method', 'Findings', 'Limits']
const document = byChecker(
  `const check = (text) => {
    const parts = text.split(/^## /m).slice(1)
    const names = parts.map((part) => part.split('\\n')[0].trim())
    const bodies = parts.map((part) => part.split('\\n').slice(1).join(' ').split(/\\s+/).filter(Boolean))
    const lines = text.split(/[.\\n]/).map((line) => line.trim()).filter((line) => line.length > 20)
    const fresh = new Set(lines).size / Math.max(1, lines.length)
    const whole = /[.!?]\\s*$/.test(text)
    return names.join() === '${SECTIONS.join()}' && bodies.every((words) => words.length >= 40) && fresh > 0.9 && whole ? 1 : 0
  }`,
  { id: 'sections', file: 'report.md' },
)

const report: Template = {
  name: 'report',
  main: 'report.md',
  deposits: [document.deposit],
  pact: { deliverableFormat: ['text/markdown'], acceptance: [document.criterion] },
  deliver(chance) {
    const body = () => Array.from({ length: chance.whole(6, 9) }, () => sentence(chance)).join('\n')
    const text = SECTIONS.map((name) => `## ${name}\n\n${body()}`).join('\n\n')
    return { 'report.md': textFile(`# Report\n\n${text}\n`, 'text/markdown') }
  },
}

/** Four kinds of work. */
export const templates: Template[] = [analysis, classification, dataset, report]
