/**
 * Whole trades through real processes: local chain, PostgreSQL, oracle, sellers and buyers, each trade
 * from the seller's card to the oracle's receipt. Prints one line of JSON: trades per second, the time
 * of a trade and of each of its layers, and the CPU that each kind of process spends on one.
 *
 *   npm run -s bench:trades -- [--seconds 60] [--buyers 2] [--warm 30] [--at-once 40] [--sellers 2] [--oracles 1]
 */
import { availableParallelism, loadavg } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { audit } from '../market/audit.ts'
import { cpuOf } from '../market/cpu.ts'
import { checkBalances, readLedger } from '../market/ledger.ts'
import { openMarket } from '../market/market.ts'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    warm: { type: 'string', default: '30' },
    buyers: { type: 'string', default: '2' },
    'at-once': { type: 'string', default: '40' },
    sellers: { type: 'string', default: '2' },
    oracles: { type: 'string', default: '1' },
    /** Writes a profile of each process into this folder, for Chrome's DevTools. */
    profile: { type: 'string' },
  },
})
const count = (name: 'seconds' | 'warm' | 'buyers' | 'at-once' | 'sellers' | 'oracles') =>
  Number(values[name])

/** Each layer ends with a step that the buyer says; the order of a trade. */
const layers = [
  ['discover', 'discovered'],
  ['assess', 'assessed'],
  ['negotiate', 'agreed'],
  ['register', 'registered'],
  ['fund', 'funded'],
  ['dispatch', 'dispatched'],
  ['deliver', 'delivered'],
  ['verify', 'verified'],
  ['settle', 'settled'],
  ['receipt', 'done'],
] as const

/** When each step of a trade was said first, milliseconds of its buyer's clock. */
const trades = new Map<string, Map<string, number>>()
let isMeasuring = false
const measured = new Set<string>()
let done = 0

const sellers = Array.from({ length: count('sellers') }, (_, index) => `seller ${index + 1}`)
const market = await openMarket({
  isCalm: true,
  oracles: count('oracles'),
  sellers: sellers.map((name) => ({ name })),
  buyers: Array.from({ length: count('buyers') }, (_, index) => ({
    name: `buyer ${index + 1}`,
    sellers,
    atOnce: count('at-once'),
    isRelayed: true,
  })),
  ...(values.profile !== undefined && { profile: values.profile }),
  onLine: (_, said) => {
    const { errand, step, at } = said as { errand?: string; step: string; at?: number }
    if (errand === undefined || at === undefined) return
    const steps = trades.get(errand) ?? new Map<string, number>()
    trades.set(errand, steps)
    if (!steps.has(step)) steps.set(step, at)
    if (step !== 'done' || !isMeasuring) return
    done++
    measured.add(errand)
  },
})

let isGood = false
try {
  await Promise.all(market.buyers.map((buyer) => buyer.up()))
  await setTimeout(count('warm') * 1000)
  const before = cpu()
  const begun = performance.now()
  isMeasuring = true
  await setTimeout(count('seconds') * 1000)
  isMeasuring = false
  const seconds = (performance.now() - begun) / 1000
  const after = cpu()
  await Promise.all(market.buyers.map((buyer) => buyer.drain(120_000)))
  await setTimeout(5_000)

  const { client, deployment, minted, databaseUrl } = market
  const ledger = await readLedger(client, deployment)
  const found = await audit({ ledger, buyers: market.books, databaseUrl })
  const balances = await checkBalances(client, { deployment, ledger, minted })
  for (const fault of [...found.faults, ...balances.faults]) process.stderr.write(`${fault}\n`)
  const { stuck, lost, paidTwice } = found
  const durations = [...measured].map((errand) => span(errand, 'begun', 'done'))
  const result = {
    tradesPerSecond: round(done / seconds),
    p50Ms: quantile(durations, 0.5),
    p99Ms: quantile(durations, 0.99),
    perLayer: Object.fromEntries(
      layers.map(([layer, step], index) => {
        const from = layers[index - 1]?.[1] ?? 'begun'
        const spans = [...measured].map((errand) => span(errand, from, step))
        return [layer, { p50Ms: quantile(spans, 0.5), p99Ms: quantile(spans, 0.99) }]
      }),
    ),
    cpuMsPerTrade: Object.fromEntries(
      Object.entries(after).map(([name, used]) => [
        name,
        round((used - (before[name] ?? 0)) / done),
      ]),
    ),
    coresBusy: round((sum(after) - sum(before)) / 1000 / seconds),
    trades: done,
    seconds: round(seconds),
    buyers: count('buyers'),
    atOnce: count('at-once'),
    sellers: count('sellers'),
    oracles: count('oracles'),
    cores: availableParallelism(),
    // One, five and fifteen minutes: what else this machine had to do.
    loadAverage: loadavg().map(round),
    stuck,
    paidTwice,
    lost,
    mismatchedBaseUnits: Number(balances.mismatchedBaseUnits),
  }
  process.stdout.write(`${JSON.stringify(result)}\n`)
  isGood = stuck + lost + paidTwice + result.mismatchedBaseUnits === 0
} finally {
  await market.close()
}
process.exit(isGood ? 0 : 1)

/** Milliseconds of CPU by kind of process; PostgreSQL is what is left of everything below this process. */
function cpu(): Record<string, number> {
  const kinds: Record<string, number[]> = {
    chain: [market.chain.child.pid ?? 0],
    oracles: market.oracles.map((actor) => actor.pid()),
    sellers: market.sellers.map((actor) => actor.pid()),
    buyers: market.buyers.map((actor) => actor.pid()),
  }
  const known = Object.values(kinds).flat()
  const used = cpuOf([process.pid, ...known])
  const of = (pids: number[]) => pids.reduce((total, pid) => total + (used.get(pid) ?? 0), 0)
  const own = process.cpuUsage()
  const all = used.get(process.pid) ?? 0
  return {
    ...Object.fromEntries(Object.entries(kinds).map(([name, pids]) => [name, of(pids)])),
    postgres: all - of(known) - (own.user + own.system) / 1000,
  }
}

function span(errand: string, from: string, to: string): number {
  const steps = trades.get(errand)
  const [start, end] = [steps?.get(from), steps?.get(to)]
  return start === undefined || end === undefined ? Number.NaN : end - start
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b)
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0)
}

function sum(record: Record<string, number>): number {
  return Object.values(record).reduce((a, b) => a + b, 0)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
