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
}

/** What a seller of the market is like. */
export type SellerPlan = { name: string; workMs?: number }

/**
 * A chain, a PostgreSQL server, oracles that share it, sellers and buyers: each a process of its own,
 * each but the first two with everything it remembers outside of it.
 */
export async function openMarket({
  oracles: oracleCount,
  sellers: sellerPlans,
  buyers: buyerPlans,
  pollMs = 100,
  profile,
  onLine = () => {},
}: {
  oracles: number
  sellers: readonly SellerPlan[]
  buyers: readonly BuyerPlan[]
  pollMs?: number
  /** Folder for a CPU profile of each process. */
  profile?: string
  /** Gets everything that buyers and sellers say. */
  onLine?: (name: string, said: Said) => void
}) {
  const data = mkdtempSync(join(tmpdir(), 'earnest-market-'))
  const profiled: Record<string, string> =
    profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` }
  const server = await startServer()
  const databaseUrl = await server.database('oracle')
  const chain = await start<{ url: string; deployment: Deployment }>({
    name: 'chain',
    script: 'scripts/chain.ts',
    env: profiled,
  })
  const { url: rpcUrl, deployment } = chain.ready
  const client = localClient(rpcUrl)
  // The oracle's own key and three more, for as many transactions under way at once.
  const senders = [3, 10, 11, 12]
  for (const index of senders) await fundGas(client, localAccount(index).address)
  const did = createIdentity({ secretKey: hexToBytes(localSecret('oracle')) }).did

  const ports = await Promise.all([...Array(oracleCount + sellerPlans.length)].map(freePort))
  const oracles: Actor[] = Array.from({ length: oracleCount }, (_, index) =>
    createActor({
      name: `oracle ${index + 1}`,
      role: 'oracle',
      script: 'oracle/src/main.ts',
      environment: () => ({
        ...profiled,
        ...oracleEnvironment({ rpcUrl, deployment, data: join(data, 'unused') }),
        DATABASE_URL: databaseUrl,
        EARNEST_PORT: String(ports[index]),
        EARNEST_POLL_MS: String(pollMs),
        EARNEST_RATE: '100000',
        // Few sellers take many trades at once here; the newcomer lane is not what is measured.
        EARNEST_NEWCOMER_CAP: '1000000',
        EARNEST_SENDER_KEYS: senders.slice(1).map(localKey).join(','),
        EARNEST_RELAY_GAS_PER_DAY: '1000000000000',
        EARNEST_RELAY_GAS_PER_HOUR: '1000000000000',
      }),
    }),
  )
  const oracleUrls = oracles.map((_, index) => `http://127.0.0.1:${ports[index]}`)
  /** Each party has one oracle of its own, so that each oracle has its parties. */
  const oracleOf = (index: number) => ({ url: oracleUrls[index % oracleCount] ?? '', did })

  const sellerUrls = new Map<string, string>()
  const environmentOf = (name: string, index: number) => ({
    ...profiled,
    NAME: name,
    RPC_URL: rpcUrl,
    ORACLE_URL: oracleOf(index).url,
    ORACLE_DID: did,
    STORE: join(data, name),
  })
  const sellers = sellerPlans.map(({ name, workMs = 0 }, index) => {
    const port = String(ports[oracleCount + index])
    sellerUrls.set(name, `http://127.0.0.1:${port}`)
    return createActor({
      name,
      role: 'seller',
      script: 'scripts/market/seller.ts',
      environment: (starts) => ({
        ...environmentOf(name, index),
        PORT: port,
        DEPLOYMENT: JSON.stringify(deployment),
        WORK_MS: String(workMs),
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
      environment: () => ({
        ...environmentOf(plan.name, index),
        SELLERS: JSON.stringify(plan.sellers.map((name) => sellerUrls.get(name))),
        AT_ONCE: String(plan.atOnce),
        ...(plan.isRelayed && { IS_RELAYED: '1' }),
        ...(plan.limit !== undefined && { LIMIT: String(plan.limit) }),
        ...(plan.patience !== undefined && { PATIENCE: String(plan.patience) }),
      }),
      onLine: (said) => onLine(plan.name, said),
    }),
  )

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
    oracles,
    sellers,
    buyers,
    /** The buyers with their folders and clients that sign as they do, for who looks afterwards. */
    books: buyerPlans.map(({ name }, index) => {
      const { identity } = localParty({ name, rpcUrl, oracle: oracleOf(index) })
      const oracle = createOracleClient({ ...oracleOf(0), clock: wallClock, identity })
      return { name, folder: join(data, name), oracle }
    }),
    async close() {
      const actors = [...buyers, ...sellers, ...oracles]
      // A profile is written at an end in peace only.
      if (profile !== undefined) await Promise.all(actors.map((actor) => actor.drain(20_000)))
      await Promise.all(actors.map((actor) => actor.kill()))
      await chain.stop()
      await server.close()
      rmSync(data, { recursive: true, force: true })
    },
  }
}
