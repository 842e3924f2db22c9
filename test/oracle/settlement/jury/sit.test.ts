import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createJury } from '../../../../oracle/src/settlement/jury/jury.ts'
import { hearSpot } from '../../../../oracle/src/settlement/spot/hear.ts'
import { upheldHarm } from '../../../../oracle/src/settlement/upheld.ts'
import { recompute } from '../../../../oracle/src/trust/recompute.ts'
import { createChance } from '../../../../scripts/bench/verify/chance.ts'
import { code } from '../../../../scripts/bench/verify/kinds/code.ts'
import { invoices } from '../../../../scripts/bench/verify/kinds/invoices.ts'
import { play } from '../../../../scripts/bench/verify/play.ts'
import { tally } from '../../../../scripts/bench/verify/tally.ts'
import { fundGas } from '../../../../scripts/local/chain.ts'
import { type Provider, startProvider, wires } from '../../../../scripts/local/judge/provider.ts'
import { isEmpty, section, verdict } from '../../../../scripts/local/judge/verdict.ts'
import { mintUsdc } from '../../../../scripts/local/usdc.ts'
import { escrowOfPact } from '../../../../sdk/src/escrow/client.ts'
import { dispute } from '../../../../sdk/src/escrow/dispute.ts'
import { decode } from '../../../../sdk/src/protocol/decode.ts'
import { type Claim, claimSchema, hashClaim } from '../../../../sdk/src/protocol/dispute.ts'
import { packLadder } from '../../../../sdk/src/protocol/ladder.ts'
import { encodePact, type Pact, type PactWire } from '../../../../sdk/src/protocol/pact.ts'
import { recount } from '../../../../sdk/src/protocol/recount.ts'
import { type SpotCheck, spotDraw } from '../../../../sdk/src/protocol/spot.ts'
import { hashVerdict, verdictRecordSchema } from '../../../../sdk/src/protocol/verdict.ts'
import { walletOf } from '../../../sdk/support/market.ts'
import { escrowOf, journalOf, judges, pass } from '../../support/court.ts'
import { claimOf } from '../../support/trade.ts'
import {
  agree,
  call,
  completionOf,
  confirm,
  createWorld,
  fund,
  type Ground,
  pactOf,
  register,
  send,
  startGround,
  type World,
} from '../../support/world.ts'

let ground: Ground
let world: World
let providers: Provider[]

/** Judges by the report: what the checks found missing is not paid, and a little of the rest neither. */
const judge = (generous: number) => (heard: Parameters<typeof section>[0]) => {
  if (isEmpty(heard)) return verdict(heard, 0)
  const harm = !section(heard, 'deliverable').includes('harmless')
  // There are a greeting and a name, and neither says anything.
  if (section(heard, 'deliverable').includes('lorem'))
    return verdict(heard, 20 + generous, { harm })
  const lost = section(heard, 'verification_report').includes('name (weight 40, path): fail')
    ? 40
    : 0
  return verdict(heard, 100 - lost - 5 + generous, { harm })
}

before(async () => {
  ground = await startGround()
  providers = await Promise.all(
    wires.map((wire, seat) => startProvider(wire, judge([5, 5, 15, 0, -5][seat]!))),
  )
  world = await createWorld(ground, {
    jury: providers.map(({ juror }) => juror),
    spots: { rateBps: 10_000, cost: 500_000n },
  })
  await register(world, world.buyer)
  await register(world, world.seller)
})

after(async () => {
  await world.close()
  await Promise.all(providers.map((provider) => provider.close()))
  await ground.close()
})

/** Funds a pact and delivers it without the name that it asks for; its dispute opens by itself. */
async function partial(
  change: Partial<PactWire>,
): Promise<{ pact: Pact; escrowId: `0x${string}` }> {
  const pact = pactOf(world, change)
  const escrowId = await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  const body = await completionOf(world, pact, { files: { 'result.json': '{"greeting":"hello"}' } })
  await call(world, { by: world.seller, method: 'POST', path: '/api/v1/completions', body })
  await world.settle()
  assert.equal((await escrowOf(world, escrowId)).state, 3)
  return { pact, escrowId }
}

describe('sit', () => {
  test('[DSP-16][DSP-17][DSP-19] a partial delivery is heard after the time for evidence, proposed on chain and concluded', async () => {
    const { escrowId } = await partial({
      paymentUsdc: '500',
      disclosure: { committee: false, judges },
    })
    await pass(world, 86_400)
    assert.equal((await escrowOf(world, escrowId)).state, 5)
    assert.equal(providers[0]!.heard.length, 0)

    await pass(world, 259_200 / 4)
    const proposed = await escrowOf(world, escrowId)
    assert.equal(proposed.proposed, true)
    // 60, 60, 70, 55, 50 by five equal seats; the checks leave 60 at most.
    assert.equal(proposed.proposedBps, 6000)

    const response = await world.app.request(`/api/v1/disputes/${escrowId}/record`)
    const record = decode(verdictRecordSchema, await response.json(), 'invalid_verdict')
    assert.deepEqual(recount(record).faults, [])
    assert.equal(record.capBps, 6000)
    assert.deepEqual(record.texts, {})
    assert.equal(record.seats.length, 5)
    const [entry] = await journalOf(world, escrowId, 'jury_heard')
    assert.equal(JSON.parse(entry!.data).recordHash, hashVerdict(record))

    await pass(world, 259_200)
    const ended = await escrowOf(world, escrowId)
    assert.equal(ended.state, 8)
    await confirm(world)
    const settled = await world.oracle.db
      .selectFrom('settlement')
      .select('receipt')
      .where('escrow_id', '=', escrowId)
      .executeTakeFirstOrThrow()
    const { settlement } = JSON.parse(settled.receipt)
    // 500 at 60 %: 5.00 of arbitration, 297.00 gross less 1.50 of protocol fee, to the base unit.
    assert.equal(settlement.arbitrationFeeUsdc, '5')
    assert.equal(settlement.protocolFeeUsdc, '1.5')
    assert.equal(settlement.sellerUsdc, '295.5')
    assert.equal(settlement.buyerUsdc, '198')
  })

  test('what names a party is not shown to the judges, what was delivered is', async () => {
    const [heard] = providers[0]!.heard.filter(
      (one) => !isEmpty(one) && one.user.includes('greeting'),
    )
    assert.ok(section(heard!, 'deliverable').includes('{"greeting":"hello"}'))
    assert.ok(!heard!.user.includes(world.seller.identity.did))
    assert.ok(!heard!.user.includes(world.buyer.identity.did))
  })

  test('with a ladder the arbiter keeps the proposal, and the oracle finalizes it by itself', async () => {
    const ladder = packLadder({
      juryLimit: 86_400,
      appealWindow: 0,
      committeeLimit: 0,
      moderatorLimit: 0,
      appealBond: 0n,
      pool: 0,
    })
    const pact = pactOf(world)
    const { escrowId } = await partial({
      escrow: { ...encodePact(pact).escrow, ladder },
      disclosure: { committee: false, judges },
    })
    await pass(world, 86_400)
    await pass(world, 86_400 / 4)
    const proposed = await escrowOf(world, escrowId)
    assert.deepEqual([proposed.proposed, proposed.proposedBps], [true, 6000])
    assert.equal((await escrowOf(world, escrowId)).state, 8)
  })

  test('[DRV-13] a pact that lets no judge read goes on without the rung, by the evidence', async () => {
    const before = providers.flatMap(({ heard }) => heard).length
    const { escrowId } = await partial({ disclosure: { committee: false, judges: [] } })
    await pass(world, 86_400)
    await pass(world, 259_200 / 4)
    const [entry] = await journalOf(world, escrowId, 'jury_not_heard')
    assert.equal(JSON.parse(entry!.data).code, 'too_few_seats')
    assert.equal((await escrowOf(world, escrowId)).proposed, false)
    assert.equal(providers.flatMap(({ heard }) => heard).length, before)
    await pass(world, 259_200)
    assert.equal((await escrowOf(world, escrowId)).state, 8)
  })
})

/** Delivers work that passes, and lets its seed come on chain. */
async function passed(
  text: string,
  change: Partial<PactWire> = {},
): Promise<{ pact: Pact; escrowId: `0x${string}` }> {
  const pact = pactOf(world, {
    paymentUsdc: '500',
    disclosure: { committee: false, judges },
    ...change,
  })
  const escrowId = await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  const body = await completionOf(world, pact, { files: { 'result.json': text } })
  await call(world, { by: world.seller, method: 'POST', path: '/api/v1/completions', body })
  await world.settle()
  assert.equal((await escrowOf(world, escrowId)).state, 2)
  await ground.client.mine({ blocks: 4 })
  await pass(world, 11)
  return { pact, escrowId }
}

const get = async <T>(path: string) => (await (await world.app.request(path)).json()) as T

const checksOf = async (id: string) =>
  (await get<{ spotChecks: SpotCheck[] }>(`/api/v1/escrows/${id}/spot-checks`)).spotChecks

const accuracyLost = async () => {
  const answer = await world.oracle.trust.answer({ id: world.seller.identity.did, role: 'seller' })
  return answer.penalties
    .filter(({ code }) => code === 'poor_quality')
    .reduce((sum, { points }) => sum + (points.accuracy ?? 0), 0)
}

const eventsOf = (id: string) =>
  world.oracle.db.selectFrom('event').select('type').where('escrow_id', '=', id).execute()

describe('spot checks', () => {
  test('[UNS-01] what machines can tell is told before anything is delivered; work that passes and is worth nothing warns its buyer, marks its seller once, and is paid all the same', async () => {
    await measured()

    const before = await accuracyLost()
    const { escrowId } = await passed('{"greeting":"lorem","name":"ipsum"}')
    const [check] = await checksOf(escrowId)
    assert.ok(check)
    const report = await get<{ result: string }>(`/api/v1/escrows/${escrowId}/report`)
    assert.equal(report.result, 'PASS')
    const { draw, rateBps, seedBlock, seedHash, status, qualityBps, poor, record } = check
    assert.deepEqual(
      { status, qualityBps, poor, rateBps },
      {
        status: 'heard',
        qualityBps: 2500,
        poor: true,
        rateBps: 10_000,
      },
    )
    // Anybody repeats the draw and the count of the votes.
    const block = await ground.client.getBlock({ blockNumber: BigInt(seedBlock) })
    assert.equal(block.hash, seedHash)
    assert.equal(spotDraw({ escrowId, round: 1, seedHash }), draw)
    const public_ = decode(verdictRecordSchema, record, 'invalid_verdict')
    assert.deepEqual([recount(public_).faults, public_.texts], [[], {}])
    assert.equal(hashVerdict(public_), check.recordHash)

    const types = (await eventsOf(escrowId)).map(({ type }) => type)
    assert.equal(types.filter((type) => type === 'quality_warning').length, 1)
    assert.ok(!types.includes('disputed'))
    assert.equal(await accuracyLost(), before + 5)
    // Whoever looks at it again changes nothing: neither the work queue nor another process.
    await hearSpot(
      { ...world.oracle, jury: silentJury, policy: world.oracle.spots },
      {
        escrowId,
        round: 1,
      },
    )
    assert.equal(await accuracyLost(), before + 5)

    const explained = await world.oracle.trust.explain({ id: world.seller.identity.did })
    const [first] = explained.spotChecks as { escrowId: string; qualityBps: number }[]
    assert.deepEqual([first?.escrowId, first?.qualityBps], [escrowId, 2500])
    const page = await (await world.app.request(`/trades/${escrowId}`)).text()
    assert.match(page, /found the work worth 25/)
    const read = await send(world, {
      by: world.buyer,
      method: 'GET',
      path: `/api/v1/escrows/${escrowId}/papers`,
      body: new Uint8Array(),
    })
    const papers = (await read.json()) as { spotCheck: { texts: Record<string, string> } }
    assert.ok(Object.values(papers.spotCheck.texts).some((text) => text.includes('ipsum')))

    await pass(world, 3600)
    const ended = await escrowOf(world, escrowId)
    assert.equal(ended.state, 6)
    await confirm(world)
    const { receipt } = await world.oracle.db
      .selectFrom('settlement')
      .select('receipt')
      .where('escrow_id', '=', escrowId)
      .executeTakeFirstOrThrow()
    assert.equal(JSON.parse(receipt).settlement.sellerUsdc, '497.5')
  })

  test('good work is looked at and gains nothing', async () => {
    const before = await accuracyLost()
    const { escrowId } = await passed('{"greeting":"hello","name":"world"}')
    const [check] = await checksOf(escrowId)
    assert.deepEqual([check?.status, check?.poor], ['heard', false])
    assert.equal(await accuracyLost(), before)
    const facts = await world.oracle.db
      .selectFrom('fact')
      .select('fact')
      .where('fact', 'like', `%spot/${escrowId}%`)
      .execute()
    assert.deepEqual(facts, [])
  })

  test('a pact that lets no judge read is not read, and a rung without keys says so', async () => {
    const heard = () => providers.flatMap((provider) => provider.heard).length
    const before = heard()
    const lorem = '{"greeting":"lorem","name":"ipsum"}'
    const closed = await passed(lorem, { disclosure: { committee: true, judges: [] } })
    const [check] = await checksOf(closed.escrowId)
    assert.deepEqual([check?.status, check?.code], ['not_heard', 'not_disclosed'])
    const few = await passed(lorem, { disclosure: { committee: true, judges: ['openai', 'meta'] } })
    const [other] = await checksOf(few.escrowId)
    assert.deepEqual([other?.status, other?.code], ['not_heard', 'too_few_seats'])
    assert.equal(heard(), before)

    const { escrowId } = few
    await world.oracle.db
      .updateTable('spot_check')
      .set({ status: 'drawn' })
      .where('escrow_id', '=', escrowId)
      .execute()
    const noKeys = { ...world.oracle, jury: silentJury, policy: world.oracle.spots }
    await hearSpot(noKeys, { escrowId, round: 1 })
    const [unheard] = await checksOf(escrowId)
    assert.equal(unheard?.code, 'no_judges')
    const [entry] = await journalOf(world, escrowId, 'spot_not_checked')
    assert.equal(JSON.parse(entry!.data).code, 'too_few_seats')
  })
})

describe('harm', () => {
  const wallet = () => walletOf(ground.url, world.buyer.wallet)
  before(async () => {
    const { address } = world.buyer.wallet
    await fundGas(ground.client, address)
    const { token } = ground.deployment
    await mintUsdc(ground.client, { token, to: address, amount: 100_000_000n })
  })

  /** Delivers what passes, disputes it on chain with the hash of `staked`, and lets it end. */
  async function judged(
    text: string,
    { reason, another = false }: { reason: Claim['reason']; another?: boolean },
  ): Promise<`0x${string}`> {
    const { pact, escrowId } = await passed(text)
    const trade = { pact, id: escrowId }
    const filed = claimOf(world, trade, { by: world.buyer, reason })
    const body = { by: world.buyer, method: 'POST', path: '/api/v1/disputes', body: filed } as const
    assert.equal((await send(world, body)).status, 201)
    const claim = decode(claimSchema, filed.body, 'invalid_claim')
    const claimHash = another ? 'ab'.repeat(32) : hashClaim(claim)
    const { token } = ground.deployment
    await dispute(wallet(), { escrow: escrowOfPact({ pact }), token, claimHash })
    await world.settle()
    assert.equal((await escrowOf(world, escrowId)).state, 3)
    await pass(world, 86_400)
    await pass(world, 259_200 / 4)
    assert.equal((await escrowOf(world, escrowId)).proposed, true)
    await pass(world, 259_200)
    await confirm(world)
    assert.equal((await escrowOf(world, escrowId)).state, 8)
    return escrowId
  }

  const stands = async () => {
    const id = world.seller.identity.did
    const { incidents } = await world.oracle.trust.explain({ id })
    const answer = await world.oracle.trust.answer({ id, role: 'seller' })
    const of = (code: string) => answer.penalties.filter((penalty) => penalty.code === code).length
    return {
      incidents: (incidents as { incidentId: string }[]).filter(({ incidentId }) =>
        incidentId.startsWith('dispute/'),
      ),
      count: answer.incidentCount90d,
      penalties: [of('security_incident'), of('harm_incident')],
    }
  }

  const lorem = '{"greeting":"lorem","name":"ipsum"}'

  test('an accusation that the judges did not share and words that are not the ones on chain are no harm', async () => {
    const before = await stands()
    await judged('{"greeting":"hello","name":"world"}', { reason: 'harmful' })
    await judged(lorem, { reason: 'harmful', another: true })
    assert.deepEqual(await stands(), before)
  })

  test('work that the judges find worthless and harmless is no breach, however little they leave for it', async () => {
    const before = await stands()
    const worthless = '{"greeting":"lorem","name":"harmless"}'
    const escrowId = await judged(worthless, { reason: 'security_breach' })
    const { facts } = await world.oracle.trust.facts({ after: 0, limit: 1000 })
    const settled = facts.map(({ fact }) => fact).find((fact) => fact.escrowId === escrowId)
    assert.equal((settled?.dispute as { awardedBps?: number } | undefined)?.awardedBps, 2500)
    assert.deepEqual(await stands(), before)
  })

  test('what time alone concluded upholds nothing, nor does a delivery that the checks alone made cheap', async () => {
    const before = await stands()
    const { escrowId } = await partial({
      paymentUsdc: '500',
      disclosure: { committee: false, judges },
    })
    await pass(world, 86_400)
    await pass(world, 259_200 / 4)
    const hash = { escrowId, round: 1, buyer: world.buyer.identity.did } as const
    const { body } = claimOf(world, { pact: pactOf(world), id: escrowId }, { by: world.buyer })
    const late = { ...body, reason: 'harmful' }
    const claimHash = hashClaim(decode(claimSchema, late, 'invalid_claim'))
    await world.oracle.db
      .insertInto('claim')
      .values({
        escrow_id: escrowId,
        round: 1,
        disputed_by: world.buyer.identity.did,
        claim: JSON.stringify({ body: late, signature: '0'.repeat(128) }),
        claim_hash: claimHash,
        filed_at: world.oracle.clock.now(),
      })
      .execute()
    const heldAt = async (filed_at: number, awardedBps: number) => {
      await world.oracle.db.updateTable('claim').set({ filed_at }).execute()
      return world.oracle.db
        .transaction()
        .execute((tx) => upheldHarm(tx, { ...hash, claimHash: `0x${claimHash}`, awardedBps }))
    }
    const now = world.oracle.clock.now()
    // The checks left 60 %.
    assert.equal(await heldAt(now - 100_000, 2999), 'harm')
    assert.equal(await heldAt(now - 100_000, 3000), null)
    // Nobody who judged could read it.
    assert.equal(await heldAt(now, 0), null)
    assert.deepEqual(await stands(), before)
  })

  // Last: a seller that did this may have nothing open without a bond.
  test('a breach that the judges upheld is an incident in the next answer, and its trade says nothing of security', async () => {
    const before = await stands()
    const escrowId = await judged(lorem, { reason: 'security_breach' })
    const after = await stands()
    assert.equal(after.count, before.count + 1)
    assert.deepEqual(after.penalties, [1, 0])
    const [incident] = after.incidents as { incidentId: string; class: string; severity: number }[]
    assert.ok(incident)
    assert.deepEqual(
      [incident.incidentId, incident.class, incident.severity],
      [`dispute/${escrowId}`, 'security', 0.75],
    )
    const [entry] = await journalOf(world, escrowId, 'harm_upheld')
    assert.deepEqual(JSON.parse(entry!.data), { class: 'security', awardedBps: 2500 })
    const { facts } = await world.oracle.trust.facts({ after: 0, limit: 1000 })
    const told = facts.map(({ fact }) => fact)
    const settled = told.find((fact) => fact.escrowId === escrowId && fact.kind === 'settled')
    assert.equal((settled?.facts as { upheld?: string } | undefined)?.upheld, 'security')
    // Whoever follows the public facts comes to the same answer.
    const answer = await world.oracle.trust.answer({
      id: world.seller.identity.did,
      role: 'seller',
    })
    const again = recompute({ answer, facts, seeds: [] })
    assert.deepEqual(again.differences, [])
  })
})

/** A jury without a key. */
const silentJury = createJury({
  roster: [],
  probes: { read: async () => [], append: async () => {} },
  clock: { now: () => 0 },
  random: (bytes) => new Uint8Array(bytes),
  timeoutMs: 1000,
})

/** The engine over a seeded set of defects of two templates: `bench:verify` has all of them. */
async function measured(): Promise<void> {
  const { examiner } = world.oracle
  const played = [invoices, code].map((work, index) =>
    play(work, { chance: createChance(2000 + index), copies: 2, examiner }),
  )
  const trials = (await Promise.all(played)).flat()
  const accepted = tally(trials, ['form', 'meaning'])
  assert.ok(accepted.deliveries > 80)
  assert.ok(accepted.rate < 0.02, JSON.stringify(accepted))
  assert.equal(tally(trials, ['good']).wrong, 0)
}
