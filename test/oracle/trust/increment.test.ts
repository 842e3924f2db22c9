import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import type { TrustEvent } from '../../../oracle/src/trust/event.ts'
import { type FullPass, fullPass } from '../../../oracle/src/trust/fullpass.ts'
import { createTrustModel, type TrustModel } from '../../../oracle/src/trust/model.ts'
import { takeOver } from '../../../oracle/src/trust/passFully.ts'
import { refresh } from '../../../oracle/src/trust/refresh.ts'
import { generator } from './generator.ts'
import { DAY, SEEDS, START, settled } from './market.ts'

const HOUR = 3_600

/** A market with a few large sellers, prices over two decades, failures, and people who leave it again. */
function history(seed: number, { traders, trades }: { traders: number; trades: number }) {
  const random = generator(seed)
  return Array.from({ length: trades }, (_, trade): TrustEvent => {
    const price = 7 + 2 * random()
    const buyer = random() < 0.02 ? SEEDS[trade % 5]! : `p${Math.floor(random() * traders)}`
    const other = `p${Math.floor(random() ** 2 * traders)}`
    const seller = random() < 0.1 || other === buyer ? SEEDS[(trade + 1) % 5]! : other
    const failed = random() < 0.1
    return settled({
      buyer,
      seller,
      at: START + (trade * 60 * DAY) / trades,
      amount: BigInt(Math.round(10 ** price)),
      protocolFee: failed ? 0n : BigInt(Math.round(10 ** (price - 2))),
      ending: failed ? 'expired' : 'completed',
      sellerBps: failed ? 0 : 10_000,
      facts: { passed: failed ? 0 : 0.8 + 0.2 * random() },
    })
  })
}

/** The model as increments keep it up, or with its weights computed anew from all rows at every refresh. */
function follow(
  events: readonly TrustEvent[],
  how: 'by increments' | 'by full passes',
): TrustModel {
  const model = createTrustModel({ seeds: SEEDS })
  for (const event of events) {
    model.apply(event)
    if (how === 'by increments' || event.kind !== 'settled') continue
    if (model.state.pending.length === 0)
      takeOver(model.state, fullPass(model.state, model.parameters))
  }
  refresh(model.state, model.parameters)
  return model
}

function farthest({ state }: TrustModel, { trust }: FullPass): number {
  let farthest = 0
  for (let agent = 0; agent < state.agents.length; agent++) {
    farthest = Math.max(farthest, Math.abs(trust[agent]! - state.flow.trust[agent]!))
  }
  return farthest
}

function assertSamePublished(left: TrustModel, right: TrustModel): void {
  const now = START + 62 * DAY
  let rated = 0
  for (const agent of left.state.agents) {
    const [one, other] = [left, right].map((model) => {
      const { compositeScore, scoreBreakdown } = model.assess({ agent, role: 'seller', now })
      return { compositeScore, scoreBreakdown }
    })
    if (one!.compositeScore !== null) rated++
    assert.deepEqual(one, other, agent)
  }
  assert.ok(rated > 100)
}

describe('increments', () => {
  test('over random histories of thousands of agents, weights are a full pass within 1e-9 and every published integer is the same', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const events = history(seed, { traders: 2_500, trades: 3_000 })
        const kept = follow(events, 'by increments')
        assert.ok(farthest(kept, fullPass(kept.state, kept.parameters)) < 1e-9)
        assertSamePublished(kept, follow(events, 'by full passes'))
      }),
      { numRuns: 2 },
    )
  })

  test('above 20,000 agents too, where a change is no longer followed to its last part', () => {
    const crowd = Array.from({ length: 20_000 }, (_, one): TrustEvent => {
      return { kind: 'activity', agent: `crowd-${one}`, at: START - HOUR }
    })
    const events = [...crowd, ...history(7, { traders: 2_000, trades: 2_500 })]
    const kept = follow(events, 'by increments')
    assert.ok(kept.state.agents.length > 20_000)
    assert.ok(farthest(kept, fullPass(kept.state, kept.parameters)) < 1e-9)
    assertSamePublished(kept, follow(events, 'by full passes'))
  })

  test('an island without a path from the seeds gains no voucher by what spreads over all', () => {
    const events = history(3, { traders: 300, trades: 1_500 })
    for (let i = 0; i < 1_500; i++) {
      const buyer = `island-${i % 40}`
      const seller = `island-${(i * 7 + 1) % 40}`
      if (buyer === seller) continue
      events.push(settled({ buyer, seller, at: START + i * HOUR, protocolFee: 5_000_000n }))
    }
    const kept = follow(events, 'by increments')
    for (let i = 0; i < 40; i++) {
      const { evidence } = kept.assess({
        agent: `island-${i}`,
        role: 'seller',
        now: START + 63 * DAY,
      })
      assert.ok(evidence <= kept.parameters.untrustedCap)
    }
  })
})
