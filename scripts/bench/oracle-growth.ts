import { performance } from 'node:perf_hooks'
import { fullPass } from '../../oracle/src/trust/fullpass.ts'
import { createTrustModel } from '../../oracle/src/trust/model.ts'
import { mulberry } from './forecast-bootstrap.ts'

const SEEDS = 5
const START = 1_700_000_000
const USDC = 1_000_000

/** What a market of so many trades costs: each figure at the end of its decade. */
export type Growth = {
  trades: number
  agents: number
  /** Mean microseconds of one trade within this decade: forecast, record, graph, detectors, root. */
  applyUs: number
  /** Microseconds of one whole answer, and of one quote. */
  assessUs: number
  quoteUs: number
  fullPassMs: number
}

/** How the cost of a trade, an answer and the full pass grows with the market. */
export function measureGrowth(decades: readonly number[] = [1e3, 1e4, 1e5, 1e6]): Growth[] {
  const seeds = Array.from({ length: SEEDS }, (_, seed) => `a${seed}`)
  const model = createTrustModel({ seeds })
  const random = mulberry(3)
  const rows: Growth[] = []
  let trade = 0
  for (const trades of decades) {
    const agents = Math.round(trades / 10)
    const from = performance.now()
    const first = trade
    for (; trade < trades; trade++) {
      const buyer = Math.floor(random() * agents)
      const seller = Math.floor(random() ** 2 * agents)
      const amount = BigInt(Math.round(Math.exp(1 + 4 * random()) * USDC))
      const failed = random() < 0.05
      model.apply({
        kind: 'settled',
        escrowId: `growth-${trade}`,
        at: START + trade * 60,
        buyer: `a${buyer}`,
        seller: `a${seller === buyer ? (seller + 1) % agents : seller}`,
        capability: `skill-${seller % 20}`,
        amount,
        protocolFee: failed ? 0n : amount / 200n,
        ending: failed ? 'expired' : 'completed',
        sellerBps: failed ? 0 : 10_000,
      })
    }
    const applyUs = (1_000 * (performance.now() - from)) / (trades - first)
    const now = START + trades * 60
    const someone = (): string => `a${Math.floor(random() * agents)}`
    const assessUs = timed(() => model.assess({ agent: someone(), role: 'seller', now }))
    const quoteUs = timed(() =>
      model.quote({
        buyer: someone(),
        seller: someone(),
        capability: 'skill-1',
        amount: 50_000_000n,
        at: now,
        openExposure: 0n,
      }),
    )
    const passFrom = performance.now()
    fullPass(model.state, model.parameters)
    const fullPassMs = round(performance.now() - passFrom)
    rows.push({ trades, agents, applyUs: round(applyUs), assessUs, quoteUs, fullPassMs })
  }
  return rows
}

function timed(ask: () => unknown): number {
  const count = 300
  const from = performance.now()
  for (let i = 0; i < count; i++) ask()
  return round((1_000 * (performance.now() - from)) / count)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
