import {
  artifactHash,
  type Check,
  type Criterion,
  criteriaOf,
  hashBytes,
  hashPact,
  type Manifest,
  milestoneOf,
  type Pact,
  type VerificationReport,
} from '@earnest/sdk/protocol'
import { verifyDeadline } from './deadline.ts'
import { type Delivery, openDelivery } from './delivery.ts'
import { type Budget, DEFAULT_BUDGET, type Examiner } from './examiner.ts'
import { type Finding, failed, met, undecided, waived } from './finding.ts'
import { verifyFormat } from './format.ts'
import type { TestFetch } from './guardedFetch.ts'
import { verifyHttp } from './http.ts'
import type { Metric } from './metric.ts'
import { openReader, type Reader } from './reader.ts'
import { resultOf } from './result.ts'
import { hashTranscript, type Transcript } from './transcript.ts'
import { openTurn } from './turn.ts'

/** Version of the engine; a report is recomputed by the version that made it. */
export const ENGINE = 'earnest-verify/5'

/** Everything that decides about a delivery; nothing else may. */
export interface VerifyOptions {
  pact: Pact
  /** Index; 0 for a pact without milestones. */
  milestone?: number
  escrowId: `0x${string}`
  /** The round of this delivery; the first is 1. */
  round: number
  manifest: Manifest
  /** Unix seconds by the chain or the oracle, never by the seller. */
  deliveredAt: number
  /** The bytes of a file, part by part, from its beginning at every call. */
  openFile: (name: string) => AsyncIterable<Uint8Array>
  /** A deposited checker or held-out set by its hash; null where the buyer did not deposit it. */
  readDeposit: (sha256: string) => Promise<Uint8Array | null>
  /** For HTTP criteria; without it and without a transcript they stay undecided. */
  fetch?: TestFetch
  /** Recorded answers by criterion id, in place of `fetch`. */
  transcripts?: Readonly<Record<string, Transcript>>
  /** Gets what an HTTP criterion recorded, to be kept for a recomputation. */
  onTranscript?: (criterionId: string, transcript: Transcript) => void
  /** Where content is read and foreign code runs. */
  examiner: Examiner
  /** Its fuel is for all criteria together, in equal shares. */
  budget?: Budget
}

/**
 * Checks a delivery against its pact in code alone: no model, no clock, no network of its own (TOL-09).
 * The same options give the same report, byte for byte. Throws `unknown_milestone`,
 * `verification_interrupted` (retryable) where the machine gave up, and what the readers throw.
 */
export async function verify(options: VerifyOptions): Promise<VerificationReport> {
  const { pact, milestone = 0, manifest, examiner, openFile } = options
  // A delivery waits its turn, and is never refused for want of time.
  const account = { owner: pact.seller.did }
  const turn = openTurn({ examiner, budget: shareOf(options), account })
  const delivery = openDelivery({ files: manifest, openFile, turn })
  const reader = openReader({ delivery, turn })
  try {
    return reportOf(await runChecks({ delivery, reader, options }), { pact, milestone, options })
  } finally {
    await turn.end()
  }
}

/** Units below which nothing useful can be run. */
const LEAST_FUEL = 5_000_000

/** What one criterion may use: what another one takes is never taken from it. */
function shareOf({ pact, milestone = 0, budget = DEFAULT_BUDGET }: VerifyOptions): Budget {
  const running = criteriaOf(pact, milestone).filter(({ verifier }) =>
    ['schema', 'metric', 'http'].includes(verifier.type),
  )
  const share = Math.floor(budget.fuel / Math.max(1, running.length))
  return { ...budget, fuel: Math.max(LEAST_FUEL, share) }
}

type Run = { delivery: Delivery; reader: Reader; options: VerifyOptions }

async function runChecks({ delivery, reader, options }: Run): Promise<Check[]> {
  const { pact, milestone = 0, deliveredAt } = options
  const { deadlineUtc, deliverableFormat } = milestoneOf(pact, milestone)

  // What every pact demands: conditions, which have no weight.
  const checks: Check[] = [
    condition('artifact', 'format', await verifyIntact(delivery)),
    condition('deadline', 'deadline', verifyDeadline(deliveredAt, deadlineUtc)),
  ]
  for (const mime of deliverableFormat) {
    checks.push(
      condition(`format:${mime}`, 'format', await verifyFormat({ mime }, { delivery, reader })),
    )
  }

  // What this pact demands.
  for (const criterion of criteriaOf(pact, milestone)) {
    checks.push(await checkOf(criterion, { delivery, reader, options }))
  }
  return checks
}

function reportOf(
  checks: Check[],
  { pact, milestone, options }: { pact: Pact; milestone: number; options: VerifyOptions },
): VerificationReport {
  const { manifest, deliveredAt } = options
  const missing = checks.flatMap(({ code, id }) => (code === 'deposit_missing' ? [id] : []))
  return {
    version: '1',
    engine: ENGINE,
    pactId: hashPact(pact),
    escrowId: options.escrowId,
    milestone,
    round: options.round,
    artifactHash: artifactHash(manifest),
    deliveredAt,
    ...resultOf(checks),
    findings: checks,
    missingDeposits: depositsBehind(pact.acceptance, missing),
  }
}

async function checkOf(criterion: Criterion, context: Run): Promise<Check> {
  const { id, weight, verifier } = criterion
  const { delivery, reader, options } = context
  const check = (finding: Finding, transcript: string | null = null): Check => ({
    id,
    verifier: verifier.type,
    weight,
    ...finding,
    transcript,
  })
  switch (verifier.type) {
    case 'format':
      return check(await verifyFormat(verifier, { delivery, reader }))
    case 'schema':
      return check(await reader.ask(verifier.file, { kind: 'schema', verifier }))
    case 'path':
      return check(await reader.ask(verifier.file, { kind: 'path', verifier }))
    case 'deadline': {
      const { deadlineUtc } = milestoneOf(options.pact, options.milestone ?? 0)
      return check(verifyDeadline(options.deliveredAt, deadlineUtc))
    }
    case 'metric':
      return check(await measure(verifier, context))
    case 'http': {
      const { fetch, transcripts } = options
      const run = await verifyHttp(verifier, {
        reader,
        fetch,
        transcript: transcripts?.[id],
      })
      if (run.transcript !== null) options.onTranscript?.(id, run.transcript)
      return check(run.finding, run.transcript && hashTranscript(run.transcript))
    }
    case 'jury':
      return check(undecided('for_the_jury'))
  }
}

async function measure(verifier: Metric, { reader, options }: Run): Promise<Finding> {
  const { readDeposit, pact } = options
  const deposit = await readDeposit(verifier.source.sha256)
  // Bytes under another hash are not what both parties signed.
  if (deposit === null || hashBytes(deposit) !== verifier.source.sha256) {
    return waived('deposit_missing')
  }
  return reader.ask(verifier.file, { kind: 'metric', verifier, deposit, input: pact.input })
}

/** Every file of the manifest is there, of the size and hash that it names (ATK-03). */
async function verifyIntact(delivery: Delivery): Promise<Finding> {
  const broken: string[] = []
  for (const { name } of delivery.files) {
    if ((await delivery.survey(name)) === 'corrupt') broken.push(name)
  }
  return broken.length === 0 ? met() : failed('corrupt_file', broken)
}

function condition(id: string, verifier: Check['verifier'], finding: Finding): Check {
  return { id, verifier, weight: 0, ...finding, transcript: null }
}

function depositsBehind(criteria: readonly Criterion[], ids: readonly string[]): string[] {
  const hashes = criteria.flatMap(({ id, verifier }) =>
    ids.includes(id) && verifier.type === 'metric' ? [verifier.source.sha256] : [],
  )
  return [...new Set(hashes)].sort()
}
