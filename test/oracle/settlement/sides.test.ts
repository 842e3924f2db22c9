import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  API_BASE,
  type Claim,
  completionProofSchema,
  decode,
  hashBytes,
  hashPact,
  routes,
  signRequest,
} from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import { processCompletion } from '../../../oracle/src/settlement/attest.ts'
import {
  logReport,
  readCompletion,
  takeCompletion,
} from '../../../oracle/src/settlement/completion.ts'
import { claimOf, delivered, funded, type Trade } from '../support/trade.ts'
import {
  call,
  completionOf,
  createWorld,
  type Ground,
  type Party,
  party,
  problemOf,
  register,
  send,
  startGround,
  type World,
} from '../support/world.ts'

let ground: Ground
let world: World

before(async () => {
  ground = await startGround()
  world = await createWorld(ground)
  await register(world, world.buyer)
  await register(world, world.seller)
})
after(async () => {
  await world?.close()
  await ground?.close()
})

const secret = 'SECRET-6b1f'
const text = `{"greeting":"${secret}","name":"world"}`

/** A signed read. */
async function read(by: Party, path: string): Promise<Response> {
  const headers = signRequest({
    identity: by.identity,
    method: 'GET',
    path,
    audience: world.oracle.signer.did,
    body: new Uint8Array(),
    issuedAt: world.oracle.clock.now(),
    nonce: crypto.randomUUID(),
  })
  return world.app.request(path, { headers })
}

/** A claim whose words nobody but the parties may see. */
const claimed = (trade: Trade, by: Party, change: Partial<Claim> = {}) =>
  claimOf(world, trade, {
    by,
    reason: 'quality_below_threshold',
    claim: `${secret} says the ${by === world.buyer ? 'buyer' : 'seller'}`,
    ...change,
  })

const file = (by: Party, body: unknown) =>
  send(world, { by, method: 'POST', path: '/api/v1/disputes', body })

test('a seller that files first keeps nobody out: each side has one claim', async () => {
  const trade = await delivered(world, text)
  assert.equal((await file(world.seller, claimed(trade, world.seller))).status, 201)
  const mine = claimed(trade, world.buyer)
  assert.equal((await file(world.buyer, mine)).status, 201)
  const again = claimed(trade, world.seller, { claim: 'Something else' })
  assert.deepEqual(await problemOf(await file(world.seller, again)), [409, 'dispute_exists'])
  const papers = (await (await read(world.buyer, `/api/v1/escrows/${trade.id}/papers`)).json()) as {
    claims: { body: { disputedBy: string } }[]
  }
  assert.deepEqual(
    papers.claims.map(({ body }) => body.disputedBy).sort(),
    [world.buyer.identity.did, world.seller.identity.did].sort(),
  )
})

test('[DSP-02] evidence is one of three kinds, and a delivered file is shown by the oracle’s own copy', async () => {
  const trade = await delivered(world, text)
  const sha256 = hashBytes(Buffer.from(text))
  const { body, signature } = claimed(trade, world.buyer)
  const kind = { ...body, evidence: [{ type: 'rumour', content: 'x' }] }
  assert.deepEqual(await problemOf(await file(world.buyer, { body: kind, signature })), [
    422,
    'invalid_request',
  ])
  const claim = claimed(trade, world.buyer, {
    evidence: [
      { type: 'deliverable', content: 'It says the opposite', sha256 },
      { type: 'deliverable', content: 'never delivered', sha256: 'ab'.repeat(32) },
      { type: 'specific_claim', content: { words: 'spoken' }, sha256: 'cd'.repeat(32) },
    ],
  })
  assert.equal((await file(world.buyer, claim)).status, 201)
  const papers = (await (
    await read(world.seller, `/api/v1/escrows/${trade.id}/papers`)
  ).json()) as {
    evidence: { sha256: string; verified: boolean; content: unknown }[]
  }
  const kept = new Map(papers.evidence.map((piece) => [piece.sha256, piece]))
  assert.deepEqual(kept.get(sha256)?.content, {
    name: 'result.json',
    mime: 'application/json',
    size: text.length,
    sha256,
  })
  assert.deepEqual(
    [sha256, 'ab'.repeat(32), 'cd'.repeat(32)].map((hash) => kept.get(hash)?.verified),
    [true, false, false],
  )
})

test('[DRV-18] no public route shows a word of deliverable, claim or evidence; the parties read them signed', async () => {
  const trade = await delivered(world, text)
  const sha256 = hashBytes(Buffer.from(text))
  const evidence: Claim['evidence'] = [
    { type: 'deliverable', content: secret, sha256 },
    { type: 'specific_claim', content: secret },
  ]
  assert.equal((await file(world.buyer, claimed(trade, world.buyer, { evidence }))).status, 201)
  await world.settle()
  const values: Record<string, string> = {
    did: world.seller.identity.did,
    id: world.seller.identity.did,
    pactId: hashPact(trade.pact),
    escrowId: trade.id,
    token: 'A'.repeat(43),
    number: '1',
    member: world.seller.wallet.address.toLowerCase(),
    arbiter: ground.deployment.arbiter.toLowerCase(),
  }
  const query: Record<string, string> = {
    getQuote: `?buyer=${world.buyer.identity.did}&seller=${world.seller.identity.did}&capability=financial_analysis&amount=50`,
    listEvents: `?escrowId=${trade.id}`,
  }
  let scanned = 0
  for (const [name, route] of Object.entries(routes)) {
    if (route.method !== 'GET' || route.signed) continue
    const path = route.path.replace(/:([a-zA-Z]+)/g, (_, key: string) => {
      assert.ok(values[key], `${name} has a parameter that this scan does not know: ${key}`)
      return encodeURIComponent(values[key])
    })
    const response = await world.app.request(`${API_BASE}${path}${query[name] ?? ''}`)
    const shown = name === 'listEvents' ? await firstParts(response) : await response.text()
    assert.doesNotMatch(shown, new RegExp(secret), name)
    scanned += 1
  }
  assert.ok(scanned >= 14)
  for (const path of ['/openapi.json', '/docs', '/metrics', '/ready']) {
    assert.doesNotMatch(await (await world.app.request(path)).text(), new RegExp(secret))
  }

  const papers = `/api/v1/escrows/${trade.id}/papers`
  assert.equal((await world.app.request(papers)).status, 401)
  assert.deepEqual(await problemOf(await read(party(77), papers)), [403, 'signer_not_party'])
  for (const who of [world.buyer, world.seller]) {
    assert.match(await (await read(who, papers)).text(), new RegExp(secret))
  }
})

async function firstParts(response: Response): Promise<string> {
  const reader = response.body?.getReader()
  let shown = ''
  for (let n = 0; n < 3; n++) shown += new TextDecoder().decode((await reader?.read())?.value)
  await reader?.cancel()
  return shown
}

test('report and manifest are public once they stand on chain, and nothing before', async () => {
  const { pact, id } = await funded(world)
  const body = await completionOf(world, pact, { files: { 'result.json': text } })
  await call(world, { by: world.seller, method: 'POST', path: '/api/v1/completions', body })
  const open = (what: string) => world.app.request(`/api/v1/escrows/${id}/${what}`)
  for (const what of ['report', 'manifest']) {
    assert.deepEqual(await problemOf(await open(what)), [409, 'not_delivered'])
  }
  await world.settle()
  // Another round was handed in since; the chain has the first.
  const row = await readCompletion(world.oracle.db, id, 1)
  assert.ok(row)
  await world.oracle.db
    .insertInto('completion')
    .values({ ...row, round: 2, artifact_hash: 'ab'.repeat(32), manifest: '[]', report: null })
    .execute()
  for (const what of ['report', 'manifest', 'report?round=1']) {
    assert.equal((await open(what)).status, 200)
  }
  assert.deepEqual(await problemOf(await open('manifest?round=2')), [409, 'not_delivered'])
})

test('two checks of one round that find different things: one is logged, and that one is signed', async () => {
  const { pact, id } = await funded(world)
  const body = await completionOf(world, pact, { files: { 'result.json': text } })
  const { oracle } = world
  let checks = 0
  let inside = 0
  const check: typeof oracle.check = async (options) => {
    checks += 1
    inside += 1
    assert.equal(inside, 1)
    await new Promise((resolve) => setTimeout(resolve, 50))
    inside -= 1
    const report = await oracle.check(options)
    // A test run over HTTP may answer otherwise the second time.
    return checks === 1 ? report : { ...report, result: 'FAIL' }
  }
  const proof = decode(completionProofSchema, body, 'invalid_completion')
  await takeCompletion(oracle, { proof, by: world.seller.identity.did })
  const round = { escrowId: id, round: 1 }
  const both = await Promise.allSettled([
    processCompletion({ ...oracle, check }, round),
    processCompletion({ ...oracle, check }, round),
  ])
  const late = both.filter(({ status }) => status === 'rejected') as PromiseRejectedResult[]
  for (const { reason } of late) assert.equal(reason.code, 'verification_pending')
  assert.equal(checks, 1)
  // Whoever comes later with another result is told what stands.
  const row = await readCompletion(oracle.db, id, 1)
  const { manifest } = row ?? assert.fail('It was handed in')
  const found = await oracle.check({ ...round, manifest, deliveredAt: 1 })
  const other = { ...found, result: 'FAIL' as const }
  assert.equal((await logReport(oracle, { report: other })).report_hash, row?.report_hash)
  await world.settle()
  const record = (await (await world.app.request(`/api/v1/escrows/${id}`)).json()) as {
    result: string
  }
  assert.equal(record.result, 'PASS')
})

test('an upload is taken only while the escrow takes deliveries', async () => {
  const upload = (id: Hex) =>
    send(world, {
      by: world.seller,
      method: 'PUT',
      path: `/api/v1/escrows/${id}/artifacts/more.json`,
      body: new TextEncoder().encode('{}'),
    })
  const { id } = await delivered(world, text)
  assert.deepEqual(await problemOf(await upload(id)), [409, 'wrong_state'])
})
