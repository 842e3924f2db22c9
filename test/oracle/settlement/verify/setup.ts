import type { PactWire, VerificationReport } from '@earnest/sdk/protocol'
import { hashBytes } from '@earnest/sdk/protocol'
import { createExaminer } from '../../../../oracle/src/settlement/verify/examiner.ts'
import type { VerifyOptions } from '../../../../oracle/src/settlement/verify/verify.ts'
import { verify } from '../../../../oracle/src/settlement/verify/verify.ts'
import { samplePact } from '../../../support/pact.ts'
import { delivered, type Files, json, pdf } from './files.ts'

/** Everything that the sample pact asks for. */
export const analysis = {
  dcfModel: { years: [2026, 2027, 2028, 2029, 2030], wacc: 0.09 },
  scenarios: { base: { growth: 0.04 }, bull: { growth: 0.07 }, bear: { growth: 0.01 } },
  sensitivityTable: [
    [0.08, 101],
    [0.12, 80],
  ],
  // A seller may say of itself what it likes.
  metadata: { accuracy: 0.941, confidence: 0.99 },
}

/** A delivery without a fault. */
export const goodFiles: Files = { 'result.json': json(analysis), 'summary.pdf': pdf() }

/** One thread for all checks of a test file. */
export const examiner = createExaminer({ threads: 1 })

const escrowId = `0x${'01'.repeat(32)}` as const

/** Runs the engine on files; an hour before the deadline unless told otherwise. */
export function check(
  options: {
    files?: Files
    pact?: Partial<PactWire>
    deposits?: Uint8Array[]
  } & Partial<Omit<VerifyOptions, 'pact'>> = {},
): Promise<VerificationReport> {
  const { files = goodFiles, pact: changes, deposits = [], ...rest } = options
  const pact = samplePact(changes)
  const byHash = new Map(deposits.map((deposit) => [hashBytes(deposit), deposit]))
  return verify({
    pact,
    escrowId,
    round: 1,
    deliveredAt: pact.deadlineUtc - 3600,
    readDeposit: async (sha256) => byHash.get(sha256) ?? null,
    ...delivered(files),
    examiner,
    ...rest,
  })
}

/** The check of one criterion. */
export function checkOf(report: VerificationReport, id: string) {
  const found = report.findings.find((each) => each.id === id)
  if (found === undefined) throw new Error(`no check ${id}`)
  return found
}
