import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hashBytes, hashReport, type PactWire, parseUtc } from '@earnest/sdk/protocol'
import { samplePactWire } from '../../../support/pact.ts'
import { delivered, type Files, json, pdf, png, textFile, wav } from './files.ts'
import { analysis, check, checkOf, goodFiles } from './setup.ts'

const deadline = parseUtc(samplePactWire.deadlineUtc)
const without = (path: string): unknown => {
  const copy = structuredClone(analysis) as Record<string, unknown>
  const [, first = '', second] = path.split('/')
  if (second === undefined) delete copy[first]
  else delete (copy[first] as Record<string, unknown>)[second]
  return copy
}

describe('verify', () => {
  test('everything that was agreed is a PASS', async () => {
    const report = await check()
    assert.equal(report.result, 'PASS')
    assert.equal(report.passedBps, 10_000)
    assert.ok(report.findings.every(({ code }) => code === 'met'))
  })

  const elements: [path: string, id: string, left: number][] = [
    ['/dcfModel', 'model', 8000],
    ['/scenarios/base', 'base', 8500],
    ['/scenarios/bull', 'bull', 8500],
    ['/scenarios/bear', 'bear', 7000],
    ['/sensitivityTable', 'sensitivity', 8000],
  ]
  for (const [path, id, left] of elements) {
    test(`[SET-07][W-46] without ${path} it is PARTIAL, ${left / 100} %, and the report names it`, async () => {
      const report = await check({ files: { ...goodFiles, 'result.json': json(without(path)) } })
      assert.equal(report.result, 'PARTIAL')
      assert.equal(report.passedBps, left)
      assert.deepEqual(checkOf(report, id).missing, [path])
      const failing = report.findings.filter(({ outcome }) => outcome === 'fail')
      assert.deepEqual(
        failing.map((each) => each.id),
        [id],
      )
    })
  }

  for (const hollow of [null, '', '   ', [], {}, { a: null }, [['']]]) {
    test(`[ATK-03] ${JSON.stringify(hollow)} in place of a scenario is as good as none`, async () => {
      const bent = { ...analysis, scenarios: { ...analysis.scenarios, bear: hollow } }
      const report = await check({ files: { ...goodFiles, 'result.json': json(bent) } })
      assert.equal(report.result, 'PARTIAL')
      assert.deepEqual(checkOf(report, 'bear').missing, ['/scenarios/bear'])
    })
  }

  test('none of the criteria met is a FAIL', async () => {
    const report = await check({ files: { ...goodFiles, 'result.json': json({ hello: 'world' }) } })
    assert.deepEqual([report.result, report.passedBps], ['FAIL', 0])
  })

  test('[SET-05] late by one second is a FAIL, whatever the seller says of the time', async () => {
    assert.equal((await check({ deliveredAt: deadline - 1 })).result, 'PASS')
    for (const deliveredAt of [deadline, deadline + 1]) {
      const report = await check({ deliveredAt })
      assert.deepEqual([report.result, report.passedBps], ['FAIL', 0])
      assert.equal(checkOf(report, 'deadline').code, 'late')
    }
  })

  const garbage: [string, (typeof goodFiles)[string]][] = [
    [
      'random bytes',
      { mime: 'application/pdf', bytes: new Uint8Array(64).map((_, i) => (i * 37) % 251) },
    ],
    ['text', textFile('This is the summary.', 'application/pdf')],
    ['zeros', { mime: 'application/pdf', bytes: new Uint8Array(5000) }],
    ['a PDF cut in half', { mime: 'application/pdf', bytes: pdf().bytes.slice(0, 200) }],
    ['the first line of a PDF', textFile('%PDF-1.7\n', 'application/pdf')],
    ['an empty shell of a PDF', textFile('%PDF-1.7\nstartxref\n9\n%%EOF\n', 'application/pdf')],
    ['an image', textFile('GIF89a;', 'application/pdf')],
  ]
  for (const [name, file] of garbage) {
    test(`[SET-06][ATK-03] ${name} under its own true hash is no PDF: FAIL`, async () => {
      const report = await check({ files: { ...goodFiles, 'summary.pdf': file } })
      assert.equal(report.result, 'FAIL')
      assert.deepEqual(checkOf(report, 'format:application/pdf').missing, ['summary.pdf'])
    })
  }

  test('[SET-06] [PCT-06] a missing PDF is a FAIL that names the format', async () => {
    const report = await check({ files: { 'result.json': json(analysis) } })
    assert.equal(report.result, 'FAIL')
    assert.deepEqual(checkOf(report, 'format:application/pdf').missing, ['application/pdf'])
  })

  test('[SET-06] a second, broken PDF spoils the first', async () => {
    const files = { ...goodFiles, 'zz.pdf': textFile('hello world', 'application/pdf') }
    const report = await check({ files })
    assert.deepEqual(checkOf(report, 'format:application/pdf').missing, ['zz.pdf'])
    assert.equal(report.result, 'FAIL')
  })

  test('[ATK-03] bytes that are not those of the manifest are a FAIL', async () => {
    const { manifest } = delivered(goodFiles)
    const swapped: Files = { ...goodFiles, 'summary.pdf': pdf('Something else') }
    const { openFile } = delivered(swapped)
    const report = await check({ manifest, openFile })
    assert.equal(report.result, 'FAIL')
    assert.deepEqual(checkOf(report, 'artifact').missing, ['summary.pdf'])
  })

  test('[ATK-03] a document that names a member twice is no JSON', async () => {
    const twice = JSON.stringify(analysis).replace('{', '{"dcfModel":null,')
    const report = await check({
      files: { ...goodFiles, 'result.json': textFile(twice, 'application/json') },
    })
    assert.equal(report.result, 'FAIL')
  })

  test('[ATK-03] nesting without end is no JSON, and breaks nothing', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const report = await check({
      files: { ...goodFiles, 'result.json': textFile(deep, 'application/json') },
    })
    assert.equal(report.result, 'FAIL')
  })

  test('a path never leads into the prototype', async () => {
    const acceptance: PactWire['acceptance'] = [
      {
        id: 'proto',
        description: 'x',
        weight: 1,
        verifier: {
          type: 'path',
          file: 'result.json',
          paths: ['/constructor', '/__proto__', '/scenarios/base/toString'],
        },
      },
    ]
    const report = await check({ pact: { acceptance } })
    assert.equal(checkOf(report, 'proto').missing.length, 3)
  })

  test('[W-15] a subjective pact is never passed by code', async () => {
    const report = await check({ pact: { acceptance: [] } })
    assert.equal(report.result, 'UNDECIDED')
    const deadlineOnly: PactWire['acceptance'] = [
      { id: 'late', description: 'x', weight: 1, verifier: { type: 'deadline' } },
    ]
    assert.equal((await check({ pact: { acceptance: deadlineOnly } })).result, 'UNDECIDED')
  })

  test('a question for the jury stays open, and what code finds wrong still counts', async () => {
    const question = {
      id: 'style',
      description: 'x',
      weight: 50,
      verifier: { type: 'jury' as const, question: 'Good?' },
    }
    const acceptance = [...samplePactWire.acceptance, question]
    const open = await check({ pact: { acceptance } })
    assert.equal(open.result, 'UNDECIDED')
    assert.equal(open.passedBps, 10_000)
    const files = { ...goodFiles, 'result.json': json(without('/scenarios/bear')) }
    const partial = await check({ pact: { acceptance }, files })
    assert.deepEqual([partial.result, partial.passedBps], ['PARTIAL', 7000])
  })

  test('only the criteria and formats of its milestone judge a delivery', async () => {
    const milestones: PactWire['milestones'] = [
      {
        title: 'one',
        paymentUsdc: '200',
        fundBy: samplePactWire.timing.fundBy,
        deadlineUtc: '2026-04-23T12:00:00Z',
        acceptance: ['model', 'base'],
        deliverableFormat: ['application/json'],
      },
      {
        title: 'two',
        paymentUsdc: '300',
        fundBy: '2026-04-23T13:00:00Z',
        deadlineUtc: samplePactWire.deadlineUtc,
        acceptance: ['bull', 'bear', 'sensitivity'],
        deliverableFormat: ['application/json', 'application/pdf'],
      },
    ]
    const files = {
      'result.json': json({ dcfModel: analysis.dcfModel, scenarios: { base: { a: 1 } } }),
    }
    const first = await check({ pact: { milestones }, files, deliveredAt: deadline - 7 * 3600 })
    assert.equal(first.result, 'PASS')
    const late = await check({ pact: { milestones }, files, deliveredAt: deadline - 6 * 3600 })
    assert.equal(late.result, 'FAIL')
    const second = await check({ pact: { milestones }, files: goodFiles, milestone: 1 })
    assert.equal(second.result, 'PASS')
    assert.equal(second.milestone, 1)
  })

  const artifacts: [string, Files[string]][] = [
    ['structured data', textFile('{"a":1}\n{"a":2}\n', 'application/x-ndjson')],
    ['a table', textFile('year,revenue\n2026,120.5\n', 'text/csv')],
    ['typed text', textFile('# Findings\n\nRevenue grows.', 'text/markdown')],
    ['an image', png()],
    ['audio', wav()],
    ['a file', pdf()],
  ]
  for (const [name, file] of artifacts) {
    test(`[TOL-02] ${name} is an artifact`, async () => {
      const pact = { deliverableFormat: [file.mime], acceptance: [] }
      const report = await check({ files: { file }, pact })
      assert.equal(checkOf(report, `format:${file.mime}`).code, 'met')
    })
    test(`[TOL-02] ${name} cut short is none`, async () => {
      const cut = { ...file, bytes: file.bytes.slice(0, 3) }
      const pact = { deliverableFormat: [file.mime], acceptance: [] }
      const report = await check({ files: { file: cut }, pact })
      const still = file.mime === 'text/markdown' ? 'UNDECIDED' : 'FAIL'
      assert.equal(report.result, still)
    })
  }

  test('the same delivery gives the same report, byte for byte', async () => {
    assert.equal(hashReport(await check()), hashReport(await check()))
  })

  test('the report binds pact, escrow, round, artifact and time', async () => {
    const base = hashReport(await check())
    const others = await Promise.all([
      check({ round: 2 }),
      check({ escrowId: `0x${'02'.repeat(32)}` }),
      check({ deliveredAt: deadline - 1 }),
      check({ pact: { taskDescription: 'x' } }),
      check({ files: { ...goodFiles, 'extra.txt': textFile('more') } }),
    ])
    assert.equal(new Set([base, ...others.map(hashReport)]).size, 6)
    assert.equal(others[4]?.artifactHash.length, hashBytes(new Uint8Array(0)).length)
  })
})
