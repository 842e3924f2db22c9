import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  type Decision,
  decisionTypedData,
  packLadder,
  sessionTypedData,
  termsFromPact,
  toBytes32,
  verifyEcdsa,
} from '@earnest/sdk/protocol'
import { privateKeyToAccount } from 'viem/accounts'
import { decide, standingDecisions } from '../../../oracle/src/settlement/moderation/decide.ts'
import {
  closeSession,
  findSession,
  openSession,
} from '../../../oracle/src/settlement/moderation/session.ts'
import { pack } from '../../../oracle/src/store/json.ts'
import { createDesk, pactOf } from '../support/world.ts'

const moderator = privateKeyToAccount(`0x${'61'.repeat(32)}`)
const stranger = privateKeyToAccount(`0x${'62'.repeat(32)}`)
const chainId = 31_337

let desk: Awaited<ReturnType<typeof createDesk>>
before(async () => {
  desk = await createDesk()
})
after(() => desk.close())

const people = [moderator.address.toLowerCase()]
const context = () => ({ ...desk.oracle, chainId, people, verifyWallet: verifyEcdsa })
const asking = () => ({ ...desk.oracle, people: async () => people })

async function statementOf({
  by = moderator,
  oracle = desk.oracle.signer.did as string,
  issuedAt = desk.clock.now(),
} = {}) {
  const nonce = crypto.randomUUID()
  const statement = { moderator: by.address, issuedAt, nonce }
  const signature = await by.signTypedData(
    sessionTypedData({ ...statement, chainId, oracle }) as never,
  )
  return { ...statement, signature }
}

describe('session of a moderator', () => {
  test('default: a signature opens one session; signing out ends it', async () => {
    const { token } = await openSession(context(), await statementOf())
    const { moderator: who, formKey } = await findSession(asking(), token)
    assert.equal(who, people[0])
    assert.notEqual(formKey, token)
    await closeSession(desk.oracle, token)
    await assert.rejects(findSession(asking(), token), { code: 'session_unknown' })
  })

  test('error: a statement counts once, for this oracle, in its time, and by a moderator only', async () => {
    const statement = await statementOf()
    await openSession(context(), statement)
    await assert.rejects(openSession(context(), statement), { code: 'request_replayed' })
    const elsewhere = await statementOf({
      oracle: 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK',
    })
    await assert.rejects(openSession(context(), elsewhere), { code: 'invalid_request_signature' })
    const old = await statementOf({ issuedAt: desk.clock.now() - 301 })
    await assert.rejects(openSession(context(), old), { code: 'request_expired' })
    const other = await statementOf({ by: stranger })
    await assert.rejects(openSession(context(), other), { code: 'not_moderator' })
    const borrowed = { ...other, moderator: moderator.address }
    await assert.rejects(openSession(context(), borrowed), { code: 'invalid_request_signature' })
  })

  test('behavior: it ends by time, and at once for a moderator who is none any more', async () => {
    const { token, lifetime } = await openSession(context(), await statementOf())
    await assert.rejects(findSession({ ...asking(), people: async () => [] }, token), {
      code: 'session_unknown',
    })
    const start = desk.clock.now()
    desk.clock.set(start + lifetime - 1)
    await findSession(asking(), token)
    desk.clock.set(start + lifetime)
    await assert.rejects(findSession(asking(), token), { code: 'session_unknown' })
  })
})

describe('two moderators', () => {
  const other = privateKeyToAccount(`0x${'63'.repeat(32)}`)
  const papers = (n: number) => `${n}`.repeat(64)
  const both = [moderator, other].map(({ address }) => address.toLowerCase())
  let first: Decision

  before(async () => {
    const pact = pactOf(desk)
    const ladder = toBytes32(
      packLadder({
        juryLimit: 0,
        committeeLimit: 0,
        appealWindow: 0,
        moderatorLimit: 86_400,
        appealBond: 0n,
        pool: 0,
      }),
    )
    const terms = { ...termsFromPact({ pact, milestone: 0 }), ladder }
    const escrowId = `0x${'ee'.repeat(32)}` as const
    const timerEnd = desk.clock.now() + 3600
    const clauses = { arbitrationWindow: 7200 }
    const state = { id: escrowId, terms, clauses, state: 'Arbitration', timerEnd, round: 1 }
    const row = {
      escrow_id: escrowId,
      state: 'Arbitration',
      buyer: '0x01',
      seller: '0x02',
      arbiter: '0x03',
      amount: '1',
      timer_end: timerEnd,
      funded_at: 1,
      funded_block: 1,
      updated_block: 1,
      awaits: false,
      remind_at: null,
      body: pack(state),
    }
    await desk.oracle.db.insertInto('escrow').values(row).execute()
    const dispute = { escrow_id: escrowId, round: 1, opened_at: 1, package_hash: papers(1) }
    await desk.oracle.db.insertInto('dispute').values(dispute).execute()
    first = {
      version: '1',
      escrowId,
      pactId: terms.pactHash.slice(2),
      round: 1,
      sellerBps: 5000,
      reason: 'half of it',
      packageHash: papers(1),
    }
  })

  async function sign(by: typeof moderator, decision: Decision, seated = both) {
    const bench = { seat: moderator.address, people: seated, needed: 2 }
    const signature = await by.signTypedData(decisionTypedData({ chainId, decision }) as never)
    const who = by.address.toLowerCase()
    return decide({ ...context(), bench }, { decision, by: who, signature })
  }
  const handIn = (n: number) =>
    desk.oracle.db
      .updateTable('dispute')
      .set({ package_hash: papers(n) })
      .where('escrow_id', '=', first.escrowId)
      .execute()

  test('error: of two different decisions at once one is refused, and one is not carried out', async () => {
    const answers = await Promise.allSettled([
      sign(moderator, first),
      sign(other, { ...first, sellerBps: 9000 }),
    ])
    assert.deepEqual(answers.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    await desk.oracle.db.deleteFrom('decision').execute()
  })

  test('behavior: papers that come in after both have signed do not keep them apart', async () => {
    assert.equal((await sign(moderator, first)).call, null)
    assert.notEqual((await sign(other, first)).call, null)
    await handIn(2)
    const second = { ...first, packageHash: papers(2) }
    assert.deepEqual(await standingDecisions(desk.oracle.db, second), [])
    const { signed, call } = await sign(other, second)
    assert.deepEqual([signed, call], [1, null])
    assert.equal((await sign(moderator, second)).signed, 2)
  })

  test('error: who is no moderator any more has no say, and a decision names its own pact', async () => {
    await handIn(3)
    const third = { ...first, packageHash: papers(3) }
    await sign(other, third)
    const { signed, call } = await sign(moderator, third, both.slice(0, 1))
    assert.deepEqual([signed, call], [1, null])
    const elsewhere = { ...third, pactId: papers(9) }
    await assert.rejects(sign(moderator, elsewhere), { code: 'wrong_state' })
  })
})
