import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  type AnchorRecord,
  CREDENTIAL_HEAD,
  type Credential,
  compositeOf,
  createIdentity,
  credentialStatusSchema,
  decode,
  encode,
  factsSchema,
  type Identity,
  readAnchorMemo,
  routes,
  type SignedCredential,
  signCredential,
  signedCredentialSchema,
  signedCredentialStatusSchema,
  trustResponseSchema,
  verifyCredential,
} from '@earnest/sdk/protocol'
import { createAdaptorServer } from '@hono/node-server'
import { type Hex, hexToString } from 'viem'
import { commands } from '../../../oracle/src/operator.ts'
import { createEvmAnchor } from '../../../oracle/src/settlement/anchor/evm.ts'
import { backupStore, restoreStore } from '../../../oracle/src/store/backup.ts'
import { append, verifyJournal } from '../../../oracle/src/store/journal.ts'
import { openStore, type Store } from '../../../oracle/src/store/store.ts'
import type { Reach } from '../../../oracle/src/trust/bring.ts'
import type { TrustEvent } from '../../../oracle/src/trust/event.ts'
import { revokeCredential } from '../../../oracle/src/trust/issue.ts'
import { createTrustModel } from '../../../oracle/src/trust/model.ts'
import { recompute, recomputeCredential } from '../../../oracle/src/trust/recompute.ts'
import { layStore } from '../../../scripts/local/store.ts'
import { checkCredential } from '../../../sdk/src/cli/credential.ts'
import { assess } from '../../../sdk/src/trust/assess.ts'
import { createOracleClient } from '../../../sdk/src/trust/oracle.ts'
import { assertCode } from '../../protocol/code.ts'
import { complete, delivered } from '../support/trade.ts'
import {
  confirm,
  createWorld,
  type Ground,
  type Party,
  pactOf,
  party,
  problemOf,
  register,
  send,
  startGround,
  type World,
} from '../support/world.ts'
import { settled } from './market.ts'

const HOUR = 3600
const DAY = 24 * HOUR
const domain = 'financial_analysis'
const seller = party(34)
const seeds = [17, 52, 53, 54, 55].map((byte) => party(byte).identity.did)
/** Weights that the second oracle gives: the first oracle, and two that are played here. */
const rogue = createIdentity({ secretKey: new Uint8Array(32).fill(201) })
const twin = createIdentity({ secretKey: new Uint8Array(32).fill(202) })

/** An oracle behind a port of its own. */
type Served = { world: World; url: string; did: string; close(): Promise<void> }

let ground: Ground
let a: Served
let b: Served
/** What issuers that are played here answer; null: nothing comes. */
const words = new Map<string, unknown>()

/** Who was asked for a word, in order. */
const asked: string[] = []

const reach: Reach = async ({ url }) => {
  asked.push(url)
  if (words.has(url)) {
    const word = words.get(url)
    return word === null ? null : { status: 200, body: Buffer.from(JSON.stringify(word)) }
  }
  const response = await fetch(url).catch(() => null)
  return response && { status: response.status, body: new Uint8Array(await response.arrayBuffer()) }
}

async function serve(options: Parameters<typeof createWorld>[1]): Promise<Served> {
  const world = await createWorld(ground, options)
  let app = world.app
  const server = createAdaptorServer({ fetch: (request) => app.fetch(request) })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  app = world.appAt(url)
  return {
    world: { ...world, app },
    url,
    did: world.oracle.signer.did,
    async close() {
      await new Promise((resolve) => server.close(resolve))
      await world.close()
    },
  }
}

before(async () => {
  ground = await startGround()
  a = await serve({ secret: 33, seeds, anchorSeconds: HOUR })
  b = await serve({
    secret: 44,
    seeds: [61, 62, 63, 64, 65].map((byte) => party(byte).identity.did),
    newcomerCap: 20_000_000n,
    issuers: new Map([
      [a.did, 0.5],
      [rogue.did, 1],
      [twin.did, 1],
      // An operator's slip: it may not vouch to itself.
      [createIdentity({ secretKey: new Uint8Array(32).fill(44) }).did, 1],
    ]),
    outside: { fetch: reach as never },
  })
  for (const { world } of [a, b]) {
    await register(world, world.buyer)
    await register(world, seller)
  }
  // One real trade, settled by the chain; the rest of the record is learned as facts.
  const { pact } = await delivered(a.world, complete, pactOf(a.world))
  await pass(pact.timing.windows.review + 10)
  await a.world.settle()
  await confirm(a.world)
  await b.world.syncClock()
  const at = a.world.oracle.clock.now()
  await learn(
    ...Array.from({ length: 9 }, (_, i) =>
      settled({
        buyer: seeds[1 + (i % 4)] as string,
        seller: seller.identity.did,
        capability: domain,
        at: at - 9 + i,
      }),
    ),
  )
})
after(async () => {
  await a?.close().catch(() => {})
  await b?.close()
  await ground?.close()
})

async function pass(seconds: number): Promise<void> {
  await ground.client.increaseTime({ seconds })
  await ground.client.mine({ blocks: 3 })
  for (const each of [a, b]) await each.world.syncClock()
}

const learn = (...facts: TrustEvent[]) =>
  a.world.oracle.db.transaction().execute((tx) =>
    append(
      tx,
      a.world.oracle.signer,
      facts.map((fact) => ({
        action: 'tested',
        subject: seller.identity.did,
        at: a.world.oracle.clock.now(),
        data: {},
        fact,
      })),
    ),
  )

const now = () => b.world.oracle.clock.now()
const read = async <T = unknown>(url: string) => (await (await fetch(url)).json()) as T
const seedsOf = async ({ url }: Served) =>
  (await read<{ seeds: string[] }>(`${url}/api/v1/oracle`)).seeds
const credentialOf = async (did = seller.identity.did, query = `?domain=${domain}`) =>
  decode(
    signedCredentialSchema,
    await read(`${a.url}/api/v1/trust/${encodeURIComponent(did)}/credential${query}`),
    'invalid_credential',
  )
const statusOf = async ({ credentialStatus }: SignedCredential) =>
  decode(signedCredentialStatusSchema, await read(credentialStatus.id), 'invalid_status')
const trustAt = async ({ url }: Served, did = seller.identity.did) =>
  decode(
    trustResponseSchema,
    await read(`${url}/api/v1/trust/${encodeURIComponent(did)}?nonce=${crypto.randomUUID()}`),
    'invalid_trust',
  )
const factsOf = async ({ url }: Served) =>
  decode(factsSchema, await read(`${url}/api/v1/facts?limit=1000`), 'invalid_facts')

function bring(credential: unknown, { by = seller, to = seller }: { by?: Party; to?: Party } = {}) {
  return send(b.world, {
    by,
    method: 'POST',
    path: `/api/v1/trust/${encodeURIComponent(to.identity.did)}/imports`,
    body: { credential },
  })
}
const wire = (credential: SignedCredential) =>
  encode(signedCredentialSchema, credential, 'invalid_credential')

/** A credential of an issuer that is played here, with its word on it. */
function issued(
  issuer: Identity,
  subject: Partial<Credential['credentialSubject']> = {},
  { status = 'valid' as 'valid' | 'revoked' | 'silent', at = now() } = {},
): SignedCredential {
  const id = crypto.randomUUID()
  const url = `https://${issuer.did.slice(-8)}.example/${id}`
  const asOf = now()
  const said = {
    credentialId: `urn:uuid:${id}`,
    issuer: issuer.did,
    status: status === 'revoked' ? ('revoked' as const) : ('valid' as const),
    reason: status === 'revoked' ? 'issued_in_error' : null,
    asOf,
    validUntil: asOf + DAY,
  }
  const body = encode(credentialStatusSchema, said, 'invalid_status')
  const signature = issuer.sign({ type: 'credential-status', body })
  words.set(url, status === 'silent' ? null : { ...body, signature })
  return signCredential({
    credential: {
      ...CREDENTIAL_HEAD,
      id: `urn:uuid:${id}`,
      issuer: issuer.did,
      validFrom: at,
      validUntil: at + 30 * DAY,
      credentialStatus: { id: url, type: 'EarnestRevocation' },
      credentialSubject: {
        id: seller.identity.did,
        role: 'seller',
        domain,
        transactions: 40,
        score: 900,
        fulfilled: 40,
        failed: 0,
        meanUsdc: 50_000_000n,
        windowFrom: at - DAY,
        windowUntil: at,
        evidenceRoot: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('hex'),
        evidenceSize: 80,
        scorer: '1',
        ...subject,
      },
    },
    identity: issuer,
    created: at,
  })
}

describe('a credential', () => {
  test('[TAP-16] states the record in a domain and verifies offline until it expires', async () => {
    const credential = await credentialOf()
    const { credentialSubject: said, issuer, validFrom, validUntil } = credential
    assert.deepEqual(
      [issuer, said.id, said.domain, said.transactions],
      [a.did, seller.identity.did, domain, 10],
    )
    assert.ok(said.score !== null && said.score > 500)
    // The trade of the chain became known first; the others were before it.
    assert.ok(said.windowFrom <= said.windowUntil - 9)
    assert.ok(said.fulfilled > 5 && said.failed === 0)
    verifyCredential(credential, { now: validFrom })
    verifyCredential(credential, { now: validUntil - 1 })
    assertCode(() => verifyCredential(credential, { now: validUntil }), 'credential_expired')
    const better = { ...credential, credentialSubject: { ...said, score: 1000 } }
    assertCode(() => verifyCredential(better, { now: validFrom }), 'invalid_credential')
  })

  test('[TAP-16] its numbers follow from the facts under its evidence root', async () => {
    const credential = await credentialOf()
    const { facts } = await factsOf(a)
    assert.deepEqual(recomputeCredential({ credential, facts, seeds }).differences, [])
    const more = structuredClone(credential)
    more.credentialSubject.transactions += 1
    more.credentialSubject.evidenceRoot = 'ab'.repeat(32)
    const fields = recomputeCredential({ credential: more, facts, seeds }).differences
    assert.deepEqual(
      fields.map(({ field }) => field),
      ['transactions', 'evidenceRoot'],
    )
    // Of somebody without a trade nothing follows, however little is said of trades.
    const empty = structuredClone(credential)
    Object.assign(empty.credentialSubject, { id: party(98).identity.did, transactions: 0 })
    assert.deepEqual(
      recomputeCredential({ credential: empty, facts, seeds }).differences.map(
        ({ field }) => field,
      ),
      ['score', 'fulfilled'],
    )
  })

  test('is the same for whoever asks again, until the record changes; none without a trade', async () => {
    const first = await credentialOf()
    assert.deepEqual(await credentialOf(), first)
    const whole = await credentialOf(seller.identity.did, '')
    assert.equal(whole.credentialSubject.domain, '*')
    assert.notEqual(whole.id, first.id)
    const path = `/api/v1/trust/${seller.identity.did}/credential?domain=cooking`
    assert.deepEqual(await problemOf(await a.world.app.request(path)), [409, 'record_empty'])
    const buyer = await credentialOf(a.world.buyer.identity.did, '?role=buyer')
    assert.deepEqual(
      [buyer.credentialSubject.role, buyer.credentialSubject.transactions],
      ['buyer', 1],
    )
  })

  test('[TAP-16] is revoked for good, and refused where a fresh word on it is demanded', async () => {
    const credential = await credentialOf()
    const status = await statusOf(credential)
    const at = a.world.oracle.clock.now()
    verifyCredential(credential, { now: at, status, statusWithin: HOUR })
    const refused = (options: Partial<Parameters<typeof verifyCredential>[1]>, code: string) =>
      assertCode(() => verifyCredential(credential, { now: at, ...options }), code)
    refused({ statusWithin: HOUR }, 'credential_status_stale')
    refused({ status, statusWithin: HOUR, now: at + HOUR + 60 }, 'credential_status_stale')
    refused({ status, now: status.validUntil }, 'credential_status_stale')
    refused({ status: { ...status, reason: 'none' } }, 'invalid_credential')
    refused({ status: await statusOf(await credentialOf(undefined, '')) }, 'invalid_credential')
    const id = credential.id.slice('urn:uuid:'.length)
    await revokeCredential(a.world.oracle, { id, reason: 'issued_in_error' })
    const later = await statusOf(credential)
    assert.deepEqual([later.status, later.reason], ['revoked', 'issued_in_error'])
    refused({ status: later }, 'credential_revoked')
    await assert.rejects(revokeCredential(a.world.oracle, { id, reason: 'again' }))
    assert.notEqual((await credentialOf()).id, credential.id)
  })

  test('[TAP-16] is revoked on the operator’s command line, at the chain’s time, by name and once', async () => {
    const { id } = await credentialOf()
    const folder = mkdtempSync(join(tmpdir(), 'earnest-revoke-'))
    await layStore(folder)
    const lines = backupStore(a.world.oracle.db)
    const opened = async <T>(work: (store: Store) => Promise<T>): Promise<T> => {
      const store = await openStore({ folder })
      return await work(store).finally(() => store.close())
    }
    const said: string[] = []
    const { escrow, token, arbiter, feeRecipient } = ground.deployment
    const key = `0x${'21'.repeat(32)}`
    const operator = {
      env: {
        EARNEST_DATA: folder,
        EARNEST_RPC_URL: ground.url,
        EARNEST_ESCROW: escrow,
        EARNEST_TOKEN: token,
        EARNEST_ARBITERS: arbiter,
        EARNEST_FEE_RECIPIENTS: feeRecipient,
        EARNEST_ORACLE_KEY: key,
        EARNEST_SENDER_KEY: key,
        EARNEST_ATTESTOR_KEYS: key,
        EARNEST_ARTIFACT_KEY: key,
      },
      monotonic: () => 0,
      say: (line: string) => void said.push(line),
    }
    const order = (name: string, ...args: string[]) => commands[name]?.(operator, ...args)
    try {
      await opened(({ db }) => restoreStore(db, lines))
      const { timestamp } = await ground.client.getBlock()
      assert.equal(await order('revoke', id, 'issued_in_error'), true)
      const uuid = id.slice('urn:uuid:'.length)
      assert.deepEqual(said, [JSON.stringify({ id: uuid, reason: 'issued_in_error' })])
      await assert.rejects(order('revoke', id, 'again') ?? assert.fail(), {
        code: 'credential_revoked',
      })
      await opened(async ({ db }) => {
        const row = await db
          .selectFrom('credential')
          .select(['revoked_at', 'reason'])
          .where('id', '=', uuid)
          .executeTakeFirstOrThrow()
        assert.equal(row.reason, 'issued_in_error')
        const since = Number(row.revoked_at) - Number(timestamp)
        assert.ok(since >= 0 && since < DAY, `${since} s after the last block`)
        await verifyJournal(db, a.world.oracle.signer)
      })
      // The oracle whose backup it was knows nothing of it.
      assert.equal((await statusOf(await credentialOf())).status, 'valid')
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  test('of an agent whose record got worse is taken back by itself', async () => {
    const did = party(35).identity.did
    await register(a.world, party(35))
    const at = a.world.oracle.clock.now()
    const trade = { buyer: seeds[1] as string, seller: did, capability: domain, at }
    await learn(settled(trade))
    const credential = await credentialOf(did)
    assert.equal((await statusOf(credential)).status, 'valid')
    await learn(settled({ ...trade, ending: 'expired', sellerBps: 0, protocolFee: 0n }))
    const status = await statusOf(credential)
    assert.deepEqual([status.status, status.reason], ['revoked', 'record_worse'])
  })

  test('of an agent whose good trades are found to be its own dealing is taken back too', async () => {
    const did = party(36).identity.did
    await register(a.world, party(36))
    const from = a.world.oracle.clock.now() - 25 * DAY
    const buyer = seeds[1] as string
    const trade = (i: number) =>
      settled({ buyer, seller: did, capability: domain, at: from + i * DAY })
    await learn(trade(0))
    const credential = await credentialOf(did)
    assert.ok(credential.credentialSubject.fulfilled > 0.5)
    assert.equal((await statusOf(credential)).status, 'valid')
    await learn(
      { kind: 'agent', agent: buyer, at: from, organization: 'acme' },
      { kind: 'agent', agent: did, at: from, organization: 'acme' },
      ...Array.from({ length: 24 }, (_, i) => trade(1 + i)),
    )
    assert.equal((await trustAt(a, did)).flags[0]?.code, 'inter_org_self_dealing')
    const status = await statusOf(credential)
    assert.deepEqual([status.status, status.reason], ['revoked', 'record_worse'])
  })
})

describe('a record from another oracle', () => {
  const unchanged = async (act: () => Promise<unknown>) => {
    const before = await trustAt(b)
    await act()
    const after = await trustAt(b)
    assert.deepEqual([after.evidence, after.imported], [before.evidence, before.imported])
  }
  const refusal = async (response: Promise<Response>) => problemOf(await response)

  test('[TAP-17] is refused forged, expired, revoked, untrusted, about or by another', async () => {
    const credential = await credentialOf()
    const own = b.world.oracle.signer
    const forged = structuredClone(credential)
    forged.credentialSubject.fulfilled += 1
    const other = await credentialOf(a.world.buyer.identity.did, '?role=buyer')
    const cases: [what: string, response: Promise<Response>, status: number, code: string][] = [
      ['forged', bring(wire(forged)), 422, 'invalid_credential'],
      [
        'expired',
        bring(wire(issued(rogue, {}, { at: now() - 31 * DAY }))),
        422,
        'credential_expired',
      ],
      ['revoked', bring(wire(issued(rogue, {}, { status: 'revoked' }))), 409, 'credential_revoked'],
      [
        'issuer silent',
        bring(wire(issued(rogue, {}, { status: 'silent' }))),
        503,
        'issuer_unreachable',
      ],
      ['nobody’s issuer', bring(wire(issued(party(99).identity))), 403, 'issuer_untrusted'],
      ['this oracle itself', bring(wire(issued(own))), 403, 'issuer_untrusted'],
      ['of another subject', bring(wire(other)), 422, 'subject_mismatch'],
      ['by another agent', bring(wire(credential), { by: b.world.buyer }), 403, 'signer_not_agent'],
      ['as a buyer', bring(wire(issued(rogue, { role: 'buyer' }))), 422, 'domain_unsupported'],
    ]
    for (const [what, response, status, code] of cases) {
      await unchanged(async () => assert.deepEqual(await refusal(response), [status, code], what))
    }
    // The word on another credential is no word on this one.
    const mute = issued(rogue)
    words.set(mute.credentialStatus.id, words.get(issued(rogue).credentialStatus.id))
    assert.deepEqual(await refusal(bring(wire(mute))), [422, 'invalid_credential'])
  })

  test('[TAP-17] [UNS-18] counts by the weight of its issuer, labelled, within three trades', async () => {
    const fresh = await trustAt(b)
    assert.deepEqual([fresh.status, fresh.evidence, fresh.imported], ['unrated', 0, undefined])
    const credential = await credentialOf()
    const response = await bring(wire(credential))
    assert.equal(response.status, 201)
    const record = decode(routes.importCredential.response, await response.json(), 'invalid')
    const answer = await trustAt(b)
    const [imported] = answer.imported ?? []
    assert.deepEqual([record.credentialId, imported?.issuer], [credential.id, a.did])
    assert.deepEqual(
      [imported?.weight, imported?.transactions, imported?.evidenceRoot],
      [0.5, 10, credential.credentialSubject.evidenceRoot],
    )
    // Ten good trades, an issuer trusted by half, a cap of three: one and a half.
    assert.equal(imported?.fulfilled, 1.5)
    assert.equal(answer.evidence, 1.5)
    assert.equal(answer.status, 'rated')
    const composite = compositeOf(answer.scoreBreakdown) as number
    assert.equal(answer.compositeScore, composite - answer.idleDecay)
    assert.ok(answer.failureProbability < fresh.failureProbability)
    const { facts } = await factsOf(b)
    const seedsOfB = await seedsOf(b)
    const found = recompute({ answer, facts, seeds: seedsOfB })
    assert.deepEqual(found.differences, [])
    const { imported: _, ...unlabelled } = answer
    const hidden = recompute({ answer: unlabelled, facts, seeds: seedsOfB })
    assert.deepEqual(
      hidden.differences.map(({ field }) => field),
      ['imported'],
    )
  })

  test('lifts nobody out of the newcomers’ lane', async () => {
    const { buyer } = b.world
    const query = new URLSearchParams({
      buyer: buyer.identity.did,
      seller: seller.identity.did,
      capability: domain,
      amount: '50',
    })
    const quote = await read<Record<string, unknown> & { warnings: string[] }>(
      `${b.url}/api/v1/quote?${query}`,
    )
    assert.deepEqual(
      [quote.limitUsdc, quote.acceptable, quote.instantRelease, quote.bondToReserveUsdc],
      ['20', false, false, '50'],
    )
    assert.ok(quote.warnings.includes('newcomer'))
    assert.equal((await trustAt(b)).certificationLevel, 'none')
  })

  test('[TAP-17] counts once: not again, not an older one, not its evidence by another issuer', async () => {
    const credential = await credentialOf()
    await unchanged(async () => {
      assert.deepEqual(await refusal(bring(wire(credential))), [409, 'credential_imported'])
      const { evidenceRoot } = credential.credentialSubject
      const copy = wire(issued(twin, { evidenceRoot }))
      assert.deepEqual(await refusal(bring(copy)), [409, 'evidence_reused'])
    })
    const newer = issued(rogue)
    const older = issued(rogue, { fulfilled: 80 }, { at: now() - HOUR })
    assert.equal((await bring(wire(newer))).status, 201)
    await unchanged(async () =>
      assert.deepEqual(await refusal(bring(wire(older))), [409, 'credential_older']),
    )
    // Two issuers and forty trades: three in all.
    const { evidence, imported = [] } = await trustAt(b)
    assert.equal(imported.length, 2)
    assert.ok(Math.abs(evidence - 3) < 1e-9)
  })

  test('[TAP-17] what went wrong comes along in full and leaves less room for what went well', async () => {
    const before = await trustAt(b)
    await pass(60)
    const mixed = issued(rogue, { fulfilled: 40, failed: 1 })
    assert.equal((await bring(wire(mixed))).status, 201)
    const after = await trustAt(b)
    const sum = (name: 'fulfilled' | 'failed') =>
      (after.imported ?? []).reduce((total, one) => total + one[name], 0)
    assert.equal(sum('failed'), 1)
    assert.ok(Math.abs(sum('fulfilled') - 1) < 1e-9)
    assert.ok(after.failureProbability > 2 * before.failureProbability)
  })

  test('ends at once when its issuer revokes it, and within a day when the issuer is silent', async () => {
    const issuers = async () => (await trustAt(b)).imported?.map(({ issuer }) => issuer)
    await pass(60)
    const lasting = issued(twin)
    assert.equal((await bring(wire(lasting))).status, 201)
    const id = (await credentialOf()).id.slice('urn:uuid:'.length)
    await revokeCredential(a.world.oracle, { id, reason: 'issued_in_error' })
    await pass(13 * HOUR)
    // Only the twin says anew that its word holds; the rogue fell silent.
    for (const url of words.keys()) {
      if (url !== lasting.credentialStatus.id) words.set(url, null)
    }
    const [body, asOf] = [words.get(lasting.credentialStatus.id) as object, now()]
    const { signature: _, ...said } = decode(signedCredentialStatusSchema, body, 'invalid')
    const renewed = { ...said, asOf, validUntil: asOf + DAY }
    const renewedWire = encode(credentialStatusSchema, renewed, 'invalid')
    const signature = twin.sign({ type: 'credential-status', body: renewedWire })
    words.set(lasting.credentialStatus.id, { ...renewedWire, signature })
    assert.deepEqual((await issuers())?.sort(), [a.did, rogue.did, twin.did].sort())
    assert.equal(await b.world.oracle.tendImports(), 2)
    assert.deepEqual((await issuers())?.sort(), [rogue.did, twin.did].sort())
    await pass(12 * HOUR)
    assert.deepEqual(await issuers(), [twin.did])
    await pass(13 * HOUR)
    assert.deepEqual(await issuers(), undefined)
    assert.equal((await trustAt(b)).status, 'unrated')
    const seedsOfB = await seedsOf(b)
    const { facts } = await factsOf(b)
    assert.ok(recompute({ answer: await trustAt(b), facts, seeds: seedsOfB }).equal)
  })
})

test('an issuer that does not answer is asked once a look, and holds up no other', async () => {
  const brought: SignedCredential[] = []
  for (const [byte, issuer] of [
    [71, rogue],
    [72, rogue],
    [73, rogue],
    [74, twin],
  ] as const) {
    const agent = party(byte)
    await register(b.world, agent)
    const credential = issued(issuer, { id: agent.identity.did })
    assert.equal((await bring(wire(credential), { by: agent, to: agent })).status, 201)
    brought.push(credential)
    await pass(60)
  }
  await pass(13 * HOUR)
  const last = brought[3] as SignedCredential
  for (const url of words.keys()) if (url !== last.credentialStatus.id) words.set(url, null)
  asked.length = 0
  await b.world.oracle.tendImports()
  const urls = brought.map(({ credentialStatus }) => credentialStatus.id)
  assert.deepEqual(asked, [urls[0], urls[3]])
  // It was the first's turn; now it is the second's.
  asked.length = 0
  await b.world.oracle.tendImports()
  assert.equal(asked[0], urls[1])
})

test('failures that add up beyond all numbers leave no room for anything good', () => {
  const model = createTrustModel({ seeds })
  const at = 1_700_000_000
  for (const issuer of [rogue.did, twin.did]) {
    model.apply({
      kind: 'import',
      agent: seller.identity.did,
      at,
      credentialId: issuer,
      issuer,
      weight: 1,
      domain,
      transactions: 40,
      fulfilled: 40,
      failed: 1e308,
      meanAmount: 50_000_000n,
      windowUntil: at,
      evidenceRoot: issuer,
      until: at + DAY,
    })
  }
  const { evidence, imported = [] } = model.assess({
    agent: seller.identity.did,
    role: 'seller',
    now: at,
  })
  assert.equal(evidence, 3)
  assert.deepEqual(
    imported.map(({ fulfilled, failed }) => [fulfilled, failed]),
    [
      [0, 0.75],
      [0, 0.75],
    ],
  )
})

test('[TAP-06] the event root stands in a plain transaction that any node shows', async () => {
  const { oracle } = a.world
  await a.world.settle()
  const begun = await oracle.anchorRoot()
  assert.equal(begun?.reference, null)
  assert.equal(await oracle.anchorRoot(), undefined)
  await a.world.settle()
  await ground.client.mine({ blocks: 2 })
  const placed = (await oracle.anchorRoot()) as AnchorRecord
  const listed = await read<{ anchors: { reference: string }[] }>(`${a.url}/api/v1/anchors`)
  assert.equal(listed.anchors[0]?.reference, placed.reference)
  assert.equal(placed.chain, `eip155:${ground.deployment.chainId}`)
  // Whoever has a node and the oracle's DID needs nothing else.
  const { input } = await ground.client.getTransaction({ hash: placed.reference as Hex })
  const statement = readAnchorMemo(hexToString(input), { oracle: a.did })
  assert.deepEqual(statement, placed.statement)
  assertCode(() => readAnchorMemo(hexToString(input), { oracle: b.did }), 'invalid_anchor')
  const bent = hexToString(input).replace(/"size":(\d+)/, '"size":9$1')
  assertCode(() => readAnchorMemo(bent, { oracle: a.did }), 'invalid_anchor')
  // A credential of this moment names the very root.
  const { credentialSubject: said } = await credentialOf(seller.identity.did, '')
  assert.deepEqual([said.evidenceRoot, said.evidenceSize], [statement.eventRoot, statement.size])
  const anchor = createEvmAnchor({ ...oracle, chain: oracle.chain })
  assert.equal(await anchor.verify(placed.reference as string, statement), true)
  assert.equal(await anchor.verify(placed.reference as string, { ...statement, size: 1 }), false)
  assert.equal(await anchor.verify(`0x${'ab'.repeat(32)}`, statement), false)
  // Nothing new, no anchor; with news, only when it is due.
  await pass(2 * HOUR)
  await a.world.settle()
  const { size } = statement
  assert.ok(((await oracle.anchorRoot())?.statement.size ?? size + 1) > size)
})

test('[W-39] two oracles are asked, the worse decides, and a credential outlives its issuer', async () => {
  const credential = await credentialOf()
  const clients = [a, b].map(({ url, did, world }) =>
    createOracleClient({ url, did, clock: world.oracle.clock }),
  )
  const agent = { did: seller.identity.did, capabilities: [domain], claims: {} } as never
  const lenient = { minTaskCount: 0, minBondTier: 0, minFulfillmentRate90d: 0, maxInactiveDays: 99 }
  const policy = {
    default: { minCompositeScore: 500, ...lenient },
    highValue: null,
    newcomer: null,
  }
  const options = { task: { capability: domain, paymentUsdc: 1_000_000n }, policy }
  const [first, second] = await Promise.all(
    clients.map((oracle) => assess(agent, { ...options, oracles: [oracle] })),
  )
  const both = await assess(agent, { ...options, oracles: clients })
  assert.deepEqual([first?.answers[0]?.oracle, second?.answers[0]?.oracle], [a.did, b.did])
  assert.deepEqual([first?.approved, second?.approved, both.approved], [true, false, false])
  assert.equal(both.reason, second?.reason)
  const folder = mkdtempSync(join(tmpdir(), 'earnest-'))
  const file = join(folder, 'c.json')
  writeFileSync(file, JSON.stringify(wire(credential)))
  const clock = { now: () => credential.validFrom + 60 }
  const check = (...more: string[]) =>
    checkCredential(['--file', file, ...more], clock, () => Promise.reject(new Error('no agent')))
  assert.equal((await check('--status-within', '600')).subject, seller.identity.did)
  await a.close()
  assert.equal((await check()).issuer, a.did)
  for (const bound of ['600', 'soon']) {
    await assert.rejects(check('--status-within', bound), { code: 'credential_status_stale' })
  }
  rmSync(folder, { recursive: true })
  verifyCredential(credential, { now: credential.validFrom })
  assert.deepEqual(await problemOf(await bring(wire(credential))), [503, 'issuer_unreachable'])
  await assert.rejects(assess(agent, { ...options, oracles: clients }))
})
