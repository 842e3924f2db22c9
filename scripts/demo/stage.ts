import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Address } from 'viem'
import { createExaminer } from '../../oracle/src/settlement/verify/examiner.ts'
import { fundGas, localClient } from '../local/chain.ts'
import { followClock, type LocalClock } from '../local/clock.ts'
import type { Deployment } from '../local/deploy.ts'
import { oracleEnvironment } from '../local/oracle.ts'
import { localParty } from '../local/party.ts'
import { type Running, type StartOptions, start } from '../local/process.ts'
import { layStore } from '../local/store.ts'
import { mintUsdc } from '../local/usdc.ts'

/** What a seller does when the money is locked. */
export type Behaviour = 'honest' | 'ghost' | 'hasty'

type SellerReady = { url: string; did: string; wallet: Address }
type Said = Record<string, unknown>

/** Everything that runs during the demo. */
export type Stage = Awaited<ReturnType<typeof openStage>>

/** Starts a process that ends with the stage; gives what it said when it was ready. */
export type StartProcess = <ready>(options: StartOptions) => Promise<ready>

/** Starts what a scene needs beside the chain and before the oracle; gives settings of the oracle. */
export type Prepare = (backstage: {
  start: StartProcess
  /** A folder that goes with the stage. */
  data: string
}) => Promise<Record<string, string>>

/**
 * Starts chain, oracle and sellers as processes, all at once, and gives the parties what they need to pay
 * for gas. What was prepared is there before the oracle.
 */
export async function openStage(preparations: readonly Prepare[]) {
  const data = mkdtempSync(join(tmpdir(), 'earnest-demo-'))
  const starting: Promise<Running<unknown>>[] = []
  const open: StartProcess = async <ready>(options: StartOptions) => {
    const running = start<ready>(options)
    starting.push(running)
    return (await running).ready
  }
  const examiner = createExaminer({ threads: 1 })
  const close = async () => {
    await examiner.close()
    const all = await Promise.allSettled(starting)
    await Promise.all(
      all.map((each) => (each.status === 'fulfilled' ? each.value.stop() : undefined)),
    )
  }

  try {
    const chain = open<{ url: string; deployment: Deployment }>({
      name: 'chain',
      script: 'scripts/chain.ts',
      // As often as Base shows a flashblock: every trade waits for two blocks on top of its money.
      env: { BLOCK_SECONDS: '0.2' },
    })
    const oracleData = join(data, 'oracle')
    const settings = layStore(oracleData).then(() =>
      Promise.all(preparations.map((prepare) => prepare({ start: open, data }))),
    )
    const witness = open<{ url: string; did: string }>({
      name: 'oracle',
      script: 'oracle/src/main.ts',
      env: Promise.all([chain, settings]).then(([{ url: rpcUrl, deployment }, prepared]) => ({
        ...oracleEnvironment({ rpcUrl, deployment, data: oracleData }),
        ...Object.assign({}, ...prepared),
      })),
    })

    const heard: Partial<Record<Behaviour, Said[]>> = {}
    /** Starts a seller; a second one of a behaviour has a name of its own. */
    const openSeller = async <ready = SellerReady>(
      behaviour: Behaviour,
      { name = behaviour, env = {} }: { name?: string; env?: Record<string, string> } = {},
    ) => {
      const said: Said[] = []
      heard[behaviour] ??= said
      return await open<ready>({
        name: `${name} seller`,
        script: 'scripts/demo/seller.ts',
        env: Promise.all([chain, witness]).then(async ([{ url: rpcUrl, deployment }, oracle]) => {
          const { account } = localParty({ name: `seller/${name}`, rpcUrl, oracle })
          await fundGas(localClient(rpcUrl), account.address)
          return {
            RPC_URL: rpcUrl,
            ORACLE_URL: oracle.url,
            ORACLE_DID: oracle.did,
            DEPLOYMENT: JSON.stringify(deployment),
            BEHAVIOUR: behaviour,
            NAME: name,
            ...env,
          }
        }),
        onLine: (event) => said.push(event),
      })
    }
    const [{ url: rpcUrl, deployment }, oracle, honest, ghost, hasty] = await Promise.all([
      chain,
      witness,
      openSeller('honest'),
      openSeller('ghost'),
      openSeller('hasty'),
    ])
    const sellers: Record<Behaviour, SellerReady> = { honest, ghost, hasty }
    const client = localClient(rpcUrl)
    const followed = await followClock(rpcUrl)
    const meanwhile = new Set<Promise<unknown>>()
    const clock: LocalClock = {
      now: followed.now,
      async pass(seconds) {
        // What is signed now would be stale an hour later.
        await Promise.allSettled(meanwhile)
        await followed.pass(seconds)
      },
    }
    // Its thread is there before the first deliverable is.
    void examiner.begin().then(({ end }) => end())
    const buyer = localParty({ name: 'buyer', rpcUrl, oracle, clock })
    await fundGas(client, buyer.account.address)

    return {
      data,
      chain: { url: rpcUrl, client },
      deployment,
      oracle,
      clock,
      buyer,
      sellers,
      openSeller,
      /** Work that goes on beside the scenes; no time is skipped before it is done. */
      meanwhile(work: Promise<unknown>) {
        // Who needs it hears what went wrong.
        work.catch(() => {})
        meanwhile.add(work)
      },
      /** Reads deliverables again, for the buyer. */
      examiner,
      /** What a seller printed so far. */
      heard: (behaviour: Behaviour) => heard[behaviour] ?? [],
      mint: (to: Address, amount: bigint) =>
        mintUsdc(client, { token: deployment.token, to, amount }),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
