import {
  artifactHash,
  type Check,
  type Criterion,
  criteriaOf,
  hashPact,
  type Manifest,
  milestoneOf,
  type Pact,
  type VerificationReport,
} from '@earnest/sdk/protocol'
import { verifyDeadline } from './deadline.ts'
import { type Delivery, openDelivery } from './delivery.ts'
import { type Finding, failed, met, undecided } from './finding.ts'
import { verifyFormat } from './format.ts'
import type { TestFetch } from './guardedFetch.ts'
import { verifyHttp } from './http.ts'
import { verifyMetric } from './metric.ts'
import { verifyPath } from './path.ts'
import { resultOf } from './result.ts'
import { createSandbox, DEFAULT_LIMITS, type Limits, type Sandbox } from './sandbox.ts'
import { verifySchema } from './schema.ts'
import { hashTranscript, type Transcript } from './transcript.ts'

/** Version of the engine; a report is recomputed by the version that made it. */
export const ENGINE = 'earnest-verify/1'

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
  readFile: (name: string) => Promise<Uint8Array>
  /** A deposited checker or held-out set by its hash; null where the buyer did not deposit it. */
  readDeposit: (sha256: string) => Promise<Uint8Array | null>
  /** For HTTP criteria; without it and without a transcript they stay undecided. */
  fetch?: TestFetch
  /** Recorded answers by criterion id, in place of `fetch`. */
  transcripts?: Readonly<Record<string, Transcript>>
  /** Gets what an HTTP criterion recorded, to be kept for a recomputation. */
  onTranscript?: (criterionId: string, transcript: Transcript) => void
  limits?: Limits
}

/**
 * Checks a delivery against its pact in code alone: no model, no clock, no network of its own (TOL-09).
 * The same options give the same report, byte for byte. Throws `unknown_milestone`, and what the
 * readers throw.
 */
export async function verify(options: VerifyOptions): Promise<VerificationReport> {
  const { pact, milestone = 0, manifest, deliveredAt, limits = DEFAULT_LIMITS } = options
  const { deadlineUtc, deliverableFormat } = milestoneOf(pact, milestone)
  const delivery = openDelivery(manifest, options.readFile)
  // Starting an engine takes 25 ms, which a pact of paths and formats need not pay.
  let started: Promise<Sandbox> | undefined
  const sandbox = () => {
    started ??= createSandbox(limits)
    return started
  }

  // What every pact demands: conditions, which have no weight.
  const checks: Check[] = [
    condition('artifact', 'format', await verifyIntact(delivery)),
    condition('deadline', 'deadline', verifyDeadline(deliveredAt, deadlineUtc)),
  ]
  for (const mime of deliverableFormat) {
    checks.push(condition(`format:${mime}`, 'format', await verifyFormat({ mime }, delivery)))
  }

  // What this pact demands, in the pact's order.
  for (const criterion of criteriaOf(pact, milestone)) {
    checks.push(await checkOf(criterion, { delivery, sandbox, deadlineUtc, options }))
  }

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

async function checkOf(
  criterion: Criterion,
  context: {
    delivery: Delivery
    sandbox: () => Promise<Sandbox>
    deadlineUtc: number
    options: VerifyOptions
  },
): Promise<Check> {
  const { id, weight, verifier } = criterion
  const { delivery, sandbox, deadlineUtc, options } = context
  const check = (finding: Finding, transcript: string | null = null): Check => ({
    id,
    verifier: verifier.type,
    weight,
    ...finding,
    transcript,
  })
  switch (verifier.type) {
    case 'format':
      return check(await verifyFormat(verifier, delivery))
    case 'schema':
      return check(await verifySchema(verifier, delivery, await sandbox()))
    case 'path':
      return check(await verifyPath(verifier, delivery))
    case 'deadline':
      return check(verifyDeadline(options.deliveredAt, deadlineUtc))
    case 'metric': {
      const { readDeposit, pact } = options
      const { input } = pact
      return check(await verifyMetric(verifier, { delivery, sandbox, input, readDeposit }))
    }
    case 'http': {
      const { fetch, transcripts } = options
      const run = await verifyHttp(verifier, {
        delivery,
        sandbox,
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

/** Every file of the manifest is there, of the size and hash that it names (ATK-03). */
async function verifyIntact(delivery: Delivery): Promise<Finding> {
  const broken: string[] = []
  for (const { name } of delivery.files) {
    if ((await delivery.bytes(name)) === undefined) broken.push(name)
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
