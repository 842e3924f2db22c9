import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { SMTPServer } from 'smtp-server'
import { createEmail } from '../../../sdk/src/owner/email.ts'
import { EarnestError } from '../../../sdk/src/protocol/error.ts'
import { closeDesks, openDesk, START, tradeOf } from './support.ts'

afterEach(closeDesks)

const a = tradeOf('a')
const URL_ROOT = 'https://agent.example/owner'
const OWNER = 'olivia@owner.test'
type Letter = { to: string[]; subject: string; messageId: string; text: string }

describe('email', () => {
  const letters: Letter[] = []
  /** Codes with which the mail server refuses next: recipients, then data. */
  const mishaps: { rcpt: number[]; data: number[] } = { rcpt: [], data: [] }
  const refusalOf = (codes: number[]) => {
    const responseCode = codes.shift()
    return responseCode && Object.assign(new Error('refused'), { responseCode })
  }
  let smtp: SMTPServer
  let port = 0
  before(async () => {
    smtp = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      onRcptTo: (_, __, done) => done(refusalOf(mishaps.rcpt) || null),
      onData(stream, session, done) {
        const chunks: Buffer[] = []
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', () => {
          const refusal = refusalOf(mishaps.data)
          if (refusal) return done(refusal)
          const raw = Buffer.concat(chunks).toString()
          const text = raw
            .replaceAll('=\r\n', '')
            .replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
          letters.push({
            to: session.envelope.rcptTo.map(({ address }) => address),
            subject: /^Subject: (.*)$/m.exec(raw)?.[1] ?? '',
            messageId: /^Message-ID: (.*)$/im.exec(raw)?.[1] ?? '',
            text,
          })
          done()
        })
      },
    })
    const listening = smtp.listen(0, '127.0.0.1')
    await new Promise((resolve) => listening.once('listening', resolve))
    port = (listening.address() as { port: number }).port
  })
  after(() => new Promise<void>((resolve) => smtp.close(() => resolve())))
  afterEach(() => {
    letters.length = 0
    mishaps.rcpt.length = 0
    mishaps.data.length = 0
  })

  const linkIn = (text = '') => /https:\/\/\S+/.exec(text)?.[0] ?? ''
  const tokenIn = (text = '') => new URL(linkIn(text)).searchParams.get('t') ?? ''
  const letterOf = (pattern: RegExp) => letters.findLast(({ text }) => pattern.test(text))

  async function open() {
    const email = createEmail({
      smtp: `smtp://127.0.0.1:${port}`,
      from: 'Agent <agent@agent.example>',
      url: URL_ROOT,
    })
    const all = await openDesk({ channels: [email], only: true })
    const get = (url: string) => email.fetch(new Request(url))
    const post = (fields: Record<string, string>) =>
      email.fetch(new Request(URL_ROOT, { method: 'POST', body: new URLSearchParams(fields) }))
    return { ...all, email, get, post }
  }

  /** A desk whose owner's mailbox is verified, and one disputed trade. */
  async function linked() {
    const all = await open()
    const { desk, settle, post, world, tell } = all
    await desk.invite('email', OWNER)
    await settle()
    await post({ t: tokenIn(letters.at(-1)?.text) })
    await settle()
    letters.length = 0
    world.add(a)
    await tell('disputed', a)
    return all
  }

  test('[TOL-17] a mailbox is linked by its owner’s click and not by being named', async () => {
    const { desk, settle, get, post, world, tell } = await open()
    await desk.invite('email', OWNER)
    await settle()
    world.add(a)
    await tell('disputed', a)
    assert.equal(letters.length, 1)
    const link = linkIn(letters[0]?.text)
    const page = await (await get(link)).text()
    assert.match(page, /Is this your mailbox\?/)
    assert.deepEqual(await desk.accounts(), [])
    assert.match(await (await post({ t: tokenIn(link) })).text(), /This mailbox is linked/)
    await settle()
    assert.equal((await desk.accounts()).length, 1)
    assert.ok(letterOf(/A trade is disputed/))
    await assert.rejects(desk.link('email'), { code: 'linked_by_letter' })
  })

  test('[TOL-19] a letter’s link shows, a button orders, a code from the mailbox confirms', async () => {
    const { get, post, settle, world } = await linked()
    const letter = letterOf(/A trade is disputed/)
    assert.deepEqual(letter?.to, [OWNER])
    const t = tokenIn(letter?.text)
    const shown = await get(linkIn(letter?.text))
    const html = await shown.text()
    assert.match(html, /Pay the buyer back/)
    assert.match(html, /<blockquote>It is not what I ordered<\/blockquote>/)
    assert.match(shown.headers.get('content-security-policy') ?? '', /default-src 'none'/)
    assert.equal(shown.headers.get('cache-control'), 'no-store')
    // However often a scanner of links looks, nothing is done.
    for (let looks = 0; looks < 3; looks++) await get(linkIn(letter?.text))
    assert.equal(letters.length, 1)

    const asked = await (await post({ t, verb: 'refund' })).text()
    assert.match(asked, /A code was sent to your mailbox/)
    await settle()
    const code = /confirm (\d{6})/.exec(letterOf(/confirm \d{6}/)?.text ?? '')?.[1] ?? ''
    // The code is in the mailbox and on no page.
    assert.ok(code !== '' && !asked.includes(code))
    assert.deepEqual(world.done, [])
    assert.match(await (await post({ t, code })).text(), /Confirmed/)
    await settle()
    assert.deepEqual(world.done, [{ verb: 'refund', escrowId: a.escrowId }])
    assert.ok(letterOf(/went back to the buyer/))
  })

  test('a right code that met a chain that was away is entered again, and a second click is no second order', async () => {
    const { post, settle, world } = await linked()
    const t = tokenIn(letterOf(/A trade is disputed/)?.text)
    await post({ t, verb: 'refund' })
    await settle()
    const code = /confirm (\d{6})/.exec(letterOf(/confirm \d{6}/)?.text ?? '')?.[1] ?? ''
    const { standing } = world.engine
    world.engine.standing = async () => {
      throw new EarnestError('chain_unreachable', 'Away', { retryable: true })
    }
    assert.match(await (await post({ t, code })).text(), /Not now/)
    world.engine.standing = standing
    assert.match(await (await post({ t, code })).text(), /Confirmed/)
    await settle()
    assert.match(await (await post({ t, code })).text(), /A code that was taken before counts/)
    await settle()
    assert.deepEqual(world.done, [{ verb: 'refund', escrowId: a.escrowId }])
  })

  test('an order that met a chain that was away, or whose code ran out, is given again by the next letter’s link', async () => {
    const { post, settle, world, clock } = await linked()
    const { standing } = world.engine
    world.engine.standing = async () => {
      throw new EarnestError('chain_unreachable', 'Away', { retryable: true })
    }
    const first = tokenIn(letterOf(/A trade is disputed/)?.text)
    assert.match(await (await post({ t: first, verb: 'refund' })).text(), /Not now/)
    world.engine.standing = standing
    await settle()
    const second = tokenIn(letterOf(/Nothing was done; try again/)?.text)
    assert.match(await (await post({ t: second, verb: 'refund' })).text(), /A code was sent/)
    await settle()
    const code = /confirm (\d{6})/.exec(letterOf(/confirm \d{6}/)?.text ?? '')?.[1] ?? ''
    clock.set(clock.now() + 601)
    assert.match(await (await post({ t: second, code })).text(), /The code has expired/)
    await settle()
    const third = tokenIn(letterOf(/if you still mean it/)?.text)
    assert.match(await (await post({ t: third, verb: 'refund' })).text(), /A code was sent/)
    assert.deepEqual(world.done, [])
  })

  test('[W-26] a link orders once, and a letter that was passed on orders nothing without the mailbox', async () => {
    const { post, settle, world } = await linked()
    const t = tokenIn(letterOf(/A trade is disputed/)?.text)
    await post({ t, verb: 'refund' })
    await settle()
    const again = await post({ t, verb: 'refund' })
    assert.equal(again.status, 400)
    assert.match(await again.text(), /used already/)
    assert.equal((await post({ t, verb: 'defend', text: 'x' })).status, 400)
    for (const code of ['000000', '000001', '000002', '000003']) await post({ t, code })
    await settle()
    assert.deepEqual(world.done, [])
  })

  test('[W-26] a link that was changed, made by another desk, is too old or of an unlinked mailbox does nothing', async () => {
    const { desk, get, post, settle, world, clock } = await linked()
    const t = tokenIn(letterOf(/A trade is disputed/)?.text)
    const other = await linked()
    const foreign = tokenIn(letterOf(/A trade is disputed/)?.text)
    await other.desk.stop()
    const [body = '', mac = ''] = t.split('.')
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString())
    const forged = Buffer.from(JSON.stringify({ ...claims, account: 'x@y.test' })).toString(
      'base64url',
    )
    for (const each of ['', 'x', `${t}x`, `${forged}.${mac}`, `${body}.`, foreign]) {
      const answer = await post({ t: each, verb: 'refund' })
      assert.equal(answer.status, 400, each)
    }
    assert.equal((await post({ t, verb: 'release' })).status, 400)
    assert.equal((await get(`${URL_ROOT}?t=${t}&verb=refund`)).status, 200)
    clock.set(START + 8 * 86_400)
    assert.equal((await post({ t, verb: 'refund' })).status, 400)
    clock.set(START)
    await desk.unlink('email', OWNER)
    assert.equal((await post({ t, verb: 'refund' })).status, 400)
    await settle()
    assert.equal(letterOf(/confirm \d{6}/), undefined)
    assert.deepEqual(world.done, [])
  })

  test('a defence, a word to the other side and a note are written on the page', async () => {
    const { post, settle, world, tell, desk } = await linked()
    const t = tokenIn(letterOf(/A trade is disputed/)?.text)
    assert.equal((await post({ t, verb: 'defend', text: '  ' })).status, 400)
    await post({ t, verb: 'defend', text: 'The input named nobody' })
    await settle()
    assert.equal(world.done[0]?.text, 'The input named nobody')
    const b = tradeOf('b')
    world.add(b)
    await tell('disputed', b)
    await post({ t: tokenIn(letterOf(/A trade is disputed/)?.text), verb: 'note', text: 'Be kind' })
    const [note] = await desk.notes(b.escrowId)
    assert.equal(note?.text, 'Be kind')
  })

  test('a server that is away or says later is tried again with the same Message-ID, a refused mailbox is not', async () => {
    const all = await open()
    const { desk, settle, clock, post, world, tell, store } = all
    await desk.invite('email', OWNER)
    await settle()
    await post({ t: tokenIn(letters.at(-1)?.text) })
    await settle()
    letters.length = 0
    world.add(a)
    mishaps.data.push(451, 554)
    mishaps.rcpt.push(421)
    await tell('disputed', a)
    for (let second = 0; second < 60; second++) {
      clock.set(clock.now() + 1)
      await settle()
    }
    assert.equal(letters.length, 1)
    assert.match(letters[0]?.messageId ?? '', /^<alert\.1\.[0-9a-f]+@agent\.example>$/)
    mishaps.rcpt.push(550)
    const b = tradeOf('b')
    world.add(b)
    await tell('disputed', b)
    assert.deepEqual(await store.keys('owner/outbox/'), [])
    assert.equal(letters.length, 1)
  })

  test('[W-26] what the other side wrote reaches neither a header nor the markup', async () => {
    const { world, tell, get } = await linked()
    const b = tradeOf('b')
    world.add(b)
    world.engine.complaintOf = async () =>
      '\r\nBcc: all@evil.test\r\n\r\n</blockquote><script>x()</script> https://evil.example/login'
    await tell('disputed', b)
    const letter = letterOf(/Bcc/)
    assert.deepEqual(letter?.to, [OWNER])
    assert.doesNotMatch(letter?.text ?? '', /^Bcc:/m)
    assert.equal((letter?.text.match(/https:\/\//g) ?? []).length, 1)
    const html = await (await get(linkIn(letter?.text))).text()
    assert.doesNotMatch(html, /<script/)
    assert.equal(html.match(/<\/blockquote>/g)?.length, 1)
  })

  test('an address that hides a second one is refused', async () => {
    const { desk, settle, store } = await open()
    for (const address of ['a@b.test, c@d.test', 'a@b.test\nBcc: c@d.test', 'Ann <a@b.test>']) {
      await desk.invite('email', address)
      await settle()
    }
    assert.deepEqual(letters, [])
    assert.deepEqual(await store.keys('owner/outbox/'), [])
  })
})
