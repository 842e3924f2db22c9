import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Address } from 'viem'
import { createExaminer } from '../../oracle/src/settlement/verify/examiner.ts'
import { fundGas, localClient } from '../local/chain.ts'
import { followClock } from '../local/clock.ts'
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
 * Starts chain, oracle and sellers as processes and gives the parties what they need to pay for gas.
 * What was prepared is there before the oracle.
 */
export async function openStage(preparations: readonly Prepare[]) {
  const data = mkdtempSync(join(tmpdir(), 'earnest-demo-'))
  const processes: Running<unknown>[] = []
  const open: StartProcess = async <ready>(options: StartOptions) => {
    const running = await start<ready>(options)
    processes.push(running)
    return running.ready
  }
  const examiner = createExaminer({ threads: 1 })
  const close = async () => {
    await examiner.close()
    for (const running of processes.toReversed()) await running.stop()
  }

  try {
    await layStore(join(data, 'oracle'))
    const [{ url: rpcUrl, deployment }, ...prepared] = await Promise.all([
      open<{ url: string; deployment: Deployment }>({
        name: 'chain',
        script: 'scripts/chain.ts',
        // As often as Base shows a flashblock: every trade waits for two blocks on top of its money.
        env: { BLOCK_SECONDS: '0.2' },
      }),
      ...preparations.map((prepare) => prepare({ start: open, data })),
    ])
    const settings = Object.assign({}, ...prepared)
    const oracle = await open<{ url: string; did: string }>({
      name: 'oracle',
      script: 'oracle/src/main.ts',
      env: {
        ...oracleEnvironment({ rpcUrl, deployment, data: join(data, 'oracle') }),
        ...settings,
      },
    })
    const client = localClient(rpcUrl)
    const clock = await followClock(rpcUrl)
    const buyer = localParty({ name: 'buyer', rpcUrl, oracle, clock })
    await fundGas(client, buyer.account.address)

    const heard: Partial<Record<Behaviour, Said[]>> = {}
    const openSeller = async (behaviour: Behaviour) => {
      const { account } = localParty({ name: `seller/${behaviour}`, rpcUrl, oracle })
      await fundGas(client, account.address)
      const said: Said[] = []
      heard[behaviour] = said
      return await open<SellerReady>({
        name: `${behaviour} seller`,
        script: 'scripts/demo/seller.ts',
        env: {
          RPC_URL: rpcUrl,
          ORACLE_URL: oracle.url,
          ORACLE_DID: oracle.did,
          DEPLOYMENT: JSON.stringify(deployment),
          BEHAVIOUR: behaviour,
        },
        onLine: (event) => said.push(event),
      })
    }
    const [honest, ghost, hasty] = await Promise.all([
      openSeller('honest'),
      openSeller('ghost'),
      openSeller('hasty'),
    ])
    const sellers: Record<Behaviour, SellerReady> = { honest, ghost, hasty }

    return {
      data,
      chain: { url: rpcUrl, client },
      deployment,
      oracle,
      clock,
      buyer,
      sellers,
      /** Reads deliverables again, for the buyer. */
      examiner,
      start: open,
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
