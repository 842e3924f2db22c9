import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createManualClock } from '../../../sdk/src/protocol/clock.ts'
import type { Criterion } from '../../../sdk/src/protocol/criterion.ts'
import { artifactHash } from '../../../sdk/src/protocol/manifest.ts'
import { hashReport, type VerificationReport } from '../../../sdk/src/protocol/report.ts'
import { formatUtc } from '../../../sdk/src/protocol/time.ts'
import { auditDeliverable } from '../../../sdk/src/settlement/audit.ts'
import { checkDelivery } from '../../../sdk/src/settlement/check.ts'
import { filesOf, manifestOfFiles, type ReceivedFile } from '../../../sdk/src/settlement/file.ts'
import { retrieve } from '../../../sdk/src/settlement/retrieve.ts'
import { settle } from '../../../sdk/src/settlement/settle.ts'
import { type Verification, verify } from '../../../sdk/src/settlement/verify.ts'
import { createOracleClient } from '../../../sdk/src/trust/oracle.ts'
import { buyer, oracle as oracleKey, samplePact } from '../../support/pact.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const json = (value: unknown, name = 'a.json'): ReceivedFile => ({
  name,
  mime: 'application/json',
  bytes: bytes(JSON.stringify(value)),
})
const criterion = (verifier: Criterion['verifier']): Criterion => ({
  id: 'c',
  description: 'A criterion',
  weight: 1,
  verifier,
})

function codeOf(verifier: Criterion['verifier'], files: ReceivedFile[], deliveredAt = 0): string {
  const { milestones: _, ...pact } = samplePact()
  const { checks } = checkDelivery({
    pact: { ...pact, deliverableFormat: ['application/json'], acceptance: [criterion(verifier)] },
    files,
    deliveredAt,
  })
  return checks.find(({ id }) => id === 'c')?.code ?? ''
}

describe('checkDelivery', () => {
  test('paths lead to something: null, empty text, list and object do not count', () => {
    const path = (paths: string[]) => ({ type: 'path', file: 'a.json', paths }) as const
    assert.equal(codeOf(path(['/a/0/b~1c']), [json({ a: [{ 'b/c': 0 }] })]), 'met')
    for (const a of [null, '', [], {}]) {
      assert.equal(codeOf(path(['/a']), [json({ a })]), 'path_missing')
    }
    assert.equal(codeOf(path(['/toString']), [json({})]), 'path_missing')
    assert.equal(codeOf(path(['/a']), [json({ a: 1 }, 'b.json')]), 'file_missing')
    const broken = { ...json({}), bytes: bytes('{') }
    assert.equal(codeOf(path(['/a']), [broken]), 'not_json')
  })

  test('a schema decides, and one that nobody can read decides nothing', () => {
    const schema = (own: Record<string, never>) =>
      ({ type: 'schema', file: 'a.json', schema: own }) as const
    const number = { properties: { a: { type: 'number' } } } as unknown as Record<string, never>
    assert.equal(codeOf(schema(number), [json({ a: 1 })]), 'met')
    assert.equal(codeOf(schema(number), [json({ a: '1' })]), 'schema_mismatch')
    const unreadable: unknown[] = [
      { $ref: 'https://thief.example/schema' },
      { type: 'nonsense' },
      { $schema: 'http://json-schema.org/draft-07/schema#' },
      { $async: true, type: 'string' },
    ]
    for (const own of unreadable) {
      assert.equal(codeOf(schema(own as Record<string, never>), [json({})]), 'schema_unreadable')
    }
    const draft = 'https://json-schema.org/draft/2020-12/schema'
    const itself = { $schema: draft, $ref: draft } as unknown as Record<string, never>
    assert.equal(codeOf(schema(itself), [json({ type: 'object' })]), 'met')
    assert.equal(codeOf(schema(itself), [json({ type: 'nonsense' })]), 'schema_mismatch')
  })

  test('a format is its first bytes and its size, not its name', () => {
    const format = { type: 'format', mime: 'application/pdf', minBytes: 10 } as const
    const pdf = (text: string): ReceivedFile => ({
      name: 'a.pdf',
      mime: 'application/pdf',
      bytes: bytes(text),
    })
    assert.equal(codeOf(format, [pdf('%PDF-1.7 and more')]), 'met')
    assert.equal(codeOf(format, [pdf('%PDF-1.7')]), 'wrong_size')
    assert.equal(codeOf(format, [pdf('not a pdf at all')]), 'wrong_content')
    assert.equal(codeOf(format, [json({})]), 'file_missing')
  })

  test('one second late is late, and what only others can judge stays open', () => {
    const { deadlineUtc } = samplePact()
    assert.equal(codeOf({ type: 'deadline' }, [json({})], deadlineUtc - 1), 'met')
    assert.equal(codeOf({ type: 'deadline' }, [json({})], deadlineUtc), 'too_late')
    assert.equal(codeOf({ type: 'jury', question: 'Good?' }, [json({})]), 'left_to_jury')
  })

  test('[API-09] the audit derives from the criteria and names the gaps', () => {
    const { milestones: _, ...pact } = samplePact()
    const own = {
      ...pact,
      deliverableFormat: ['application/json'],
      acceptance: [
        criterion({ type: 'path', file: 'a.json', paths: ['/a'] }),
        { ...criterion({ type: 'path', file: 'a.json', paths: ['/b'] }), id: 'd', weight: 3 },
      ],
    }
    const audit = auditDeliverable({ pact: own, files: [json({ b: 1 })], now: 0 })
    assert.equal(audit.meetsRequirements, false)
    assert.deepEqual(
      audit.gaps.map(({ id }) => id),
      ['c'],
    )
    assert.equal(audit.score, 0.75)
    assert.match(audit.reason, /c \(path_missing\)/)
  })

  test('error: an empty delivery is none, and what is no delivery at all is said', () => {
    assert.throws(() => filesOf({ files: [] }), { code: 'empty_deliverable' })
    const empty = { name: 'a', mime: 'text/plain', bytes: new Uint8Array(0) }
    assert.throws(() => filesOf({ files: [empty] }), { code: 'empty_deliverable' })
    assert.throws(() => filesOf({ json: undefined }), { code: 'not_canonical' })
    const text = { ...empty, bytes: 'text' }
    for (const output of [
      undefined,
      null,
      'text',
      {},
      { files: 'text' },
      { files: [null] },
      { files: [text] },
    ]) {
      assert.throws(() => filesOf(output as never), { code: 'invalid_output' })
    }
  })
})

describe('retrieve', () => {
  const files = [json({ a: 1 })]
  const manifest = manifestOfFiles(files)
  const escrowId = `0x${'ab'.repeat(32)}` as const
  const asked: string[] = []

  function oracleOf(changes: {
    manifest?: unknown
    body?: string
    url?: string
    grants?: unknown[]
    /** Beside the grants, and where it is asked for alone. */
    reports?: [beside: unknown, alone: unknown]
  }) {
    const { reports: [beside, alone] = [] } = changes
    const fetch = (async (input: string | URL | Request) => {
      const { pathname } = new URL(String(input instanceof Request ? input.url : input))
      asked.push(pathname.slice(pathname.lastIndexOf('/')))
      if (pathname.endsWith('/report')) return Response.json(alone)
      if (pathname.endsWith('/manifest')) return Response.json(changes.manifest ?? manifest)
      if (pathname.endsWith('/grants')) {
        const [file] = (changes.manifest ?? manifest) as typeof manifest
        const grant = {
          ...file,
          url: changes.url ?? 'http://oracle.test/api/v1/artifacts/a-long-token-of-the-test',
          expiresAt: '2030-01-01T00:00:00Z',
        }
        const grants = changes.grants ?? [grant]
        return Response.json({ grants, report: beside }, { status: 201 })
      }
      return new Response(changes.body ?? files[0]?.bytes.slice() ?? null)
    }) as typeof globalThis.fetch
    const clock = createManualClock(1_790_000_000)
    return createOracleClient({
      url: 'http://oracle.test',
      did: oracleKey.did,
      identity: buyer,
      clock,
      fetch,
      attempts: 1,
    })
  }
  const attempt = (changes: Parameters<typeof oracleOf>[0]) =>
    retrieve({ oracle: oracleOf(changes), escrowId, artifactHash: artifactHash(manifest) })

  test('every byte is what the chain’s hash stands for', async () => {
    const { deliverable } = await attempt({})
    assert.deepEqual(deliverable.files, files)
  })

  test('error: a lying oracle is found: other manifest, other bytes, too many bytes, another host, no access', async () => {
    const other = manifestOfFiles([json({ a: 2 })])
    await assert.rejects(attempt({ manifest: other }), { code: 'hash_mismatch' })
    await assert.rejects(attempt({ body: '{"a":2}' }), { code: 'hash_mismatch' })
    await assert.rejects(attempt({ body: 'x'.repeat(1000) }), { code: 'body_too_large' })
    await assert.rejects(attempt({ url: 'http://10.0.0.1/secret' }), { code: 'foreign_url' })
    await assert.rejects(attempt({ grants: [] }), { code: 'artifact_missing' })
  })

  const { milestones: _, ...pact } = samplePact()
  const report: VerificationReport = {
    version: '1',
    engine: 'earnest-verify/1',
    pactId: 'cd'.repeat(32),
    escrowId,
    milestone: 0,
    round: 1,
    artifactHash: artifactHash(manifest),
    deliveredAt: 1_790_000_000,
    result: 'PASS',
    passedBps: 10_000,
    findings: [],
    missingDeposits: [],
  }
  const [wire, other] = [1_790_000_000, 1_790_000_001].map((at) => ({
    ...report,
    deliveredAt: formatUtc(at),
  }))
  const look = async (reports: [unknown, unknown], changes: object = {}) => {
    asked.length = 0
    const onChain = {
      escrowId,
      artifactHash: artifactHash(manifest),
      reportHash: hashReport(report),
      deliveredAt: 1_790_000_000,
    }
    return await verify({ oracle: oracleOf({ ...changes, reports }), pact, onChain })
  }

  test('what comes beside the grants is not asked for again; what an older oracle leaves out is', async () => {
    assert.deepEqual((await look([wire, other])).report, report)
    assert.deepEqual(asked, ['/grants', '/a-long-token-of-the-test'])
    assert.deepEqual((await look([undefined, wire])).report, report)
    assert.deepEqual(asked, ['/grants', '/a-long-token-of-the-test', '/report'])
  })

  test('error: a report beside the grants that is not the one attested on chain', async () => {
    await assert.rejects(look([other, wire]), { code: 'report_mismatch' })
  })
})

describe('settle', () => {
  const found = (changes: Partial<Verification>, result?: 'PASS' | 'PARTIAL' | 'UNDECIDED') =>
    ({
      checks: [],
      isMet: true,
      score: 1,
      disagreements: [],
      report: result && { result },
      ...changes,
    }) as unknown as Verification

  test('pays only where the oracle’s PASS and the own checks agree, disputes a contradiction, waits otherwise', () => {
    assert.equal(settle(found({}, 'PASS')), 'release')
    assert.equal(settle(found({ isMet: false }, 'PASS')), 'dispute')
    assert.equal(settle(found({ disagreements: ['a'] }, 'PASS')), 'dispute')
    assert.equal(settle(found({}, 'PARTIAL')), 'wait')
    assert.equal(settle(found({ isMet: false }, 'PARTIAL')), 'wait')
    assert.equal(settle(found({}, 'UNDECIDED')), 'wait')
    assert.equal(settle(found({})), 'wait')
    const patient = {
      releaseOnPass: false,
      releaseSubjective: false,
      disputeContradictions: false,
    }
    assert.equal(settle(found({}, 'PASS'), patient), 'wait')
    assert.equal(settle(found({ isMet: false }, 'PASS'), patient), 'wait')
    const trusting = { ...patient, releaseOnPass: true, releaseSubjective: true }
    assert.equal(settle(found({}, 'UNDECIDED'), trusting), 'release')
  })
})
