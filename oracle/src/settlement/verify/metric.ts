import type { Verifier } from '@earnest/sdk/protocol'
import { type Document, decodeText } from './document.ts'
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

/** Measures the work itself: against held-out values, or by the buyer's checker in the sandbox (SET-04, W-9). */
export function examineMetric(
  verifier: Metric,
  document: Document,
  context: MetricContext,
): Finding {
  return verifier.source.kind === 'heldOut'
    ? againstHeldOut(verifier, verifier.source.measure, document, context)
    : byChecker(verifier, document, context)
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
  const json = document.json()
  if (json === undefined) return failed('not_json', [verifier.file])
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
  // Out of steps may be the work of what ran before it, so that is nobody's fault yet.
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
  const json = document.json()
  if (json === undefined) return failed('unreadable', [file])
  return valueAt(json.value, pointer) ?? failed('path_missing', [pointer])
}

function judgeBy(verifier: Metric, session: Session, args: readonly unknown[]): Finding {
  const result = session.call('check', args)
  if (result.outcome === 'exhausted') return undecided('checker_exhausted')
  if (result.outcome === 'threw') return failed('checker_threw', [result.message])
  if (typeof result.value !== 'number') return failed('checker_no_number')
  return judge(verifier, result.value)
}

function judge({ min, max }: Metric, value: number): Finding {
  if (min !== undefined && value < min) return failed('below_minimum', [], measure(value))
  if (max !== undefined && value > max) return failed('above_maximum', [], measure(value))
  return met(measure(value))
}
