/**
 * Trades go on while buyers, sellers and oracles are killed (`kill -9`) at every step and at any
 * instant, and come back with what their stores hold. Ends with one line of JSON, and with 0 only if no
 * trade is stuck, paid twice or lost and every balance is right to the base unit.
 *
 *   npm run chaos -- [--kills 200] [--seed 1] [--minutes 5] [--patience 10]
 *
 * With `--minutes` nobody is killed after that time, and the kills that were reached are printed.
 * `--patience` are the seconds that a step is waited for before any instant will do: on a busy machine
 * more of them kill at steps instead of at starts.
 */
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { mulberry } from './bench/forecast-bootstrap.ts'
import { type Stages, watchStages } from './chaos/stages.ts'
import { type Toll, torment } from './chaos/torment.ts'
import { audit } from './market/audit.ts'
import { checkBalances, readLedger } from './market/ledger.ts'
import { openMarket } from './market/market.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: 'Infinity' },
    patience: { type: 'string', default: '10' },
    /** Prints what happens, to stderr. */
    verbose: { type: 'boolean', default: false },
  },
})
const [want, seed] = [Number(values.kills), Number(values.seed)]
const random = mulberry(seed)
const patienceMs = Number(values.patience) * 1000
const tell = (text: string) => values.verbose && process.stderr.write(`${text}\n`)

/** Seconds in which everything that is open must end once nobody is killed any more. */
const GRACE = 240

const market = await openMarket({
  oracles: 2,
  sellers: [
    { name: 'seller 1' },
    { name: 'seller 2' },
    { name: 'seller who goes', workMs: 60_000 },
  ],
  buyers: [
    { name: 'buyer 1', sellers: ['seller 1', 'seller 2'], atOnce: 3, isRelayed: true },
    { name: 'buyer 2', sellers: ['seller 2', 'seller 1'], atOnce: 2 },
    // Its money can come back by the timer alone.
    { name: 'buyer 3', sellers: ['seller who goes'], atOnce: 3, limit: 3, patience: 30 },
  ],
  onLine: (name, said) => tell(`${name} ${JSON.stringify(said)}`),
})
const { client, deployment, oracles, sellers, buyers } = market
const actors = [...oracles, ...sellers, ...buyers]
const toll: Toll = { kills: 0, byProcess: {}, byStep: {} }
let isGood = false
let stages: Stages | undefined
try {
  stages = await watchStages(market.databaseUrl, (step) => {
    tell(`oracles ${step}`)
    for (const oracle of oracles) oracle.hear({ step })
  })
  await Promise.all(buyers.map((buyer) => buyer.up()))
  const leaver = sellers[2]
  if (leaver === undefined) throw new Error('nobody goes')
  const gone = (async () => {
    // Killed for good once it has begun what it will never finish.
    await leaver.says('started', 60_000)
    await leaver.kill()
    toll.kills++
    toll.byProcess[leaver.name] = 1
  })()
  const end = performance.now() + Number(values.minutes) * 60_000
  const isOver = () => toll.kills >= want || performance.now() > end
  const victims = actors.filter((actor) => actor !== leaver)
  await Promise.all([
    gone,
    ...victims.map((actor) => torment(actor, { toll, isOver, random, patienceMs })),
  ])

  await Promise.all(victims.map((actor) => actor.up()))
  const drained = await Promise.all(buyers.map((buyer) => buyer.drain(GRACE * 1000)))
  // The oracle writes its last receipts when the chain is sure of the last endings.
  const last = performance.now() + 60_000
  const open = async () => (await readLedger(client, deployment)).some(({ ending }) => !ending)
  while (performance.now() < last && (await open())) await setTimeout(500)
  await setTimeout(5_000)

  const ledger = await readLedger(client, deployment)
  const found = await audit({ ledger, buyers: market.books, databaseUrl: market.databaseUrl })
  const { minted } = market
  const balances = await checkBalances(client, { deployment, ledger, minted })
  const { faults, stuck, paidTwice, lost, ...figures } = found
  const late = drained.filter((isDrained) => !isDrained).length
  const result = {
    ...toll,
    ...figures,
    stuck: stuck + late,
    paidTwice,
    lost,
    mismatchedBaseUnits: Number(balances.mismatchedBaseUnits),
    seed,
  }
  for (const fault of [...faults, ...balances.faults]) process.stderr.write(`${fault}\n`)
  process.stdout.write(`${JSON.stringify(result)}\n`)
  isGood = stuck + late + paidTwice + lost === 0 && balances.mismatchedBaseUnits === 0n
} finally {
  // Before the database goes: a failure of this watcher would hide what went wrong.
  await stages?.close()
  await market.close()
}
process.exit(isGood ? 0 : 1)
