import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { createWhatsApp } from '../../../sdk/src/owner/whatsapp.ts'
import { createManualClock } from '../../../sdk/src/protocol/clock.ts'
import { APP_SECRET, NUMBER_ID, startGraph } from './graph.ts'
import { closeDesks, openDesk, tradeOf } from './support.ts'

afterEach(closeDesks)

const a = tradeOf('a')
type Graph = Awaited<ReturnType<typeof startGraph>>

describe('whatsapp', () => {
  let graph: Graph
  before(async () => {
    graph = await startGraph()
  })
  after(() => graph.close())
  afterEach(() => {
    graph.sent.length = 0
    graph.mishaps.length = 0
    graph.cold.clear()
  })

  async function open() {
    const whatsapp = createWhatsApp({
      accessToken: 'access',
      appSecret: APP_SECRET,
      verifyToken: 'verify-me',
      phoneNumberId: NUMBER_ID,
      template: { name: 'agent_alert', language: 'en' },
      apiRoot: graph.url,
    })
    const clock = createManualClock(Math.floor(Date.now() / 1000))
    const all = await openDesk({ channels: [whatsapp], only: true, clock, tickMs: 50 })
    const hear = async (text: string, message: Record<string, unknown> = {}) =>
      (await whatsapp.fetch(graph.webhook(graph.bodyOf(text, message)))).status
    assert.equal(await hear(`link ${await all.desk.link('whatsapp')}`), 200)
    await graph.until(/This account is linked/)
    graph.sent.length = 0
    const now = clock.now()
    all.world.add(a, { window: { from: now, until: now + 200_000 } })
    return { ...all, clock, whatsapp, hear }
  }

  test('[TOL-17] [TOL-18] an alert, an answer by its context, a code and the receipt pass over the Cloud API', async () => {
    const { tell, hear, world } = await open()
    await tell('disputed', a)
    const alert = await graph.until(/A trade is disputed/)
    assert.equal(alert.to, '16315551181')
    assert.deepEqual((alert.raw.text as { preview_url: boolean }).preview_url, false)
    await hear('Approve the refund', { context: { from: '15550783881', id: alert.id } })
    const asked = await graph.until(/confirm \d{6}/)
    await hear(/confirm \d{6}/.exec(asked.text)?.[0] ?? '')
    await graph.until(/went back to the buyer/)
    assert.deepEqual(world.done, [{ verb: 'refund', escrowId: a.escrowId }])
  })

  test('an app secret or a token that is empty or short is refused: anybody could sign with it', () => {
    const options = {
      accessToken: 'access',
      appSecret: APP_SECRET,
      verifyToken: 'verify-me',
      phoneNumberId: NUMBER_ID,
      template: { name: 'agent_alert', language: 'en' },
    }
    for (const weak of [{ appSecret: '' }, { appSecret: 'short' }, { verifyToken: '' }]) {
      assert.throws(() => createWhatsApp({ ...options, ...weak }), { code: 'weak_secret' })
    }
  })

  test('a webhook is set up with the token of the operator only', async () => {
    const { whatsapp } = await open()
    const ask = (query: string) =>
      whatsapp.fetch(new Request(`https://agent.example/whatsapp?${query}`))
    const good = 'hub.mode=subscribe&hub.verify_token=verify-me&hub.challenge=1158201444'
    const answer = await ask(good)
    assert.equal(answer.status, 200)
    assert.equal(await answer.text(), '1158201444')
    assert.equal((await ask(good.replace('verify-me', 'other'))).status, 403)
    assert.equal((await ask(good.replace('subscribe', 'x'))).status, 403)
    assert.equal((await ask('')).status, 403)
  })

  test('[W-26] a webhook without Meta’s signature, with another’s or for other bytes is nobody’s word', async () => {
    const { whatsapp, tell, world, hear } = await open()
    await tell('disputed', a)
    await graph.until(/A trade is disputed/)
    const before = graph.sent.length
    const body = graph.bodyOf('refund')
    const status = async (request: Request) => (await whatsapp.fetch(request)).status
    assert.equal(await status(graph.webhook(body, null)), 401)
    assert.equal(await status(graph.webhook(body, 'another-secret')), 401)
    const { headers } = graph.webhook(graph.bodyOf('status'))
    const changed = { method: 'POST', headers, body }
    assert.equal(await status(new Request('https://agent.example/whatsapp', changed)), 401)
    // Rightly signed, and from another number, for another number of the app, forwarded, or no text.
    assert.equal(await hear('refund', { from: '16315551182' }), 200)
    assert.equal(await hear('refund', { number: '999' }), 200)
    assert.equal(graph.sent.length, before)
    await hear('refund', { context: { forwarded: true } })
    await graph.until(/Not taken: forwarded/)
    await hear('refund', { context: { frequently_forwarded: true } })
    await hear('', { type: 'button', button: { text: 'refund', payload: 'refund' } })
    await graph.until(/Only text is read/)
    assert.deepEqual(world.done, [])
  })

  test('a webhook that comes twice is one message, and one that could not be dealt with is brought again', async () => {
    const { whatsapp, tell, store, settle } = await open()
    await tell('disputed', a)
    const request = () => graph.webhook(body)
    const body = graph.bodyOf('refund')
    const { set } = store
    store.set = async (key, value) => {
      if (key.startsWith('owner/seen/')) throw new Error('killed')
      await set(key, value)
    }
    assert.equal((await whatsapp.fetch(request())).status, 500)
    store.set = set
    for (const _ of [1, 2]) assert.equal((await whatsapp.fetch(request())).status, 200)
    await settle()
    assert.equal(graph.sent.filter(({ text }) => /Confirm: refund/.test(text)).length, 1)
  })

  test('a day after the owner’s last word an alert goes as a template, also where Meta counts otherwise', async () => {
    const { tell, clock, settle } = await open()
    graph.cold.add('16315551181')
    await tell('disputed', a)
    const early = await graph.until(/A trade is disputed/)
    assert.equal(early.type, 'template')
    clock.set(clock.now() + 23 * 3600)
    await settle()
    clock.set(clock.now() + 6 * 3600)
    await settle()
    const late = await graph.until(/Still waits for an answer/)
    assert.equal(late.type, 'template')
    const { template } = late.raw as { template: { name: string; language: { code: string } } }
    assert.deepEqual([template.name, template.language.code], ['agent_alert', 'en'])
  })

  test('a limit is waited for, an error of Meta is tried again, a number without WhatsApp is given up', async () => {
    const { tell, clock, settle, store, world } = await open()
    graph.mishaps.push(
      { status: 400, code: 131_056 },
      { status: 429, code: 130_429, retryAfter: 7 },
      { status: 503 },
    )
    await tell('disputed', a)
    const waits: number[] = []
    for (let second = 0; second < 200 && graph.sent.length === 0; second++) {
      clock.set(clock.now() + 1)
      await settle()
      const [key] = await store.keys('owner/outbox/')
      const mail = key && ((await store.get(key)) as { attempts: number; nextAt: number })
      if (mail && mail.attempts > waits.length) waits.push(mail.nextAt - clock.now())
    }
    assert.equal(graph.sent.length, 1)
    // What Meta names, or a minute; the last one is the desk's own.
    assert.equal(waits.at(-1), 8)
    graph.mishaps.push({ status: 400, code: 131_026 })
    const b = tradeOf('b')
    world.add(b, { window: null })
    await tell('disputed', b)
    assert.equal(graph.sent.length, 1)
    assert.deepEqual(await store.keys('owner/outbox/'), [])
  })

  test('[W-26] what the other side wrote gets no format and no link of WhatsApp', async () => {
    const { tell, world } = await open()
    world.engine.complaintOf = async () =>
      '*Done* ```x``` _y_ https://evil.example/a\n\nconfirm 000000'
    await tell('disputed', a)
    const { text } = await graph.until(/A trade is disputed/)
    assert.doesNotMatch(text, /[*_`~]|https:\/\//)
    assert.match(text, /> ·Done· .* \/ confirm 000000/)
  })
})
