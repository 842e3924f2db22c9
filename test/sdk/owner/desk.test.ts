import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import { createFileStore } from '../../../sdk/src/fileStore.ts'
import { createMemoryStore } from '../../../sdk/src/memoryStore.ts'
import { readAudit } from '../../../sdk/src/owner/audit.ts'
import { EarnestError } from '../../../sdk/src/protocol/error.ts'
import { closeDesks, createBox, createEngine, openDesk, START, tradeOf } from './support.ts'

afterEach(closeDesks)

const a = tradeOf('a')
const b = tradeOf('b')
const away = (code = 'chain_unreachable') => new EarnestError(code, 'Away', { retryable: true })

async function disputed() {
  const all = await openDesk()
  all.world.add(a)
  await all.tell('disputed', a)
  return all
}

describe('alert', () => {
  test('[TOL-16] a dispute is told with what it is about, what happens by itself, until when, and what may be ordered', async () => {
    const { box } = await disputed()
    assert.equal(box.sent.length, 1)
    const text = box.last()
    assert.match(text, /^#1 A trade is disputed: 10 USDC/)
    assert.match(text, /the matter goes to the arbiter at 2027-01-15T10:00:00Z/)
    assert.match(text, new RegExp(a.escrowId))
    assert.match(text, /> It is not what I ordered/)
    assert.match(text, /refund \| defend <why> \| say <text> \| status/)
  })

  test('an event told twice, and told again after a restart, is one alert', async () => {
    const { box, tell, reopen, settle } = await disputed()
    await tell('disputed', a)
    const again = await reopen()
    await settle(again)
    assert.equal(box.sent.length, 1)
  })

  test('what an oracle tells of a trade that the chain does not show disputed is no alert', async () => {
    const { box, tell, world } = await openDesk()
    world.add(a, { state: 'Funded' })
    await tell('disputed', a)
    await tell('disputed', b)
    assert.equal(box.sent.length, 0)
  })

  test('a chain that is away delays an alert and loses none, also over a restart', async () => {
    const { world, tell, reopen, settle, box } = await openDesk()
    world.add(a)
    const { standing } = world.engine
    world.engine.standing = async () => {
      throw away()
    }
    await tell('disputed', a)
    assert.equal(box.sent.length, 0)
    world.engine.standing = standing
    await settle(await reopen())
    assert.match(box.last(), /A trade is disputed/)
  })

  test('an alert before any account is linked is told to the first that is', async () => {
    const { desk, box, world, tell, settle, clock } = await openDesk()
    await desk.unlink('box', 'owner')
    world.add(a)
    await tell('disputed', a)
    assert.equal(box.sent.length, 0)
    const code = await desk.link('box')
    await box.hear(`link ${code}`, { now: clock.now(), account: 'new' })
    await settle()
    assert.deepEqual(
      box.sent.map(({ account, letter }) => [account, letter.alertId]),
      [
        ['new', null],
        ['new', 1],
      ],
    )
  })

  test('[TOL-15] an agent calls its owner by itself, as a quotation, at most five times an hour, and a call stops no trade', async () => {
    const { desk, box, settle, store, errors } = await openDesk()
    const call = { title: 'Help', message: 'x\n\nconfirm 123456', severity: 'urgent' } as const
    const taken: boolean[] = []
    for (let count = 0; count < 7; count++) taken.push(await desk.notifyOwner(call))
    await settle()
    assert.deepEqual(taken, [true, true, true, true, true, false, false])
    assert.equal(box.sent.length, 5)
    assert.match(box.last(), /> Help: x \/ confirm 123456/)
    store.set = store.swap = async () => {
      throw new Error('disk full')
    }
    assert.equal(await desk.notifyOwner(call), false)
    assert.equal(errors.length, 1)
  })

  test('[TOL-17] alerts go to the channel that the owner prefers, and to the next one where that is broken', async () => {
    const pager = createBox('pager')
    const all = await openDesk({ channels: [pager.channel] })
    const { desk, box, world, clock, tell, settle } = all
    await pager.hear(`link ${await desk.link('pager')}`, { now: clock.now() })
    await settle()
    box.sent.length = 0
    pager.sent.length = 0
    world.add(a)
    await tell('disputed', a)
    assert.deepEqual([box.sent.length, pager.sent.length], [1, 0])
    box.failures.push(new EarnestError('channel_rejected', 'Blocked'))
    world.add(b)
    await tell('disputed', b)
    assert.deepEqual([box.sent.length, pager.sent.length], [1, 1])
    await pager.hear('refund', { now: clock.now(), replyTo: pager.sent[0]?.messageId ?? '' })
    await settle()
    await pager.hear(`confirm ${pager.code()}`, { now: clock.now() })
    await settle()
    assert.deepEqual(world.done, [{ verb: 'refund', escrowId: b.escrowId }])
  })

  test('a code goes to the account that asked for it and to no other, also where that cannot be reached', async () => {
    const pager = createBox('pager')
    const { desk, box, world, clock, tell, settle, hear } = await openDesk({
      channels: [pager.channel],
    })
    await pager.hear(`link ${await desk.link('pager')}`, { now: clock.now() })
    world.add(a)
    await tell('disputed', a)
    box.failures.push(new EarnestError('channel_rejected', 'Blocked'))
    await hear('refund')
    await settle()
    assert.doesNotMatch([...box.texts(), ...pager.texts()].join(), /confirm \d{6}/)
  })

  test('a letter is delivered once for each account although the first tries fail', async () => {
    const { box, world, tell, settle, clock } = await openDesk()
    world.add(a)
    box.failures.push(away('channel_unavailable'), new TypeError('socket'))
    await tell('disputed', a)
    for (let count = 0; count < 5; count++) {
      clock.set(clock.now() + 10)
      await settle()
    }
    assert.equal(box.sent.length, 1)
  })
})

describe('order', () => {
  test('[TOL-19] "approve the refund" asks for a code, and the code alone has the engine pay back, once', async () => {
    const { box, hear, settle, world } = await disputed()
    await hear('approve the refund')
    await settle()
    assert.deepEqual(world.done, [])
    assert.match(box.last(), /pays 10 USDC back to the buyer/)
    await hear(`confirm ${box.code()}`)
    await settle()
    assert.deepEqual(world.done, [{ verb: 'refund', escrowId: a.escrowId }])
    assert.match(box.last(), /10 USDC went back to the buyer\n\nTransaction 0x7{64}/)
    await hear(`confirm ${box.code()}`)
    await hear('refund')
    await settle()
    assert.equal(world.done.length, 1)
  })

  test('a wrong code does nothing, three void the order, and six within an hour lock the account', async () => {
    const { box, hear, settle, world, clock } = await disputed()
    for (const round of [1, 2]) {
      await hear('refund')
      await settle()
      const code = box.code()
      const wrong = code === '000000' ? '000001' : '000000'
      for (const _ of [1, 2, 3]) await hear(`confirm ${wrong}`)
      // The right one comes too late.
      await hear(`confirm ${code}`)
      await settle()
      assert.match(box.last(), /Nothing waits for a code/, `round ${round}`)
    }
    await hear('refund')
    await settle()
    assert.match(box.last(), /Too many wrong codes/)
    assert.deepEqual(world.done, [])
    clock.set(clock.now() + 3601)
    await hear('refund')
    await settle()
    await hear(`confirm ${box.code()}`)
    await settle()
    assert.equal(world.done.length, 1)
  })

  test('a code expires', async () => {
    const { box, hear, settle, world, clock } = await disputed()
    await hear('refund')
    await settle()
    clock.set(clock.now() + 600)
    await hear(`confirm ${box.code()}`)
    await settle()
    assert.match(box.last(), /The code has expired/)
    assert.deepEqual(world.done, [])
  })

  test('a code is good for its own account only', async () => {
    const { desk, box, hear, settle, world, clock } = await disputed()
    const link = await desk.link('box')
    await box.hear(`link ${link}`, { now: clock.now(), account: 'other' })
    await hear('refund')
    await settle()
    await hear(`confirm ${box.code()}`, { account: 'other' })
    await hear(`confirm ${box.code()}`, { account: 'stranger' })
    await settle()
    assert.deepEqual(world.done, [])
  })

  test('a trade that has moved on since it was shown is not touched', async () => {
    const { box, hear, settle, world } = await disputed()
    await hear('refund')
    await settle()
    world.move(a.escrowId, { state: 'Arbitration', proposedBps: 9000 })
    await hear(`confirm ${box.code()}`)
    await settle()
    assert.match(box.last(), /The trade has moved on.*proposed 90 % for the seller/s)
    assert.deepEqual(world.done, [])
  })

  test('of the same order by two accounts one is carried out', async () => {
    const { desk, box, hear, settle, world, clock } = await disputed()
    const link = await desk.link('box')
    await box.hear(`link ${link}`, { now: clock.now(), account: 'tablet' })
    await hear('refund')
    await settle()
    const first = box.code()
    await hear('refund', { account: 'tablet' })
    await settle()
    const second = box.code()
    await Promise.all([hear(`confirm ${first}`), hear(`confirm ${second}`, { account: 'tablet' })])
    await settle()
    assert.equal(world.done.length, 1)
  })

  for (const where of ['before', 'after'] as const) {
    test(`a process that dies ${where} the chain took the refund goes on and pays once`, async () => {
      const { desk, box, hear, settle, world, reopen } = await disputed()
      await hear('refund')
      await settle()
      world.failures[where].push(away())
      const { refunded } = world.engine
      world.engine.refunded = async () => {
        throw away()
      }
      await hear(`confirm ${box.code()}`)
      await desk.idle()
      assert.equal(world.done.length, where === 'before' ? 0 : 1)
      await desk.stop()
      world.engine.refunded = refunded
      const next = await reopen()
      await settle(next)
      assert.equal(world.done.length, 1)
      assert.equal(box.texts().filter((each) => /went back to the buyer/.test(each)).length, 1)
      await settle(await reopen())
      assert.equal(box.texts().filter((each) => /went back to the buyer/.test(each)).length, 1)
    })
  }

  for (const where of ['before', 'after'] as const) {
    test(`a process that dies ${where} an offer was taken back goes on, takes it back once and says so once`, async () => {
      const { desk, box, hear, settle, world, reopen } = await openDesk({
        policy: { amountHistory: 0, amountFactor: 1 },
      })
      world.add(a, { state: 'None', seq: 0n, verbs: ['cancel'], window: null })
      await desk.observe({ type: 'work', event: { type: 'started', escrowId: a.escrowId } })
      await settle()
      await hear('cancel')
      await settle()
      world.failures[where].push(away())
      await hear(`confirm ${box.code()}`)
      await desk.idle()
      await desk.stop()
      const next = await reopen()
      await settle(next)
      await settle(await reopen())
      assert.deepEqual(world.done, [{ verb: 'cancel', escrowId: a.escrowId }])
      assert.equal(box.texts().filter((each) => /^Cancelled/.test(each)).length, 1)
    })
  }

  test('of two desks on one store, each told the same reply, one carries it out', async () => {
    const { desk, box, settle, world, clock, store, reopen } = await disputed()
    const first = box.reception()
    const second = await reopen()
    const other = box.reception()
    assert.notEqual(first, other)
    const both = async (text: string, messageId: string) => {
      const at = { sentAt: clock.now(), replyTo: null, refusal: null }
      const incoming = { account: 'owner', messageId, text, ...at }
      const all = await Promise.allSettled([first.receive(incoming), other.receive(incoming)])
      const refused = all.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
      // Whoever lost is brought the message again by its channel.
      for (const error of refused)
        assert.deepEqual([error.code, error.retryable], ['held_elsewhere', true])
      assert.ok(refused.length < 2)
      await Promise.all([settle(desk), settle(second)])
    }
    const sent = box.sent.length
    await both('refund', 'm1')
    assert.equal(box.sent.length, sent + 1)
    await both(`confirm ${box.code()}`, 'm2')
    assert.equal(world.done.length, 1)
    assert.equal(box.texts().filter((each) => /went back to the buyer/.test(each)).length, 1)
    const actions = (await readAudit(store)).map(({ action }) => action)
    assert.equal(actions.filter((action) => action === 'confirmed').length, 1)
    assert.equal(actions.filter((action) => action === 'executed').length, 1)
  })

  test('an order that a dead process holds is carried out when its lease is over', async () => {
    const { desk, box, hear, settle, world, clock, store, reopen } = await disputed()
    await hear('refund')
    await settle()
    const { swap } = store
    // It dies with the lease in hand: nothing that it writes after that arrives.
    store.swap = async (key, expected, value) => {
      const isTaken = await swap(key, expected, value)
      if (key.startsWith('owner/lease/order/')) throw new Error('killed')
      return isTaken
    }
    await hear(`confirm ${box.code()}`)
    await desk.idle()
    store.swap = swap
    await desk.stop()
    const next = await reopen()
    await settle(next)
    assert.equal(world.done.length, 0)
    clock.set(clock.now() + 31)
    await settle(next)
    assert.equal(world.done.length, 1)
  })

  test('the same confirmation delivered again after a crash before it was noted does nothing twice', async () => {
    const { box, hear, settle, world, store, reopen } = await disputed()
    await hear('refund')
    await settle()
    const { set } = store
    // Everything is written but the mark that the message was dealt with.
    store.set = async (key, value) => {
      if (key.startsWith('owner/seen/')) throw new Error('killed')
      await set(key, value)
    }
    const confirmation = { messageId: 'c1' }
    await assert.rejects(hear(`confirm ${box.code()}`, confirmation), { message: 'killed' })
    store.set = set
    const next = await reopen()
    await settle(next)
    await hear(`confirm ${box.code()}`, confirmation)
    await settle(next)
    assert.equal(world.done.length, 1)
  })

  test('an order that the chain refuses is told, with no money moved', async () => {
    const { box, hear, settle, world } = await disputed()
    world.failures.before.push(new EarnestError('already_answered', 'Defended'))
    await hear('refund')
    await settle()
    await hear(`confirm ${box.code()}`)
    await settle()
    assert.match(box.last(), /Not done: refund.*already_answered/s)
    assert.deepEqual(world.done, [])
  })

  test('an order that cannot be finished within the hour is given up, and does not claim that nothing was sent', async () => {
    const { box, hear, settle, world, clock } = await disputed()
    await hear('refund')
    await settle()
    world.engine.refund = async () => {
      throw away()
    }
    world.engine.refunded = async () => {
      throw away()
    }
    await hear(`confirm ${box.code()}`)
    await settle()
    clock.set(clock.now() + 3600)
    await settle()
    const told = box.texts().find((each) => /Not done: refund/.test(each))
    assert.match(told ?? '', /may still arrive/)
    assert.doesNotMatch(told ?? '', /No money was moved/)
  })

  test('a trade that cannot be read holds up no order about another one', async () => {
    const { box, hear, settle, world, tell, errors } = await disputed()
    world.add(b)
    const { standing } = world.engine
    world.engine.standing = async (trade) => {
      if (trade.escrowId === b.escrowId) throw new TypeError('broken')
      return await standing(trade)
    }
    await tell('disputed', b)
    await hear('#1 refund')
    await settle()
    await hear(`confirm ${box.code()}`)
    await settle()
    assert.equal(world.done.length, 1)
    assert.ok(errors.length > 0)
    world.engine.standing = standing
    await settle()
    assert.match(box.last(), new RegExp(`disputed.*${b.escrowId}`, 's'))
  })

  test('a defence is carried out with the owner’s words and without a code', async () => {
    const { box, hear, settle, world } = await disputed()
    await hear('defend The input named nobody')
    await settle()
    assert.deepEqual(world.done, [
      { verb: 'defend', escrowId: a.escrowId, text: 'The input named nobody' },
    ])
    assert.match(box.last(), /Your defence is on record/)
    await hear('defend Once more')
    await settle()
    assert.equal(world.done.length, 1)
  })

  test('what is not funded is cancelled, what is funded is paid back, each after a code', async () => {
    const { box, hear, settle, world, desk } = await openDesk({
      policy: { amountHistory: 0, amountFactor: 1 },
    })
    world.add(a, { state: 'None', seq: 0n, verbs: ['cancel'], window: null })
    await desk.observe({ type: 'work', event: { type: 'started', escrowId: a.escrowId } })
    await settle()
    await hear('cancel')
    await settle()
    await hear(`confirm ${box.code()}`)
    await settle()
    assert.deepEqual(world.done, [{ verb: 'cancel', escrowId: a.escrowId }])

    world.add(b, { state: 'Funded', verbs: ['refund'], amountUsdc: 99_000_000n })
    await desk.observe({ type: 'work', event: { type: 'started', escrowId: b.escrowId } })
    await settle()
    await hear('cancel')
    await settle()
    assert.match(box.last(), /pays 99 USDC back/)
  })
})

describe('reply', () => {
  async function two() {
    const all = await openDesk()
    all.world.add(a)
    all.world.add(b, { amountUsdc: 70_000_000n })
    await all.tell('disputed', a)
    await all.tell('disputed', b)
    return all
  }

  test('[TOL-18] an answer is about the trade of the message that it answers', async () => {
    const { box, hear, settle, world } = await two()
    const [first] = box.sent
    await hear('refund', { replyTo: first?.messageId ?? '' })
    await settle()
    await hear(`confirm ${box.code()}`)
    await settle()
    assert.deepEqual(world.done, [{ verb: 'refund', escrowId: a.escrowId }])
  })

  test('[TOL-18] without a message to answer and with two open it asks back, and a number decides', async () => {
    const { box, hear, settle, world } = await two()
    await hear('refund')
    await settle()
    assert.match(box.last(), /Which one\?.*#1 A trade.*#2 A trade/s)
    await hear('#2 refund')
    await settle()
    assert.match(box.last(), /pays 70 USDC back/)
    await hear('#1 refund', { replyTo: box.sent[1]?.messageId ?? '' })
    await settle()
    assert.match(box.last(), /You answered the message of #2 and named #1/)
    await hear('#9 refund')
    await settle()
    assert.match(box.last(), /There is no #9/)
    assert.deepEqual(world.done, [])
  })

  test('[TOL-20] "tell them that’s out of scope" is said with the agent’s next message there, once, and is context for its work', async () => {
    const { desk, hear, settle } = await disputed()
    await hear('tell them that’s out of scope')
    await settle()
    assert.deepEqual(await desk.takeSayings('task-a'), ['that’s out of scope'])
    assert.deepEqual(await desk.takeSayings('task-a'), [])
    const [note] = await desk.notes(a.escrowId)
    assert.equal(note?.text, 'that’s out of scope')
    assert.equal(note?.kind, 'say')
  })

  test('[TOL-19] everything else is a note for the agent, and orders nothing', async () => {
    const { desk, box, hear, settle, world } = await disputed()
    await hear('Just give them the refund already, I approve it')
    await settle()
    assert.match(box.last(), /Noted.*no command.*Commands: refund/s)
    const [note] = await desk.notes(a.escrowId)
    assert.equal(note?.kind, 'note')
    assert.deepEqual(world.done, [])
    await hear(`confirm ${box.code()}`)
    assert.deepEqual(world.done, [])
  })

  test('one message is dealt with once, however often it is delivered', async () => {
    const { box, hear, settle } = await disputed()
    for (const _ of [1, 2, 3]) await hear('status', { messageId: 'same' })
    await settle()
    assert.equal(box.sent.length, 2)
  })

  test('a message that comes late or from the future is no command', async () => {
    const { box, hear, settle } = await disputed()
    for (const sentAt of [START - 901, START + 301]) {
      await hear('refund', { sentAt })
      await settle()
      assert.match(box.last(), /That came too late/)
    }
  })
})

describe('store', () => {
  test('a desk in a folder finds everything again, and its keys are names that a file may have', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'owner-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const store = createFileStore({ folder })
    const { box, world, tell, hear, settle, reopen, clock, desk } = await openDesk({ store })
    await box.hear(`link ${await desk.link('box')}`, {
      now: clock.now(),
      account: `${'x'.repeat(240)}@owner.test`,
    })
    world.add(a)
    await tell('disputed', a)
    await hear('say hello', { messageId: 'm'.repeat(300) })
    await hear('refund')
    await settle()
    await desk.stop()
    const next = await reopen()
    await hear(`confirm ${box.code()}`)
    await settle(next)
    assert.equal(world.done.length, 1)
    assert.ok((await readAudit(store)).length > 4)
  })
})

describe('agents', () => {
  test('an owner of two agents orders each trade of the agent whose it is', async () => {
    const { desk, box, world, tell, hear, settle } = await openDesk()
    const other = createEngine()
    desk.attach(other.engine)
    world.add(a)
    other.add(b)
    await tell('disputed', a)
    await tell('disputed', b)
    for (const number of [1, 2]) {
      await hear(`#${number} refund`)
      await settle()
      await hear(`confirm ${box.code()}`)
      await settle()
    }
    assert.deepEqual(world.done, [{ verb: 'refund', escrowId: a.escrowId }])
    assert.deepEqual(other.done, [{ verb: 'refund', escrowId: b.escrowId }])
  })
})

describe('reminder', () => {
  test('an open dispute is reminded of at half and at nine tenths, the last time everywhere, and no more once it has moved on', async () => {
    const pager = createBox('pager')
    const { desk, box, settle, clock, world, tell } = await openDesk({ channels: [pager.channel] })
    const link = await desk.link('pager')
    await pager.hear(`link ${link}`, { now: clock.now() })
    world.add(a)
    await tell('disputed', a)
    const told = () =>
      [...box.sent, ...pager.sent]
        .filter(({ letter }) => letter.alertId !== null)
        .map(({ letter, messageId }) => `${messageId.split('-')[0]}: ${letter.title}`)
    for (let at = START; at < START + 8000; at += 100) {
      clock.set(at)
      await settle()
    }
    // The preferred channel has it all, the other one the last call only.
    assert.deepEqual(told(), [
      'box: A trade is disputed: 10 USDC',
      'box: Still waits for an answer',
      'box: Last call',
      'pager: Last call',
    ])

    clock.set(START)
    world.add(b)
    await tell('disputed', b)
    world.move(b.escrowId, { state: 'Negotiating', window: { from: START, until: START + 9000 } })
    box.sent.length = 0
    clock.set(START + 7000)
    await settle()
    assert.deepEqual(box.sent, [])
  })

  test('what was missed while nobody ran is said once, as the last call', async () => {
    const { desk, box, clock, reopen, settle } = await disputed()
    await desk.stop()
    clock.set(START + 7000)
    await settle(await reopen())
    assert.deepEqual(
      box.sent.slice(1).map(({ letter }) => letter.title),
      ['Last call'],
    )
  })
})

describe('audit', () => {
  test('everything that was ordered is in the log, no code is, and a changed log is seen', async () => {
    const { box, hear, settle, store } = await disputed()
    await hear('refund')
    await settle()
    const code = box.code()
    await hear(`confirm ${code}`)
    await settle()
    const entries = await readAudit(store)
    const actions = entries.map(({ action }) => action)
    assert.deepEqual(
      actions.filter((each) => each !== 'heard'),
      ['linked', 'asked', 'confirmed', 'executed'],
    )
    assert.ok(!JSON.stringify(entries).includes(code))

    const keys = await store.keys('owner/audit/')
    const key = keys[2] as string
    const entry = (await store.get(key)) as object
    await store.set(key, { ...entry, action: 'nothing' })
    await assert.rejects(readAudit(store), { code: 'audit_broken', details: { number: 3 } })
    await store.set(key, entry)
    await readAudit(store)
    await store.delete(key)
    await assert.rejects(readAudit(store), { code: 'audit_broken' })
  })

  test('the log goes on where it ended', async () => {
    const store = createMemoryStore()
    const { desk } = await openDesk({ store })
    await desk.stop()
    const { hear, settle } = await openDesk({ store })
    await hear('help')
    await settle()
    assert.ok((await readAudit(store)).length >= 3)
  })
})
