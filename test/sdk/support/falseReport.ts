import type { VerificationReport } from '../../../sdk/src/protocol/index.ts'
import type { OracleClient } from '../../../sdk/src/trust/oracle.ts'

/** An oracle that shows another report than the one whose hash is on chain, wherever it shows one. */
export function falseReport(
  honest: OracleClient,
  lie: Partial<VerificationReport> = { passedBps: 1 },
): OracleClient {
  const call = async (name: string, asked: never) => {
    const answer: object = await honest.call(name as never, asked)
    if (name === 'getReport') return { ...answer, ...lie }
    return 'report' in answer
      ? { ...answer, report: { ...(answer.report as object), ...lie } }
      : answer
  }
  return { ...honest, call: call as OracleClient['call'] }
}
