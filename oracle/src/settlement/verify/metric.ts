import { hashBytes, type Verifier } from '@earnest/sdk/protocol'
import { type Delivery, decodeText } from './delivery.ts'
import { depositMissing, type Finding, failed, measure, met, undecided } from './finding.ts'
import { measureOf } from './measures.ts'
import { parseJson } from './parseJson.ts'
import { valueAt } from './pointer.ts'
import type { Sandbox } from './sandbox.ts'

type Metric = Extract<Verifier, { type: 'metric' }>

/** What a metric needs besides the delivery. */
export interface MetricContext {
  delivery: Delivery
  sandbox: () => Promise<Sandbox>
  /** The pact's input, which a checker may compare with. */
  input: unknown
  /** What the buyer deposited under a hash; null where it did not. */
  readDeposit: (sha256: string) => Promise<Uint8Array | null>
}

/** Measures the work itself: against held-out values, or by the buyer's checker in the sandbox (SET-04, W-9). */
export async function verifyMetric(verifier: Metric, context: MetricContext): Promise<Finding> {
  const { delivery, readDeposit } = context
  const deposit = await readDeposit(verifier.source.sha256)
  // Bytes under another hash are not what both parties signed.
  if (deposit === null || hashBytes(deposit) !== verifier.source.sha256) return depositMissing()
  if (delivery.file(verifier.file) === undefined) return failed('file_missing', [verifier.file])
  return verifier.source.kind === 'heldOut'
    ? againstHeldOut(verifier, deposit, context)
    : byChecker(verifier, deposit, context)
}

async function againstHeldOut(
  verifier: Metric,
  deposit: Uint8Array,
  { delivery }: MetricContext,
): Promise<Finding> {
  const truth = parseJson(decodeText(deposit) ?? '')?.value
  if (!Array.isArray(truth) || verifier.source.kind !== 'heldOut') {
    return undecided('deposit_unusable')
  }
  const document = await delivery.json(verifier.file)
  if (document === undefined) return failed('not_json', [verifier.file])
  const predicted = valueAt(document.value, verifier.pointer)?.value
  if (!Array.isArray(predicted)) return failed('predictions_missing', [verifier.pointer])
  if (predicted.length !== truth.length) return failed('predictions_wrong_length')
  const { measure: name } = verifier.source
  // Of the buyer's making, so the seller does not answer for it.
  if (measureOf(name, truth, truth) === undefined) return undecided('deposit_unusable')
  const value = measureOf(name, truth, predicted)
  return value === undefined ? failed('predictions_unusable') : judge(verifier, value)
}

async function byChecker(
  verifier: Metric,
  deposit: Uint8Array,
  { delivery, sandbox, input }: MetricContext,
): Promise<Finding> {
  const script = decodeText(deposit)
  if (script === undefined) return undecided('deposit_unusable')
  const isJson = delivery.file(verifier.file)?.mime === 'application/json'
  const document = isJson ? await delivery.json(verifier.file) : undefined
  const text = isJson ? undefined : await delivery.text(verifier.file)
  if (document === undefined && text === undefined) return failed('unreadable', [verifier.file])
  const found = document === undefined ? { value: text } : valueAt(document.value, verifier.pointer)
  if (found === undefined) return failed('path_missing', [verifier.pointer])
  using session = (await sandbox()).open(script)
  const result = session.call('check', [found.value, input])
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
