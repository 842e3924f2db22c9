/**
 * The oracle under load, as one JSON object: `GET /trust/:id` with and without a nonce and pact
 * registration beside a bare Hono route in the same run (`ratio` = bare over own, 1.5 is the bar for
 * trust), events per second through the indexer, and how cost grows from 10^3 to 10^6 trades.
 *
 * node scripts/bench/oracle.ts [--trades 1000000] [--rounds 5] [--requests 2000] [--writes 100] [--indexed 250]
 */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { measureGrowth } from './oracle-growth.ts'
import { measureIndexer } from './oracle-indexer.ts'
import { measureSockets } from './oracle-sockets.ts'

const { values } = parseArgs({
  options: {
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
const sockets = await measureSockets(parameters)
const indexer = await measureIndexer(parameters.indexed)
const growth = measureGrowth([1e3, 1e4, 1e5, 1e6].filter((trades) => trades <= parameters.trades))
const load = loadavg().map((one) => Math.round(one * 10) / 10)
process.stdout.write(`${JSON.stringify({ parameters, load, ...sockets, indexer, growth })}\n`)
process.exit(0)
