import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hashBytes, hashReport, isEarnestError, type PactWire } from '@earnest/sdk/protocol'
import { recomputeReport } from '../../../../oracle/src/settlement/verify/recompute.ts'
import type { Transcript } from '../../../../oracle/src/settlement/verify/transcript.ts'
import { samplePact, samplePactWire } from '../../../support/pact.ts'
import { delivered, json } from './files.ts'
import { analysis, check, examiner, goodFiles } from './setup.ts'

const readDeposit = async () => null
const pact = samplePact()
const again = { pact, ...delivered(goodFiles), readDeposit, examiner }

const refusedWith = (code: string) => (error: unknown) => isEarnestError(error, code)

describe('recompute', () => {
  test('[SET-08] anybody who holds the files gets the same report', async () => {
    const report = await check()
    assert.equal(hashReport(await recomputeReport(report, again)), hashReport(report))
  })

  test('a report that says more than the delivery shows is refused', async () => {
    const report = await check()
    for (const bent of [
      { ...report, result: 'FAIL' as const },
      { ...report, passedBps: 9999 },
      { ...report, findings: report.findings.slice(1) },
      { ...report, pactId: 'ab'.repeat(32) },
    ]) {
      await assert.rejects(recomputeReport(bent, again), refusedWith('report_mismatch'))
    }
  })

  test('a report over other files is refused', async () => {
    const report = await check()
    const { scenarios: _, ...less } = analysis
    const other = delivered({ ...goodFiles, 'result.json': json(less) })
    await assert.rejects(
      recomputeReport(report, { ...again, ...other }),
      refusedWith('report_mismatch'),
    )
  })

  test('a report of another engine is not compared', async () => {
    const report = { ...(await check()), engine: 'other/1' }
    await assert.rejects(recomputeReport(report, again), refusedWith('engine_unknown'))
  })

  test('a deposit that was missing then stays missing now', async () => {
    const deposit = new TextEncoder().encode('["a"]')
    const acceptance: PactWire['acceptance'] = [
      ...samplePactWire.acceptance,
      {
        id: 'metric',
        description: 'x',
        weight: 1,
        verifier: {
          type: 'metric',
          file: 'result.json',
          pointer: '/forecast',
          source: { kind: 'heldOut', sha256: hashBytes(deposit), measure: 'accuracy' },
          min: 1,
        },
      },
    ]
    const report = await check({ pact: { acceptance } })
    assert.deepEqual(report.missingDeposits, [hashBytes(deposit)])
    const later = { ...again, pact: samplePact({ acceptance }), readDeposit: async () => deposit }
    assert.equal((await recomputeReport(report, later)).result, 'PASS')
  })

  test('HTTP criteria are recomputed offline from the record, and only from that record', async () => {
    const acceptance: PactWire['acceptance'] = [
      {
        id: 'api',
        description: 'x',
        weight: 1,
        verifier: {
          type: 'http',
          base: { url: 'https://api.example.com' },
          requests: [{ method: 'GET', path: '/', expect: { status: 200 } }],
        },
      },
    ]
    const transcripts: Record<string, Transcript> = {}
    const report = await check({
      pact: { acceptance },
      fetch: async () => ({ status: 200, contentType: null, body: new Uint8Array([1]) }),
      onTranscript: (id, transcript) => {
        transcripts[id] = transcript
      },
    })
    assert.equal(report.result, 'PASS')
    const offline = { ...again, pact: samplePact({ acceptance }) }
    assert.equal((await recomputeReport(report, { ...offline, transcripts })).result, 'PASS')
    await assert.rejects(recomputeReport(report, offline), refusedWith('transcript_mismatch'))
    const [exchange] = transcripts.api ?? []
    assert.ok(exchange)
    const other = { api: [{ ...exchange, contentType: 'text/html' }] }
    await assert.rejects(
      recomputeReport(report, { ...offline, transcripts: other }),
      refusedWith('transcript_mismatch'),
    )
  })
})
