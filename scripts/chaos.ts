/**
 * Trades go on while buyers, sellers and oracles are killed (`kill -9`) before and after every step, and
 * come back with what their stores hold. All that a process does to others or writes down passes a gate
 * of this script, which holds it there until it is dead. Ends with one line of JSON, the kills at each
 * step in it, and with 0 only if no process ended by itself, no trade is stuck, paid twice or lost, and
 * every balance is right to the base unit.
 *
 *   npm run chaos -- [--kills 200] [--seed 1] [--minutes 15] [--at 'oracle: after sends fund']
 *
 * Goes on until there were that many kills and every place had one, or for that many minutes; then
 * whatever is open is given its time to end, and the verdict comes. `missed` names the places without a
 * kill. `--at`, as often as wanted, names the only places where anybody is killed, as `missed` does.
 */
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import type { Pact } from '@earnest/sdk/protocol'
import { mulberry } from './bench/forecast-bootstrap.ts'
import { openBetween } from './chaos/between.ts'
import { createGate } from './chaos/gate.ts'
import { placesOf } from './chaos/points.ts'
import { emptyToll, missedOf, torment } from './chaos/torment.ts'
import { localIdentity } from './local/party.ts'
import { audit, type Prospect } from './market/audit.ts'
import { checkBalances, readLedger } from './market/ledger.ts'
import { type BuyerPlan, openMarket, type SellerPlan } from './market/market.ts'
import { numberOf } from './market/task.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '15' },
    at: { type: 'string', multiple: true },
    /** Prints what happens, to stderr. */
    verbose: { type: 'boolean', default: false },
  },
})
const places = placesOf(values.at)
const [want, seed] = [Number(values.kills), Number(values.seed)]
const limit = Number(values.minutes) * 60_000
const random = mulberry(seed)
const begun = performance.now()
const seconds = () => Math.round((performance.now() - begun) / 1000)
const say = (text: string) => process.stderr.write(`${text}\n`)
const tell = (text: string) => values.verbose && say(`${seconds()} ${text}`)

/** Milliseconds in which everything that is open must end once nobody is killed any more. */
const GRACE = 480_000
/** Kills at places that had theirs, for each trade that came to its end meanwhile. */
const REPEATS = 3

// Several of a kind: who has let three deadlines pass gets no more work from the oracle.
const idle = ['seller who idles', 'another who idles', 'a third who idles']
const unable = ['seller who cannot', 'another who cannot']
const sellerPlans: readonly SellerPlan[] = [
  { name: 'seller 1' },
  { name: 'seller 2' },
  { name: 'seller in haste', isHasty: true },
  ...unable.map((name) => ({ name, isUnable: true })),
  // Take every job and finish none: their trades end by the timer.
  ...idle.map((name) => ({ name, workMs: 3_600_000 })),
]
const buyerPlans: readonly BuyerPlan[] = [
  { name: 'buyer 1', sellers: ['seller 1', 'seller 2'], atOnce: 3, isRelayed: true },
  { name: 'buyer 2', sellers: ['seller 2', 'seller 1'], atOnce: 2 },
  {
    name: 'buyer 3',
    sellers: ['seller in haste'],
    atOnce: 4,
    window: 60,
    isFirm: true,
    isOpenToJudges: true,
  },
  {
    name: 'buyer 4',
    sellers: [...idle, ...unable],
    atOnce: 3,
    patience: 40,
    isRelayed: true,
  },
  {
    name: 'buyer 5',
    sellers: ['seller 1'],
    atOnce: 3,
    window: 60,
    isPatient: true,
    isFickle: true,
  },
]
const names = new Map(
  [...sellerPlans, ...buyerPlans].map(({ name }) => {
    const identity = localIdentity(name)
    return [identity.did, name]
  }),
)

const faults: string[] = []
/** Said at once, so that nothing that fails later can hide it. */
const blame = (fault: string) => {
  faults.push(fault)
  say(fault)
}
const toll = emptyToll(places)
/** Trades that came to their end so far, as their buyers say; what they say of each. */
let endings = 0
const told = new Map<string, string>()
const gate = createGate({ onPass: (...passed) => tell(passed.join(' | ')) })
const between = await openBetween({ gate, nameOf: (did) => names.get(did) })
let market: Awaited<ReturnType<typeof openMarket>> | undefined
let result: Record<string, unknown> | undefined
try {
  market = await openMarket({
    oracles: 2,
    hasJury: true,
    sellers: sellerPlans,
    buyers: buyerPlans,
    blockSeconds: 0.2,
    between,
    onLine: (name, said) => {
      if (said.step === 'done') {
        endings++
        told.set(String(said.escrowId), String(said.status))
      }
      tell(`${name} ${JSON.stringify(said)}`)
    },
    onCrash: (name, why) => blame(`${name} ${why}`),
  })
  result = await run(market)
} catch (error) {
  blame(error instanceof Error ? `${error.stack}` : String(error))
}
for (const close of [market?.close, between.close]) {
  await close?.().catch((error) => say(`at the end: ${error}`))
}
process.stdout.write(
  `${JSON.stringify({ ...toll, ...result, missed: missedOf(toll), seconds: seconds(), seed })}\n`,
)
process.exit(faults.length === 0 ? 0 : 1)

/** Whom nobody disturbs gets its work or its money back; whoever is killed must come to the same. */
function prospectOf({ buyer, seller, paymentUsdc }: Pact): Prospect | undefined {
  const plan = buyerPlans.find(({ name }) => name === names.get(buyer.did))
  const its = sellerPlans.find(({ name }) => name === names.get(seller.did))
  if (plan === undefined || its === undefined) return undefined
  const number = numberOf(paymentUsdc)
  // Who has seconds only may come too late to pay.
  const isTakenBack = plan.isFickle && number % 3 === 0
  const mayLapse = plan.patience !== undefined || isTakenBack === true
  if (its.workMs !== undefined) return { mayLapse, endings: ['Expired'] }
  if (its.isUnable) return { mayLapse, endings: ['Refunded', 'Expired'] }
  if (!its.isHasty) return { mayLapse, endings: ['Released'] }
  const isLeftToTime = plan.isFirm && number % 2 === 0
  return { mayLapse, endings: isLeftToTime ? ['Concluded'] : ['Settled', 'Concluded'] }
}

async function run({
  client,
  deployment,
  database,
  oracles,
  sellers,
  buyers,
  books,
  shelves,
  databaseUrl,
  minted,
}: Awaited<ReturnType<typeof openMarket>>): Promise<Record<string, unknown>> {
  const actors = [...oracles, ...sellers, ...buyers]
  const grounds = [database, between.node]
  await Promise.all(buyers.map((buyer) => buyer.up()))
  const end = performance.now() + limit
  const missed = () => missedOf(toll).length
  const repeats = () => toll.kills - (Object.keys(toll.byStep).length - missed())
  const isOver = () =>
    (toll.kills >= want && missed() === 0) || performance.now() > end || faults.length > 0
  const mayRepeat = () => toll.kills < want && (missed() === 0 || repeats() < REPEATS * endings)
  tell('everything runs')
  const rules = { gate, grounds, places, toll, isOver, mayRepeat, random, onKill: tell }
  await Promise.all([...actors, ...grounds].map((actor) => torment(actor, rules)))

  tell('nobody is killed any more')
  await Promise.all(grounds.map((ground) => ground.up()))
  await Promise.all(actors.map((actor) => actor.up()))
  const drained = await Promise.all(buyers.map((buyer) => buyer.drain(GRACE)))
  // The oracle writes its last receipts when the chain is sure of the last endings.
  const last = performance.now() + 60_000
  const open = async () => (await readLedger(client, deployment)).some(({ ending }) => !ending)
  while (performance.now() < last && (await open())) await setTimeout(500)
  await setTimeout(5_000)

  const ledger = await readLedger(client, deployment)
  // Who idles is at work still when the money has gone back.
  const busy = shelves.filter(({ name }) => !idle.includes(name))
  const found = await audit({
    ledger,
    buyers: books,
    sellers: busy,
    databaseUrl,
    told,
    prospectOf,
  })
  const balances = await checkBalances(client, { deployment, ledger, minted })
  const { faults: losses, stuck, ...figures } = found
  for (const fault of [...losses, ...balances.faults]) blame(fault)
  buyers.forEach(({ name }, index) => {
    if (!drained[index]) blame(`${name} does not come to an end`)
  })
  const late = drained.filter((isDrained) => !isDrained).length
  const mismatchedBaseUnits = Number(balances.mismatchedBaseUnits)
  return { ...figures, stuck: stuck + late, mismatchedBaseUnits }
}
