/**
 * A buyer of a market as a process of its own, with its journal in a folder: goes on with what it finds
 * there, then trades, `AT_ONCE` at a time, until it is asked to end (SIGTERM): then it finishes what is
 * open and goes. Says every step of every trade.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import {
  createBuyer,
  createFileStore,
  decodeTrustPolicy,
  defaultSettlePolicy,
  type HireResult,
} from '@earnest/sdk/buyer'
import { nodeFetch } from '@earnest/sdk/node'
import { isEarnestError } from '@earnest/sdk/protocol'
import { wires } from '../local/judge/provider.ts'
import { localParty, wallClock } from '../local/party.ts'
import { say } from './say.ts'
import { greetingTask, numberOf, paymentOf } from './task.ts'
import { told } from './told.ts'

const { NAME = 'buyer', RPC_URL = '', ORACLE_URL = '', ORACLE_DID = '' } = process.env
const { SELLERS = '[]', STORE = '', AT_ONCE = '1', LIMIT = 'Infinity' } = process.env
const { PATIENCE = '3600', WINDOW, IS_RELAYED = '', IS_CALM = '' } = process.env
const { IS_PATIENT = '', IS_FIRM = '', IS_FICKLE = '', IS_OPEN_TO_JUDGES = '' } = process.env
const sellers: string[] = JSON.parse(SELLERS)
const party = localParty({
  name: NAME,
  rpcUrl: RPC_URL,
  oracle: { url: ORACLE_URL, did: ORACLE_DID },
})

mkdirSync(STORE, { recursive: true })
const counter = join(STORE, 'count')
let count = readCount()
let isDraining = false
process.once('SIGTERM', () => {
  isDraining = true
})

function readCount(): number {
  try {
    return Number(readFileSync(counter, 'utf8'))
  } catch {
    return 0
  }
}

/** The next errand: noted before it is begun, so that none is begun twice. */
function nextErrand(): { to: string; number: number } | undefined {
  if (isDraining || count >= Number(LIMIT)) return undefined
  count++
  // In one step: killed between emptying and writing, it would begin its first errands a second time.
  writeFileSync(`${counter}.new`, String(count))
  renameSync(`${counter}.new`, counter)
  return { to: `${NAME} ${count}`, number: count }
}

/** Any record will do here: who trades with whom is not what is tried. */
const trustPolicy = decodeTrustPolicy({
  default: {
    minCompositeScore: 0,
    minTaskCount: 0,
    minBondTier: 0,
    minFulfillmentRate90d: 0,
    maxInactiveDays: 365,
  },
  highValue: null,
  newcomer: { maxUsdc: '1000' },
})

/** Members of a trade that are written one after the other, and what each of them means. */
const news = {
  signed: 'agreement',
  isRegistered: 'registration',
  fundingTxHash: 'funding',
  isEnded: 'end',
} as const

/** Two readings of one value are two objects. */
const wireOf = (value: unknown) => JSON.stringify(value)

/** What is written down of a trade. */
function nameOf(key: string, was: unknown, will: unknown): string {
  if (key.startsWith('stopped/')) return 'its withdrawal'
  if (was === undefined) return 'draft'
  const [before, after] = [was, will] as Record<string, unknown>[]
  const member = Object.keys(news).find((key) => wireOf(before?.[key]) !== wireOf(after?.[key]))
  return member === undefined ? 'another look' : news[member as keyof typeof news]
}

/** One errand, and its trade once it is written down. */
type Errand = { name: string; tradeId: string | undefined }

/** Tells one trade of the buyer from the others. */
const errands = new AsyncLocalStorage<Errand>()

const buyer = createBuyer({
  identity: party.identity,
  wallet: party.wallet,
  oracles: [party.oracle],
  fetch: nodeFetch,
  clock: wallClock,
  trustPolicy,
  journal: told(createFileStore({ folder: STORE }), nameOf),
  useRelay: IS_RELAYED !== '',
  settlePolicy: { ...defaultSettlePolicy, releaseOnPass: IS_PATIENT === '' },
  ...(IS_CALM === '' && { pollIntervalMs: 1_000 }),
  onProgress: (progress) => {
    const errand = errands.getStore()
    if (errand !== undefined && progress.step === 'drafted') errand.tradeId = progress.tradeId
    if (progress.step === 'agreed' && isTakenBack(progress.amountUsdc)) {
      buyer.cancel(progress.tradeId).catch((error) => say({ step: 'not cancelled', error }))
    }
    const reason = progress.step === 'waiting' ? { reason: progress.reason } : {}
    say({ step: progress.step, errand: errand?.name, at: performance.now(), ...reason })
  },
})

const isTakenBack = (amount: bigint) => IS_FICKLE !== '' && numberOf(amount) % 3 === 0
const isLeftToTime = (amount: bigint) => IS_FIRM !== '' && numberOf(amount) % 2 === 0

/** What it offers for a part of the work, and how far it goes; basis points. */
const SPLIT = { sellerBps: 5_000, maxSellerBps: 7_000 }

/** Sees one trade through; whatever fails for a while is tried again from the journal. */
async function carry(of: Errand, begin: () => Promise<HireResult>): Promise<void> {
  const { name: errand } = of
  let attempt = begin
  for (let pause = 200; ; pause = Math.min(2 * pause, 2_000)) {
    try {
      const result = await errands.run(of, attempt)
      const { settlementStatus: status, escrowId, tradeId } = result
      const { paymentUsdc } = result.receipts.signed.pact
      if (status === 'disputed' && !isLeftToTime(paymentUsdc)) {
        attempt = () => buyer.settleDispute(tradeId, SPLIT)
        continue
      }
      if (status !== 'pending' && status !== 'disputed') {
        const isComplete = result.deliverable !== undefined
        say({ step: 'done', errand, at: performance.now(), status, escrowId, isComplete })
        return
      }
    } catch (error) {
      const code = isEarnestError(error) ? error.code : String(error)
      const known = of.tradeId
      say({ step: 'failed', errand, code, isKnown: known !== undefined })
      // Nothing is in the journal yet, and nobody has time for more: another errand.
      if (known === undefined && isDraining) return
      if (FINAL.has(code)) {
        say({ step: 'given up', errand, code })
        return
      }
    }
    const id = of.tradeId
    if (id !== undefined) attempt = () => buyer.resume(id)
    await setTimeout(pause)
  }
}

/** No deal was made, and no later attempt can make one. */
const FINAL = new Set([
  'negotiation_failed',
  'trade_cancelled',
  'fund_by_passed',
  'deadline_passed',
])

async function resume(tradeId: string): Promise<void> {
  await carry({ name: tradeId, tradeId }, () => buyer.resume(tradeId))
}

/** Goes on with what is open, then begins one errand after the other. */
async function trade(index: number): Promise<void> {
  for (let id = left.shift(); id !== undefined; id = left.shift()) await resume(id)
  for (let errand = nextErrand(); errand !== undefined; errand = nextErrand()) {
    const { to, number } = errand
    const seller = sellers[(index + number) % sellers.length] ?? ''
    const deadline = wallClock.now() + Number(PATIENCE)
    const window = WINDOW === undefined ? {} : { window: Number(WINDOW) }
    const judges = IS_OPEN_TO_JUDGES === '' ? [] : wires.map(([, provider]) => provider)
    const task = greetingTask({ to, deadline, judges, ...window })
    const paymentUsdc = paymentOf(number, IS_OPEN_TO_JUDGES !== '')
    say({ step: 'begun', errand: to, at: performance.now() })
    const one = { name: to, tradeId: undefined }
    await carry(one, () => buyer.hire(seller, { task, paymentUsdc }))
  }
}

const left = await buyer.open()
say({ ready: { open: left.length } })
await Promise.all(Array.from({ length: Number(AT_ONCE) }, (_, index) => trade(index)))
process.exit(0)
