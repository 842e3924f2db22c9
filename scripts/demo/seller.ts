/**
 * A seller of the demo as a process of its own. `BEHAVIOUR` is `honest`; `hasty`: it delivers half of the
 * work; or `ghost`: it agrees, is paid into escrow, produces nothing and says that it delivered. With
 * `TELEGRAM_URL` it has an owner who is called there; `NAME` and `CALLED` tell two of one
 * behaviour apart.
 */

import { authorize, deliver, escrowOfPact } from '@earnest/sdk/escrow'
import { createOwnerDesk } from '@earnest/sdk/owner'
import { createTelegram } from '@earnest/sdk/owner/telegram'
import {
  artifactHash,
  EarnestError,
  hashBody,
  hashPact,
  isEarnestError,
  signCompletion,
  toBytes32,
} from '@earnest/sdk/protocol'
import { createMemoryStore, createSeller, type Job, type Skill } from '@earnest/sdk/seller'
import { followClock } from '../local/clock.ts'
import type { Deployment } from '../local/deploy.ts'
import { listen } from '../local/listen.ts'
import { localParty, wallClock } from '../local/party.ts'
import type { Behaviour } from './stage.ts'
import { type Company, model } from './valuation.ts'

const {
  RPC_URL = '',
  ORACLE_URL = '',
  ORACLE_DID = '',
  TELEGRAM_URL,
  TELEGRAM_TOKEN = '',
} = process.env
const BEHAVIOUR = (process.env.BEHAVIOUR ?? 'honest') as Behaviour
const deployment: Deployment = JSON.parse(process.env.DEPLOYMENT ?? '{}')
const oracleAddress = { url: ORACLE_URL, did: ORACLE_DID }
const clock = await followClock(RPC_URL)
const party = localParty({
  name: `seller/${process.env.NAME ?? BEHAVIOUR}`,
  rpcUrl: RPC_URL,
  oracle: oracleAddress,
  clock,
})
const { identity, account, wallet, oracle } = party

const say = (event: Record<string, unknown>) => process.stdout.write(`${JSON.stringify(event)}\n`)

/** Tries to be paid for nothing: once at the contract, once at the oracle. */
async function claimDelivery({ pact, escrowId }: Job): Promise<never> {
  const escrow = escrowOfPact({ pact })
  const manifest = [
    {
      name: 'deliverable.json',
      mime: 'application/json',
      size: 2048,
      sha256: hashBody('believe me'),
    },
  ]
  const deliverableHash = artifactHash(manifest)
  const body = {
    escrowId,
    pactId: hashPact(pact),
    round: 1,
    seller: identity.did,
    audience: oracle.did,
    deliverableHash,
    manifest,
    completionTimeUtc: clock.now(),
    executionMetrics: { latencyMs: 1, modelVersionUsed: 'none', selfAuditScore: 1 },
    nonce: crypto.randomUUID(),
  }
  const action = {
    verb: 'deliver',
    artifactHash: toBytes32(deliverableHash),
    reserve: false,
  } as const
  const contract = await refusalOf(() =>
    deliver(wallet, {
      escrow,
      artifactHash: deliverableHash,
      receipt: { byBuyer: false, proof: '0x' },
    }),
  )
  const atOracle = await refusalOf(async () =>
    oracle.call('complete', {
      body: {
        ...body,
        sellerSignature: signCompletion({ body, identity }),
        sellerAuthorization: {
          authorization: await authorize(wallet, { escrow, action }),
          reserve: false,
        },
      },
    }),
  )
  say({ claimed: { escrowId, contract, oracle: atOracle } })
  throw new EarnestError('nothing_to_deliver', 'There is no artifact')
}

async function refusalOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'accepted'
  } catch (error) {
    return isEarnestError(error) ? error.code : String(error)
  }
}

/** A first attempt in a hurry: the bear scenario is missing. */
function draft({ input }: Job) {
  const { scenarios, ...rest } = model(input as Company)
  const { bear: _, ...done } = scenarios
  return { json: { ...rest, scenarios: done } }
}

/** Three scenarios and no sensitivities. */
function half({ input }: Job) {
  const { sensitivityTable: _, ...rest } = model(input as Company)
  return { json: rest }
}

/** Who plays: what it is called, the least that it works for, and what it does for the money. */
const players: Record<Behaviour, { name: string; least: bigint } & Pick<Skill, 'run' | 'revise'>> =
  {
    honest: {
      name: 'Ada Analytics',
      least: 18_000_000n,
      run: draft,
      // The audit named what the draft lacks; the second attempt has it.
      revise: ({ input }) => ({ json: model(input as Company) }),
    },
    hasty: { name: 'Half & Sons', least: 10_000_000n, run: half },
    ghost: { name: 'Gone Tomorrow Ltd', least: 10_000_000n, run: claimDelivery },
  }
const { name: usual, least, ...work } = players[BEHAVIOUR]
const name = process.env.CALLED ?? usual

const skill: Skill = {
  id: 'dcf_modeling',
  name: 'DCF modelling',
  description: 'Values a company by discounted cash flow, with scenarios and sensitivities',
  minPaymentUsdc: least,
  minSeconds: 1,
  ...work,
}

let seller: ReturnType<typeof createSeller> | undefined
const { url, server } = await listen(() => seller?.fetch, Number(process.env.PORT ?? 0))

const owner =
  TELEGRAM_URL === undefined
    ? undefined
    : await createOwnerDesk({
        store: createMemoryStore(),
        // What a person writes is dated by the messenger, not by the chain.
        clock: wallClock,
        channels: [
          createTelegram({ token: TELEGRAM_TOKEN, apiRoot: TELEGRAM_URL, pollSeconds: 5 }),
        ],
        tickMs: 200,
      })

seller = createSeller({
  ...(owner && { owner }),
  identity,
  wallet,
  binding: await party.bind(),
  skills: [skill],
  policy: {
    capabilities: { dcf_modeling: { minPaymentUsdc: least, minSeconds: 1 } },
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
  oracle,
  clock,
  heartbeatSeconds: 5,
  sweepSeconds: 2,
  refundOnFailure: false,
  card: {
    name,
    description: 'Values companies for money',
    version: '1.0.0',
    endpoint: `${url}/a2a`,
    trade: {
      pactVersions: ['1'],
      settlement: {
        network: deployment.chainId,
        asset: deployment.token,
        escrow: deployment.escrow,
        payTo: account.address,
        transferMethod: 'eip3009',
      },
      pricing: { currency: 'USDC', perTask: least, complex: 500_000_000n },
      sla: { maxResponseTimeMs: 300_000, uptime99Days: 30 },
      inputFormats: ['application/json'],
      outputFormats: ['application/json'],
      timing: { profiles: ['micro', 'agent'] },
      arbiters: [deployment.arbiter],
    },
  },
  onEvent: (event) => {
    if (event.type !== 'oracle_event') say({ work: event })
  },
})
await seller.register()
await seller.start()
await owner?.start()
const link = await owner?.link('telegram')
say({ ready: { url, did: identity.did, wallet: account.address, ...(link && { link }) } })

const stop = () => {
  server.close()
  void owner?.stop()
  void seller?.stop().then(() => process.exit(0))
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
