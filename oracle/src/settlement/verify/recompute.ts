import { EarnestError, hashReport, type VerificationReport } from '@earnest/sdk/protocol'
import { ENGINE, type VerifyOptions, verify } from './verify.ts'

/**
 * Makes a report again, offline, from what it stands on, and compares byte for byte. A deposit that
 * the report calls missing is left out here too. Throws `engine_unknown`, `transcript_mismatch`,
 * `report_mismatch`.
 */
export async function recomputeReport(
  report: VerificationReport,
  options: Omit<VerifyOptions, 'fetch' | 'onTranscript' | 'deliveredAt' | 'round' | 'escrowId'>,
): Promise<VerificationReport> {
  if (report.engine !== ENGINE) {
    throw new EarnestError('engine_unknown', `Made by ${report.engine}, this is ${ENGINE}`)
  }
  const { deliveredAt, round, escrowId, milestone } = report
  const again = await verify({
    ...options,
    milestone,
    deliveredAt,
    round,
    escrowId,
    readDeposit: async (sha256) =>
      report.missingDeposits.includes(sha256) ? null : options.readDeposit(sha256),
  })
  for (const { id, transcript } of report.findings) {
    const now = again.findings.find((check) => check.id === id)?.transcript ?? null
    if (transcript !== now) {
      throw new EarnestError('transcript_mismatch', `Other answers stand behind ${id}`)
    }
  }
  if (hashReport(again) !== hashReport(report)) {
    throw new EarnestError('report_mismatch', 'The report does not follow from the delivery', {
      details: { got: hashReport(report), want: hashReport(again) },
    })
  }
  return again
}
