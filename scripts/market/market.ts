import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createOracleClient } from '@earnest/sdk/buyer'
import { createIdentity } from '@earnest/sdk/protocol'
import { type Address, hexToBytes } from 'viem'
import { fundGas, localAccount, localClient, localKey } from '../local/chain.ts'
import type { Deployment } from '../local/deploy.ts'
import { localSecret, oracleEnvironment } from '../local/oracle.ts'
import { localParty, wallClock } from '../local/party.ts'
import { freePort, startServer } from '../local/postgres.ts'
import { start } from '../local/process.ts'
import { mintUsdc } from '../local/usdc.ts'
import { type Actor, createActor } from './actor.ts'

type Said = Record<string, unknown>

/** What a buyer of the market is like. */
export type BuyerPlan = {
  name: string
  sellers: readonly string[]
  atOnce: number
  /** Its signed calls go through the oracle's relay; else it sends them itself. */
  isRelayed?: boolean
  /** Errands at most. */
  limit?: number
  /** Seconds until the deadline of each errand. */
  patience?: number
  /** Seconds of every window of its pacts; default: what two agents have. */
  window?: number
  /** Pays nothing early: what passed is paid when its review is over. */
  isPatient?: boolean
  /** Offers no split of every second delivery that falls short: its arbiter, or the end of all windows, decides. */
  isFirm?: boolean
  /** Takes back every third errand once it is agreed on. */
  isFickle?: boolean
  /** Lets judges read what was delivered, and pays as much as a hearing takes. */
  isOpenToJudges?: boolean
}

/** What a seller of the market is like. */
export type SellerPlan = {
  name: string
  workMs?: number
  /** Delivers a part, so that its trades are disputed and end in a split. */
  isHasty?: boolean
  /** Fails at every job and gives the money back. */
  isUnable?: boolean
}

/** How the chain's node is called by what stands between, ... */
export const NODE = 'node'
/** ... and the database server. */
export const DATABASE = 'database'

/** What stands between the processes of a market: it gives the address under which one reaches another. */
export interface Between {
  /** For calls of `caller`, or of anybody; `callee` is the process that answers, where it is one that trades. */
  http(wire: { target: string; caller?: string; callee?: string }): Promise<string>
  /** For the statements of one oracle. */
  database(wire: { target: string; caller: string }): Promise<string>
  /** What a process is told, so that it asks before and after what it writes down. */
  environment(name: string): Record<string, string>
}

/** Nothing stands between them. */
const nothing: Between = {
  http: async ({ target }) => target,
  database: async ({ target }) => target,
  environment: () => ({}),
}

/** What a market is made of. */
export type MarketPlan = {
  oracles: number
  /** Five judges of programs hear what is disputed. */
  hasJury?: boolean
  sellers: readonly SellerPlan[]
  buyers: readonly BuyerPlan[]
  /** Everybody looks as seldom as a user's does by default; else as often as a run wants that waits for restarts. */
  isCalm?: boolean
  /** Folder for a CPU profile of each process. */
  profile?: string
  /** Seconds between two blocks that nobody asked for. */
  blockSeconds?: number
  between?: Between
  /** Gets everything that buyers and sellers say. */
  onLine?: (name: string, said: Said) => void
  /** A process ended that nobody has ended. */
  onCrash?: (name: string, why: string) => void
}

/**
 * A chain, a PostgreSQL server, oracles that share it, sellers and buyers: each a process of its own,
 * each but the first two with everything it remembers outside of it. Leaves nothing behind where it fails.
 */
export async function openMarket(plan: MarketPlan) {
  const closing: (() => unknown)[] = []
  const close = async () => {
    for (let each = closing.pop(); each !== undefined; each = closing.pop()) await each()
  }
  try {
    return { ...(await open(plan, closing)), close }
  } catch (error) {
    await close().catch(() => {})
    throw error
  }
}

async function open(
  {
    oracles: oracleCount,
    hasJury = false,
    sellers: sellerPlans,
    buyers: buyerPlans,
    isCalm = false,
    profile,
    blockSeconds = 1,
    between = nothing,
    onLine = () => {},
    onCrash = () => {},
  }: MarketPlan,
  closing: (() => unknown)[],
) {
  const data = mkdtempSync(join(tmpdir(), 'earnest-market-'))
  closing.push(() => rmSync(data, { recursive: true, force: true }))
  const profiled: Record<string, string> =
    profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` }
  const server = await startServer()
  closing.push(server.close)
  const databaseUrl = await server.database('oracle')
  const chain = await start<{ url: string; deployment: Deployment }>({
    name: 'chain',
    script: 'scripts/chain.ts',
    env: { ...profiled, BLOCK_SECONDS: String(blockSeconds) },
  })
  closing.push(chain.stop)
  const { url: rpcUrl, deployment } = chain.ready
  const jury: Record<string, string> = {}
  if (hasJury) {
    const judges = await start<{ jurors: unknown[] }>({
      name: 'judges',
      script: 'scripts/demo/judges.ts',
    })
    closing.push(judges.stop)
    jury.EARNEST_JURY = JSON.stringify(judges.ready.jurors)
  }
  const client = localClient(rpcUrl)
  // The oracle's own key and three more, for as many transactions under way at once.
  const senders = [3, 10, 11, 12]
  for (const index of senders) await fundGas(client, localAccount(index).address)
  const did = createIdentity({ secretKey: hexToBytes(localSecret('oracle')) }).did

  const ports = await Promise.all([...Array(oracleCount + sellerPlans.length)].map(freePort))
  const addressOf = (index: number) => `http://127.0.0.1:${ports[index]}`
  const oracleNames = Array.from({ length: oracleCount }, (_, index) => `oracle ${index + 1}`)
  const oracleUrls = await Promise.all(
    oracleNames.map((callee, index) => between.http({ target: addressOf(index), callee })),
  )
  /** Where each process finds the chain. */
  const rpcUrls = new Map<string, string>()
  for (const { name } of [
    ...oracleNames.map((name) => ({ name })),
    ...sellerPlans,
    ...buyerPlans,
  ]) {
    rpcUrls.set(name, await between.http({ target: rpcUrl, caller: name, callee: NODE }))
  }
  const databases = await Promise.all(
    oracleNames.map((caller) => between.database({ target: databaseUrl, caller })),
  )
  const chainOf = (name: string) => rpcUrls.get(name) ?? rpcUrl
  const paced = ({ EARNEST_POLL_MS: quick = '', ...settings }: Record<string, string>) => ({
    ...settings,
    ...(!isCalm && { EARNEST_POLL_MS: quick }),
  })
  const oracles: Actor[] = oracleNames.map((name, index) =>
    createActor({
      name,
      role: 'oracle',
      script: 'oracle/src/main.ts',
      onCrash: (why) => onCrash(name, why),
      environment: () => ({
        ...profiled,
        ...paced(
          oracleEnvironment({ rpcUrl: chainOf(name), deployment, data: join(data, 'unused') }),
        ),
        DATABASE_URL: databases[index] ?? databaseUrl,
        EARNEST_PORT: String(ports[index]),
        EARNEST_PUBLIC_URL: oracleUrls[index] ?? '',
        EARNEST_RATE: '100000',
        // Few sellers take many trades at once here; the newcomer lane is not what is measured.
        EARNEST_NEWCOMER_CAP: '1000000',
        EARNEST_SENDER_KEYS: senders.slice(1).map(localKey).join(','),
        ...jury,
        EARNEST_RELAY_GAS_PER_DAY: '1000000000000',
        EARNEST_RELAY_GAS_PER_HOUR: '1000000000000',
      }),
    }),
  )
  /** Each party has one oracle of its own, so that each oracle has its parties. */
  const oracleOf = (index: number) => ({ url: oracleUrls[index % oracleCount] ?? '', did })

  const sellerUrls = new Map<string, string>()
  const environmentOf = (name: string, index: number) => ({
    ...profiled,
    ...between.environment(name),
    NAME: name,
    ...(isCalm && { IS_CALM: '1' }),
    RPC_URL: chainOf(name),
    ORACLE_URL: oracleOf(index).url,
    ORACLE_DID: did,
    STORE: join(data, name),
  })
  for (const [index, { name: callee }] of sellerPlans.entries()) {
    const target = addressOf(oracleCount + index)
    sellerUrls.set(callee, await between.http({ target, callee }))
  }
  const sellers = sellerPlans.map(({ name, workMs = 0, isHasty, isUnable }, index) => {
    return createActor({
      name,
      role: 'seller',
      script: 'scripts/market/seller.ts',
      onCrash: (why) => onCrash(name, why),
      environment: (starts) => ({
        ...environmentOf(name, index),
        PORT: String(ports[oracleCount + index]),
        PUBLIC_URL: sellerUrls.get(name) ?? '',
        DEPLOYMENT: JSON.stringify(deployment),
        WORK_MS: String(workMs),
        ...(isHasty && { IS_HASTY: '1' }),
        ...(isUnable && { IS_UNABLE: '1' }),
        ...(starts > 0 && { IS_KNOWN: '1' }),
      }),
      onLine: (said) => onLine(name, said),
    })
  })
  const buyers = buyerPlans.map((plan, index) =>
    createActor({
      name: plan.name,
      role: 'buyer',
      script: 'scripts/market/buyer.ts',
      onCrash: (why) => onCrash(plan.name, why),
      environment: () => ({
        ...environmentOf(plan.name, index),
        SELLERS: JSON.stringify(plan.sellers.map((name) => sellerUrls.get(name))),
        AT_ONCE: String(plan.atOnce),
        ...(plan.isRelayed && { IS_RELAYED: '1' }),
        ...(plan.limit !== undefined && { LIMIT: String(plan.limit) }),
        ...(plan.patience !== undefined && { PATIENCE: String(plan.patience) }),
        ...(plan.window !== undefined && { WINDOW: String(plan.window) }),
        ...(plan.isPatient && { IS_PATIENT: '1' }),
        ...(plan.isFirm && { IS_FIRM: '1' }),
        ...(plan.isFickle && { IS_FICKLE: '1' }),
        ...(plan.isOpenToJudges && { IS_OPEN_TO_JUDGES: '1' }),
      }),
      onLine: (said) => onLine(plan.name, said),
    }),
  )

  closing.push(async () => {
    const actors = [...buyers, ...sellers, ...oracles]
    // A profile is written at an end in peace only.
    if (profile !== undefined) await Promise.all(actors.map((actor) => actor.drain(20_000)))
    await Promise.all(actors.map((actor) => actor.kill()))
  })

  const minted = new Map<Address, bigint>()
  const endowment = 1_000_000_000_000n
  for (const { name } of [...sellerPlans, ...buyerPlans]) {
    const { account } = localParty({ name, rpcUrl, oracle: oracleOf(0) })
    await fundGas(client, account.address)
    const isBuyer = buyerPlans.some((plan) => plan.name === name)
    minted.set(account.address, isBuyer ? endowment : 0n)
    if (!isBuyer) continue
    await mintUsdc(client, { token: deployment.token, to: account.address, amount: endowment })
  }
  // One after the other: the second finds the tables that the first has made.
  for (const oracle of oracles) await oracle.up()
  await Promise.all(sellers.map((seller) => seller.up()))

  return {
    client,
    deployment,
    databaseUrl,
    minted,
    chain,
    /** The database server, which keeps what was committed. */
    database: {
      name: DATABASE,
      role: 'database',
      isUp: () => server.pid() !== 0,
      pid: server.pid,
      up: server.revive,
      kill: server.kill,
      drain: async () => true,
    } satisfies Actor as Actor,
    oracles,
    sellers,
    buyers,
    /** The buyers with their folders and clients that sign as they do, for who looks afterwards. */
    books: buyerPlans.map(({ name }, index) => {
      const { identity } = localParty({ name, rpcUrl, oracle: oracleOf(index) })
      const oracle = createOracleClient({ ...oracleOf(0), clock: wallClock, identity })
      return { name, folder: join(data, name), oracle }
    }),
    /** The folders of the sellers. */
    shelves: sellerPlans.map(({ name }) => ({ name, folder: join(data, name) })),
  }
}
