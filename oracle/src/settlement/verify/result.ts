import type { Check, VerificationResult } from '@earnest/sdk/protocol'

/**
 * The published rule. A condition (weight 0: intact files, demanded formats, deadline) that fails makes
 * FAIL. Else the criteria are weighed: all that code decides passed and nothing left to a jury is PASS;
 * some failed is PARTIAL; none passed is FAIL; nothing failed but something only a jury can say is UNDECIDED.
 */
export function resultOf(checks: readonly Check[]): {
  result: VerificationResult
  passedBps: number
} {
  const conditions = checks.filter(({ weight }) => weight === 0)
  const criteria = checks.filter(({ weight }) => weight > 0)
  if (conditions.some(({ outcome }) => outcome === 'fail')) return { result: 'FAIL', passedBps: 0 }
  const passed = weightOf(criteria, 'pass')
  const failed = weightOf(criteria, 'fail')
  const passedBps = failed === 0 ? 10_000 : Math.floor((passed * 10_000) / (passed + failed))
  if (failed > 0) {
    const open = weightOf(criteria, 'undecided') > 0
    return { result: passed === 0 && !open ? 'FAIL' : 'PARTIAL', passedBps }
  }
  const undecided = checks.some(({ outcome }) => outcome === 'undecided')
  // A deadline alone says nothing about the work: such a pact is subjective (W-15).
  const judged = criteria.some(
    ({ outcome, verifier }) => outcome === 'pass' && verifier !== 'deadline',
  )
  return { result: undecided || !judged ? 'UNDECIDED' : 'PASS', passedBps }
}

function weightOf(checks: readonly Check[], outcome: Check['outcome']): number {
  return checks
    .filter((check) => check.outcome === outcome)
    .reduce((sum, { weight }) => sum + weight, 0)
}
