import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sessionTypedData, verifyEcdsa } from '@earnest/sdk/protocol'
import { privateKeyToAccount } from 'viem/accounts'
import {
  closeSession,
  findSession,
  openSession,
} from '../../../oracle/src/settlement/moderation/session.ts'
import { createDesk } from '../support/world.ts'

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
    const { moderator: who, formKey } = await findSession(context(), token)
    assert.equal(who, people[0])
    assert.notEqual(formKey, token)
    await closeSession(desk.oracle, token)
    await assert.rejects(findSession(context(), token), { code: 'session_unknown' })
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
    await assert.rejects(findSession({ ...context(), people: [] }, token), {
      code: 'session_unknown',
    })
    const start = desk.clock.now()
    desk.clock.set(start + lifetime - 1)
    await findSession(context(), token)
    desk.clock.set(start + lifetime)
    await assert.rejects(findSession(context(), token), { code: 'session_unknown' })
  })
})
