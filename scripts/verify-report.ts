/**
 * `npm run -s verify-report -- <folder> [--oracle did:key:…]`: tells a trade again out of its papers,
 * without a network: both signatures, the report byte for byte from manifest, files and criteria, the end
 * of the escrow from the chain's logs, and the oracle's attestation. Prints what it found as JSON; exit
 * code 1 where a paper does not follow from the others. docs/evidence.md has the layout of the folder.
 */
import { createReadStream, existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  artifactHash,
  attestationSchema,
  canonicalText,
  EarnestError,
  encode,
  hashReport,
  isEarnestError,
  publicKeyFromDid,
  settlementSchema,
  verifyBody,
  verifySignedPact,
} from '@earnest/sdk/protocol'
import { replayTrade } from '../oracle/src/settlement/replay.ts'
import { createExaminer } from '../oracle/src/settlement/verify/examiner.ts'
import { recomputeReport } from '../oracle/src/settlement/verify/recompute.ts'
import { type Papers, readPapers } from './verify-report/papers.ts'

const { values, positionals } = parseArgs({
  options: { oracle: { type: 'string' } },
  allowPositionals: true,
})
const [folder] = positionals
if (!folder) throw new Error('usage: npm run -s verify-report -- <folder> [--oracle did:key:…]')
const papers = readPapers(folder)
const examiner = createExaminer()

/** Each paper by name: `holds`, `absent`, or the code of what is wrong. */
const found: Record<string, string> = {}
async function check<T>(paper: string, work: (() => T | Promise<T>) | undefined) {
  try {
    const result = work && (await work())
    found[paper] = work ? 'holds' : 'absent'
    return result
  } catch (error) {
    if (!isEarnestError(error)) throw error
    found[paper] = error.code
  }
  return undefined
}

function must(holds: boolean, code: string): void {
  if (!holds) throw new EarnestError(code, 'It does not follow from the other papers')
}

const { signed, manifest, report, attestation, logs } = papers
const { pact } = signed
await check('pact', () => verifySignedPact(signed))
await check(
  'manifest',
  manifest &&
    report &&
    (() => must(artifactHash(manifest) === report.artifactHash, 'hash_mismatch')),
)
await check(
  'report',
  manifest &&
    report &&
    (() => recomputeReport(report, { pact, manifest, ...sourcesOf(papers), examiner })),
)
const milestone = report?.milestone ?? attestation?.settlement.milestone ?? 0
const replay = await check('replay', logs && (() => replayTrade({ pact, milestone, logs })))
await check(
  'chain',
  replay &&
    report &&
    (() => {
      const { artifactHash: onChain, reportHash } = replay.state
      must(onChain === `0x${report.artifactHash}`, 'hash_mismatch')
      must(reportHash === null || reportHash === `0x${hashReport(report)}`, 'report_mismatch')
    }),
)
await check(
  'attestation',
  attestation &&
    (() => {
      const { signature, ...body } = encode(attestationSchema, attestation, 'invalid_attestation')
      const publicKey = publicKeyFromDid(attestation.oracle)
      must(
        values.oracle === undefined || values.oracle === attestation.oracle,
        'attestation_mismatch',
      )
      must(verifyBody({ type: 'attestation', body, signature, publicKey }), 'attestation_unsigned')
      if (!replay) return
      const told =
        replay.settlement && encode(settlementSchema, replay.settlement, 'invalid_settlement')
      must(canonicalText(told) === canonicalText(body.settlement), 'attestation_mismatch')
    }),
)
await examiner.close()

const bad = Object.values(found).filter((code) => code !== 'holds' && code !== 'absent')
const settlement = replay?.settlement
console.log(
  JSON.stringify(
    {
      holds: bad.length === 0,
      papers: found,
      result: report?.result ?? null,
      passedBps: report?.passedBps ?? null,
      missing: report?.findings.flatMap(({ id, outcome, missing }) =>
        outcome === 'fail' ? [{ id, missing }] : [],
      ),
      reportHash: report ? hashReport(report) : null,
      state: replay?.state.state ?? null,
      settlement: settlement ? encode(settlementSchema, settlement, 'invalid_settlement') : null,
    },
    null,
    1,
  ),
)
process.exitCode = bad.length === 0 ? 0 : 1

function sourcesOf({ pathOf, deposits, transcripts }: Papers) {
  return {
    openFile(name: string) {
      must(existsSync(pathOf(name)), 'artifact_missing')
      return createReadStream(pathOf(name))
    },
    readDeposit: async (sha256: string) => deposits.get(sha256) ?? null,
    transcripts,
  }
}
