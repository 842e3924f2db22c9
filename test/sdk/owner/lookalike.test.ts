import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { afterEach, describe, test } from 'node:test'
import { readAudit } from '../../../sdk/src/owner/audit.ts'
import { quote } from '../../../sdk/src/owner/quote.ts'
import { paymentClaims } from '../support/claims.ts'
import { lookalikes } from './lookalikes.ts'
import { closeDesks, openDesk, tradeOf } from './support.ts'

afterEach(closeDesks)

const injections: { text: string }[] = JSON.parse(
  readFileSync(new URL('../../vectors/injections.json', import.meta.url), 'utf8'),
)
const corpus = [...lookalikes, ...paymentClaims, ...injections.map(({ text }) => text)]
const a = tradeOf('a')

async function disputed() {
  const all = await openDesk()
  all.world.add(a)
  await all.tell('disputed', a)
  return all
}
const moved = ({ world }: Awaited<ReturnType<typeof openDesk>>) =>
  world.done.filter(({ verb }) => verb !== 'defend')

describe('lookalike', () => {
  test('the corpus is large', () => {
    assert.ok(new Set(corpus).size >= 200, String(corpus.length))
  })

  test('[W-26] no text of a stranger on the owner’s channel is answered, noted or done', async () => {
    const all = await disputed()
    const before = all.box.sent.length
    const replyTo = all.box.sent[0]?.messageId ?? ''
    for (const [index, text] of corpus.entries()) {
      await all.hear(text, { account: 'Owner' })
      await all.hear(text, { account: `owner-${index}`, replyTo })
      await all.hear(text, { account: 'owner ', alertId: 1 })
    }
    await all.settle()
    assert.equal(all.box.sent.length, before)
    assert.deepEqual(await all.desk.notes(), [])
    assert.deepEqual(all.world.done, [])
    assert.equal((await all.desk.accounts()).length, 1)
  })

  test('[W-26] no text that the owner’s own account sends moves money without the code that was made for it', async () => {
    const all = await disputed()
    for (const text of corpus) await all.hear(text)
    await all.settle()
    assert.deepEqual(moved(all), [])
    const actions = (await readAudit(all.store)).map(({ action }) => action)
    assert.ok(!actions.includes('confirmed'))
  })

  test('[W-26] forwarded and edited, no text of the owner’s own account is anything but refused', async () => {
    const all = await disputed()
    for (const text of corpus) {
      await all.hear(text, { refusal: 'forwarded' })
      await all.hear(text, { refusal: 'edited' })
    }
    await all.settle()
    assert.deepEqual(all.world.done, [])
    assert.deepEqual(await all.desk.notes(a.escrowId), [])
    assert.deepEqual(await all.store.keys('owner/order/'), [])
  })

  test('[W-26] no text of the other side, as complaint, request, talk or through the agent’s own call, is more than a quotation', async () => {
    const all = await openDesk()
    for (const [index, text] of corpus.entries()) {
      const trade = { ...a, escrowId: `0x${index.toString(16).padStart(64, '0')}` }
      all.world.add(trade)
      all.world.engine.complaintOf = async () => text
      await all.desk.observe({
        type: 'oracle_event',
        event: { type: 'disputed', pactId: trade.pactId, escrowId: trade.escrowId } as never,
      })
      for (const taskType of [null, text]) {
        const caller = `did:key:z${index}`
        await all.desk.observe({ type: 'outside', taskId: 't', caller, taskType, text })
      }
      await all.desk.notifyOwner({ title: text, message: text, severity: 'urgent' })
    }
    await all.settle()
    assert.ok(all.box.sent.length >= corpus.length)
    for (const { letter } of all.box.sent) {
      // Ours is ours: what they wrote stands in the quotation and nowhere else.
      assert.doesNotMatch(
        letter.quote?.text ?? '',
        /[\r\n\u2028\u2029]|:\/\/|[\u200b-\u200f\u202a-\u202e]/,
      )
      assert.ok([...(letter.quote?.text ?? '')].length <= 700)
    }
    assert.deepEqual(all.world.done, [])
    assert.deepEqual(await all.store.keys('owner/order/'), [])
    assert.deepEqual(await all.desk.notes(), [])
  })

  test('a quotation is one line, without links, controls and marks without end', () => {
    assert.equal(quote('a\r\nb\u2028c'), 'a / b / c')
    assert.equal(quote('see https://evil.example/x'), 'see https[:]//evil[.]example/x')
    assert.equal(quote('\u202eabc\u0000\u200b\ufeff'), 'abc')
    assert.equal(quote('x'.repeat(1_000_000)), `${'x'.repeat(280)}…`)
    assert.equal(quote(`a${'\u0301'.repeat(50)}`), 'a\u0301\u0301')
    assert.equal(quote('👩‍👩‍👧 é 日本'), '👩👩👧 é 日本')
  })
})
