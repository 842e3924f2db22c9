import { EarnestError } from '../protocol/error.ts'
import type { Manifest } from '../protocol/manifest.ts'
import type { Pact } from '../protocol/pact.ts'
import { hashReport, type VerificationReport } from '../protocol/report.ts'
import type { OracleClient } from '../trust/oracle.ts'
import { type CheckResult, checkDelivery } from './check.ts'
import { type Deliverable, retrieve } from './retrieve.ts'

/** A delivery as the buyer finds it. */
export interface Verification extends CheckResult {
  deliverable: Deliverable
  /**
   * The oracle's report, whose hash is the one on chain; before any attestation undefined, or the oracle's
   * word that code cannot decide (UNDECIDED), which is never attested.
   */
  report: VerificationReport | undefined
  /** Criteria that the oracle calls passed and that fail here: a reason to dispute. */
  disagreements: string[]
}

/** What the chain says of a delivery. */
export interface DeliveryOnChain {
  escrowId: `0x${string}`
  artifactHash: string
  /** Null: not attested. */
  reportHash: string | null
  /** Unix seconds of the block that has the delivery. */
  deliveredAt: number
}

/**
 * Layer 5, the buyer's half: fetches the deliverable, checks every hash against the chain, and recomputes
 * the criteria that files alone decide. Throws `hash_mismatch`, `report_mismatch`, and the oracle's codes.
 */
export async function verify(options: {
  oracle: OracleClient
  pact: Pact
  milestone?: number
  onChain: DeliveryOnChain
  /** As the oracle has just handed it out; default: it is fetched. */
  manifest?: Manifest
}): Promise<Verification> {
  const { oracle, pact, milestone = 0, onChain, manifest } = options
  const { escrowId, artifactHash, reportHash, deliveredAt } = onChain
  const { deliverable, report: said } = await retrieve({
    oracle,
    escrowId,
    artifactHash,
    ...(manifest && { manifest }),
  })
  const result = checkDelivery({ pact, milestone, files: deliverable.files, deliveredAt })
  const report =
    reportHash === null
      ? await readUndecided({ oracle, escrowId, artifactHash, said })
      : await readReport({ oracle, escrowId, reportHash, artifactHash, said })
  const passedThere = new Set(
    report?.findings.filter(({ outcome }) => outcome === 'pass').map(({ id }) => id),
  )
  const disagreements = result.checks
    .filter(({ id, outcome }) => outcome === 'fail' && passedThere.has(id))
    .map(({ id }) => id)
  return { ...result, deliverable, report, disagreements }
}

/** The report of one delivery. */
interface Reading {
  oracle: OracleClient
  escrowId: `0x${string}`
  artifactHash: string
  /** As the oracle has just handed it out. */
  said: VerificationReport | undefined
}

/** Without a hash on chain a report says one thing that can be used: that people have to judge. */
async function readUndecided(reading: Reading): Promise<VerificationReport | undefined> {
  const report = await read(reading).catch(() => undefined)
  return report && isOf(reading, report) && report.result === 'UNDECIDED' ? report : undefined
}

async function readReport({
  reportHash,
  ...reading
}: Reading & { reportHash: string }): Promise<VerificationReport> {
  const report = await read(reading)
  if (!isOf(reading, report) || hashReport(report) !== reportHash) {
    throw new EarnestError('report_mismatch', 'The report is not the one attested on chain')
  }
  return report
}

async function read({ oracle, escrowId, said }: Reading): Promise<VerificationReport> {
  return said ?? (await oracle.call('getReport', { params: { escrowId } }))
}

function isOf({ escrowId, artifactHash }: Reading, report: VerificationReport): boolean {
  return report.escrowId === escrowId && report.artifactHash === artifactHash
}
