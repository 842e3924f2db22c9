/**
 * Trades go on while buyers, sellers and oracles are killed (`kill -9`) before and after every step, and
 * come back with what their stores hold. All that a process does to others or writes down passes a gate
 * of this script, which holds it there until it is dead. Ends with one line of JSON, the kills at each
 * step in it, and with 0 only if no process ended by itself, no trade is stuck, paid twice or lost, and
 * every balance is right to the base unit.
 *
 *   npm run chaos -- [--kills 200] [--seed 1] [--minutes 20]
 *
 * After that many minutes nobody is killed any more, and what was reached is printed.
 */
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { mulberry } from './bench/forecast-bootstrap.ts'
import { openBetween } from './chaos/between.ts'
import { createGate } from './chaos/gate.ts'
import { emptyToll, torment } from './chaos/torment.ts'
import { localParty } from './local/party.ts'
import { audit } from './market/audit.ts'
import { checkBalances, readLedger } from './market/ledger.ts'
import { openMarket } from './market/market.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: 'Infinity' },
    /** Prints what happens, to stderr. */
    verbose: { type: 'boolean', default: false },
  },
})
const [want, seed] = [Number(values.kills), Number(values.seed)]
const random = mulberry(seed)
const begun = performance.now()
const seconds = () => Math.round((performance.now() - begun) / 1000)
const say = (text: string) => process.stderr.write(`${text}\n`)
const tell = (text: string) => values.verbose && say(`${seconds()} ${text}`)

/** Seconds in which everything that is open must end once nobody is killed any more. */
const GRACE = 480

const sellerPlans = [
  { name: 'seller 1' },
  { name: 'seller 2' },
  { name: 'seller in haste', isHasty: true },
  // Takes every job and finishes none: its trades end by the timer.
  { name: 'seller who idles', workMs: 3_600_000 },
]
const buyerPlans = [
  { name: 'buyer 1', sellers: ['seller 1', 'seller 2'], atOnce: 3, isRelayed: true },
  { name: 'buyer 2', sellers: ['seller 2', 'seller 1'], atOnce: 2 },
  { name: 'buyer 3', sellers: ['seller in haste'], atOnce: 2 },
  { name: 'buyer 4', sellers: ['seller who idles'], atOnce: 2, patience: 25, isRelayed: true },
]
const names = new Map(
  [...sellerPlans, ...buyerPlans].map(({ name }) => {
    const { identity } = localParty({ name, rpcUrl: '', oracle: { url: '', did: '' } })
    return [identity.did, name]
  }),
)

const faults: string[] = []
/** Said at once, so that nothing that fails later can hide it. */
const blame = (fault: string) => {
  faults.push(fault)
  say(fault)
}
const toll = emptyToll()
const gate = createGate({ onPass: (...passed) => tell(passed.join(' | ')) })
const between = await openBetween({ gate, nameOf: (did) => names.get(did) })
let market: Awaited<ReturnType<typeof openMarket>> | undefined
let result: Record<string, unknown> | undefined
try {
  market = await openMarket({
    oracles: 2,
    sellers: sellerPlans,
    buyers: buyerPlans,
    blockSeconds: 0.2,
    between,
    onLine: (name, said) => tell(`${name} ${JSON.stringify(said)}`),
    onCrash: (name, why) => blame(`${name} ${why}`),
  })
  result = await run(market)
} catch (error) {
  blame(error instanceof Error ? `${error.stack}` : String(error))
}
for (const close of [market?.close, between.close]) {
  await close?.().catch((error) => say(`at the end: ${error}`))
}
process.stdout.write(`${JSON.stringify({ ...toll, ...result, seconds: seconds(), seed })}\n`)
process.exit(faults.length === 0 ? 0 : 1)

async function run({
  client,
  deployment,
  oracles,
  sellers,
  buyers,
  books,
  databaseUrl,
  minted,
}: Awaited<ReturnType<typeof openMarket>>): Promise<Record<string, unknown>> {
  const actors = [...oracles, ...sellers, ...buyers]
  await Promise.all(buyers.map((buyer) => buyer.up()))
  const end = performance.now() + Number(values.minutes) * 60_000
  const isOver = () => toll.kills >= want || performance.now() > end || faults.length > 0
  tell('everything runs')
  await Promise.all(
    actors.map((actor) => torment(actor, { gate, toll, isOver, random, onKill: tell })),
  )

  tell('nobody is killed any more')
  await Promise.all(actors.map((actor) => actor.up()))
  const drained = await Promise.all(buyers.map((buyer) => buyer.drain(GRACE * 1000)))
  // The oracle writes its last receipts when the chain is sure of the last endings.
  const last = performance.now() + 60_000
  const open = async () => (await readLedger(client, deployment)).some(({ ending }) => !ending)
  while (performance.now() < last && (await open())) await setTimeout(500)
  await setTimeout(5_000)

  const ledger = await readLedger(client, deployment)
  const found = await audit({ ledger, buyers: books, databaseUrl })
  const balances = await checkBalances(client, { deployment, ledger, minted })
  const { faults: losses, stuck, ...figures } = found
  for (const fault of [...losses, ...balances.faults]) blame(fault)
  buyers.forEach(({ name }, index) => {
    if (!drained[index]) blame(`${name} does not come to an end`)
  })
  const late = drained.filter((isDrained) => !isDrained).length
  const mismatchedBaseUnits = Number(balances.mismatchedBaseUnits)
  const missed = Object.keys(toll.byStep).filter((words) => toll.byStep[words] === 0)
  return { ...figures, stuck: stuck + late, mismatchedBaseUnits, missed }
}
