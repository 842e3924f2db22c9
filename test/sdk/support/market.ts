import type { Hono } from 'hono'
import { createWalletClient, type Hex, http, publicActions } from 'viem'
import type { LocalAccount } from 'viem/accounts'
import { fundGas, localChain } from '../../../scripts/local/chain.ts'
import { openFreshStore } from '../../../scripts/local/store.ts'
import { mintUsdc } from '../../../scripts/local/usdc.ts'
import { type BuyerOptions, createBuyer } from '../../../sdk/src/buyer.ts'
import type { Task } from '../../../sdk/src/negotiation/draft.ts'
import type { SellerPolicy } from '../../../sdk/src/negotiation/evaluate.ts'
import type { Clock } from '../../../sdk/src/protocol/clock.ts'
import type { Identity } from '../../../sdk/src/protocol/identity.ts'
import { bindWallet } from '../../../sdk/src/protocol/wallet.ts'
import { createSeller, type Seller, type SellerOptions } from '../../../sdk/src/seller.ts'
import type { Skill } from '../../../sdk/src/skill.ts'
import { createOracleClient, type OracleClient } from '../../../sdk/src/trust/oracle.ts'
import { decodeTrustPolicy } from '../../../sdk/src/trust/policy.ts'
import {
  createWorld,
  type Ground,
  party,
  startGround,
  type World,
} from '../../oracle/support/world.ts'

export const ORACLE_URL = 'http://oracle.test'
export const SELLER_URL = 'http://seller.test'

/** A local chain, an oracle in this process that moves by itself, and a network of named hosts. */
export interface Market {
  ground: Ground
  world: World
  clock: Clock
  /** Answers for every host of the market; a host can be added or taken down. */
  fetch: typeof globalThis.fetch
  hosts: Map<string, (request: Request) => Response | Promise<Response>>
  wallet(account: LocalAccount): ReturnType<typeof walletOf>
  /** A client of the market's oracle; `asSeller` signs with the seller's identity. */
  oracleFor(identity?: Identity, fetch?: typeof globalThis.fetch, asSeller?: boolean): OracleClient
  /** USDC and ether for a wallet. */
  endow(address: Hex, usdc: bigint): Promise<void>
  close(): Promise<void>
}

/** Looks again until a condition holds; the test runner's own limit ends what never does. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50))
}

export function walletOf(
  url: string,
  account: LocalAccount,
  fetchFn: typeof globalThis.fetch = globalThis.fetch,
) {
  return createWalletClient({
    account,
    chain: localChain,
    transport: http(url, { fetchFn }),
    pollingInterval: 50,
    cacheTime: 0,
  }).extend(publicActions)
}

export async function openMarket(
  options: Pick<NonNullable<Parameters<typeof createWorld>[1]>, 'seeds' | 'jury'> = {},
): Promise<Market> {
  const store = await openFreshStore()
  // Time passes here as it does outside: nobody moves it for what waits.
  const ground = await startGround({ open: http })
  const world = await createWorld(ground, { ...options, store })
  const hosts: Market['hosts'] = new Map()
  const app: Hono = world.app
  hosts.set('oracle.test', (request) => app.fetch(request))
  let isOpen = true
  const driver = (async () => {
    while (isOpen) {
      await ground.client.mine({ blocks: 1 })
      await world.step()
      await new Promise((resolve) => setTimeout(resolve, 40))
    }
  })()
  const fetch = (async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init)
    const host = hosts.get(new URL(request.url).host)
    if (host === undefined) throw new TypeError('fetch failed')
    return await host(request)
  }) as typeof globalThis.fetch
  const { clock } = world.oracle
  return {
    ground,
    world,
    clock,
    fetch,
    hosts,
    wallet: (account) => walletOf(ground.url, account),
    oracleFor: (identity = undefined, via = fetch, asSeller = false) => {
      const signer = asSeller ? sellerParty.identity : identity
      return createOracleClient({
        url: ORACLE_URL,
        did: world.oracle.signer.did,
        clock,
        fetch: via,
        ...(signer && { identity: signer }),
      })
    },
    async endow(address, usdc) {
      await fundGas(ground.client, address)
      const { token } = ground.deployment
      if (usdc > 0n) await mintUsdc(ground.client, { token, to: address, amount: usdc })
    },
    async close() {
      isOpen = false
      await driver
      await world.close()
      await ground.close()
    },
  }
}

/** A skill that says hello, as the task below wants it. */
export const greeter: Skill = {
  id: 'greeting',
  name: 'Greeting',
  description: 'Says hello as JSON',
  minPaymentUsdc: 1_000_000n,
  minSeconds: 0,
  run: ({ input }) => ({ json: { greeting: 'hello', to: (input as { to: string }).to } }),
}

export function taskOf(market: Market, changes: Partial<Task> = {}): Task {
  return {
    capability: 'greeting',
    description: 'Say hello to the person that the input names, as JSON',
    input: { to: 'Ann' },
    outputFormats: ['application/json'],
    acceptance: [
      {
        id: 'greeting',
        description: 'There is a greeting',
        weight: 60,
        verifier: { type: 'path', file: 'deliverable.json', paths: ['/greeting'] },
      },
      {
        id: 'to',
        description: 'It is for Ann',
        weight: 40,
        verifier: {
          type: 'schema',
          file: 'deliverable.json',
          schema: { properties: { to: { const: 'Ann' } }, required: ['to'] },
        },
      },
    ],
    deadline: market.clock.now() + 7200,
    ...changes,
  }
}

/** Some sellers of a test have earned no good record; its buyers hire all the same. */
export const lenient = decodeTrustPolicy({
  default: {
    minCompositeScore: 0,
    minTaskCount: 0,
    minBondTier: 0,
    minFulfillmentRate90d: 0,
    maxInactiveDays: 365,
  },
  highValue: null,
  newcomer: { maxUsdc: '20' },
})

export const sellerParty = party(34)
export const buyerParty = party(17)

export function policyOf(market: Market, skills: readonly Skill[]): SellerPolicy {
  const { deployment } = market.ground
  return {
    capabilities: Object.fromEntries(
      skills.map(({ id, minPaymentUsdc, minSeconds }) => [id, { minPaymentUsdc, minSeconds }]),
    ),
    inputFormats: ['application/json'],
    outputFormats: ['application/json'],
    minDescriptionLength: 20,
    machineCheckedOnly: false,
    escrows: [
      { chainId: deployment.chainId, contract: deployment.escrow, token: deployment.token },
    ],
    arbiters: [deployment.arbiter],
    maxProtocolFeeBps: 100,
    maxArbitrationFeeBps: 200,
    minFallbackSellerBps: 0,
    maxReviewWindow: 7 * 86_400,
  }
}

/** What a seller on the market's network is made of. */
export async function sellerOptionsOf(
  market: Market,
  changes: Partial<SellerOptions> = {},
): Promise<SellerOptions> {
  const { identity, wallet } = sellerParty
  const { deployment } = market.ground
  await market.endow(wallet.address, 0n)
  const skills = changes.skills ?? [greeter]
  const binding = await bindWallet({
    identity,
    body: {
      did: identity.did,
      wallet: wallet.address,
      chainId: deployment.chainId,
      issuedAt: market.clock.now(),
      nonce: crypto.randomUUID(),
    },
    signWallet: (typedData) => wallet.signTypedData(typedData),
  })
  return {
    identity,
    wallet: market.wallet(wallet),
    binding,
    skills,
    policy: policyOf(market, skills),
    oracle: market.oracleFor(identity),
    clock: market.clock,
    heartbeatSeconds: 0,
    sweepSeconds: 1,
    card: {
      name: 'Greeter',
      description: 'Says hello for money',
      version: '1.0.0',
      endpoint: `${SELLER_URL}/a2a`,
      trade: {
        pactVersions: ['1'],
        settlement: {
          network: deployment.chainId,
          asset: deployment.token,
          escrow: deployment.escrow,
          payTo: wallet.address,
          transferMethod: 'eip3009',
        },
        pricing: { currency: 'USDC', perTask: 1_000_000n, complex: 50_000_000n },
        sla: { maxResponseTimeMs: 300_000, uptime99Days: 30 },
        inputFormats: ['application/json'],
        outputFormats: ['application/json'],
        timing: { profiles: ['agent'] },
        arbiters: [deployment.arbiter],
      },
    },
    ...changes,
  }
}

/** A seller on the market's network; not started. */
export async function openSeller(
  market: Market,
  changes: Partial<SellerOptions> = {},
): Promise<Seller> {
  const seller = createSeller(await sellerOptionsOf(market, changes))
  market.hosts.set('seller.test', seller.fetch)
  return seller
}

export function buyerOptionsOf(market: Market, changes: Partial<BuyerOptions> = {}): BuyerOptions {
  const { identity, wallet } = buyerParty
  return {
    identity,
    wallet: market.wallet(wallet),
    oracles: [market.oracleFor(identity)],
    clock: market.clock,
    fetch: market.fetch,
    timeoutMs: 30_000,
    pollIntervalMs: 100,
    ...changes,
  }
}

export function openBuyer(market: Market, changes: Partial<BuyerOptions> = {}) {
  return createBuyer(buyerOptionsOf(market, changes))
}
