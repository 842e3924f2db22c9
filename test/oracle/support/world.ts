import { pactEscrowAbi } from '@earnest/contracts'
import {
  artifactHash,
  bindWallet,
  type Clock,
  type CompletionProof,
  completionProofSchema,
  createIdentity,
  createManualClock,
  type Did,
  decodePact,
  deliverTypedData,
  encode,
  encodeAuthorization,
  encodePact,
  escrowIdOfPact,
  formatUtc,
  fundTypedData,
  hashBytes,
  hashPact,
  type Identity,
  type Manifest,
  type Pact,
  type PactWire,
  type Registration,
  registrationSchema,
  signCompletion,
  signPact,
  signRequest,
  termsFromPact,
  toBytes32,
  verifyEcdsa,
} from '@earnest/sdk/protocol'
import type { Hono } from 'hono'
import {
  createPublicClient,
  encodeFunctionData,
  type Hex,
  http,
  type LocalAccount,
  type PublicClient,
  type Transport,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { createChainClock } from '../../../oracle/src/escrow/clock.ts'
import { type AppOptions, createApp } from '../../../oracle/src/http/app.ts'
import { createMetrics } from '../../../oracle/src/http/metrics.ts'
import { createOracle, type Oracle, type OracleOptions } from '../../../oracle/src/oracle.ts'
import type { Juror } from '../../../oracle/src/settlement/jury/roster.ts'
import type { SendMail } from '../../../oracle/src/settlement/notify/mail.ts'
import { NO_SPOTS, type SpotPolicy } from '../../../oracle/src/settlement/spot/rate.ts'
import type { TestFetch } from '../../../oracle/src/settlement/verify/guardedFetch.ts'
import { createSigner } from '../../../oracle/src/store/signer.ts'
import type { Store } from '../../../oracle/src/store/store.ts'
import {
  clientOver,
  fundGas,
  type LocalClient,
  localAccount,
  localChain,
  localClient,
} from '../../../scripts/local/chain.ts'
import { build, type Deployment, deployEarnest } from '../../../scripts/local/deploy.ts'
import { startChain } from '../../../scripts/local/startChain.ts'
import { openFreshStore } from '../../../scripts/local/store.ts'
import { mintUsdc } from '../../../scripts/local/usdc.ts'
import { stillHttp } from './stillHttp.ts'

/** An agent with its wallet. */
export type Party = { identity: Identity; wallet: LocalAccount }

export const party = (byte: number): Party => ({
  identity: createIdentity({ secretKey: new Uint8Array(32).fill(byte) }),
  wallet: privateKeyToAccount(`0x${byte.toString(16).padStart(2, '0').repeat(32)}`),
})

export const attestorKeys = [71, 72, 73].map((byte) =>
  privateKeyToAccount(`0x${byte.toString(16).repeat(32)}`),
)

/** A local chain with everything deployed, which several oracles may watch. */
export type Ground = {
  url: string
  /** By which tests and oracles reach it. */
  transport: Transport
  client: LocalClient
  deployment: Deployment
  close(): Promise<void>
}

/** @param open By which tests and oracles reach the chain; time stands still by the default. */
export async function startGround({
  moderator,
  open = stillHttp,
}: {
  moderator?: Hex
  open?: (url: string) => Transport
} = {}): Promise<Ground> {
  // Before the chain runs: compiling blocks this process, and its connections with it.
  await build()
  const chain = await startChain()
  const transport = open(chain.url)
  const client = clientOver(transport, localChain)
  const attestors = attestorKeys.map((key) => key.address)
  const deployment = await deployEarnest(client, {
    attestors,
    threshold: 2,
    ...(moderator && { moderator }),
  })
  return { url: chain.url, transport, client, deployment, close: () => chain.close() }
}

/** Two parties before an oracle, in this process or another. */
export type Desk = {
  ground: Pick<Ground, 'client' | 'deployment'>
  oracle: { signer: { did: string }; clock: { now(): number } }
  app: { request(path: string, init?: RequestInit): Response | Promise<Response> }
  buyer: Party
  seller: Party
}

export type World = Desk & {
  ground: Ground
  oracle: Oracle
  app: Hono
  /** The same oracle as people and other processes reach it. */
  appAt: (publicUrl: string, changes?: Partial<AppOptions>) => Hono
  /** The oracle's clock follows the chain; nothing else happens. */
  syncClock(): Promise<void>
  /** What is due now, once; gives how many jobs were done. */
  step(): Promise<number>
  /** Everything that is due, until nothing is left. */
  settle(): Promise<void>
  close(): Promise<void>
}

type WorldOptions = {
  store?: Store
  secret?: number
  jury?: readonly Juror[]
  /** How much of what passed the jury looks at; nothing unless a test is about it. */
  spots?: SpotPolicy
  /** Pre-trusted agents of the trust model. */
  seeds?: readonly Did[]
  /** Base units that a newcomer may have open; far above the micro amount unless a test is about it. */
  newcomerCap?: bigint
  /** Ways out of the house. */
  outside?: { fetch?: TestFetch; mail?: SendMail }
  /** Other oracles whose credentials count. */
  issuers?: ReadonlyMap<Did, number>
  /** Seconds between two anchors of the event root. */
  anchorSeconds?: number
  app?: Partial<AppOptions>
}

/** An oracle in this process over a ground; nothing runs by itself, `settle` moves it. */
export async function createWorld(
  ground: Ground,
  {
    store,
    secret = 33,
    jury = [],
    spots = NO_SPOTS,
    seeds = [],
    newcomerCap,
    outside = {},
    issuers,
    anchorSeconds,
    app: changes = {},
  }: WorldOptions = {},
): Promise<World> {
  const { client: local, deployment, transport } = ground
  const opened = store ?? (await openFreshStore())
  // Starting PGlite blocks this process, maybe longer than idle connections live: let them close.
  await new Promise((resolve) => setTimeout(resolve, 100))
  const client = createPublicClient({ transport, cacheTime: 0 }) as PublicClient
  const clock = await createChainClock({ client, monotonic: () => 0 })
  await fundGas(local, localAccount(3).address)
  const wired = wire({
    store: opened,
    clock,
    client,
    deployment,
    secret,
    jury,
    spots,
    seeds,
    newcomerCap,
    outside: {
      ...outside,
      ...(issuers && { issuers }),
      ...(anchorSeconds && { anchorSeconds }),
    },
    changes,
  })
  const { oracle } = wired
  const entries = async () =>
    (
      await oracle.db
        .selectFrom('journal')
        .select((eb) => eb.fn.countAll<number>().as('n'))
        .executeTakeFirstOrThrow()
    ).n
  const step = async () => {
    await clock.sync()
    await oracle.follow()
    return oracle.work()
  }
  return {
    ...wired,
    ground,
    syncClock: () => clock.sync(),
    step,
    async settle() {
      for (let quiet = 0; quiet < 2; ) {
        const before = await entries()
        const worked = await step()
        quiet = worked === 0 && (await entries()) === before ? quiet + 1 : 0
      }
    },
  }
}

/** An oracle without a chain, under a clock that is moved by hand: for everything before the lock. */
export async function createDesk({
  store,
  secret = 33,
  jury = [],
  spots = NO_SPOTS,
  seeds = [],
  newcomerCap,
  outside = {},
  issuers,
  anchorSeconds,
  app: changes = {},
}: WorldOptions = {}): Promise<
  Omit<World, 'ground' | 'settle' | 'step' | 'syncClock'> & Desk & { clock: ManualClock }
> {
  const clock = createManualClock(1_800_000_000)
  const at = (byte: number) => `0x${byte.toString(16).padStart(2, '0').repeat(20)}` as Hex
  const deployment = {
    chainId: 31_337,
    token: at(1),
    escrow: at(2),
    arbiter: at(3),
    vault: at(4),
    feeRecipient: at(5),
    startBlock: 0,
  }
  // Nobody answers there, and nothing here asks.
  const client = createPublicClient({ transport: http('http://127.0.0.1:1') }) as PublicClient
  const opened = store ?? (await openFreshStore())
  const wired = wire({
    store: opened,
    clock,
    client,
    deployment,
    secret,
    jury,
    spots,
    seeds,
    newcomerCap,
    outside: {
      ...outside,
      ...(issuers && { issuers }),
      ...(anchorSeconds && { anchorSeconds }),
    },
    changes,
  })
  return { ...wired, clock, ground: { client: localClient('http://127.0.0.1:1'), deployment } }
}

type ManualClock = ReturnType<typeof createManualClock>

function wire({
  store,
  clock,
  client,
  deployment,
  secret,
  jury,
  spots,
  seeds,
  newcomerCap = 1_000_000_000_000n,
  outside,
  changes,
}: {
  store: Store
  clock: Clock
  client: PublicClient
  deployment: Deployment
  secret: number
  jury: readonly Juror[]
  spots: SpotPolicy
  seeds: readonly Did[]
  newcomerCap: bigint | undefined
  outside: Pick<OracleOptions, 'fetch' | 'mail' | 'issuers' | 'anchorSeconds'>
  changes: Partial<AppOptions>
}) {
  const signer = createSigner({ secretKey: new Uint8Array(32).fill(secret) })
  const oracle = createOracle({
    store,
    clock,
    signer,
    attestors: attestorKeys,
    artifactKey: new Uint8Array(32).fill(9),
    jury,
    spots,
    seeds,
    newcomerCap,
    ...outside,
    chain: {
      client,
      chainId: deployment.chainId,
      escrow: deployment.escrow,
      token: deployment.token,
      vault: deployment.vault,
      startBlock: deployment.startBlock,
      arbiters: [deployment.arbiter],
      feeRecipients: [deployment.feeRecipient],
      minProtocolFeeBps: 50,
      sender: localAccount(3),
    },
  })
  const appAt = (publicUrl: string, more: Partial<AppOptions> = {}) =>
    createApp(oracle, {
      info: {
        chainId: deployment.chainId,
        escrow: deployment.escrow,
        token: deployment.token,
        tokenName: 'USDC',
        tokenVersion: '2',
        vault: deployment.vault,
        arbiters: [deployment.arbiter],
        feeRecipients: [deployment.feeRecipient],
        fees: { protocolBps: 50, arbitrationBps: 100 },
        attestors: attestorKeys.map((key) => key.address),
        ladder: '0'.repeat(64),
      },
      publicUrl,
      metrics: createMetrics(),
      monotonic: () => performance.now(),
      clientOf: () => 'test',
      verifyWallet: verifyEcdsa,
      readLimit: { burst: 10_000, perSecond: 1000 },
      writeLimit: { burst: 10_000, perSecond: 1000 },
      // Nothing moves by itself here: to wait for it would be in vain.
      patienceMs: 0,
      ...changes,
      ...more,
    })
  const app = appAt('http://oracle.test')
  return {
    oracle,
    app,
    appAt,
    buyer: party(17),
    seller: party(34),
    close: () => oracle.stop(),
  }
}

/** Brings chain and oracle to a second, and to what is due then. */
export async function moveTo({ ground, settle }: World, timestamp: number): Promise<void> {
  await ground.client.setNextBlockTimestamp({ timestamp: BigInt(timestamp) })
  await ground.client.mine({ blocks: 1 })
  await settle()
}

/** Two blocks on top, as a small funding wants them. */
export async function confirm({ ground, settle }: World): Promise<void> {
  await ground.client.mine({ blocks: 2 })
  await settle()
}

type Sending = {
  by: Party
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  body?: unknown
  headers?: Record<string, string>
  nonce?: string
  issuedAt?: number
}

/** A signed request, ready to be sent. */
export function signedRequest(
  { oracle }: Pick<Desk, 'oracle'>,
  { by, method, path, body, headers = {}, nonce = crypto.randomUUID(), issuedAt }: Sending,
): RequestInit & { body: Uint8Array<ArrayBuffer> } {
  const bytes =
    body instanceof Uint8Array ? body : new TextEncoder().encode(JSON.stringify(body ?? {}))
  const signed = signRequest({
    identity: by.identity,
    method,
    path,
    audience: oracle.signer.did,
    body: bytes,
    issuedAt: issuedAt ?? oracle.clock.now(),
    nonce,
  })
  const type = method === 'PUT' ? 'application/octet-stream' : 'application/json'
  return {
    method,
    headers: { 'content-type': type, ...signed, ...headers },
    body: Uint8Array.from(bytes),
  }
}

/** Sends a signed request. */
export async function send(
  world: Pick<Desk, 'app' | 'oracle'>,
  sending: Sending,
): Promise<Response> {
  const request = signedRequest(world, sending)
  const init = sending.method === 'GET' ? { ...request, body: null } : request
  return world.app.request(sending.path, init)
}

/** Sends a signed request that has to succeed, and reads its JSON. */
export async function call<T>(
  world: Pick<Desk, 'app' | 'oracle'>,
  request: Parameters<typeof send>[1],
): Promise<T> {
  const response = await send(world, request)
  const text = await response.text()
  if (!response.ok) throw new Error(`${request.path}: ${response.status} ${text}`)
  return JSON.parse(text) as T
}

/** Registers a party as an agent. */
export async function register(
  world: Desk,
  who: Party,
  capability = 'financial_analysis',
  changes: Partial<Registration> = {},
) {
  const { identity, wallet } = who
  const binding = await bindWallet({
    identity,
    body: {
      did: identity.did,
      wallet: wallet.address,
      chainId: world.ground.deployment.chainId,
      issuedAt: world.oracle.clock.now(),
      nonce: crypto.randomUUID(),
    },
    signWallet: (typedData) => wallet.signTypedData(typedData),
  })
  const body = encode(
    registrationSchema,
    {
      did: identity.did,
      name: 'An agent',
      description: 'It does what it says',
      endpoint: 'https://agent.test/a2a',
      capabilities: [capability],
      inputFormats: ['application/json'],
      outputFormats: ['application/json'],
      binding,
      ...changes,
    },
    'invalid_registration',
  )
  return call(world, { by: who, method: 'POST', path: '/api/v1/agents', body })
}

/** A pact between the two parties of a world, with the clock of the chain. */
export function pactOf(world: Desk, changes: Partial<PactWire> = {}): Pact {
  const { deployment } = world.ground
  const now = world.oracle.clock.now()
  return decodePact({
    version: '1',
    buyer: { did: world.buyer.identity.did, wallet: world.buyer.wallet.address.toLowerCase() },
    seller: { did: world.seller.identity.did, wallet: world.seller.wallet.address.toLowerCase() },
    proposedBy: world.buyer.identity.did,
    proposedTo: world.seller.identity.did,
    capability: 'financial_analysis',
    taskDescription: 'Say hello as JSON',
    input: {},
    deliverableFormat: ['application/json'],
    acceptance: [
      {
        id: 'greeting',
        description: 'There is a greeting',
        weight: 60,
        verifier: { type: 'path', file: 'result.json', paths: ['/greeting'] },
      },
      {
        id: 'name',
        description: 'There is a name',
        weight: 40,
        verifier: { type: 'path', file: 'result.json', paths: ['/name'] },
      },
    ],
    paymentUsdc: '50',
    deadlineUtc: formatUtc(now + 7200),
    timing: {
      profile: 'agent',
      fundBy: formatUtc(now + 3600),
      windows: { review: 3600, response: 86_400, negotiation: 86_400, arbitration: 259_200 },
    },
    escrow: {
      chainId: deployment.chainId,
      contract: deployment.escrow.toLowerCase(),
      token: deployment.token.toLowerCase(),
      arbiter: deployment.arbiter.toLowerCase(),
      vault: '0x0000000000000000000000000000000000000000',
      fees: {
        protocolBps: 50,
        arbitrationBps: 100,
        recipient: deployment.feeRecipient.toLowerCase(),
      },
      fallback: { sellerBps: 5000 },
      ladder: '0'.repeat(64),
    },
    disclosure: { committee: true, judges: [] },
    proposedAt: formatUtc(now),
    nonce: crypto.randomUUID(),
    salt: hashBytes(crypto.getRandomValues(new Uint8Array(32))),
    ...changes,
  } as PactWire)
}

/** The body of `POST /pacts`, signed by both. */
export function registrationOf({ buyer, seller }: Desk, pact: Pact) {
  return {
    pactHash: hashPact(pact),
    buyerDid: pact.buyer.did,
    sellerDid: pact.seller.did,
    buyerSignature: signPact({ pact, identity: buyer.identity }),
    sellerSignature: signPact({ pact, identity: seller.identity }),
    terms: encodePact(pact),
  }
}

/** Registers a pact and gives its escrow id. */
export async function agree(world: Desk, pact: Pact): Promise<Hex> {
  await call(world, {
    by: world.buyer,
    method: 'POST',
    path: '/api/v1/pacts',
    body: registrationOf(world, pact),
  })
  return escrowIdOfPact({ pact })
}

/** Calldata that funds a pact by ERC-3009. */
export async function fundingOf(world: Desk, pact: Pact): Promise<Hex> {
  const { deployment } = world.ground
  const terms = termsFromPact({ pact })
  const signature = await world.buyer.wallet.signTypedData(
    fundTypedData({
      terms,
      chainId: deployment.chainId,
      contract: deployment.escrow,
      token: { address: deployment.token, name: 'USDC', version: '2' },
    }),
  )
  return encodeFunctionData({
    abi: pactEscrowAbi,
    functionName: 'fund',
    args: [terms, signature],
  })
}

/** Mints what the pact costs and funds it through the oracle's relay. */
export async function fund(world: Desk, pact: Pact): Promise<Hex> {
  const { client, deployment } = world.ground
  await mintUsdc(client, {
    token: deployment.token,
    to: world.buyer.wallet.address,
    amount: pact.paymentUsdc,
  })
  const data = await fundingOf(world, pact)
  const { txHash } = await call<{ txHash: Hex }>(world, {
    by: world.buyer,
    method: 'POST',
    path: '/api/v1/relay',
    body: { data },
  })
  return txHash
}

/** A file with its type, which the upload then declares. */
type Typed = { mime: string; bytes: Uint8Array }

/** Uploads files and makes the signed completion of the first round; text alone is JSON and undeclared. */
export async function completionOf(
  world: Desk,
  pact: Pact,
  {
    files,
    seq = 1n,
    round = 1,
    reserve = false,
  }: { files: Record<string, string | Typed>; seq?: bigint; round?: number; reserve?: boolean },
): Promise<Record<string, unknown>> {
  const { seller, oracle, ground } = world
  const escrowId = escrowIdOfPact({ pact })
  const manifest: Manifest = []
  for (const [name, content] of Object.entries(files).sort()) {
    const isTyped = typeof content !== 'string'
    const body = isTyped ? content.bytes : new TextEncoder().encode(content)
    const mime = isTyped ? content.mime : 'application/json'
    const path = `/api/v1/escrows/${escrowId}/artifacts/${encodeURIComponent(name)}`
    const headers = isTyped ? { 'content-type': mime } : {}
    await call(world, { by: seller, method: 'PUT', path, body, headers })
    manifest.push({ name, mime, size: body.length, sha256: hashBytes(body) })
  }
  const deliverableHash = artifactHash(manifest)
  const body = {
    escrowId,
    pactId: hashPact(pact),
    round,
    seller: seller.identity.did,
    audience: oracle.signer.did,
    deliverableHash,
    manifest,
    completionTimeUtc: oracle.clock.now(),
    executionMetrics: { latencyMs: 10 },
    nonce: crypto.randomUUID(),
  }
  const validBefore = BigInt(oracle.clock.now() + 86_400)
  const signature = await seller.wallet.signTypedData(
    deliverTypedData({
      chainId: ground.deployment.chainId,
      contract: ground.deployment.escrow,
      escrowId,
      actor: seller.wallet.address,
      seq,
      validBefore,
      artifactHash: toBytes32(deliverableHash),
      reserve,
    }),
  )
  const proof: CompletionProof = {
    ...body,
    sellerSignature: signCompletion({ body, identity: seller.identity }),
    sellerAuthorization: {
      authorization: encodeAuthorization({ validBefore, signature }) as `0x${string}`,
      reserve,
    },
  }
  return encode(completionProofSchema, proof, 'invalid_completion') as Record<string, unknown>
}

/** Status and stable code of a refusal. */
export async function problemOf(response: Response): Promise<[number, string]> {
  const { code } = (await response.json()) as { code: string }
  return [response.status, code]
}
