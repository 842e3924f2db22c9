import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import {
  encodePact,
  escrowIdOfPact,
  ladderOf,
  type Profile,
  packLadder,
  windowsOf,
} from '@earnest/sdk/protocol'
import { type Provider, startProvider, wires } from '../../../../scripts/local/judge/provider.ts'
import { isEmpty, verdict } from '../../../../scripts/local/judge/verdict.ts'
import { escrowOf, pass } from '../../support/court.ts'
import {
  agree,
  call,
  completionOf,
  confirm,
  createWorld,
  fund,
  type Ground,
  pactOf,
  register,
  startGround,
  type World,
} from '../../support/world.ts'
import { oracleOf, SEEDS, seatBench } from '../committee/bench.ts'

let ground: Ground
let world: World
let providers: Provider[]

before(async () => {
  ground = await startGround()
  providers = await Promise.all(
    wires.map((wire) => startProvider(wire, (heard) => verdict(heard, isEmpty(heard) ? 0 : 60))),
  )
  const jury = providers.map(({ juror }) => juror)
  world = await createWorld(ground, { jury, seeds: SEEDS })
  await register(world, world.buyer)
  await register(world, world.seller)
  // A pool, so that the agents' ladder has its committee.
  await seatBench(world, { count: 21, policy: () => 5_000 })
  await pass(world, 61)
})

after(async () => {
  await world.close()
  await Promise.all(providers.map((provider) => provider.close()))
  await ground.close()
})

/** Seconds from escalation to ruling of a partial delivery on the published ladder of a profile. */
async function secondsToRuling(
  profile: Profile,
  paymentUsdc: string,
  tick: number,
): Promise<number> {
  const plain = pactOf(world, { paymentUsdc })
  const ladder = packLadder(
    ladderOf({ profile, pool: profile === 'micro' ? 0 : 1, appealBond: 5_000_000n }),
  )
  const wire = encodePact(plain)
  const windows = windowsOf({ profile, amount: plain.paymentUsdc })
  const pact = pactOf(world, {
    paymentUsdc,
    timing: { ...wire.timing, profile, windows },
    escrow: { ...wire.escrow, ladder },
    disclosure: { committee: true, judges: ['openai', 'anthropic', 'google', 'meta', 'mistral'] },
  })
  await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  const body = await completionOf(world, pact, { files: { 'result.json': '{"greeting":"hello"}' } })
  await call(world, { by: world.seller, method: 'POST', path: '/api/v1/completions', body })
  await world.settle()
  await pass(world, windows.response)
  const { state, timerEnd } = await escrowOf(world, escrowIdOfPact({ pact }))
  assert.equal(state, 5)
  const escalatedAt = timerEnd - windows.arbitration
  for (;;) {
    await pass(world, tick)
    const { timestamp } = await ground.client.getBlock()
    const seconds = Number(timestamp) - escalatedAt
    if ((await escrowOf(world, escrowIdOfPact({ pact }))).state === 8) return seconds
    assert.ok(seconds < windows.arbitration, 'the window ran out without a ruling')
  }
}

describe('speed', () => {
  test('[TAP-20][DSP-18] a micro trade is ruled within ten minutes of its escalation', async (t) => {
    const seconds = await secondsToRuling('micro', '20', 30)
    t.diagnostic(`${seconds} s`)
    assert.ok(seconds <= 600)
  })

  test('[DSP-18] a trade of agents is ruled within six hours of its escalation, its appeal window included', async (t) => {
    const seconds = await secondsToRuling('agent', '500', 900)
    t.diagnostic(`${seconds} s`)
    assert.ok(seconds <= 6 * 3600)
    const { jury, target } = await oracleOf(world, world.buyer).call('getArbiter', {
      params: { arbiter: ground.deployment.arbiter },
    })
    assert.equal(jury.cases, 2)
    assert.ok(jury.latency.p95! <= target.seconds)
    assert.equal(target.late, 0)
  })
})
