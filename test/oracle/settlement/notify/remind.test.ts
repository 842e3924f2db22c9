import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  decode,
  encode,
  type Notices,
  noticesBodySchema,
  noticesSchema,
  type Pact,
  publicKeyFromDid,
  verifyBody,
  webhookSchema,
} from '@earnest/sdk/protocol'
import { SMTPServer } from 'smtp-server'
import { createMail } from '../../../../oracle/src/settlement/notify/mail.ts'
import {
  agree,
  call,
  completionOf,
  confirm,
  createWorld,
  fund,
  type Ground,
  pactOf,
  party,
  problemOf,
  register,
  send,
  startGround,
  type World,
} from '../../support/world.ts'

type Letter = { to: string[]; text: string }

const letters: Letter[] = []
/** Codes with which the mail server refuses next. */
const refusals: number[] = []
let smtp: SMTPServer
let ground: Ground
let world: World

before(async () => {
  smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const refused = refusals.shift()
        if (refused) return done(Object.assign(new Error('try later'), { responseCode: refused }))
        const to = session.envelope.rcptTo.map(({ address }) => address)
        letters.push({ to, text: Buffer.concat(chunks).toString().replaceAll('=\r\n', '') })
        done()
      })
    },
  })
  const listening = smtp.listen(0, '127.0.0.1')
  await new Promise((resolve) => listening.once('listening', resolve))
  const { port } = listening.address() as { port: number }
  const mail = createMail({
    url: `smtp://127.0.0.1:${port}`,
    from: 'Earnest <oracle@oracle.test>',
  })
  ground = await startGround()
  world = await createWorld(ground, { outside: { mail } })
  await register(world, world.buyer)
  await register(world, world.seller)
})
after(async () => {
  await world.close()
  await ground.close()
  await new Promise<void>((resolve) => smtp.close(resolve))
})

/** A trade between people: 48 hours to look at the delivery. */
const human = (changes: object = {}): Pact =>
  pactOf(world, {
    timing: {
      fundBy: iso(world.oracle.clock.now() + 3600),
      profile: 'human',
      windows: { review: 172_800, response: 172_800, negotiation: 172_800, arbitration: 604_800 },
    },
    ...changes,
  })
const iso = (at: number) => new Date(at * 1000).toISOString().replace('.000', '')

async function pass(seconds: number): Promise<void> {
  await ground.client.increaseTime({ seconds })
  await ground.client.mine({ blocks: 1 })
  await world.settle()
  while ((await world.oracle.notify()) > 0);
}

const reminders = async (escrowId: string) =>
  (
    await world.oracle.db
      .selectFrom('event')
      .select(['data', 'agents'])
      .where('type', '=', 'reminder')
      .where('escrow_id', '=', escrowId)
      .orderBy('id')
      .execute()
  ).map(({ data, agents }) => {
    const { window, part } = JSON.parse(data) as { window: string; part: string }
    return [window, part, agents.join()]
  })

const mailbox = async (url: string) => {
  const body = { url }
  const by = world.buyer
  const wire = await call(world, { by, method: 'POST', path: '/api/v1/webhooks', body })
  return decode(webhookSchema, wire, 'invalid_webhook')
}
const codeIn = (letter: Letter | undefined) => /code is (\d{8})/.exec(letter?.text ?? '')?.[1]
const confirmation = (id: string, code: string) =>
  send(world, {
    by: world.buyer,
    method: 'POST',
    path: `/api/v1/webhooks/${id}/confirmation`,
    body: { code },
  })

test('a mailbox is told nothing until its owner sent back the code, and five wrong ones end it', async () => {
  const first = await mailbox('mailto:ann@people.test')
  assert.equal(first.status, 'unconfirmed')
  assert.deepEqual(letters[0]?.to, ['ann@people.test'])
  const code = codeIn(letters[0]) ?? ''
  const wrong = code === '00000000' ? '00000001' : '00000000'
  for (let n = 0; n < 5; n++) {
    assert.deepEqual(await problemOf(await confirmation(first.webhookId, wrong)), [
      422,
      'code_wrong',
    ])
  }
  assert.deepEqual(await problemOf(await confirmation(first.webhookId, code)), [
    410,
    'code_expired',
  ])
  const stored = await world.oracle.db.selectFrom('webhook').select('code_hash').execute()
  assert.ok(stored.every((row) => row.code_hash !== code))
  await agree(world, pactOf(world))
  await pass(1)
  assert.equal(letters.length, 1)
})

test('[UNS-04] a person is reminded by mail at half and at nine tenths of the window, once each, with proof', async () => {
  letters.length = 0
  const { webhookId } = await mailbox('mailto:ann@people.test')
  const confirmed = await confirmation(webhookId, codeIn(letters[0]) ?? '')
  assert.equal(confirmed.status, 200)
  letters.length = 0

  const now = world.oracle.clock.now()
  const pact = human({ deadlineUtc: iso(now + 86_400) })
  const escrowId = await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  const proof = await completionOf(world, pact, {
    files: { 'result.json': '{"greeting":"hi","name":"Ann"}' },
  })
  const by = world.seller
  await call(world, { by, method: 'POST', path: '/api/v1/completions', body: proof })
  await world.settle()
  await pass(0)
  assert.ok(letters.some(({ text }) => text.includes('The work was delivered')))
  letters.length = 0
  const state = await world.oracle.db
    .selectFrom('escrow')
    .select('timer_end')
    .where('escrow_id', '=', escrowId)
    .executeTakeFirstOrThrow()
  const until = (share: number) =>
    state.timer_end - 172_800 + 172_800 * share - world.oracle.clock.now()

  await pass(until(0.5) - 60)
  assert.equal(letters.length, 0)
  refusals.push(451)
  await pass(60)
  assert.equal(letters.length, 0, 'the mail server was away')
  await pass(15)
  assert.equal(letters.length, 1)
  await pass(60)
  assert.equal(letters.length, 1)
  await pass(until(0.9))
  assert.equal(letters.length, 2)
  for (const { to, text } of letters) {
    assert.deepEqual(to, ['ann@people.test'])
    assert.match(text, /the seller is paid in full/)
  }
  const buyer = world.buyer.identity.did
  assert.deepEqual(await reminders(escrowId), [
    ['Delivered', 'half', buyer],
    ['Delivered', 'nine_tenths', buyer],
  ])

  const path = `/api/v1/escrows/${escrowId}/notices`
  const get = { method: 'GET', path, body: new Uint8Array() } as const
  const wire = await call(world, { by: world.seller, ...get })
  const notices: Notices = decode(noticesSchema, wire, 'invalid_notices')
  const { signature, ...body } = notices
  const publicKey = publicKeyFromDid(world.oracle.signer.did)
  const signed = encode(noticesBodySchema, body, 'invalid_notices')
  assert.ok(verifyBody({ type: 'notice', body: signed, signature, publicKey }))
  const proofs = notices.notices.filter(({ type }) => type === 'reminder')
  assert.deepEqual(
    proofs.map(({ to, channel, answer }) => [to, channel, answer]),
    [
      [buyer, 'email', '250'],
      [buyer, 'email', '250'],
    ],
  )
  assert.doesNotMatch(JSON.stringify(wire), /people\.test/)
  const stranger = party(97)
  assert.deepEqual(await problemOf(await send(world, { by: stranger, ...get })), [
    403,
    'signer_not_party',
  ])
})

test('the seller is reminded of the deadline; what an oracle missed while it was away is said once', async () => {
  const now = world.oracle.clock.now()
  const pact = human({ deadlineUtc: iso(now + 86_400) })
  const escrowId = await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  await pass(82_000)
  assert.deepEqual(await reminders(escrowId), [
    ['Funded', 'nine_tenths', world.seller.identity.did],
  ])
})

test('a window of minutes is over before anybody reads a reminder: none is sent', async () => {
  const now = world.oracle.clock.now()
  const pact = pactOf(world, { deadlineUtc: iso(now + 3000), timing: micro(now) })
  const escrowId = await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  await pass(2800)
  assert.deepEqual(await reminders(escrowId), [])
})

function micro(now: number) {
  return {
    profile: 'micro' as const,
    fundBy: iso(now + 2000),
    windows: { review: 120, response: 120, negotiation: 60, arbitration: 600 },
  }
}
