import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  commitToKey,
  hashKeyEntry,
  joinKeyLogs,
  type KeyEntry,
  type KeyEntryBody,
  keyAt,
  keyText,
  type SignatureType,
  verifyBody,
  verifyKeyLog,
} from '@earnest/sdk/protocol'
import { assertCode, assertCodeLater } from './code.ts'
import { keyLog, keyNumber, otherWallet, signEntry } from './identity.ts'

const now = 10_000
const { did } = keyNumber(0)

async function rotated(change: Partial<KeyEntryBody>, signer = keyNumber(1)): Promise<KeyEntry[]> {
  const [first, second] = await keyLog(2)
  assert.ok(first && second)
  return [first, await signEntry({ ...second.body, ...change }, { key: signer })]
}

describe('keylog', () => {
  test('[DRV-06] a rotated-out key signs for times before the rotation and for none after', async () => {
    const history = await verifyKeyLog(await keyLog(3), { now })
    assert.equal(history.did, did)
    const statement = { type: 'message' as SignatureType, body: { text: 'x' } }
    const [first, second] = [keyNumber(0, did), keyNumber(1, did)]
    const verifies = (signature: string, at: number) =>
      verifyBody({ ...statement, signature, publicKey: keyAt(history, at) })
    assert.equal(verifies(first.sign(statement), 1999), true)
    assert.equal(verifies(first.sign(statement), 2000), false)
    assert.equal(verifies(second.sign(statement), 1999), false)
    assert.equal(verifies(second.sign(statement), 2000), true)
    assert.equal(verifies(second.sign(statement), 3000), false)
    assert.deepEqual(keyAt(history, 9_999_999), keyNumber(2).publicKey)
  })

  test('[DRV-06] after retirement no key signs', async () => {
    const history = await verifyKeyLog(await rotated({ nextKeyHash: null }), { now })
    assert.deepEqual(keyAt(history, 1999), keyNumber(0).publicKey)
    assertCode(() => keyAt(history, 2000), 'key_not_valid')
  })

  test('a thief of the current key cannot rotate: the next key was committed to', async () => {
    const thief = keyNumber(9)
    const log = await rotated({ key: keyText(thief.publicKey) }, thief)
    await assertCodeLater(verifyKeyLog(log, { now }), 'invalid_key_log')
  })

  test('a thief of the next key cannot rotate: the wallet co-signs', async () => {
    const [first, second] = await keyLog(2)
    assert.ok(first && second)
    const bent = await signEntry(second.body, { key: keyNumber(1), account: otherWallet })
    await assertCodeLater(verifyKeyLog([first, bent], { now }), 'invalid_key_log')
  })

  test('a thief cannot bring a wallet of its own', async () => {
    const [first, second] = await keyLog(2)
    assert.ok(first && second)
    const body = { ...second.body, wallet: otherWallet.address }
    const bent = await signEntry(body, { key: keyNumber(1), account: otherWallet })
    await assertCodeLater(verifyKeyLog([first, bent], { now }), 'invalid_key_log')
    const agreed = await signEntry(body, { key: keyNumber(1) })
    const history = await verifyKeyLog([first, agreed], { now })
    assert.equal(history.wallet, otherWallet.address)
  })

  const faults: [string, Partial<KeyEntryBody>][] = [
    ['a gap in the numbers', { seq: 2 }],
    ['a time that does not rise', { at: 1000 }],
    ['a time in the future', { at: now + 301 }],
    ['another predecessor', { previous: 'ab'.repeat(32) }],
    ['no predecessor', { previous: null }],
    ['another agent', { did: keyNumber(5).did }],
  ]
  for (const [name, change] of faults) {
    test(`refuses ${name}`, async () => {
      await assertCodeLater(verifyKeyLog(await rotated(change), { now }), 'invalid_key_log')
    })
  }

  test('refuses an entry that another key signed', async () => {
    const log = await rotated({}, keyNumber(0))
    await assertCodeLater(verifyKeyLog(log, { now }), 'invalid_key_log')
  })

  test('refuses a log whose first key is not the identifier', async () => {
    const log = await keyLog(2)
    await assertCodeLater(verifyKeyLog(log.slice(1), { now }), 'invalid_key_log')
    await assertCodeLater(verifyKeyLog([], { now }), 'invalid_key_log')
  })

  test('refuses an entry after retirement', async () => {
    const retired = await rotated({ nextKeyHash: null })
    const last = retired[1]
    assert.ok(last)
    const body = {
      ...last.body,
      seq: 2,
      at: 3000,
      key: keyText(keyNumber(2).publicKey),
      previous: hashKeyEntry(last.body),
    }
    const log = [...retired, await signEntry(body, { key: keyNumber(2) })]
    await assertCodeLater(verifyKeyLog(log, { now }), 'invalid_key_log')
  })

  test('smart wallets are asked through the injected verifier', async () => {
    const log = await keyLog(2)
    const asked: string[] = []
    const history = await verifyKeyLog(log, {
      now,
      verifyWallet: async ({ wallet, chainId }) => {
        asked.push(`${chainId}:${wallet}`)
        return true
      },
    })
    assert.equal(asked.length, 2)
    assert.equal(history.periods.length, 2)
    const refusing = verifyKeyLog(log, { now, verifyWallet: async () => false })
    await assertCodeLater(refusing, 'invalid_key_log')
  })

  test('the longer of two logs wins where one continues the other', async () => {
    const [short, long] = [await keyLog(2), await keyLog(3)]
    assert.deepEqual(joinKeyLogs(short, long), { log: long, forkAt: null })
    assert.deepEqual(joinKeyLogs(long, short), { log: long, forkAt: null })
  })

  test('a fork freezes the agent from where the logs part', async () => {
    const known = await keyLog(3)
    const [first] = known
    assert.ok(first)
    const second = await rotated({ nextKeyHash: commitToKey(keyNumber(8).publicKey), at: 1500 })
    const { forkAt } = joinKeyLogs(known, second)
    assert.equal(forkAt, 1500)
    const history = { ...(await verifyKeyLog(known, { now })), frozenAt: forkAt }
    assert.deepEqual(keyAt(history, 1499), keyNumber(0).publicKey)
    assertCode(() => keyAt(history, 1500), 'key_log_frozen')
  })

  test('logs of two agents are never joined', async () => {
    const log = await keyLog(1)
    const [entry] = log
    assert.ok(entry)
    const other = [{ ...entry, body: { ...entry.body, did: keyNumber(5).did } }]
    assertCode(() => joinKeyLogs(log, other), 'invalid_key_log')
  })
})
