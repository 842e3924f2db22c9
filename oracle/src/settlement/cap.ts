import type { VerificationReport } from '@earnest/sdk/protocol'

/** What failed criteria leave to the seller at most, in basis points (W-46). */
export function capOfReport(report: Pick<VerificationReport, 'findings'> | null): number {
  const findings = report?.findings ?? []
  const total = findings.reduce((sum, { weight }) => sum + weight, 0)
  const failed = findings.filter(({ outcome }) => outcome === 'fail')
  // A condition has no weight; its failure is for the judges to weigh.
  const lost = failed.reduce((sum, { weight }) => sum + weight, 0)
  return total === 0 ? 10_000 : 10_000 - Math.floor((lost * 10_000) / total)
}
