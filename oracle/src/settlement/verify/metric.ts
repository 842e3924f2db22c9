import { isDeepStrictEqual } from 'node:util'
import type { Verifier } from '@earnest/sdk/protocol'
import * as z from 'zod'
import { type Document, decodeText, jsonOf } from './document.ts'
import { type Finding, failed, measure, met, undecided, waived } from './finding.ts'
import { measureOf } from './measures.ts'
import { parseJson } from './parseJson.ts'
import { valueAt } from './pointer.ts'
import type { Sandbox, Session } from './sandbox.ts'

export type Metric = Extract<Verifier, { type: 'metric' }>

/** What a metric needs besides the delivered file. */
export interface MetricContext {
  /** What the buyer deposited, whose hash the criterion names. */
  deposit: Uint8Array
  /** The pact's input, which a checker may compare with. */
  input: unknown
  sandbox: Sandbox
}

/**
 * Measures the work itself: against held-out values, by the buyer's checker in the sandbox, or by running
 * what was delivered there (SET-04, W-9).
 */
export function examineMetric(
  verifier: Metric,
  document: Document,
  context: MetricContext,
): Finding {
  const { source } = verifier
  switch (source.kind) {
    case 'heldOut':
      return againstHeldOut(verifier, source.measure, document, context)
    case 'checker':
      return byChecker(verifier, document, context)
    case 'cases':
      return byCases(verifier, source.call, document, context)
  }
}

/**
 * Why a deposit can never decide anything; undefined where it can. It says the same of the same bytes
 * wherever it is asked, so a buyer learns it when it registers.
 */
export function depositFault(
  source: Metric['source'],
  deposit: Uint8Array,
  sandbox: Sandbox,
): string | undefined {
  if (source.kind === 'heldOut') {
    return truthOf(source.measure, deposit) ? undefined : 'not a list that can be measured'
  }
  if (source.kind === 'cases') return casesOf(deposit) ? undefined : 'not a list of cases'
  const script = decodeText(deposit)
  if (script === undefined) return 'not UTF-8'
  using session = sandbox.open(script)
  const fault = session.fault()
  if (fault?.outcome === 'threw') return fault.message
  if (fault) return 'loading it takes more than a report may use'
  return session.has('check') ? undefined : 'no function check'
}

type Measure = Extract<Metric['source'], { kind: 'heldOut' }>['measure']

/** Held-out values that a measure can be taken of. */
function truthOf(name: Measure, deposit: Uint8Array): unknown[] | undefined {
  const truth = parseJson(decodeText(deposit) ?? '')?.value
  return Array.isArray(truth) && measureOf(name, truth, truth) !== undefined ? truth : undefined
}

function againstHeldOut(
  verifier: Metric,
  name: Measure,
  document: Document,
  { deposit }: MetricContext,
): Finding {
  const truth = truthOf(name, deposit)
  // Of the buyer's making, so the seller does not answer for it.
  if (truth === undefined) return waived('deposit_unusable')
  const json = jsonOf(document)
  if ('outcome' in json) return json
  const predicted = valueAt(json.value, verifier.pointer)?.value
  if (!Array.isArray(predicted)) return failed('predictions_missing', [verifier.pointer])
  if (predicted.length !== truth.length) return failed('predictions_wrong_length')
  const value = measureOf(name, truth, predicted)
  return value === undefined ? failed('predictions_unusable') : judge(verifier, value)
}

function byChecker(
  verifier: Metric,
  document: Document,
  { deposit, sandbox, input }: MetricContext,
): Finding {
  const script = decodeText(deposit)
  if (script === undefined) return waived('deposit_unusable')
  using session = sandbox.open(script)
  const fault = session.fault()
  // Too slow on this input, which the seller made, or by itself: code cannot say whose fault it is.
  if (fault?.outcome === 'exhausted') return undecided('checker_exhausted')
  if (fault || !session.has('check')) return waived('deposit_unusable')
  const found = subjectOf(verifier, document)
  return 'outcome' in found ? found : judgeBy(verifier, session, [found.value, input])
}

/** What the checker gets: the value at the pointer of a JSON file, else the whole text. */
function subjectOf({ file, pointer }: Metric, document: Document): { value: unknown } | Finding {
  if (document.mime !== 'application/json') {
    const text = document.text()
    return text === undefined ? failed('unreadable', [file]) : { value: text }
  }
  const json = jsonOf(document)
  if ('outcome' in json) return json
  return valueAt(json.value, pointer) ?? failed('path_missing', [pointer])
}

function judgeBy(verifier: Metric, session: Session, args: readonly unknown[]): Finding {
  const result = session.call('check', args)
  if (result.outcome === 'exhausted') return undecided('checker_exhausted')
  if (result.outcome === 'threw') return failed('checker_threw', [result.message])
  const { value, missing = [] } = verdictSchema.safeParse(result.value).data ?? {}
  return value === undefined ? failed('checker_no_number') : judge(verifier, value, missing)
}

/** A number alone, or with the names of what is wrong. */
const verdictSchema = z.union([
  z.number().transform((value) => ({ value, missing: undefined })),
  z.object({ value: z.number(), missing: z.array(z.string()).optional() }),
])

const casesSchema = z
  .array(z.strictObject({ args: z.array(z.json()), expected: z.json() }))
  .min(1)
  .max(10_000)

function casesOf(deposit: Uint8Array): z.output<typeof casesSchema> | undefined {
  return casesSchema.safeParse(parseJson(decodeText(deposit) ?? '')?.value).data
}

/**
 * Runs the delivered script on each case; what it should have said never enters its engine, so it can
 * neither read nor bend it.
 */
function byCases(
  verifier: Metric,
  name: string,
  document: Document,
  { deposit, sandbox }: MetricContext,
): Finding {
  const cases = casesOf(deposit)
  if (cases === undefined) return waived('deposit_unusable')
  const script = document.text()
  if (script === undefined) return failed('unreadable', [verifier.file])
  using session = sandbox.open(script)
  const fault = session.fault()
  if (fault?.outcome === 'threw') return failed('script_threw', [fault.message])
  if (fault) return failed('script_exhausted')
  if (!session.has(name)) return failed('function_missing', [name])
  const wrong: string[] = []
  for (const [index, { args, expected }] of cases.entries()) {
    const result = session.call(name, args)
    const isRight = result.outcome === 'returned' && isDeepStrictEqual(result.value, expected)
    // Cases are hidden, so one is named by its number and by nothing that it holds.
    if (!isRight) wrong.push(`case ${index + 1}`)
    if (result.outcome === 'exhausted') return failed('script_exhausted', [`case ${index + 1}`])
  }
  return judge(verifier, (cases.length - wrong.length) / cases.length, wrong)
}

function judge({ min, max }: Metric, value: number, missing: readonly string[] = []): Finding {
  if (min !== undefined && value < min) return failed('below_minimum', missing, measure(value))
  if (max !== undefined && value > max) return failed('above_maximum', missing, measure(value))
  return met(measure(value))
}
