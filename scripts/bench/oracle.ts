/**
 * The oracle under load, as one JSON object: `GET /trust/:id` with and without a nonce and pact
 * registration beside a bare Hono route in the same run (`ratio` = bare over own, 1.5 is the bar for
 * trust), events per second through the indexer, and how cost grows from 10^3 to 10^6 trades. What is
 * measured is told on standard error at once; who interrupts it gets the object with what there is so far.
 *
 * node scripts/bench/oracle.ts [--only sockets|indexer|growth] [--trades 1000000] [--rounds 5] [--requests 2000] [--writes 100] [--indexed 250]
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { type Growth, measureGrowth } from './oracle-growth.ts'
import { measureIndexer } from './oracle-indexer.ts'
import { measureSockets, type SocketFigures } from './oracle-sockets.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    trades: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '2000' },
    writes: { type: 'string', default: '100' },
    indexed: { type: 'string', default: '250' },
  },
})
const parameters = {
  trades: Number(values.trades),
  rounds: Number(values.rounds),
  requests: Number(values.requests),
  writes: Number(values.writes),
  indexed: Number(values.indexed),
}
/** What is measured so far. */
const found: Partial<SocketFigures> & { indexer?: object; growth?: Growth[] } = {}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => end({ interrupted: true }))
}
const PARTS = ['sockets', 'indexer', 'growth']
if (!PARTS.includes(values.only ?? 'growth')) throw new Error(`--only takes ${PARTS.join(', ')}`)
const isAsked = (part: string): boolean => (values.only ?? part) === part
if (isAsked('sockets')) tell(await measureSockets(parameters))
if (isAsked('indexer')) tell({ indexer: await measureIndexer(parameters.indexed) })
if (isAsked('growth')) {
  const decades = [1e3, 1e4, 1e5, 1e6].filter((trades) => trades <= parameters.trades)
  for await (const row of measureGrowth(decades))
    tell({ growth: [...(found.growth ?? []), row] }, row)
}
end({})

function tell(figures: typeof found, news: object = figures): void {
  Object.assign(found, figures)
  process.stderr.write(`${JSON.stringify(news)}\n`)
}

function end(how: { interrupted?: true }): void {
  const load = loadavg().map((one) => Math.round(one * 10) / 10)
  const { user, system } = process.cpuUsage()
  const cpuSeconds = Math.round((user + system) / 1e5) / 10
  const report = { parameters, load, cpuSeconds, ...how, ...found }
  // A pipe takes what is written before the process ends.
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(how.interrupted ? 130 : 0))
}
