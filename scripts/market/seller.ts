/**
 * A seller of a market as a process of its own, with its store in a folder. Says every step of its work.
 */
import { createFileStore, createSeller } from '@earnest/sdk/seller'
import { serve } from '@hono/node-server'
import type { Deployment } from '../local/deploy.ts'
import { localParty, wallClock } from '../local/party.ts'
import { say } from './say.ts'
import { greeter, LEAST } from './task.ts'
import { pass, told } from './told.ts'

const { NAME = 'seller', RPC_URL = '', ORACLE_URL = '', ORACLE_DID = '' } = process.env
const { STORE = '', PORT = '0', PUBLIC_URL = '', DEPLOYMENT = '{}' } = process.env
const { WORK_MS = '0', IS_HASTY = '', IS_UNABLE = '', IS_KNOWN = '', IS_CALM = '' } = process.env
const deployment: Deployment = JSON.parse(DEPLOYMENT)
const party = localParty({
  name: NAME,
  rpcUrl: RPC_URL,
  oracle: { url: ORACLE_URL, did: ORACLE_DID },
})
/** Where others reach it. */
const url = PUBLIC_URL === '' ? `http://127.0.0.1:${PORT}` : PUBLIC_URL

/** What a trade depends on: a kind of key, and the state of a job. */
function nameOf(key: string, _: unknown, will: unknown): string | undefined {
  const [kind = key] = key.split('/')
  if (kind === 'task' || kind === 'events') return undefined
  const state = (will as { state?: string } | null | undefined)?.state
  if (will === undefined) return `the end of ${kind}`
  return state === undefined ? kind : `${kind}.${state}`
}

const skill = greeter({
  milliseconds: Number(WORK_MS),
  isHasty: IS_HASTY !== '',
  isUnable: IS_UNABLE !== '',
  onWork: () => pass('works', 'before'),
})
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
  store: told(createFileStore({ folder: STORE }), nameOf),
  ...(IS_CALM === '' && { heartbeatSeconds: 30, sweepSeconds: 2 }),
  // Else what was not done is left to the deadline.
  refundOnFailure: IS_UNABLE !== '',
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
    else if ('escrowId' in event)
      say({ step: event.type, escrowId: event.escrowId, detail: event.detail })
  },
})

const server = serve({
  hostname: '127.0.0.1',
  port: Number(PORT),
  fetch: (request) => seller.fetch(request),
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
