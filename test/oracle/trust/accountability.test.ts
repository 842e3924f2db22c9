import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  decode,
  factsSchema,
  isEarnestError,
  scoreboardSchema,
  trustResponseSchema,
} from '@earnest/sdk/protocol'
import { append } from '../../../oracle/src/store/journal.ts'
import { type Lease, takeLease } from '../../../oracle/src/store/lease.ts'
import { decideAppeal, openAppeals } from '../../../oracle/src/trust/appeal.ts'
import type { TrustEvent } from '../../../oracle/src/trust/event.ts'
import { eventOfWire } from '../../../oracle/src/trust/eventlog.ts'
import { replay } from '../../../oracle/src/trust/model.ts'
import { publishDay, publishScores } from '../../../oracle/src/trust/publish.ts'
import { recompute } from '../../../oracle/src/trust/recompute.ts'
import { accountOf } from '../../../oracle/src/trust/scoreboard.ts'
import { createDesk, type Party, party, problemOf, register, send } from '../support/world.ts'
import { DAY, settled } from './market.ts'

const seeds = [51, 52, 53, 54, 55].map((byte) => party(byte).identity.did)
const seller = party(34).identity.did

let desk: Awaited<ReturnType<typeof createDesk>>
let lease: Lease

before(async () => {
  desk = await createDesk({ seeds })
  await register(desk, desk.seller)
  const taken = await takeLease(desk.oracle.db, { name: 'indexer', holder: 'test', seconds: 600 })
  assert.ok(taken)
  lease = taken
})
after(() => desk?.close())

const learn = (...facts: TrustEvent[]) =>
  desk.oracle.db.transaction().execute((tx) =>
    append(
      tx,
      desk.oracle.signer,
      facts.map((fact) => ({
        action: 'tested',
        subject: seller,
        at: desk.clock.now(),
        data: {},
        fact,
      })),
    ),
  )

const get = async (path: string) => (await desk.app.request(`/api/v1${path}`)).json()
const answer = async () =>
  decode(
    trustResponseSchema,
    await get(`/trust/${encodeURIComponent(seller)}?nonce=${crypto.randomUUID()}`),
    'invalid_trust',
  )
const events = async (type: string) =>
  desk.oracle.db.selectFrom('event').selectAll().where('type', '=', type).orderBy('id').execute()
const publishing = () => ({ ...desk.oracle, lease })

/** Buyers whom the seeds have served before buy from the seller; every tenth trade fails. */
function market(from: number, trades: number): TrustEvent[] {
  const at = desk.clock.now()
  return Array.from({ length: trades }, (_, i) => {
    const buyer = `buyer-${from + i}`
    const fails = i % 10 === 9
    return [
      settled({ buyer, seller: seeds[i % 5] as string, at: at + i }),
      settled({
        buyer,
        seller,
        at: at + i,
        facts: { passed: fails ? 0.4 : 1, fundedAt: at, agreedPrice: 50_000_000n },
        ...(fails && { ending: 'resolved' as const, sellerBps: 4_000 }),
      }),
    ]
  }).flat()
}

test('[ORC-13] the time of a score advances with every event on its agent, and every day', async () => {
  const first = await answer()
  assert.ok(first.scoreUpdatedAt > desk.clock.now() - DAY)
  desk.clock.set(desk.clock.now() + 7)
  await learn(...market(0, 1))
  const second = await answer()
  assert.equal(second.scoreUpdatedAt, desk.clock.now())
  for (const hours of [1, 20, 30]) {
    desk.clock.set(desk.clock.now() + hours * 3600)
    const later = await answer()
    assert.ok(later.scoreUpdatedAt > desk.clock.now() - DAY)
    assert.ok(later.scoreUpdatedAt <= desk.clock.now())
  }
})

test('a change of a published score is told once, to whom it concerns', async () => {
  await learn(...market(100, 30))
  assert.ok((await publishScores(publishing())) >= 1)
  const [told] = await events('score_changed')
  const { compositeScore, certificationLevel } = await answer()
  const { before: was, after: is } = JSON.parse(told?.data ?? '{}')
  assert.deepEqual(told?.agents, [seller])
  assert.equal(was, null)
  assert.deepEqual([is.compositeScore, is.certificationLevel], [compositeScore, certificationLevel])
  assert.equal(await publishScores(publishing()), 0)
  // Another process has seen nothing of this one, and tells nothing twice.
  const other = await createDesk({ seeds, store: { ...desk.oracle, shared: true } as never })
  await publishScores({ ...other.oracle, clock: desk.clock, lease })
  assert.equal((await events('score_changed')).length, 1)
  assert.ok(!(await events('score_changed')).some(({ agents }) => agents[0]?.startsWith('buyer')))
})

test('[REP-03] the third missed deadline opens a bond review that is told', async () => {
  const miss = (i: number) =>
    settled({
      buyer: `buyer-${100 + i}`,
      seller,
      at: desk.clock.now() + i,
      ending: 'expired',
      sellerBps: 0,
      protocolFee: 0n,
    })
  await learn(miss(1), miss(2))
  await publishScores(publishing())
  assert.equal((await events('bond_review')).length, 0)
  await learn(miss(3))
  await publishScores(publishing())
  const told = await events('bond_review')
  assert.equal(told.length, 1)
  assert.equal(JSON.parse(told[0]?.data ?? '{}').reason, 'three_deadlines_missed')
  await publishScores(publishing())
  assert.equal((await events('bond_review')).length, told.length)
})

test('[ORC-14] anybody recomputes an answer from public data, and a changed fact shows', async () => {
  const said = await answer()
  const { facts, size, eventRoot } = decode(
    factsSchema,
    await get('/facts?limit=1000'),
    'invalid_facts',
  )
  assert.equal(facts.length, size)
  assert.equal(eventRoot, said.eventRoot)
  const found = recompute({ answer: said, facts, seeds })
  assert.deepEqual(found.differences, [])
  assert.ok(found.equal && found.facts === size)
  // What became known after the answer does not disturb it.
  const more = [...facts, { seq: size + 1, fact: { kind: 'activity', agent: seller, at: 1 } }]
  assert.ok(recompute({ answer: said, facts: more, seeds }).equal)
  const last = facts.at(-2)
  assert.ok(last)
  const forged = facts.map((one) => (one === last ? { ...one, fact: { ...one.fact, at: 5 } } : one))
  const fields = (other: Parameters<typeof recompute>[0]) =>
    recompute(other).differences.map(({ field }) => field)
  assert.ok(fields({ answer: said, facts: forged, seeds }).includes('eventRoot'))
  assert.ok(fields({ answer: said, facts: facts.slice(1), seeds }).includes('eventRoot'))
  assert.ok(fields({ answer: said, facts, seeds: seeds.slice(1) }).includes('scorer.seeds'))
  const better = { ...said, failureProbability: said.failureProbability / 2 }
  assert.deepEqual(fields({ answer: better, facts, seeds }), ['failureProbability'])
  const pages = await get(`/facts?after=${size - 1}`)
  assert.equal((pages as { facts: unknown[] }).facts.length, 1)
})

test('the scoreboard is the account of forecasts made before each trade', async () => {
  const board = decode(scoreboardSchema, await get('/scoreboard'), 'invalid_scoreboard')
  const { facts } = decode(factsSchema, await get('/facts?limit=1000'), 'invalid_facts')
  const events = facts.map(({ fact }) => eventOfWire(fact))
  const model = replay(events, { seeds })
  const account = accountOf(model.state)
  assert.equal(board.events, events.filter(({ kind }) => kind === 'settled').length)
  assert.deepEqual(board.score.calibration, account.score.calibration)
  assert.equal(board.score.logLoss, account.score.logLoss)
  assert.ok(board.score.auc !== null && board.baselines.constant)
  // The first trade of all was forecast with nothing known: the Laplace start of the base rate.
  assert.ok(Math.abs((model.state.history.forecast[0] as number) - 0.1) < 1e-12)
  // It ranks everything there ever was: new facts bring a new account a minute later, not at once.
  await learn(...market(900, 3))
  const told = async () => ((await get('/scoreboard')) as { events: number }).events
  assert.equal(await told(), board.events)
  desk.clock.set(desk.clock.now() + 60)
  assert.equal(await told(), board.events + 6)
  // What does not count for a score accounts for nothing either.
  model.state.history.excluded[0] = 1
  assert.equal(accountOf(model.state).events, account.events - 1)
})

test('[ORC-16] [REP-23] once a day everybody is looked at anew and the full pass stands beside what was kept up', async () => {
  desk.clock.set(desk.clock.now() + DAY)
  assert.equal(await publishDay(publishing()), true)
  assert.equal(await publishDay(publishing()), false)
  const passes = () =>
    desk.oracle.db
      .selectFrom('journal')
      .selectAll()
      .where('action', 'like', 'full_pass_%')
      .execute()
  const [pass] = await passes()
  assert.equal(pass?.action, 'full_pass_agrees')
  const { trades, differences } = JSON.parse(pass?.data ?? '{}')
  assert.ok(trades > 60)
  assert.ok(Number(differences.trust) <= 1e-9)
  // The pass is an event like any other: a replay makes it at the same place.
  const said = await answer()
  const { facts } = decode(factsSchema, await get('/facts?limit=1000'), 'invalid_facts')
  assert.ok(facts.some(({ fact }) => fact.kind === 'pass'))
  assert.deepEqual(recompute({ answer: said, facts, seeds }).differences, [])
  // Months of idleness cost points that no event tells of.
  const told = (await events('score_changed')).length
  desk.clock.set(desk.clock.now() + 60 * DAY)
  assert.equal(await publishScores(publishing()), 0)
  assert.equal(await publishDay(publishing()), true)
  assert.ok((await events('score_changed')).length > told)
})

test('[UNS-10] a decided appeal reaches the log, and the sanction falls with the flag', async () => {
  const other = 'did:key:other'
  const at = desk.clock.now()
  const amounts = (i: number) => BigInt(20 + ((i * 37) % 90)) * 1_000_000n
  await learn(
    ...[seller, other].map((agent) => ({ kind: 'agent' as const, agent, at, funder: '0x09' })),
    ...Array.from({ length: 25 }, (_, i) =>
      settled({ buyer: other, seller, at: at - (25 - i) * 3600, amount: amounts(i) }),
    ),
  )
  const told = async () => {
    const { flags } = await answer()
    return flags.map(({ code }) => code)
  }
  assert.ok((await told()).includes('self_dealing') && (await told()).includes('sanction_limited'))
  const explained = (await get(`/trust/${encodeURIComponent(seller)}/explain`)) as {
    flags: { flagId: string; status: string }[]
  }
  const flagId = explained.flags[0]?.flagId ?? ''
  const appeal = async (by: Party, body: object) => {
    const path = `/api/v1/trust/${encodeURIComponent(seller)}/appeals`
    return send(desk, { by, method: 'POST', path, body })
  }
  const words = { flagId, statement: 'We both drew our first money from one exchange' }
  const refused = await problemOf(await appeal(desk.buyer, words))
  assert.deepEqual(refused, [403, 'signer_not_agent'])
  const none = { ...words, flagId: 'flag:nobody' }
  assert.deepEqual(await problemOf(await appeal(desk.seller, none)), [404, 'flag_unknown'])
  assert.equal((await appeal(desk.seller, words)).status, 201)
  assert.equal((await appeal(desk.seller, { ...words, statement: 'once more' })).status, 201)
  const [open, ...more] = await openAppeals(desk.oracle.db)
  assert.deepEqual([open?.did, open?.statement, more.length], [seller, words.statement, 0])
  const filed = await desk.oracle.db
    .selectFrom('journal')
    .select(['data', 'subject'])
    .where('action', '=', 'appeal_filed')
    .execute()
  assert.deepEqual(
    filed.map(({ subject }) => subject),
    [seller],
  )
  assert.ok(!filed[0]?.data.includes('exchange'))
  // A rejection keeps the exclusion, and both stand in the explanation with the reason.
  await decideAppeal(desk.oracle, { flagId, upheld: false, reason: 'It was no exchange' })
  assert.ok((await told()).includes('self_dealing'))
  const appeals = async () => {
    const { appeals } = (await get(`/trust/${encodeURIComponent(seller)}/explain`)) as {
      appeals: { status: string; reason: string; statement?: string }[]
    }
    return appeals
  }
  const [rejected] = await appeals()
  assert.deepEqual([rejected?.status, rejected?.reason], ['rejected', 'It was no exchange'])
  assert.equal(rejected?.statement, undefined)
  const decision = { flagId, upheld: true, reason: 'Both were funded by one exchange' }
  await decideAppeal(desk.oracle, decision)
  assert.ok(!(await told()).includes('self_dealing'))
  await assert.rejects(decideAppeal(desk.oracle, decision), (error) =>
    isEarnestError(error, 'appeal_decided'),
  )
  // Raised anew under its old name it can be appealed again.
  desk.clock.set(at + 86_400)
  await decideAppeal(desk.oracle, decision)
  assert.deepEqual(await problemOf(await appeal(desk.seller, words)), [404, 'flag_unknown'])
})
