import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { discover } from '../../sdk/src/discovery/discover.ts'
import { escrowOfPact } from '../../sdk/src/escrow/client.ts'
import { fund } from '../../sdk/src/escrow/fund.ts'
import { readEscrow } from '../../sdk/src/escrow/readEscrow.ts'
import { verifyLock } from '../../sdk/src/escrow/verifyLock.ts'
import { type Channel, createChannel, type Reply } from '../../sdk/src/negotiation/channel.ts'
import { draftPact } from '../../sdk/src/negotiation/draft.ts'
import { negotiate } from '../../sdk/src/negotiation/negotiate.ts'
import { sendAndWait } from '../../sdk/src/negotiation/sendAndWait.ts'
import { EarnestError } from '../../sdk/src/protocol/error.ts'
import { assess } from '../../sdk/src/trust/assess.ts'
import {
  buyerParty,
  greeter,
  type Market,
  openMarket,
  openSeller,
  SELLER_URL,
  taskOf,
  until,
} from './support/market.ts'

describe('sendAndWait', () => {
  let market: Market
  before(async () => {
    market = await openMarket()
    await market.endow(buyerParty.wallet.address, 100_000_000n)
  })
  after(() => market.close())

  test('[SET-14] a wait that runs out cancels nothing: the escrow stays funded, the work goes on, and the answer can be waited for again', async () => {
    let finish = () => {}
    const finished = new Promise<void>((resolve) => {
      finish = resolve
    })
    let runs = 0
    const slow = {
      ...greeter,
      run: async (job: Parameters<typeof greeter.run>[0]) => {
        runs++
        await finished
        return await greeter.run(job)
      },
    }
    const seller = await openSeller(market, { skills: [slow] })
    await seller.register()
    const methods: string[] = []
    const { identity, wallet } = buyerParty
    const { clock } = market
    const fetch = (async (input: string | URL | Request, init?: RequestInit) => {
      methods.push((JSON.parse(String(init?.body)) as { method: string }).method)
      return await market.fetch(input, init)
    }) as typeof globalThis.fetch
    try {
      const agent = await discover(SELLER_URL, { clock, fetch: market.fetch })
      const oracle = market.oracleFor(identity)
      const task = taskOf(market)
      const paymentUsdc = 5_000_000n
      const pact = draftPact({
        agent,
        task,
        paymentUsdc,
        buyer: { did: identity.did, wallet: wallet.address },
        oracle: await oracle.call('getOracle', {}),
        now: clock.now(),
      })
      const question = { capability: task.capability, paymentUsdc, acceptance: task.acceptance }
      const assessment = await assess(agent, { task: question, oracles: [oracle] })
      const channel = createChannel({ endpoint: agent.endpoint, identity, clock, fetch })
      const policy = { maxPaymentUsdc: paymentUsdc, latestDeadline: null, acceptScopeChange: false }
      const agreement = await negotiate({ assessment, channel, identity, pact, policy, clock })
      const { signed, pactId } = agreement
      await fund(market.wallet(wallet), { signed })
      const { client } = market.ground
      await until(async () => (await verifyLock(client, { pact })).status === 'locked')

      const escrow = escrowOfPact({ pact })
      const message = { taskType: 'greeting', escrowId: escrow.escrowId, pactId }
      const first = await sendAndWait(channel, message, { timeoutMs: 300, pollIntervalMs: 100 })
      assert.equal(first.status, 'pending')
      await until(async () => runs === 1)
      assert.equal((await readEscrow(client, escrow)).state, 'Funded')
      assert.ok(!methods.includes('CancelTask'))

      finish()
      const second = await sendAndWait(channel, message, { pollIntervalMs: 100 })
      assert.equal(second.status === 'answered' && second.response.status, 'completed')
      assert.equal(runs, 1)
    } finally {
      finish()
      await seller.stop()
    }
  })

  const waiting: Reply = {
    taskId: 't',
    contextId: 'c',
    isTerminal: false,
    response: undefined,
    text: '',
  }

  /** A channel whose task answers at the given look, and the times at which it was looked at. */
  function channelOf(looks: (Reply | Error)[]): { channel: Channel; reads: string[] } {
    const reads: string[] = []
    return {
      reads,
      channel: {
        send: async () => waiting,
        read: async (taskId) => {
          reads.push(taskId)
          const look = looks.shift() ?? waiting
          if (look instanceof Error) throw look
          return look
        },
      },
    }
  }

  test('[SET-14] by default it waits five minutes and looks every five seconds', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] })
    const { channel, reads } = channelOf([])
    const waited = sendAndWait(channel, {})
    let isOver = false
    void waited.finally(() => {
      isOver = true
    })
    const settle = async () => {
      for (let i = 0; i < 10; i++) await Promise.resolve()
    }
    await settle()
    for (let look = 1; look <= 60; look++) {
      assert.equal(isOver, false)
      context.mock.timers.tick(4_999)
      await settle()
      assert.equal(reads.length, look - 1)
      context.mock.timers.tick(1)
      await settle()
      assert.equal(reads.length, look)
    }
    assert.equal((await waited).status, 'pending')
  })

  test('an agent that is away for a look is asked again, one that refuses is not, and a silent end has its code', async () => {
    const response = { status: 'declined', reasonCode: 'x', reason: 'x' } as const
    const away = new EarnestError('agent_unreachable', 'away', { retryable: true })
    const found = channelOf([away, { ...waiting, response }])
    const answer = await sendAndWait(found.channel, {}, { pollIntervalMs: 1 })
    assert.equal(answer.status, 'answered')
    const refused = channelOf([new EarnestError('a2a_refused', 'no')])
    await assert.rejects(sendAndWait(refused.channel, {}, { pollIntervalMs: 1 }), {
      code: 'a2a_refused',
    })
    const ended = channelOf([{ ...waiting, isTerminal: true }])
    await assert.rejects(sendAndWait(ended.channel, {}, { pollIntervalMs: 1 }), {
      code: 'task_ended',
    })
  })
})
