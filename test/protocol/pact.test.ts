import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  canonicalText,
  checkProposalTime,
  createIdentity,
  criteriaOf,
  decodePact,
  encodePact,
  hashBody,
  hashPact,
  isSubjective,
  milestoneOf,
  type Pact,
  type PactWire,
  signPact,
  verifyPactSignature,
  verifySignedPact,
} from '@earnest/sdk/protocol'
import fc from 'fast-check'
import { isSame } from '../../sdk/src/protocol/same.ts'
import { buyer, samplePact, samplePactWire, seller } from '../support/pact.ts'
import { assertCode } from './code.ts'
import { readVector } from './vector.ts'

const vectors = readVector<{
  cases: {
    name: string
    pact: PactWire
    canonical: string
    hash: string
    buyerSignature: string
    sellerSignature: string
  }[]
  refused: { name: string; change: Record<string, unknown>; code: string }[]
}>('pact.json')

const changed = (change: Record<string, unknown>): unknown =>
  Object.fromEntries(
    Object.entries({ ...samplePactWire, ...change }).filter(([, value]) => value !== null),
  )

describe('pact', () => {
  for (const { name, pact, canonical, hash, ...signatures } of vectors.cases) {
    test(`[PCT-13][PCT-14] ${name}: hash and signatures as the vector has them`, () => {
      const decoded = decodePact(pact)
      assert.equal(canonicalText(encodePact(decoded)), canonical)
      assert.equal(hashPact(decoded), hash)
      assert.equal(verifySignedPact({ pact: decoded, pactHash: hash, ...signatures }), hash)
    })
  }

  for (const { name, change, code } of vectors.refused) {
    test(`refuses ${name} with ${code}`, () => assertCode(() => decodePact(changed(change)), code))
  }

  for (const field of Object.keys(samplePactWire)) {
    test(`refuses a pact without ${field}`, () => {
      assertCode(() => decodePact(changed({ [field]: null })), 'invalid_pact')
    })
  }

  test('what no contract would take is refused on the way out too', () => {
    const pact = samplePact()
    assertCode(() => encodePact({ ...pact, paymentUsdc: 9_999n }), 'amount_too_small')
    assertCode(() => hashPact({ ...pact, proposedTo: buyer.did }), 'recipient_mismatch')
    const timing = { ...pact.timing, windows: { ...pact.timing.windows, response: 59 } }
    assertCode(
      () => signPact({ pact: { ...pact, timing }, identity: buyer }),
      'window_out_of_range',
    )
  })

  test('[PCT-13] members in any order, any whitespace and any spelling of a number: one hash', () => {
    const want = hashPact(samplePact())
    fc.assert(
      fc.property(
        fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })),
        fc.nat(4),
        (dice, indent) => {
          const roll = () => dice.next().value ?? 0
          const json = JSON.stringify(shuffled(samplePactWire, roll), null, indent)
          const respelled = json.replace(/\b131\.25\b/, '1.3125e2').replace(/\b140\b/, '140.0')
          assert.notEqual(respelled, json)
          assert.equal(hashPact(decodePact(JSON.parse(respelled))), want)
        },
      ),
    )
  })

  test('[PCT-13] every other term gives another hash', () => {
    const want = hashPact(samplePact())
    const others: Partial<PactWire>[] = [
      { capability: 'dcf_modeling' },
      { taskDescription: 'x' },
      { input: null },
      { deliverableFormat: ['application/json'] },
      { acceptance: [] },
      { paymentUsdc: '500.000001' },
      { deadlineUtc: '2026-04-23T18:00:01Z' },
      { nonce: '8f14e45f-ceea-467f-9bd5-0c1b2a3d4e60' },
      { salt: '00'.repeat(32) },
      { disclosure: { committee: false, judges: [] } },
    ]
    const hashes = others.map((change) => hashPact(samplePact(change)))
    assert.equal(new Set([want, ...hashes]).size, others.length + 1)
  })

  test('[PCT-14][W-10] a substituted pact, a foreign signature and a foreign hash are refused', () => {
    const pact = samplePact()
    const pactHash = hashPact(pact)
    const buyerSignature = signPact({ pact, identity: buyer })
    const sellerSignature = signPact({ pact, identity: seller })
    const signed = { pact, pactHash, buyerSignature, sellerSignature }
    assert.equal(verifySignedPact(signed), pactHash)

    const cheaper = samplePact({ paymentUsdc: '450' })
    assertCode(() => verifySignedPact({ ...signed, pact: cheaper }), 'pact_hash_mismatch')
    const rehashed = { ...signed, pact: cheaper, pactHash: hashPact(cheaper) }
    assertCode(() => verifySignedPact(rehashed), 'invalid_buyer_signature')
    const swapped = { ...signed, buyerSignature: sellerSignature }
    assertCode(() => verifySignedPact(swapped), 'invalid_buyer_signature')
    const alone = { ...signed, sellerSignature: buyerSignature }
    assertCode(() => verifySignedPact(alone), 'invalid_seller_signature')
    const body = encodePact(pact)
    const elsewhere = seller.sign({ type: 'message', body })
    assertCode(
      () => verifySignedPact({ ...signed, sellerSignature: elsewhere }),
      'invalid_seller_signature',
    )
  })

  test('[PCT-02] nobody else signs a pact', () => {
    const stranger = createIdentity({ secretKey: new Uint8Array(32).fill(9) })
    assertCode(() => signPact({ pact: samplePact(), identity: stranger }), 'signer_not_party')
  })

  test('a rotated key is asked for at the time of the proposal', () => {
    const pact = samplePact()
    const signature = signPact({ pact, identity: buyer })
    const asked: [string, number][] = []
    const keyOf = (did: string, at: number) => {
      asked.push([did, at])
      return buyer.publicKey
    }
    assert.equal(verifyPactSignature({ pact, did: buyer.did, signature, keyOf }), true)
    assert.deepEqual(asked, [[buyer.did, pact.proposedAt]])
  })

  test('[PCT-11] a proposal by a clock 300 s off is read, 301 s is refused', () => {
    const pact = samplePact()
    const at = pact.proposedAt
    for (const now of [at - 300, at, at + 300]) checkProposalTime({ pact, now })
    for (const now of [at - 301, at + 301]) {
      assertCode(() => checkProposalTime({ pact, now }), 'clock_skew')
    }
  })

  test('[PCT-08] a deadline or a fundBy that has come is refused', () => {
    const tight = samplePact({
      proposedAt: '2026-04-22T10:00:00Z',
      deadlineUtc: '2026-04-22T10:00:20Z',
      timing: { ...samplePactWire.timing, fundBy: '2026-04-22T10:00:10Z' },
    })
    checkProposalTime({ pact: tight, now: tight.timing.fundBy - 1 })
    assertCode(() => checkProposalTime({ pact: tight, now: tight.timing.fundBy }), 'fund_by_passed')
    assertCode(() => checkProposalTime({ pact: tight, now: tight.deadlineUtc }), 'deadline_passed')
  })

  test('without a criterion that code decides a pact is subjective', () => {
    const [criterion] = samplePactWire.acceptance
    assert.ok(criterion)
    assert.equal(isSubjective(samplePact()), false)
    assert.equal(isSubjective(samplePact({ acceptance: [] })), true)
    const jury = { ...criterion, verifier: { type: 'jury' as const, question: 'Is it good?' } }
    const late = { ...criterion, id: 'late', verifier: { type: 'deadline' as const } }
    assert.equal(isSubjective(samplePact({ acceptance: [jury, late] })), true)
    assert.equal(
      isSubjective(samplePact({ acceptance: [jury, late, { ...criterion, id: 'x' }] })),
      false,
    )
  })

  test('[PCT-05] a scope needs words, and criteria or the mark of their absence', () => {
    assertCode(() => decodePact(changed({ taskDescription: '' })), 'invalid_pact')
    assert.equal(isSubjective(decodePact(changed({ acceptance: [] }))), true)
    assert.equal(isSubjective(decodePact(changed({}))), false)
  })

  test('[PCT-06] the formats are a list of MIME types, each once', () => {
    const formats = (deliverableFormat: unknown) => () => decodePact(changed({ deliverableFormat }))
    assert.deepEqual(formats(['application/json', 'application/pdf'])().deliverableFormat, [
      'application/json',
      'application/pdf',
    ])
    assertCode(formats([]), 'invalid_pact')
    assertCode(formats('JSON + PDF'), 'invalid_pact')
    assertCode(formats(['PDF attachment']), 'invalid_pact')
    assertCode(formats(['application/json', 'application/json']), 'duplicate_format')
  })

  test('[PCT-07] accuracy lies between 0 and 1 and names what measures it', () => {
    const accuracy = (accuracyRequirement: number, accuracyMethod: string | null) => () =>
      decodePact(changed({ accuracyRequirement, accuracyMethod }))
    accuracy(0, 'unverified')()
    accuracy(1, 'unverified')()
    assertCode(accuracy(1.01, 'unverified'), 'accuracy_out_of_range')
    assertCode(accuracy(-0.01, 'unverified'), 'accuracy_out_of_range')
    assertCode(accuracy(0.9, null), 'accuracy_method_missing')
    assertCode(accuracy(0.9, 'nobody'), 'accuracy_method_mismatch')
  })

  test('a test run names requests that every client can send, and an origin that is one', () => {
    const [criterion] = samplePactWire.acceptance
    const run = (base: string, headers: Record<string, string> = {}) => {
      const requests = [{ method: 'GET', path: '/', headers, expect: { status: 200 } }]
      const verifier = { type: 'http', base: { url: base }, requests }
      return () => decodePact(changed({ acceptance: [{ ...criterion, verifier }] }))
    }
    const { verifier } =
      run('https://api.example.com', { accept: 'text/plain' })().acceptance[0] ?? {}
    assert.equal(verifier?.type, 'http')
    for (const base of [
      'https://[::1',
      'https://a:99999',
      'https://a\\b',
      'http://a',
      'https://a/b',
    ]) {
      assertCode(run(base), 'invalid_pact')
    }
    for (const headers of [
      { accept: 'a\nb' },
      { accept: '\u65e5' },
      { host: 'internal' },
      { 'transfer-encoding': 'chunked' },
      { 'content-length': '3' },
      { 'proxy-authorization': 'x' },
    ]) {
      assertCode(run('https://api.example.com', headers as Record<string, string>), 'invalid_pact')
    }
  })

  test('a milestone has its own money, times and criteria', () => {
    const wire = vectors.cases.find(({ name }) => name === 'two milestones')?.pact
    const pact = decodePact(wire)
    assert.equal(milestoneOf(pact, 0).paymentUsdc, 200_500_000n)
    assert.equal(milestoneOf(pact, 1).paymentUsdc, 299_500_000n)
    assert.deepEqual(
      criteriaOf(pact, 1).map(({ id }) => id),
      ['bull', 'bear', 'sensitivity'],
    )
    assertCode(() => milestoneOf(pact, 2), 'unknown_milestone')
    assertCode(() => criteriaOf(samplePact(), 1), 'unknown_milestone')
  })
})

function shuffled(value: unknown, roll: () => number): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffled(item, roll))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value)
    .map(([name, item]) => ({ key: roll(), name, item: shuffled(item, roll) }))
    .sort((a, b) => a.key - b.key)
  return Object.fromEntries(members.map(({ name, item }) => [name, item]))
}

describe('one pact written many times', () => {
  const copy = () => decodePact(structuredClone(samplePactWire))
  const changes: [string, (pact: Pact) => void][] = [
    ['its price', (pact) => Object.assign(pact, { paymentUsdc: pact.paymentUsdc + 1n })],
    ['a member of a member', (pact) => Object.assign(pact.escrow.fees, { protocolBps: 1 })],
    ['a criterion', (pact) => Object.assign(pact.acceptance[0] ?? {}, { description: 'Another' })],
    ['what is in its input', (pact) => Object.assign(pact.input ?? {}, { ticker: 'OTHER' })],
    ['a longer input', (pact) => Object.assign(pact.input ?? {}, { more: null })],
    ['a shorter list', (pact) => void pact.disclosure.judges.splice(0, 1, 'other')],
  ]
  for (const [name, change] of changes) {
    test(`${name}, changed after it was hashed, signed and checked, is another pact at once`, () => {
      const pact = copy()
      const before = hashPact(pact)
      const signature = signPact({ pact, identity: buyer })
      const check = () => verifyPactSignature({ pact, did: buyer.did, signature })
      assert.deepEqual([check(), check()], [true, true])
      change(pact)
      const wire = encodePact(pact)
      assert.equal(hashPact(pact), hashBody(wire))
      assert.notEqual(hashPact(pact), before)
      assert.equal(check(), false)
      assert.equal(hashPact(decodePact(structuredClone(samplePactWire))), before)
    })
  }

  test('a fault that comes after it was written is refused', () => {
    const pact = copy()
    hashPact(pact)
    for (const fault of [
      { paymentUsdc: 1n },
      { paymentUsdc: '500' },
      { accuracyMethod: undefined },
    ]) {
      const bent = Object.assign(copy(), {})
      hashPact(bent)
      Object.assign(bent, fault)
      assert.throws(() => hashPact(bent))
      assert.throws(() => signPact({ pact: bent, identity: buyer }))
      assert.throws(() => hashPact(bent))
    }
    assert.equal(hashPact(pact), hashBody(encodePact(pact)))
  })

  test('the very same data only is the same', () => {
    const pairs: [unknown, unknown, boolean][] = [
      [{ a: [1n, { b: null }] }, { a: [1n, { b: null }] }, true],
      [{ a: 1, b: 2 }, { b: 2, a: 1 }, true],
      [1n, 1, false],
      [0, -0, false],
      [null, {}, false],
      [{ a: undefined }, {}, false],
      [{ a: undefined }, { b: undefined }, false],
      [[1], { 0: 1 }, false],
      [[1, 2], [2, 1], false],
      [{ a: 1 }, Object.create({ a: 1 }), false],
    ]
    for (const [a, b, want] of pairs) {
      assert.equal(isSame(a, b), want)
      assert.equal(isSame(b, a), want)
    }
  })
})
