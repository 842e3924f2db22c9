import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type Claim,
  claimSchema,
  type Defence,
  type DisputeRecord,
  decode,
  defenceSchema,
  encode,
  encodePact,
  hashClaim,
  hashDefence,
  hashPact,
  type Pact,
  packLadder,
  type RecourseRecord,
  recourseRecordSchema,
  type Submission,
  submissionSchema,
} from '@earnest/sdk/protocol'
import { createJury } from '../../../oracle/src/settlement/jury/jury.ts'
import { costOf, plans } from '../../../oracle/src/settlement/jury/plan.ts'
import { hearSpot } from '../../../oracle/src/settlement/spot/hear.ts'
import { listSpotChecks } from '../../../oracle/src/settlement/spot/read.ts'
import { fundGas } from '../../../scripts/local/chain.ts'
import { type Provider, startProvider, wires } from '../../../scripts/local/judge/provider.ts'
import { isEmpty, section, verdict } from '../../../scripts/local/judge/verdict.ts'
import { mintUsdc } from '../../../scripts/local/usdc.ts'
import { requestBondWithdrawal, stakeBond } from '../../../sdk/src/escrow/bond.ts'
import { type EscrowRef, escrowOfPact } from '../../../sdk/src/escrow/client.ts'
import { claimRecourse, dropRecourse, readRecourse } from '../../../sdk/src/escrow/recourse.ts'
import { readBalance } from '../../../sdk/src/escrow/token.ts'
import { walletOf } from '../../sdk/support/market.ts'
import { createProbeBook } from '../settlement/jury/bench.ts'
import { escrowOf, journalOf, judges, pass } from '../support/court.ts'
import {
  agree,
  call,
  completionOf,
  confirm,
  createWorld,
  fund,
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

let ground: Ground
let world: World
let providers: Provider[]

const wallet = (who: Party) => walletOf(ground.url, who.wallet)

/** Judges by what the buyer says: nonsense is worth little, and a whim takes nothing away. */
const judge = (heard: Parameters<typeof section>[0]) => {
  if (isEmpty(heard)) return verdict(heard, 0)
  if (section(heard, 'deliverable').includes('lorem')) return verdict(heard, 20)
  const claim = section(heard, 'buyer_claim')
  const harm = claim.includes('sends my keys away')
  return verdict(heard, claim.includes('nonsense') ? 40 : 100, { harm })
}

before(async () => {
  ground = await startGround()
  providers = await Promise.all(wires.map((wire) => startProvider(wire, judge)))
  world = await createWorld(ground, {
    jury: providers.map(({ juror }) => juror),
    seeds: [party(17).identity.did],
  })
  const { token } = ground.deployment
  for (const who of [world.buyer, world.seller]) {
    await fundGas(ground.client, who.wallet.address)
    await mintUsdc(ground.client, { token, to: who.wallet.address, amount: 6_000_000_000n })
  }
})
after(async () => {
  await world?.close()
  await Promise.all(providers.map((provider) => provider.close()))
  await ground?.close()
})

async function bond(): Promise<[number, string]> {
  await world.settle()
  const id = encodeURIComponent(world.seller.identity.did)
  const response = await world.app.request(`/api/v1/trust/${id}?nonce=${crypto.randomUUID()}`)
  const answer = (await response.json()) as { bondTier: number; bondAmountUsdc: string }
  return [answer.bondTier, answer.bondAmountUsdc]
}

test('[ORC-07] the tier is derived from the bond on chain, in the next query', async () => {
  const { token, chainId, vault } = ground.deployment
  const amount = 5_000_000_000n
  await stakeBond(wallet(world.seller), { chainId, vault, token, amount })
  await world.settle()
  // The stake is older than the registration.
  await register(world, world.seller)
  assert.deepEqual(await bond(), [2, '5000'])
  const leaving = amount - 500_000_000n
  await requestBondWithdrawal(wallet(world.seller), { chainId, vault, amount: leaving })
  assert.deepEqual(await bond(), [1, '500'])
})

describe('a claim against a bond', () => {
  /** One per cent of 50 USDC: the stake, and what the arbiter is paid. */
  const FEE = 500_000n
  const ARBITRATION = 259_200
  const balance = (owner: `0x${string}`) =>
    readBalance(ground.client, { token: ground.deployment.token, owner })
  const ladder = packLadder({
    juryLimit: 86_400,
    appealWindow: 3600,
    committeeLimit: 0,
    moderatorLimit: 86_400,
    appealBond: 5_000_000n,
    pool: 0,
  })

  before(() => register(world, world.buyer))

  type Trade = { pact: Pact; escrow: EscrowRef; id: `0x${string}` }

  /** Work that passes every check and is paid at once, with the bond behind it. */
  async function released(
    change: { ladder?: string; judges?: string[]; greeting?: string } = {},
  ): Promise<Trade> {
    const { escrow } = encodePact(pactOf(world))
    const vault = ground.deployment.vault.toLowerCase() as `0x${string}`
    const { timing } = encodePact(pactOf(world))
    const windows = {
      review: 3600,
      response: 86_400,
      negotiation: 86_400,
      arbitration: ARBITRATION,
    }
    const pact = pactOf(world, {
      // With a moderator above the jury a trade between people.
      timing: { ...timing, profile: change.ladder ? 'human' : 'agent', windows },
      escrow: { ...escrow, vault, ladder: change.ladder ?? escrow.ladder },
      disclosure: { committee: false, judges: change.judges ?? judges },
    })
    const id = await agree(world, pact)
    await fund(world, pact)
    await confirm(world)
    const result = { greeting: change.greeting ?? 'asdf', name: 'qwer' }
    const files = { 'result.json': JSON.stringify(result) }
    const body = await completionOf(world, pact, { files, reserve: true })
    await call(world, { by: world.seller, method: 'POST', path: '/api/v1/completions', body })
    await world.settle()
    await confirm(world)
    const { state, bonded } = await escrowOf(world, id)
    assert.deepEqual([state, bonded], [6, true])
    return { pact, escrow: escrowOfPact({ pact }), id }
  }

  function claimOf(
    { pact, id }: Trade,
    words: string,
    {
      by = world.buyer,
      reason = 'quality_below_threshold',
    }: { by?: Party; reason?: Claim['reason'] | undefined } = {},
  ) {
    const claim: Claim = {
      escrowId: id,
      pactId: hashPact(pact),
      round: 1,
      disputedBy: by.identity.did,
      reason,
      claim: words,
      evidence: [],
      claimedAt: world.oracle.clock.now(),
      nonce: crypto.randomUUID(),
    }
    const body = encode(claimSchema, claim, 'invalid_claim')
    const signed = { body, signature: by.identity.sign({ type: 'claim', body }) }
    return { signed, claimHash: hashClaim(claim) }
  }

  const file = (by: Party, body: unknown) =>
    send(world, { by, method: 'POST', path: '/api/v1/disputes', body })

  function defend({ pact, id }: Trade, explanation: string) {
    const defence: Defence = {
      escrowId: id,
      pactId: hashPact(pact),
      defendedBy: world.seller.identity.did,
      explanation,
      evidence: [],
      defendedAt: world.oracle.clock.now(),
      nonce: crypto.randomUUID(),
    }
    const body = encode(defenceSchema, defence, 'invalid_defence')
    const signature = world.seller.identity.sign({ type: 'defence', body })
    const path = `/api/v1/disputes/${id}/defence`
    const sent = send(world, { by: world.seller, method: 'POST', path, body: { body, signature } })
    return { sent, defenceHash: hashDefence(defence) }
  }

  function addEvidence({ id }: Trade, by: Party) {
    const submission: Submission = {
      escrowId: id,
      submittedBy: by.identity.did,
      evidence: [{ type: 'specific_claim', content: { said: by.identity.did } }],
      submittedAt: world.oracle.clock.now(),
      nonce: crypto.randomUUID(),
    }
    const body = encode(submissionSchema, submission, 'invalid_evidence')
    const signature = by.identity.sign({ type: 'evidence', body })
    const path = `/api/v1/disputes/${id}/evidence`
    return send(world, { by, method: 'POST', path, body: { body, signature } })
  }

  /** Files the paper and claims on chain with its hash and stake. */
  async function claimed(trade: Trade, words: string, reason?: Claim['reason']): Promise<string> {
    const { signed, claimHash } = claimOf(trade, words, { reason })
    const { token } = ground.deployment
    assert.equal((await file(world.buyer, signed)).status, 201)
    await claimRecourse(wallet(world.buyer), { escrow: trade.escrow, token, claimHash })
    await world.settle()
    return claimHash
  }

  const recourseOf = async ({ id }: Trade): Promise<RecourseRecord> => {
    const response = await world.app.request(`/api/v1/recourse/${id}`)
    return decode(recourseRecordSchema, await response.json(), 'invalid_recourse')
  }
  const disputeOf = async ({ id }: Trade) =>
    (await (await world.app.request(`/api/v1/disputes/${id}`)).json()) as DisputeRecord
  const told = async ({ id }: Trade) =>
    (
      await world.oracle.db
        .selectFrom('event')
        .select(['type', 'agents'])
        .where('escrow_id', '=', id)
        .where('type', 'like', '%claim%')
        .orderBy('id')
        .execute()
    ).map(({ type, agents }) => [type, agents.length])
  const trustOf = async (who: Party) => {
    const id = encodeURIComponent(who.identity.did)
    return (await (
      await world.app.request(`/api/v1/trust/${id}?nonce=${crypto.randomUUID()}`)
    ).json()) as {
      scoreBreakdown: Record<string, number>
      bondTier: number
      bondAmountUsdc: string
      incidentCount90d: number
      certificationLevel: string
    }
  }
  const recordsOf = async (who: Party) => {
    const id = encodeURIComponent(who.identity.did)
    const response = await world.app.request(`/api/v1/trust/${id}/attestations?limit=100`)
    return ((await response.json()) as { attestations: unknown[] }).attestations.length
  }

  test('[PCT-22][REP-24] bad work that was paid at once is claimed, heard on the same evidence, proposed and finalized; the bond compensates the buyer to the base unit, and the record falls', async () => {
    const { buyer, seller } = world
    const records = [await recordsOf(buyer), await recordsOf(seller)]
    await released()
    const fulfilled = records.map((count) => count + 1)
    assert.deepEqual([await recordsOf(buyer), await recordsOf(seller)], fulfilled)
    const trade = await released({ ladder })
    const before = await trustOf(seller)
    assert.deepEqual([before.bondTier, before.bondAmountUsdc], [1, '500'])
    assert.equal((await recourseOf(trade)).state, 'reserved')
    const start = await balance(buyer.wallet.address)
    const arbiter = await balance(ground.deployment.arbiter)

    const claimHash = await claimed(trade, 'It is nonsense')
    assert.equal((await balance(buyer.wallet.address)) - start, -FEE)
    const open = await recourseOf(trade)
    assert.deepEqual(
      [open.state, open.claimHash, open.stakeUsdc, open.reservedUsdc],
      ['claimed', claimHash, FEE, 50_000_000n],
    )
    assert.equal(open.heardFrom, open.end - ARBITRATION + 86_400 / 4)
    assert.deepEqual(await told(trade), [['claimed', 2]])
    const { sent, defenceHash } = defend(trade, 'It is a greeting')
    assert.equal((await sent).status, 201)
    assert.equal((await addEvidence(trade, buyer)).status, 201)
    const dispute = await disputeOf(trade)
    assert.equal(dispute.defence?.defenceHash, defenceHash)
    assert.equal(dispute.evidence.length, 1)

    // Half a quarter of the jury's time: nobody is heard yet.
    await pass(world, 86_400 / 8)
    assert.deepEqual(await journalOf(world, trade.id, 'jury_heard'), [])
    await pass(world, 86_400 / 8)
    const [heard] = await journalOf(world, trade.id, 'jury_heard')
    assert.equal(JSON.parse(heard?.data ?? '{}').sellerBps, 4000)
    const answered = providers[0]?.heard.filter((one) =>
      section(one, 'seller_response').includes('It is a greeting'),
    )
    assert.ok(answered?.length)
    // A proposal moves nothing until nobody can appeal it any more.
    assert.equal((await recourseOf(trade)).state, 'claimed')
    assert.equal((await balance(buyer.wallet.address)) - start, -FEE)
    await pass(world, 3600)
    await confirm(world)

    // 50 USDC less 1 % of arbitration at 40 %: 19.80 stay, 29.70 come back, and the stake with it.
    assert.equal((await balance(buyer.wallet.address)) - start, 29_700_000n)
    assert.equal((await balance(ground.deployment.arbiter)) - arbiter, FEE)
    const over = await recourseOf(trade)
    assert.equal(over.state, 'slashed')
    assert.deepEqual(
      [over.ending?.how, over.ending?.sellerBps, over.ending?.slashedUsdc],
      ['ruled', 4000, 30_200_000n],
    )
    assert.equal(over.reservedUsdc, 0n)
    assert.deepEqual(await told(trade), [
      ['claimed', 2],
      ['claim_ruled', 2],
    ])
    const ruled = await disputeOf(trade)
    assert.deepEqual([ruled.sellerBps, ruled.evidenceUntil], [4000, null])
    assert.equal(ruled.recordHash, over.ending?.recordHash)

    const after = await trustOf(seller)
    for (const dimension of ['reliability', 'accuracy'] as const) {
      const [high, low] = [before, after].map((one) => one.scoreBreakdown[dimension])
      assert.ok(high && low !== undefined && low < high, dimension)
    }
    assert.equal(after.incidentCount90d, before.incidentCount90d + 1)
    // 500 less 30.20: the smaller bond is in no tier.
    assert.deepEqual([after.bondTier, after.bondAmountUsdc], [0, '469.8'])
    const id = encodeURIComponent(seller.identity.did)
    const explained = (await (await world.app.request(`/api/v1/trust/${id}/explain`)).json()) as {
      incidents: { class: string; severity: number }[]
      influences: { eventId: string; severity: number }[]
    }
    assert.deepEqual(
      explained.incidents.map((one) => [one.class, one.severity]),
      [['slashing', 0.6]],
    )
    const trades = explained.influences.filter(({ eventId }) => eventId === trade.id)
    assert.deepEqual(
      trades.map(({ severity }) => severity),
      [0.6],
    )
  })

  test('a breach of security that the ruling upheld is an incident beside what the bond paid', async () => {
    const trade = await released()
    const before = await trustOf(world.seller)
    await claimed(trade, 'It is nonsense that sends my keys away', 'security_breach')
    await pass(world, ARBITRATION / 4)
    await confirm(world)
    const { ending } = await recourseOf(trade)
    assert.deepEqual([ending?.how, ending?.sellerBps], ['ruled', 4000])
    const after = await trustOf(world.seller)
    assert.equal(after.incidentCount90d, before.incidentCount90d + 2)
    const [high, low] = [before, after].map(({ scoreBreakdown }) => scoreBreakdown.security)
    assert.ok(high && low !== undefined && low < high)
    const [entry] = await journalOf(world, trade.id, 'harm_upheld')
    assert.deepEqual(JSON.parse(entry?.data ?? '{}'), { awardedBps: 4000, class: 'security' })
  })

  test('without a ladder the attestors rule in the vault’s own domain; a claim on a whim costs its stake', async () => {
    const trade = await released()
    const before = await trustOf(world.seller)
    const start = await balance(world.buyer.wallet.address)
    await claimed(trade, 'A whim')
    await pass(world, ARBITRATION / 4)
    await confirm(world)
    const { state, ending } = await recourseOf(trade)
    assert.deepEqual([state, ending?.how, ending?.sellerBps], ['freed', 'ruled', 10_000])
    assert.equal((await balance(world.buyer.wallet.address)) - start, -FEE)
    assert.equal((await trustOf(world.seller)).incidentCount90d, before.incidentCount90d)
  })

  test('where nobody rules, time ends it: the stake is the seller’s, and the oracle says so by itself', async () => {
    const trade = await released({ judges: [] })
    const start = await balance(world.seller.wallet.address)
    await claimed(trade, 'It is nonsense')
    await pass(world, ARBITRATION / 4)
    const [entry] = await journalOf(world, trade.id, 'jury_not_heard')
    assert.equal(JSON.parse(entry?.data ?? '{}').code, 'too_few_seats')
    await pass(world, (ARBITRATION * 3) / 4 - 60)
    assert.equal((await recourseOf(trade)).state, 'claimed')
    await pass(world, 60)
    const { state, ending } = await recourseOf(trade)
    assert.deepEqual([state, ending?.how], ['freed', 'concluded'])
    assert.equal((await balance(world.seller.wallet.address)) - start, FEE)
    assert.deepEqual(await told(trade), [
      ['claimed', 2],
      ['claim_concluded', 2],
    ])
  })

  test('what nobody claims is freed when its review would have ended', async () => {
    const trade = await released()
    const { end } = await recourseOf(trade)
    await pass(world, end - world.oracle.clock.now() - 10)
    assert.equal((await recourseOf(trade)).state, 'reserved')
    await pass(world, 10)
    const { state, ending } = await recourseOf(trade)
    assert.deepEqual([state, ending?.how], ['freed', 'unclaimed'])
    const late = claimOf(trade, 'Too late')
    assert.deepEqual(await problemOf(await file(world.buyer, late.signed)), [409, 'wrong_state'])
  })

  test('a claim is the buyer’s, one, in time and about what stands on chain; it is answered once', async () => {
    const trade = await released()
    const { signed } = claimOf(trade, 'Mine', { by: world.seller })
    assert.deepEqual(await problemOf(await file(world.seller, signed)), [403, 'signer_not_party'])
    assert.deepEqual(await problemOf(await defend(trade, 'Before anything').sent), [
      404,
      'dispute_unknown',
    ])
    assert.equal((await addEvidence(trade, world.buyer)).status, 404)
    const { token } = ground.deployment
    const mine = claimOf(trade, 'It is nonsense')
    // On chain first: the paper follows its hash, and no other is taken.
    const { escrow } = trade
    await claimRecourse(wallet(world.buyer), { escrow, token, claimHash: mine.claimHash })
    await world.settle()
    const other = claimOf(trade, 'Something else')
    assert.deepEqual(await problemOf(await file(world.buyer, other.signed)), [409, 'wrong_state'])
    assert.equal((await file(world.buyer, mine.signed)).status, 201)
    assert.equal((await file(world.buyer, mine.signed)).status, 201)
    assert.equal((await defend(trade, 'It is a greeting').sent).status, 201)
    assert.deepEqual(await problemOf(await defend(trade, 'Better said').sent), [
      409,
      'defence_exists',
    ])
    await dropRecourse(wallet(world.buyer), { escrow })
    await world.settle()
    assert.equal((await recourseOf(trade)).ending?.how, 'dropped')
    assert.deepEqual(await problemOf(await addEvidence(trade, world.buyer)), [409, 'dispute_over'])
    await pass(world, ARBITRATION / 4)
    assert.deepEqual(await journalOf(world, trade.id, 'jury_heard'), [])
    assert.equal((await readRecourse(wallet(world.buyer), escrow)).state, 'freed')
  })

  test('a claim that a reorg takes is none; the one that returns is told again and heard once', async () => {
    const trade = await released()
    const { escrow } = trade
    const { signed, claimHash } = claimOf(trade, 'It is nonsense')
    const { token } = ground.deployment
    assert.equal((await file(world.buyer, signed)).status, 201)
    const snapshot = await ground.client.snapshot()
    await claimRecourse(wallet(world.buyer), { escrow, token, claimHash })
    await world.settle()
    assert.equal((await recourseOf(trade)).claimHash, claimHash)

    // Another branch without the claim, longer than the one before.
    await ground.client.revert({ id: snapshot })
    await ground.client.mine({ blocks: 5, interval: 3 })
    await world.settle()
    const without = await recourseOf(trade)
    assert.deepEqual([without.state, without.claimHash, without.stakeUsdc], ['reserved', null, 0n])
    await claimRecourse(wallet(world.buyer), { escrow, token, claimHash })
    await pass(world, ARBITRATION / 4)
    await confirm(world)
    assert.equal((await recourseOf(trade)).state, 'slashed')
    assert.equal((await journalOf(world, trade.id, 'jury_heard')).length, 1)
    assert.deepEqual(await told(trade), [
      ['claimed', 2],
      ['claimed', 2],
      ['claim_ruled', 2],
    ])
  })

  /** Puts a trade before the jury as if it had been drawn. */
  async function spotChecked({ id }: Trade, cost = 5_000_000n) {
    const { oracle, seller } = world
    const { db } = oracle
    const drawn = { draw: 0, rate_bps: 10_000, rate_table: 'earnest-spot/1', drawn_at: 1 }
    const row = { escrow_id: id, round: 1, seller_did: seller.identity.did, ...drawn }
    await db
      .insertInto('spot_check')
      .values({ ...row, seed_block: 1, seed_hash: id, status: 'drawn' })
      .execute()
    const jury = createJury({
      roster: providers.map(({ juror }) => juror),
      probes: createProbeBook(),
      clock: oracle.clock,
      random: (length) => crypto.getRandomValues(new Uint8Array(length)),
      timeoutMs: 20_000,
    })
    const hearing = { ...oracle, jury, policy: { rateBps: 10_000, cost } }
    await hearSpot(hearing, { escrowId: id, round: 1 })
    const [check] = await listSpotChecks(db, id)
    return check
  }

  test('[UNS-01] a look at work that was paid at once warns its buyer while it can claim; the claim is its tribunal’s, whose ruling takes the mark away', async () => {
    const trade = await released({ greeting: 'lorem' })
    const check = await spotChecked(trade)
    assert.deepEqual([check?.status, check?.poor], ['heard', true])
    const [warning] = await journalOf(world, trade.id, 'quality_warning')
    const { end } = await recourseOf(trade)
    assert.equal(JSON.parse(warning?.data ?? '{}').reviewEnd, end)
    await claimed(trade, 'It is nonsense')
    const other = await released({ greeting: 'lorem' })
    await claimed(other, 'It is nonsense')
    const late = await spotChecked(other)
    assert.deepEqual([late?.status, late?.code], ['not_heard', 'disputed'])
    await pass(world, ARBITRATION / 4)
    await confirm(world)
    assert.equal((await recourseOf(trade)).ending?.how, 'ruled')
    const [ruled] = await listSpotChecks(world.oracle.db, trade.id)
    assert.equal(ruled?.poor, false)
    assert.equal((await journalOf(world, trade.id, 'spot_withdrawn')).length, 1)
  })

  test('[UNS-01] a delivery that is padded until a look at all of it costs too much is looked at in part', async () => {
    const trade = await released({ greeting: 'lorem '.repeat(8000) })
    const [, , single] = plans
    assert.ok(single)
    const cost = costOf(
      single,
      providers.map(({ juror }) => juror),
      25_000,
    )
    const check = await spotChecked(trade, cost)
    assert.deepEqual([check?.status, check?.code, check?.poor], ['heard', null, true])
  })
})
