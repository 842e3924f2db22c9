/**
 * The oracle under load, as one JSON object: `GET /trust/:id` with and without a nonce and pact
 * registration beside a bare Hono route in the same run (`ratio` = bare over own, 1.5 is the bar for
 * trust), events per second through the indexer, and how cost grows from 10^3 to 10^6 trades.
 *
 * node scripts/bench/oracle.ts [--trades 1000000]
 */
import { parseArgs } from 'node:util'
import { measureGrowth } from './oracle-growth.ts'
import { measureIndexer } from './oracle-indexer.ts'
import { measureSockets } from './oracle-sockets.ts'

const { values } = parseArgs({ options: { trades: { type: 'string', default: '1000000' } } })
const most = Number(values.trades)

const sockets = await measureSockets()
const indexer = await measureIndexer()
const growth = measureGrowth([1e3, 1e4, 1e5, 1e6].filter((trades) => trades <= most))
process.stdout.write(`${JSON.stringify({ ...sockets, indexer, growth })}\n`)
process.exit(0)
