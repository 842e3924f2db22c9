import type { SettledEscrow, TrustEvent } from '../../../oracle/src/trust/event.ts'
import { createTrustModel, type TrustModel } from '../../../oracle/src/trust/model.ts'
import { generator } from './generator.ts'

export const DAY = 86_400
export const START = 1_767_225_600
export const SEEDS = ['seed-0', 'seed-1', 'seed-2', 'seed-3', 'seed-4']

let serial = 0

/** A completed trade of 50 USDC, with whatever differs. */
export function settled(
  trade: Pick<SettledEscrow, 'buyer' | 'seller' | 'at'> & Partial<SettledEscrow>,
): SettledEscrow {
  return {
    kind: 'settled',
    escrowId: `escrow-${serial++}`,
    pactId: 'ab'.repeat(32),
    capability: 'dcf_modeling',
    amount: 50_000_000n,
    protocolFee: 500_000n,
    ending: 'completed',
    sellerBps: 10_000,
    ...trade,
  }
}

/** A market in which everybody bought from the seeds, so that all of them are trusted buyers. */
export function livelyMarket(people: number): TrustModel {
  const model = createTrustModel({ seeds: SEEDS })
  for (const event of livelyEvents(people)) model.apply(event)
  return model
}

/** The events of that market, ending at START. */
export function livelyEvents(people: number): TrustEvent[] {
  const random = generator(5)
  const events: TrustEvent[] = []
  for (let person = 0; person < people; person++) {
    const at = START - 30 * DAY + person * 600
    events.push(settled({ buyer: `p${person}`, seller: `seed-${person % 5}`, at }))
    const other = Math.floor(random() * people)
    if (other !== person) {
      events.push(settled({ buyer: `p${person}`, seller: `p${other}`, at: at + 60 }))
    }
  }
  return events
}
