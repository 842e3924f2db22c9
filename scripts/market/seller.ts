/**
 * A seller of a market as a process of its own, with its store in a folder. Says every step of its work:
 * what it hears, what it writes down, what it does.
 */
import type { Store } from '@earnest/sdk/protocol'
import { createFileStore, createSeller } from '@earnest/sdk/seller'
import { serve } from '@hono/node-server'
import type { Deployment } from '../local/deploy.ts'
import { localParty, wallClock } from '../local/party.ts'
import { say } from './say.ts'
import { greeter, LEAST } from './task.ts'

const { NAME = 'seller', RPC_URL = '', ORACLE_URL = '', ORACLE_DID = '' } = process.env
const { STORE = '', PORT = '0', DEPLOYMENT = '{}', WORK_MS = '0', IS_KNOWN = '' } = process.env
const deployment: Deployment = JSON.parse(DEPLOYMENT)
const party = localParty({
  name: NAME,
  rpcUrl: RPC_URL,
  oracle: { url: ORACLE_URL, did: ORACLE_DID },
})
const url = `http://127.0.0.1:${PORT}`

/** Every write of what a trade depends on is a place to die: before it, and after it. */
function told(store: Store): Store {
  async function tell<T>(key: string, value: unknown, write: () => Promise<T>): Promise<T> {
    const [kind = key] = key.split('/')
    if (kind === 'task' || kind === 'events') return await write()
    const state = (value as { state?: string } | null)?.state
    const step = state === undefined ? kind : `${kind}.${state}`
    say({ step: `writing ${step}` })
    const written = await write()
    say({ step: `wrote ${step}` })
    return written
  }
  return {
    ...store,
    set: (key, value) => tell(key, value, () => store.set(key, value)),
    swap: (key, expected, value) => tell(key, value, () => store.swap(key, expected, value)),
  }
}

const skill = greeter({ milliseconds: Number(WORK_MS) })
const seller = createSeller({
  identity: party.identity,
  wallet: party.wallet,
  binding: await party.bind(),
  skills: [skill],
  policy: {
    capabilities: { greeting: { minPaymentUsdc: LEAST, minSeconds: 0 } },
    inputFormats: ['application/json'],
    outputFormats: ['application/json'],
    minDescriptionLength: 20,
    machineCheckedOnly: true,
    escrows: [
      { chainId: deployment.chainId, contract: deployment.escrow, token: deployment.token },
    ],
    arbiters: [deployment.arbiter],
    maxProtocolFeeBps: 50,
    maxArbitrationFeeBps: 100,
    minFallbackSellerBps: 5_000,
    maxReviewWindow: 72 * 3600,
  },
  oracle: party.oracle,
  clock: wallClock,
  store: told(createFileStore({ folder: STORE })),
  heartbeatSeconds: 30,
  sweepSeconds: 2,
  refundOnFailure: false,
  card: {
    name: NAME,
    description: 'Says hello for money',
    version: '1.0.0',
    endpoint: `${url}/a2a`,
    trade: {
      pactVersions: ['1'],
      settlement: {
        network: deployment.chainId,
        asset: deployment.token,
        escrow: deployment.escrow,
        payTo: party.account.address,
        transferMethod: 'eip3009',
      },
      pricing: { currency: 'USDC', perTask: LEAST, complex: 100n * LEAST },
      sla: { maxResponseTimeMs: 300_000, uptime99Days: 30 },
      inputFormats: ['application/json'],
      outputFormats: ['application/json'],
      timing: { profiles: ['agent'] },
      arbiters: [deployment.arbiter],
    },
  },
  onEvent: (event) => {
    if (event.type === 'oracle_event') say({ step: `heard ${event.event.type}` })
    else say({ step: event.type, escrowId: event.escrowId, detail: event.detail })
  },
})

const server = serve({
  hostname: '127.0.0.1',
  port: Number(PORT),
  fetch: async (request) => {
    const text = request.method === 'POST' ? await request.clone().text() : ''
    const taskType = /"taskType":"(\w+)"/.exec(text)?.[1]
    if (taskType !== undefined) say({ step: `asked ${taskType}` })
    const response = await seller.fetch(request)
    if (taskType !== undefined) say({ step: `answering ${taskType}` })
    return response
  },
})
await new Promise((resolve) => server.once('listening', resolve))
// Whom the oracle knows need not say it again: after a restart it may be the oracle that is away.
if (IS_KNOWN === '') await seller.register()
await seller.start()
say({ ready: { url, did: party.identity.did, wallet: party.account.address } })

process.once('SIGTERM', () => {
  server.close()
  void seller.stop().then(() => process.exit(0))
})
