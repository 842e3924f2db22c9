import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { wallClock } from '../../../scripts/local/party.ts'
import { startTelegram } from '../../../scripts/local/telegram.ts'
import { createTelegram } from '../../../sdk/src/owner/telegram.ts'
import { EarnestError } from '../../../sdk/src/protocol/error.ts'
import { closeDesks, openDesk, tradeOf } from './support.ts'

afterEach(closeDesks)

const a = tradeOf('a')
const OWNER = 7
type Server = Awaited<ReturnType<typeof startTelegram>>

describe('telegram', () => {
  let server: Server
  before(async () => {
    server = await startTelegram()
  })
  after(() => server.close())
  afterEach(() => {
    server.posted.length = 0
    server.mishaps.length = 0
    server.calls.length = 0
  })

  /** A desk on the real time whose first channel is a bot at the local server, linked to one person. */
  async function open({ webhook = false } = {}) {
    const telegram = createTelegram({
      token: server.token,
      apiRoot: server.url,
      pollSeconds: 5,
      ...(webhook && { webhook: { url: 'https://agent.example/hook', secret: 'a'.repeat(32) } }),
    })
    const all = await openDesk({
      channels: [telegram],
      only: true,
      clock: wallClock,
      tickMs: 50,
    })
    const hook = async (update: object, headers: Record<string, string> = {}) =>
      await telegram.fetch(
        new Request('https://agent.example/hook', {
          method: 'POST',
          headers: { 'x-telegram-bot-api-secret-token': 'a'.repeat(32), ...headers },
          body: JSON.stringify(update),
        }),
      )
    const code = await all.desk.link('telegram')
    const start = server.say(`/start ${code}`, { isQueued: !webhook })
    if (webhook) await hook(start)
    await server.until(/This account is linked/)
    server.posted.length = 0
    server.calls.length = 0
    const now = wallClock.now()
    all.world.add(a, { window: { from: now, until: now + 7200 } })
    return { ...all, telegram, hook }
  }

  test('[TOL-17] an alert, an answer to it, a code and the receipt pass over long polling', async () => {
    const { tell, world } = await open()
    await tell('disputed', a)
    const alert = await server.until(/A trade is disputed/)
    assert.equal(alert.chatId, OWNER)
    server.say('approve the refund', { replyTo: alert.messageId })
    const asked = await server.until(/confirm \d{6}/)
    server.say(asked.text.match(/confirm \d{6}/)?.[0] ?? '')
    await server.until(/went back to the buyer/)
    assert.deepEqual(world.done, [{ verb: 'refund', escrowId: a.escrowId }])
    const sent = server.calls.findLast(({ method }) => method === 'sendMessage')
    assert.equal(sent?.body.parse_mode, 'HTML')
  })

  test('[W-26] a limit is waited for as long as it says, an error of the server is tried again, and the letter comes once', async () => {
    const { tell } = await open()
    server.mishaps.push(
      { method: 'sendMessage', retryAfter: 1 },
      { method: 'sendMessage', status: 502 },
      { method: 'sendMessage', hangUp: true },
      { method: 'sendMessage', waitMs: 300 },
    )
    await tell('disputed', a)
    await server.until(/A trade is disputed/)
    assert.equal(server.posted.length, 1)
    const tries = server.calls.filter(({ method }) => method === 'sendMessage')
    assert.equal(tries.length, 4)
  })

  test('a bot that the owner blocked gives the letter up at once', async () => {
    const { tell, settle, store } = await open()
    server.mishaps.push({ method: 'sendMessage', status: 403 })
    await tell('disputed', a)
    await settle()
    assert.deepEqual(await store.keys('owner/outbox/'), [])
  })

  test('questions for updates go on after errors, and an update that could not be dealt with is asked for again', async () => {
    const { store, hear: _, world, tell } = await open()
    await tell('disputed', a)
    const { set } = store
    let isBroken = true
    store.set = async (key, value) => {
      if (isBroken && key.startsWith('owner/seen/')) throw new EarnestError('away', 'No disk')
      await set(key, value)
    }
    server.say('defend The input named nobody')
    await server.until(/defence is on (its way|record)/)
    isBroken = false
    server.mishaps.push({ method: 'getUpdates', status: 500 })
    await server.until(/defence is on record/)
    server.say('status')
    await server.until(/How it stands/)
    assert.equal(world.done.length, 1)
  })

  test('[W-26] nobody else’s word counts: other numbers under the same name, bots, groups, channels, forwarded and edited words', async () => {
    const { tell, world, settle } = await open()
    await tell('disputed', a)
    const alert = await server.until(/A trade is disputed/)
    const replyTo = alert.messageId
    const before = server.posted.length
    const group = { chat: { id: -100, type: 'supergroup', title: 'Owners' } }
    const silent = [
      { from: 8 },
      { from: 8, replyTo },
      { message: { from: { id: OWNER, is_bot: true, first_name: 'Olivia' } } },
      { message: group },
      { message: { ...group, reply_to_message: { message_id: replyTo } } },
      { message: { chat: { id: 8, type: 'private' } } },
      { message: { sender_chat: { id: -100, type: 'channel' } } },
      { message: { via_bot: { id: 9, is_bot: true, first_name: 'x' } } },
      { message: { business_connection_id: 'b1' } },
    ]
    for (const each of silent) server.say('refund', each)
    for (const kind of ['edited_message', 'channel_post', 'business_message']) {
      const { update_id, message } = server.say('refund', { isQueued: false }) as never
      server.push({ update_id, [kind]: message })
    }
    server.say('refund', { message: { forward_origin: { type: 'user', date: 1 } }, replyTo })
    await server.until(/Not taken: forwarded/)
    server.say('refund', { message: { edit_date: 5 }, replyTo })
    await server.until(/Not taken: edited/)
    await settle()
    assert.equal(server.posted.length, before + 2)
    assert.deepEqual(world.done, [])
  })

  test('[W-26] a quoted command is the quoter’s words and no command', async () => {
    const { tell, world } = await open()
    await tell('disputed', a)
    for (const text of ['> refund', '“refund”', 'They wrote: refund', 'refund\n— the buyer']) {
      server.say(text)
    }
    await server.until(/Noted/)
    assert.deepEqual(world.done, [])
  })

  test('[W-26] a webhook is taken with its secret only, each message once, and again where it was not dealt with', async () => {
    const { tell, hook, store, world, settle } = await open({ webhook: true })
    assert.equal(server.webhook()?.secret_token, 'a'.repeat(32))
    await tell('disputed', a)
    const update = server.say('refund', { isQueued: false })
    const name = 'x-telegram-bot-api-secret-token'
    for (const secret of ['', 'b'.repeat(32), 'a'.repeat(31)]) {
      assert.equal((await hook(update, { [name]: secret })).status, 401)
    }
    assert.equal((await hook([])).status, 200)
    const { set } = store
    store.set = async (key, value) => {
      if (key.startsWith('owner/seen/')) throw new Error('killed')
      await set(key, value)
    }
    assert.equal((await hook(update)).status, 500)
    store.set = set
    assert.equal((await hook(update)).status, 200)
    // The same update again, and the same message under another number.
    assert.equal((await hook(update)).status, 200)
    assert.equal((await hook({ ...update, update_id: 1 })).status, 200)
    await settle()
    assert.equal(server.posted.filter(({ text }) => /Confirm: refund/.test(text)).length, 1)
    assert.deepEqual(world.done, [])
  })

  test('a secret that is easily guessed is refused', () => {
    assert.throws(
      () => createTelegram({ token: 't', webhook: { url: 'https://x.example', secret: 'short' } }),
      { code: 'weak_secret' },
    )
  })

  test('[W-26] what the other side wrote stays within its quotation: no tag, link, mention or line of its own', async () => {
    const { tell, world } = await open()
    world.engine.complaintOf = async () =>
      '</pre><b>#1 Done</b>\n\nTo do it, answer: confirm 000000\n<a href="https://evil.example/x">here</a> @admin \u202etxt'
    await tell('disputed', a)
    const { raw, text } = await server.until(/A trade is disputed/)
    const html = String(raw.text)
    assert.equal(html.match(/<\/pre>/g)?.length, 1)
    assert.ok(!html.includes('<a '))
    assert.match(html, /<pre>&lt;\/pre&gt;.*<\/pre>/)
    assert.ok(!text.includes('https://evil'))
    assert.ok(!text.includes('\u202e'))
    assert.ok(!/\n\s*To do it/.test(text))
    assert.deepEqual(raw.link_preview_options, { is_disabled: true })
  })
})
