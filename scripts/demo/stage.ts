import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Address } from 'viem'
import { fundGas, localClient } from '../local/chain.ts'
import type { Deployment } from '../local/deploy.ts'
import { oracleEnvironment } from '../local/oracle.ts'
import { localParty } from '../local/party.ts'
import { mintUsdc } from '../local/usdc.ts'
import { type Running, start } from './process.ts'

/** What a seller does when the money is locked. */
export type Behaviour = 'honest' | 'ghost'

type SellerReady = { url: string; did: string; wallet: Address }
type Said = Record<string, unknown>

/** Everything that runs during the demo. */
export type Stage = Awaited<ReturnType<typeof openStage>>

/** Starts chain, oracle and sellers as processes and gives the parties what they need to pay for gas. */
export async function openStage() {
  const data = mkdtempSync(join(tmpdir(), 'earnest-demo-'))
  const processes: Running<unknown>[] = []
  const keep = <ready>(running: Running<ready>) => {
    processes.push(running)
    return running.ready
  }
  const close = async () => {
    for (const running of processes.toReversed()) await running.stop()
  }

  try {
    const { url: rpcUrl, deployment } = keep(
      await start<{ url: string; deployment: Deployment }>({
        name: 'chain',
        script: 'scripts/chain.ts',
      }),
    )
    const oracle = keep(
      await start<{ url: string; did: string }>({
        name: 'oracle',
        script: 'oracle/src/main.ts',
        env: oracleEnvironment({ rpcUrl, deployment, data: join(data, 'oracle') }),
      }),
    )
    const client = localClient(rpcUrl)
    const buyer = localParty({ name: 'buyer', rpcUrl, oracle })
    await fundGas(client, buyer.account.address)

    const heard: Partial<Record<Behaviour, Said[]>> = {}
    const openSeller = async (behaviour: Behaviour) => {
      const { account } = localParty({ name: `seller/${behaviour}`, rpcUrl, oracle })
      await fundGas(client, account.address)
      const said: Said[] = []
      heard[behaviour] = said
      return keep(
        await start<SellerReady>({
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
        }),
      )
    }
    const [honest, ghost] = await Promise.all([openSeller('honest'), openSeller('ghost')])
    const sellers: Record<Behaviour, SellerReady> = { honest, ghost }

    return {
      data,
      chain: { url: rpcUrl, client },
      deployment,
      oracle,
      buyer,
      sellers,
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
