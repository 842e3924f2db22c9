import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  artifactHash,
  completionProofSchema,
  decode,
  encode,
  hashPact,
  type Manifest,
  type Pact,
  readReceiptBodySchema,
  routes,
  signCompletion,
  verifyGrant,
  verifyReadReceipt,
} from '@earnest/sdk/protocol'
import { zipSync } from 'fflate'
import type { Hex } from 'viem'
import { processCompletion } from '../../../oracle/src/settlement/attest.ts'
import { readCompletion, takeCompletion } from '../../../oracle/src/settlement/completion.ts'
import { EXAMINER_SECONDS } from '../../../oracle/src/settlement/examTime.ts'
import { unpack } from '../../../oracle/src/store/json.ts'
import { funded } from '../support/trade.ts'
import {
  agree,
  call,
  completionOf,
  confirm,
  createWorld,
  fund,
  type Ground,
  pactOf,
  party,
  problemOf,
  register,
  send,
  startGround,
  type World,
} from '../support/world.ts'
import { json, pdf, png, textFile, wav } from './verify/files.ts'

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

const files = { 'result.json': '{"greeting":"SECRET-hello","name":"world"}' }
const path = '/api/v1/completions'

const complete = (body: unknown, by = world.seller) =>
  send(world, { by, method: 'POST', path, body })

/** A proof whose body was changed and signed again by the seller. */
function resigned(
  wire: unknown,
  change: (body: Record<string, unknown>) => Record<string, unknown>,
) {
  const { sellerSignature: _, sellerAuthorization, ...rest } = wire as Record<string, unknown>
  const body = decode(
    completionProofSchema.omit({ sellerSignature: true, sellerAuthorization: true }),
    change(rest),
    'invalid_completion',
  )
  return {
    ...encode(
      completionProofSchema.omit({ sellerSignature: true, sellerAuthorization: true }),
      body,
      'invalid_completion',
    ),
    sellerSignature: signCompletion({ body, identity: world.seller.identity }),
    sellerAuthorization,
  }
}

const upload = (id: Hex, text: string) =>
  send(world, {
    by: world.seller,
    method: 'PUT',
    path: `/api/v1/escrows/${id}/artifacts/result.json`,
    body: new TextEncoder().encode(text),
  })

describe('completion proofs', () => {
  let trade: { pact: Pact; id: Hex }
  let proof: Record<string, unknown>

  before(async () => {
    trade = await funded(world)
    proof = await completionOf(world, trade.pact, { files })
  })

  test('[SET-01] an unknown escrow or pact is not found, a wrong pairing is a conflict', async () => {
    const unknown = resigned(proof, (body) => ({ ...body, escrowId: `0x${'ab'.repeat(32)}` }))
    assert.deepEqual(await problemOf(await complete(unknown)), [404, 'escrow_unknown'])
    const nowhere = resigned(proof, (body) => ({ ...body, pactId: 'ab'.repeat(32) }))
    assert.deepEqual(await problemOf(await complete(nowhere)), [404, 'pact_unknown'])
    const other = pactOf(world)
    await agree(world, other)
    const wrong = resigned(proof, (body) => ({ ...body, pactId: hashPact(other) }))
    assert.deepEqual(await problemOf(await complete(wrong)), [409, 'pact_mismatch'])
    assert.deepEqual(await problemOf(await complete({ ...proof, extra: 1 })), [
      422,
      'invalid_request',
    ])
  })

  test('[SET-03] unsigned, by another key or for another escrow: refused', async () => {
    const { sellerSignature: _, ...unsigned } = proof
    assert.deepEqual(await problemOf(await complete(unsigned)), [422, 'invalid_request'])
    const forged = { ...proof, sellerSignature: 'ab'.repeat(64) }
    assert.deepEqual(await problemOf(await complete(forged)), [422, 'invalid_seller_signature'])
    assert.deepEqual(await problemOf(await complete(proof, world.buyer)), [403, 'signer_not_party'])
    const second = await funded(world)
    const moved = { ...proof, escrowId: second.id, pactId: hashPact(second.pact) }
    assert.deepEqual(await problemOf(await complete(moved)), [422, 'invalid_seller_signature'])
    // Signed anew for the other escrow, but the files and the wallet's consent are of the first.
    const replayed = resigned(proof, (body) => ({
      ...body,
      escrowId: second.id,
      pactId: hashPact(second.pact),
    }))
    assert.deepEqual(await problemOf(await complete(replayed)), [422, 'artifact_missing'])
    // With the files there as well, the wallet's consent to the first delivery is none to the second.
    assert.equal((await upload(second.id, files['result.json'])).status, 201)
    assert.deepEqual(await problemOf(await complete(replayed)), [422, 'invalid_authorization'])
    assert.equal(await readCompletion(world.oracle.db, second.id, 1), undefined)
  })

  test('[SET-02] another hash than the manifest has, or other bytes than were uploaded: refused', async () => {
    const bent = { ...proof, deliverableHash: 'ab'.repeat(32) }
    assert.deepEqual(await problemOf(await complete(bent)), [422, 'hash_mismatch'])
    const manifest = [
      { name: 'result.json', mime: 'application/json', size: 9, sha256: 'cd'.repeat(32) },
    ]
    const lying = resigned(proof, (body) => ({
      ...body,
      manifest,
      deliverableHash: artifactHash(manifest),
    }))
    assert.deepEqual(await problemOf(await complete(lying)), [422, 'hash_mismatch'])
  })

  test("the wallet's consent is checked before anything is stored", async () => {
    const other = resigned(proof, (body) => ({ ...body, round: 2 }))
    assert.deepEqual(await problemOf(await complete(other)), [409, 'wrong_round'])
    const { authorization } = proof.sellerAuthorization as { authorization: string }
    const forged = {
      ...proof,
      sellerAuthorization: { authorization: `${authorization.slice(0, -4)}0000`, reserve: false },
    }
    assert.deepEqual(await problemOf(await complete(forged)), [422, 'invalid_authorization'])
  })

  test('[W-28] [TAP-10] [DRV-18] [SET-02] only the parties read what was handed in, the buyer only once the delivery is on chain, and it is logged', async () => {
    const grants = `/api/v1/escrows/${trade.id}/grants`
    const ask = (by = world.buyer) => send(world, { by, method: 'POST', path: grants })
    await call(world, { by: world.seller, method: 'POST', path, body: proof })
    assert.deepEqual(await problemOf(await ask()), [409, 'not_delivered'])
    assert.deepEqual(await problemOf(await ask(party(77))), [403, 'signer_not_party'])
    // What the seller sends under the same name now takes the place of nothing.
    assert.equal((await upload(trade.id, '{"greeting":"less","name":"less"}')).status, 201)
    await world.settle()
    const { grants: granted } = (await (await ask()).json()) as {
      grants: { url: string; sha256: string; name: string }[]
    }
    const url = new URL(granted[0]?.url ?? '')
    const file = await world.app.request(url.pathname)
    assert.equal(await file.text(), files['result.json'])
    assert.match(file.headers.get('content-disposition') ?? '', /^attachment/)
    const guessed = await world.app.request(`${url.pathname.slice(0, -2)}xx`)
    assert.deepEqual(await problemOf(guessed), [404, 'grant_unknown'])

    const read = await world.oracle.db
      .selectFrom('journal')
      .select('data')
      .where('action', '=', 'artifact_read')
      .execute()
    assert.equal(JSON.parse(read[0]?.data ?? '{}').by, world.buyer.identity.did)

    const none = new Uint8Array()
    // Who has read to the end is proved by the oracle's signature, to both parties and nobody else.
    const readsOf = (by = world.seller) =>
      send(world, { by, method: 'GET', path: `/api/v1/escrows/${trade.id}/reads`, body: none })
    const answer = await readsOf()
    assert.equal(answer.status, 200, await answer.clone().text())
    const early = decode(routes.listReads.response, await answer.json(), 'invalid').reads[0]
    const oracle = world.oracle.signer.did
    // While the buyer's request could be sent again by the seller, who would be given the buyer's grants, it
    // is nobody else's to see.
    assert.ok(early && early.request === undefined)
    verifyReadReceipt(early, { oracle })
    await ground.client.increaseTime({ seconds: 301 })
    await ground.client.mine({ blocks: 1 })
    await world.settle()
    const { reads } = decode(routes.listReads.response, await (await readsOf()).json(), 'invalid')
    const [receipt] = reads
    assert.ok(receipt && reads.length === 1)
    assert.deepEqual(
      [receipt.reader, receipt.sha256, receipt.name],
      [world.buyer.identity.did, granted[0]?.sha256, 'result.json'],
    )
    verifyReadReceipt(receipt, { oracle })
    // That the buyer asked for it stands there by its own hand, and for this escrow.
    const { request } = receipt
    assert.ok(request)
    assert.equal(request.path, `/api/v1/escrows/${trade.id}/grants`)
    const resigned_ = (change: object) => {
      const { signature: _, ...body } = { ...receipt, ...change }
      const wire = encode(readReceiptBodySchema, body, 'invalid')
      return { ...body, signature: world.oracle.signer.sign({ type: 'read', body: wire }) }
    }
    verifyReadReceipt(resigned_({}), { oracle })
    const lies = [
      { request: { ...request, issuedAt: request.issuedAt + 1 } },
      { request: { ...request, path: request.path.replace('0x', '0y') } },
      { escrowId: `0x${'ab'.repeat(32)}` as const },
      { reader: world.seller.identity.did },
      { readAt: request.issuedAt - 301 },
    ]
    for (const lie of lies) {
      assert.throws(() => verifyReadReceipt(resigned_(lie), { oracle }), {
        code: 'invalid_read_receipt',
      })
    }
    for (const bent of [{ reader: world.seller.identity.did }, { readAt: receipt.readAt - 1 }]) {
      assert.throws(() => verifyReadReceipt({ ...receipt, ...bent }, { oracle }), {
        code: 'invalid_read_receipt',
      })
    }
    assert.deepEqual(await problemOf(await readsOf(party(77))), [403, 'signer_not_party'])

    // A grant is signed, names no address, and ends when its holder says so; another's does not.
    const second = decode(routes.grantArtifacts.response, await (await ask()).json(), 'invalid')
    const { signed, url: secret } = second.grants[0] ?? {}
    assert.ok(signed && secret)
    const report = await world.app.request(`/api/v1/escrows/${trade.id}/report`)
    assert.deepEqual(
      second.report,
      decode(routes.getReport.response, await report.json(), 'invalid'),
    )
    verifyGrant(signed, { oracle })
    assert.throws(() => verifyGrant({ ...signed, expiresAt: signed.expiresAt + 1 }, { oracle }), {
      code: 'invalid_grant',
    })
    assert.ok(!JSON.stringify(signed).includes(secret.split('/').at(-1) ?? ''))
    const revoke = (by = world.buyer) =>
      call<{ revoked: number }>(world, { by, method: 'DELETE', path: grants, body: none })
    assert.deepEqual(await revoke(world.seller), { revoked: 0 })
    assert.equal((await world.app.request(new URL(secret).pathname)).status, 200)
    assert.deepEqual(await revoke(), { revoked: 2 })
    const ended = await world.app.request(new URL(secret).pathname)
    assert.deepEqual(await problemOf(ended), [410, 'grant_revoked'])
    const last = decode(routes.grantArtifacts.response, await (await ask()).json(), 'invalid')
    url.pathname = new URL(last.grants[0]?.url ?? '').pathname

    // Who reads ten times makes nobody's answer longer than was asked for, and no page misses or repeats one.
    for (let again = 0; again < 3; again++) {
      const { grants: more } = decode(
        routes.grantArtifacts.response,
        await (await ask()).json(),
        '',
      )
      for (const { url: address } of more) {
        await (await world.app.request(new URL(address).pathname)).arrayBuffer()
      }
    }
    const pageOf = (query: string) =>
      send(world, {
        by: world.seller,
        method: 'GET',
        path: `/api/v1/escrows/${trade.id}/reads${query}`,
        body: none,
      })
    const readPage = async (query: string) =>
      decode(routes.listReads.response, await (await pageOf(query)).json(), 'invalid')
    const all = await readPage('')
    assert.deepEqual([all.reads.length, all.cursor], [4, null])
    const paged: string[] = []
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Awaited<ReturnType<typeof readPage>> = await readPage(
        `?limit=2${cursor && `&cursor=${cursor}`}`,
      )
      assert.ok(page.reads.length <= 2)
      paged.push(...page.reads.map(({ grantId }) => grantId))
      cursor = page.cursor
    }
    assert.deepEqual(
      paged,
      all.reads.map(({ grantId }) => grantId),
    )
    assert.deepEqual(await problemOf(await pageOf('?cursor=x')), [422, 'invalid_request'])

    await ground.client.increaseTime({ seconds: 901 })
    await ground.client.mine({ blocks: 1 })
    await world.settle()
    assert.deepEqual(await problemOf(await world.app.request(url.pathname)), [410, 'grant_expired'])
  })

  test('[DRV-18] no public answer and no stored byte shows what was delivered', async () => {
    for (const open of ['', '/report', '/manifest']) {
      const text = await (await world.app.request(`/api/v1/escrows/${trade.id}${open}`)).text()
      assert.doesNotMatch(text, /SECRET/)
    }
    const chunks = await world.oracle.db.selectFrom('blob_chunk').select('data').execute()
    assert.ok(chunks.length > 0)
    for (const { data } of chunks)
      assert.doesNotMatch(Buffer.from(data).toString('latin1'), /SECRET/)
  })

  test('a second completion of the round is refused, the same one is answered again', async () => {
    const again = await complete(proof)
    assert.equal(again.status, 202)
    const other = resigned(proof, (body) => ({ ...body, nonce: crypto.randomUUID() }))
    assert.deepEqual(await problemOf(await complete(other)), [409, 'round_taken'])
  })
})

test('nothing is verified before the funding is final', async () => {
  const pact = pactOf(world)
  const id = await agree(world, pact)
  assert.deepEqual(await problemOf(await upload(id, files['result.json'])), [409, 'not_funded'])
  await fund(world, pact)
  await world.oracle.follow()
  const proof = await completionOf(world, pact, { files })
  assert.deepEqual(await problemOf(await complete(proof)), [409, 'funding_not_final'])
  await confirm(world)
  assert.equal((await complete(proof)).status, 202)
})

test('a seller that is a moment ahead of the index is let wait, and then it is served', async () => {
  const patient = { ...world, app: world.appAt('http://oracle.test', { patienceMs: 60_000 }) }
  const pact = pactOf(world)
  const id = await agree(world, pact)
  const upload = send(patient, {
    by: world.seller,
    method: 'PUT',
    path: `/api/v1/escrows/${id}/artifacts/result.json`,
    body: new TextEncoder().encode(files['result.json']),
  })
  // Who has no business with this escrow is told so at once.
  const stranger = send(patient, {
    by: world.buyer,
    method: 'PUT',
    path: `/api/v1/escrows/${id}/artifacts/result.json`,
    body: new TextEncoder().encode(files['result.json']),
  })
  assert.deepEqual(await problemOf(await stranger), [403, 'signer_not_party'])
  await fund(world, pact)
  await world.oracle.follow()
  assert.equal((await upload).status, 201)
  const proof = await completionOf(world, pact, { files })
  const completed = send(patient, { by: world.seller, method: 'POST', path, body: proof })
  await confirm(world)
  assert.equal((await completed).status, 202)
})

test('[SET-05] late by a second is a FAIL, whatever the seller says', async () => {
  const { pact, id } = await funded(world)
  const proof = await completionOf(world, pact, { files })
  const { oracle } = world
  // The oracle's clock decides; the proof still says the time before.
  await ground.client.setNextBlockTimestamp({ timestamp: BigInt(pact.deadlineUtc - 1) })
  await ground.client.mine({ blocks: 1 })
  const late = { ...oracle, clock: { now: () => pact.deadlineUtc } }
  await takeCompletion(late, {
    proof: decode(completionProofSchema, proof, 'invalid_completion'),
    by: world.seller.identity.did,
  })
  await processCompletion(late, { escrowId: id, round: 1 })
  assert.equal((await readCompletion(oracle.db, id, 1))?.result, 'FAIL')
  await world.settle()
})

test('[W-51] escrows that no registered pact derives, or whose fee goes elsewhere, move no score', async () => {
  const { db } = world.oracle
  const pass = async () => {
    await ground.client.increaseTime({ seconds: 7201 })
    await ground.client.mine({ blocks: 3 })
    await world.settle()
    await confirm(world)
  }
  const score = async () => {
    const did = encodeURIComponent(world.seller.identity.did)
    const response = await world.app.request(`/api/v1/trust/${did}?nonce=${crypto.randomUUID()}`)
    const { evidence, tasksCompleted90d } = (await response.json()) as Record<string, number>
    return { evidence, tasksCompleted90d }
  }
  // Everything honest that this file began comes to its end first.
  await pass()
  await pass()
  // The nightly pass is a fact of the log as well, and is about nobody.
  const facts = async () => {
    const rows = await db.selectFrom('fact').select('fact').execute()
    return rows.filter(({ fact }) => (unpack(fact) as { kind: string }).kind !== 'pass').length
  }
  const before = { score: await score(), facts: await facts() }
  // Funded without a registration: somebody names a victim and lets it run out.
  const unregistered = pactOf(world)
  await fund(world, unregistered)
  // Registered, but the fee recipient is the party's own.
  const base = pactOf(world)
  const own = {
    ...base,
    escrow: { ...base.escrow, fees: { ...base.escrow.fees, recipient: party(88).wallet.address } },
  }
  const id = await agree(world, own)
  await fund(world, own)
  await confirm(world)
  const proof = await completionOf(world, own, { files })
  await call(world, { by: world.seller, method: 'POST', path, body: proof })
  await world.settle()
  await pass()
  const record = (await (await world.app.request(`/api/v1/escrows/${id}`)).json()) as {
    state: string
  }
  assert.equal(record.state, 'Completed')
  const settlement = await db
    .selectFrom('settlement')
    .select('counts')
    .where('escrow_id', '=', id)
    .executeTakeFirst()
  assert.equal(settlement?.counts, false)
  const after = { score: await score(), facts: await facts() }
  assert.deepEqual(
    [after.facts, after.score.tasksCompleted90d],
    [before.facts, before.score.tasksCompleted90d],
  )
  // Evidence only fades by the hours that passed.
  assert.ok((after.score.evidence ?? 0) <= (before.score.evidence ?? 0))
})

test('an upload that the seller did not sign leaves nothing behind and costs the seller nothing', async () => {
  const { id } = await funded(world)
  const uploads = async () =>
    (await world.oracle.db.selectFrom('blob').selectAll().execute()).length
  const before = await uploads()
  const target = `/api/v1/escrows/${id}/artifacts/a.json`
  const forged = await send(world, {
    by: { ...party(77), identity: { ...party(77).identity, did: world.seller.identity.did } },
    method: 'PUT',
    path: target,
    body: new TextEncoder().encode('not the seller'),
  })
  assert.deepEqual(await problemOf(forged), [401, 'invalid_request_signature'])
  assert.equal(await uploads(), before)
})

test('a seller whose hour is spent is told how long to wait, and still delivers what it has uploaded', async () => {
  const { pact, id } = await funded(world)
  const body = await completionOf(world, pact, { files })
  const { clock, db } = world.oracle
  const hour = Math.floor(clock.now() / 3600)
  const spent = { did: world.seller.identity.did, hour, milliseconds: EXAMINER_SECONDS * 1000 }
  await db.insertInto('exam_time').values(spent).execute()
  const put = (type: string) =>
    send(world, {
      by: world.seller,
      method: 'PUT',
      path: `/api/v1/escrows/${id}/artifacts/other.json`,
      body: new TextEncoder().encode(`{"type":"${type}"}`),
      headers: { 'content-type': type },
    })
  const refused = await put('application/json')
  const wait = Number(refused.headers.get('retry-after'))
  assert.ok(wait > 0 && wait <= 3600)
  assert.deepEqual(await problemOf(refused), [429, 'examiner_budget_spent'])
  // What needs no look needs no time, and the check of a delivery is never refused.
  assert.equal((await put('application/octet-stream')).status, 201)
  assert.equal((await complete(body)).status, 202)
  await db.deleteFrom('exam_time').execute()
})

test('[TOL-02] [SET-06] by the API each kind of artifact is taken as what it is and passes as such; as another, empty or never sent it is refused', async () => {
  const artifacts = {
    'data.json': json({ greeting: 'hello', name: 'world' }),
    'page.png': png(),
    'paper.pdf': pdf(),
    'sound.wav': wav(),
    'words.txt': textFile('Dear buyer, this is the text that was asked for.'),
    'files.zip': {
      mime: 'application/zip',
      bytes: zipSync({ 'a.txt': new TextEncoder().encode('hello') }),
    },
  }
  const mimes = [...new Set(Object.values(artifacts).map(({ mime }) => mime))]
  const pact = pactOf(world, {
    deliverableFormat: mimes,
    acceptance: Object.entries(artifacts).map(([file, { mime }], index) => ({
      id: `file-${index}`,
      description: `${file} is there`,
      weight: 1,
      verifier: { type: 'format' as const, file, mime },
    })),
  })
  const id = await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  const put = (name: string, mime: string, body: Uint8Array) =>
    send(world, {
      by: world.seller,
      method: 'PUT',
      path: `/api/v1/escrows/${id}/artifacts/${name}`,
      body,
      headers: { 'content-type': mime },
    })
  for (const [name, { mime, bytes }] of Object.entries(artifacts)) {
    const empty = await put(name, mime, new Uint8Array())
    assert.deepEqual(await problemOf(empty), [422, 'empty_artifact'], name)
    if (mime === 'text/plain') continue
    const other = mime === 'image/png' ? 'application/pdf' : 'image/png'
    assert.deepEqual(await problemOf(await put(name, other, bytes)), [422, 'artifact_unusable'])
  }
  const body = await completionOf(world, pact, { files: artifacts })
  // Words that were sent in a chat and never as a file are no delivery.
  const unsent = resigned(body, (proof) => {
    const manifest = (proof.manifest as Manifest).map((file) =>
      file.name === 'words.txt' ? { ...file, name: 'words-in-chat.txt' } : file,
    )
    return { ...proof, manifest, deliverableHash: artifactHash(manifest) }
  })
  assert.deepEqual(await problemOf(await complete(unsent)), [422, 'artifact_missing'])
  assert.equal((await complete(body)).status, 202)
  await world.settle()
  const report = await world.app.request(`/api/v1/escrows/${id}/report`)
  const { result, findings } = (await report.json()) as {
    result: string
    findings: { outcome: string }[]
  }
  assert.equal(result, 'PASS')
  assert.ok(findings.length > 2 * mimes.length)
  assert.ok(findings.every(({ outcome }) => outcome === 'pass'))
})
