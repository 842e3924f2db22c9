/** Starts the market, says where everything is, and waits for the end. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { parseUsdc } from '@earnest/sdk/protocol'
import { line, say, title } from '../demo/say.ts'
import { fundGas, localClient } from './chain.ts'
import type { Deployment } from './deploy.ts'
import { localSecret, oracleEnvironment } from './oracle.ts'
import { localParty } from './party.ts'
import { type Running, type StartOptions, start } from './process.ts'
import { layStore } from './store.ts'
import { mintUsdc } from './usdc.ts'

/** Where the settings of your own agents lie. */
const { values } = parseArgs({ options: { settings: { type: 'string' } } })
const folder = resolve(
  values.settings ?? fileURLToPath(new URL('../../.earnest/local', import.meta.url)),
)
const purse = parseUsdc('1000')

const data = mkdtempSync(join(tmpdir(), 'earnest-local-'))
const running: Running<unknown>[] = []
const open = async <ready>(options: StartOptions): Promise<ready> => {
  const process = await start<ready>(options)
  running.push(process)
  return process.ready
}
const close = async () => {
  await Promise.all(running.map((each) => each.stop()))
  rmSync(data, { recursive: true, force: true })
}

/** Settings of an agent, under the names that the command line and MCP read. */
const settingsOf = (
  name: string,
  { rpcUrl, oracle }: { rpcUrl: string; oracle: { url: string; did: string } },
) => ({
  AGENT_PRIVATE_KEY: localSecret(`${name}/identity`).slice(2),
  EARNEST_WALLET_KEY: localSecret(`${name}/wallet`),
  EARNEST_RPC_URL: rpcUrl,
  EARNEST_ORACLE_URL: oracle.url,
  EARNEST_ORACLE_DID: oracle.did,
  EARNEST_ALLOW_HTTP: '1',
})

const stopped = new Promise((resolve) => {
  process.once('SIGINT', resolve)
  process.once('SIGTERM', resolve)
})

try {
  say('Starting; the first time the contracts are compiled, which takes a minute.')
  const [{ url: rpcUrl, deployment }] = await Promise.all([
    open<{ url: string; deployment: Deployment }>({ name: 'chain', script: 'scripts/chain.ts' }),
    layStore(data),
  ])
  const oracle = await open<{ url: string; did: string }>({
    name: 'oracle',
    script: 'oracle/src/main.ts',
    env: oracleEnvironment({ rpcUrl, deployment, data }),
  })
  const client = localClient(rpcUrl)
  const addressOf = (name: string) => localParty({ name, rpcUrl, oracle }).account.address
  for (const name of ['lookups', 'buyer', 'seller']) await fundGas(client, addressOf(name))
  const seller = await open<{ url: string; did: string }>({
    name: 'seller',
    script: 'scripts/local/lookups.ts',
    env: settingsOf('lookups', { rpcUrl, oracle }),
    onLine: (event) => line('seller', JSON.stringify(event)),
  })
  const { token } = deployment
  await mintUsdc(client, { token, to: addressOf('buyer'), amount: purse })

  mkdirSync(folder, { recursive: true })
  for (const name of ['buyer', 'seller']) {
    const settings = { ...settingsOf(name, { rpcUrl, oracle }), SELLER_URL: seller.url }
    const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`)
    writeFileSync(join(folder, `${name}.env`), lines.join(''))
  }

  title('A market on this machine')
  line('chain', `${rpcUrl}, id ${deployment.chainId}, USDC ${token}`)
  line('escrow', deployment.escrow)
  line('oracle', `${oracle.url}/docs, ${oracle.did}`)
  line('seller', `${seller.url}, capability data_lookup, 1 USDC or more, ${seller.did}`)
  title('Your agents; their keys are known to everybody and worth nothing elsewhere')
  line('buyer', `${join(folder, 'buyer.env')}, 1,000 USDC and ether for gas`)
  line('seller', `${join(folder, 'seller.env')}, ether for gas`)
  say('\n  node --env-file=<one of them> agent.js')
  say('\n  Ctrl-C ends it.')
  await stopped
} catch (error) {
  say(error instanceof Error ? `\n  ${error.message}` : `\n  ${String(error)}`)
  process.exitCode = 1
} finally {
  await close()
}
