import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { closeDesks, openDesk, START, tradeOf } from './support.ts'

const letters = 'abcdef0123456789'
/** Hundreds of trades with ids of their own. */
function nth(number: number) {
  const text = number.toString(16).padStart(64, letters[number % 6])
  return { ...tradeOf('a'), pactId: text, escrowId: `0x${text}` }
}

/** Runs one trade past the desk as an engine tells it. */
async function trade(
  { desk, world, tell }: Awaited<ReturnType<typeof openDesk>>,
  number: number,
  { amountUsdc = 10_000_000n, end = 'released' }: { amountUsdc?: bigint; end?: string } = {},
) {
  const it = nth(number)
  world.add(it, { state: 'Funded', amountUsdc, window: null })
  const work = (type: string, detail?: string) =>
    desk.observe({
      type: 'work',
      event: { type, escrowId: it.escrowId, ...(detail && { detail }) } as never,
    })
  await work('started')
  await work('audited')
  if (end === 'failed') {
    await work('failed', 'empty_deliverable')
    return it
  }
  await work('submitted')
  await work('delivered')
  world.move(it.escrowId, { state: end === 'refunded' ? 'Refunded' : 'Completed' })
  await tell(end, it)
  return it
}

afterEach(closeDesks)

describe('trigger', () => {
  test('[TOL-21] a hundred happy trades give no alert, amounts that vary and single retries among them', async () => {
    const all = await openDesk()
    for (let number = 0; number < 100; number++) {
      await all.desk.observe({ type: 'proposal', pact: {} as never, reasonCode: 'acceptable' })
      const escrowId = nth(number).escrowId
      if (number % 10 === 0) {
        await all.desk.observe({
          type: 'work',
          event: { type: 'retrying', escrowId, detail: 'oracle_unreachable' },
        })
      }
      await trade(all, number, { amountUsdc: 5_000_000n + BigInt(number % 20) * 1_000_000n })
    }
    assert.deepEqual(all.box.texts(), [])
    assert.deepEqual(all.errors, [])
  })

  test('[API-18] three failures in a row are one alert, a fourth is none, and a delivery begins the count anew', async () => {
    const all = await openDesk()
    const fail = (number: number) => trade(all, number, { end: 'failed' })
    await fail(1)
    await fail(2)
    await trade(all, 3)
    await fail(4)
    await fail(5)
    await all.settle()
    assert.equal(all.box.sent.length, 0)
    await fail(6)
    await all.settle()
    assert.equal(all.box.sent.length, 1)
    assert.match(all.box.last(), /3 trades failed in a row.*empty_deliverable/s)
    await fail(7)
    await fail(8)
    await all.settle()
    assert.equal(all.box.sent.length, 1)
  })

  test('[API-18] a step that goes on failing within a trade is one alert', async () => {
    const all = await openDesk()
    const it = nth(1)
    all.world.add(it, { state: 'Funded' })
    for (let count = 0; count < 10; count++) {
      all.clock.set(START + count * 20)
      await all.desk.observe({
        type: 'work',
        event: { type: 'retrying', escrowId: it.escrowId, detail: 'oracle_unreachable' },
      })
    }
    await all.settle()
    assert.equal(all.box.sent.length, 1)
    assert.match(all.box.last(), /A step has failed/)
  })

  test('[API-19] an amount above five times the median of what was really funded is an alert, at five times it is none', async () => {
    const all = await openDesk()
    for (const number of [1, 2, 3, 4, 5]) await trade(all, number)
    await trade(all, 6, { amountUsdc: 50_000_000n })
    assert.equal(all.box.sent.length, 0)
    await trade(all, 7, { amountUsdc: 50_000_001n })
    await all.settle()
    assert.equal(all.box.sent.length, 1)
    assert.match(all.box.last(), /unusually large trade: 50.000001 USDC.*usual amount is 10 USDC/s)
    // Begun again after a crash it is the same trade.
    await all.desk.observe({
      type: 'work',
      event: { type: 'started', escrowId: nth(7).escrowId },
    })
    await all.settle()
    assert.equal(all.box.sent.length, 1)
  })

  test('[TOL-16] thresholds are the operator’s', async () => {
    const all = await openDesk({ policy: { amountFactor: 2, amountHistory: 1, failures: 1 } })
    await trade(all, 1)
    await trade(all, 2, { amountUsdc: 20_000_001n })
    await trade(all, 3, { end: 'failed' })
    await all.settle()
    assert.equal(all.box.sent.length, 2)
  })

  test('refunds above the usual share are one alert until the share is usual again', async () => {
    const all = await openDesk()
    for (const number of [1, 2, 3]) await trade(all, number)
    for (const number of [4, 5, 6]) await trade(all, number, { end: 'refunded' })
    await all.settle()
    assert.equal(all.box.sent.length, 1)
    assert.match(all.box.last(), /Many refunds.*2 of the last 5/s)
    for (let number = 7; number < 27; number++) await trade(all, number)
    for (let number = 27; number < 36; number++) await trade(all, number, { end: 'refunded' })
    await all.settle()
    assert.equal(all.box.sent.length, 2)
  })

  test('[TOL-16] a request outside the catalogue is told once a day for each who asks, and a flood is counted', async () => {
    const all = await openDesk()
    const ask = (caller: string | undefined, taskType: string | null = 'tax_return') =>
      all.desk.observe({ type: 'outside', taskId: 't', caller, taskType, text: 'Do my taxes' })
    for (const _ of [1, 2, 3]) await ask('did:key:zAnn')
    for (const _ of [1, 2, 3]) await ask(undefined)
    await all.settle()
    assert.equal(all.box.sent.length, 2)
    assert.match(all.box.texts()[0] ?? '', /not in the catalogue.*> tax_return Do my taxes/s)
    for (let count = 0; count < 40; count++) await ask(`did:key:z${count}`)
    await all.settle()
    assert.equal(all.box.sent.length, 5)
    all.clock.set(START + 3600)
    await ask('did:key:zLate')
    await all.settle()
    assert.match(all.box.last(), /37 more of this kind were not shown/)
  })

  test('[TOL-16] what fits nowhere is told: an error without a code, and talk of a caller who says who it is', async () => {
    const all = await openDesk()
    const it = nth(1)
    all.world.add(it, { state: 'Funded' })
    await all.desk.observe({
      type: 'work',
      event: { type: 'failed', escrowId: it.escrowId, detail: 'execution_failed' },
    })
    const talk = { type: 'outside', taskId: 't', taskType: null, text: 'Hello?' } as const
    await all.desk.observe({ ...talk, caller: undefined })
    await all.settle()
    assert.equal(all.box.sent.length, 1)
    await all.desk.observe({ ...talk, caller: 'did:key:zAnn' })
    await all.settle()
    assert.match(all.box.last(), /cannot classify.*> Hello\?/s)
    await all.hear('#2 tell them we value companies only')
    assert.deepEqual(await all.desk.takeSayings('t'), ['we value companies only'])
  })

  test('a claim that nobody would hear is told, for it is the owner who may make it all the same', async () => {
    const all = await openDesk()
    const it = { ...nth(1), side: 'buyer' as const }
    all.world.add(it, { state: 'Completed' })
    const { escrowId } = it
    const progress = { step: 'not_claimed', escrowId, reason: 'fee_below_cost' } as const
    await all.desk.observe({ type: 'progress', progress })
    await all.settle()
    assert.match(all.box.last(), /fee_below_cost/)
  })

  test('a buyer’s dispute is told, and its owner can stop what is not funded', async () => {
    const all = await openDesk()
    const it = { ...nth(1), side: 'buyer' as const }
    all.world.add(it, { verbs: ['cancel'] })
    const { pactId, escrowId } = it
    await all.desk.observe({ type: 'stage', pactId, escrowId, status: 'disputed' })
    await all.settle()
    assert.match(all.box.last(), /A trade is disputed.*seller did:key/s)
    await all.hear('refund')
    await all.settle()
    assert.match(all.box.last(), /Not possible: refund/)
    await all.hear('cancel')
    await all.settle()
    await all.hear(`confirm ${all.box.code()}`)
    await all.settle()
    assert.deepEqual(all.world.done, [{ verb: 'cancel', escrowId }])
  })
})
