import { performance } from 'node:perf_hooks'
import { setImmediate } from 'node:timers/promises'
import type { SettledEscrow } from '../../oracle/src/trust/event.ts'
import { fullPass } from '../../oracle/src/trust/fullpass.ts'
import { createTrustModel } from '../../oracle/src/trust/model.ts'
import { TRUST_PARAMETERS } from '../../oracle/src/trust/parameters.ts'
import { mulberry } from './forecast-bootstrap.ts'

const SEEDS = 5
const START = 1_700_000_000
const USDC = 1_000_000
/** Trades that are timed at the end of a decade: ten refreshes in an old market. */
const TIMED = 2_500
/**
 * Trades between the timed ones only have to be there: graph weights are refreshed this much more seldom,
 * and the search for money that comes back looks at so many edges.
 */
const SELDOM = 100
const FEW_VISITS = 400

/** What a market of so many trades costs: each figure at the end of its decade. */
export type Growth = {
  trades: number
  agents: number
  /**
   * Mean microseconds of the last trades of this decade, with every refresh of the graph that falls due:
   * forecast, record, graph, detectors, root. On the clock, and of CPU.
   */
  applyUs: number
  applyCpuUs: number
  /** Microseconds of one whole answer, and of one quote. */
  assessUs: number
  quoteUs: number
  fullPassMs: number
}

/**
 * How the cost of a trade, an answer and the full pass grows with the market: each decade as soon as it is
 * measured. Between trades that are not timed it lets signals through.
 */
export async function* measureGrowth(decades: readonly number[]): AsyncGenerator<Growth> {
  const seeds = Array.from({ length: SEEDS }, (_, seed) => `a${seed}`)
  const model = createTrustModel({ seeds })
  const refreshEvery = TRUST_PARAMETERS.refreshEvery * SELDOM
  const parameters = { ...TRUST_PARAMETERS, refreshEvery, mostVisits: FEW_VISITS }
  const filling = createTrustModel({ seeds, parameters, state: model.state })
  const random = mulberry(3)
  let trade = 0
  for (const trades of decades) {
    const agents = Math.round(trades / 10)
    const timed = trades - Math.min(TIMED, (trades - trade) / 2)
    for (; trade < timed; trade++) {
      filling.apply(tradeOf(trade, agents, random))
      if (trade % 5_000 === 0) await setImmediate()
    }
    const [from, before] = [performance.now(), process.cpuUsage()]
    for (; trade < trades; trade++) model.apply(tradeOf(trade, agents, random))
    const cpu = process.cpuUsage(before)
    const applyUs = round((1_000 * (performance.now() - from)) / (trades - timed))
    const applyCpuUs = round((cpu.user + cpu.system) / (trades - timed))
    const now = START + trades * 60
    const someone = (): string => `a${Math.floor(random() * agents)}`
    const assessUs = perCall(() => model.assess({ agent: someone(), role: 'seller', now }))
    const quoteUs = perCall(() =>
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
    yield { trades, agents, applyUs, applyCpuUs, assessUs, quoteUs, fullPassMs }
  }
}

function tradeOf(trade: number, agents: number, random: () => number): SettledEscrow {
  const buyer = Math.floor(random() * agents)
  const seller = Math.floor(random() ** 2 * agents)
  const amount = BigInt(Math.round(Math.exp(1 + 4 * random()) * USDC))
  const failed = random() < 0.05
  return {
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
  }
}

function perCall(ask: () => unknown): number {
  const count = 300
  const from = performance.now()
  for (let i = 0; i < count; i++) ask()
  return round((1_000 * (performance.now() - from)) / count)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
