import { signTypedData } from 'viem/actions'
import type { EscrowClient } from './escrow/client.ts'
import { createMemoryStore } from './memoryStore.ts'
import type { SellerPolicy } from './negotiation/evaluate.ts'
import type { Clock } from './protocol/clock.ts'
import type { Identity } from './protocol/identity.ts'
import type { OracleInfo } from './protocol/route.ts'
import type { Store } from './protocol/store.ts'
import { bindWallet } from './protocol/wallet.ts'
import type { SellerOptions } from './sellerOptions.ts'
import type { Skill } from './skill.ts'
import { introduce } from './trust/introduce.ts'
import type { OracleClient } from './trust/oracle.ts'
import { agreeOnVenue, type Venue } from './venue.ts'

/** Seconds of review that a seller waits for at most: the agent profile's longest. */
const LONGEST_REVIEW = 72 * 3600
/** The source document's example card. */
const SLA = { maxResponseTimeMs: 300_000, uptime99Days: 30 }

/** What only the seller knows about itself. */
export interface SellerFacts {
  identity: Identity
  wallet: EscrowClient
  oracle: OracleClient
  clock: Clock
  name: string
  description: string
  /** Absolute URL of the A2A endpoint, such as `https://seller.example/a2a`. */
  endpoint: string
  skills: readonly [Skill, ...Skill[]]
  /** Where it lets itself be paid; absent: the oracle's first word, kept in the store (`venue/<did>`). */
  venue?: Venue
  /** Absent: in memory, so that after a restart the oracle's word is a first one again. */
  store?: Store
}

/**
 * Fills what `createSeller` asks beside its skills: the wallet's binding, a policy and a card, by the
 * network and the fees of the oracle. JSON in and out, machine-checked pacts only, at least half of a
 * fallback split, no review above 72 hours. Spread it and override what is different.
 * Throws `venue_mismatch`, `oracle_mismatch`, `oracle_unreachable`.
 * @example
 * const seller = createSeller({ ...(await sellerDefaults(facts)), store })
 */
export async function sellerDefaults(facts: SellerFacts): Promise<SellerOptions> {
  const { identity, wallet, oracle, clock, skills, venue, store = createMemoryStore() } = facts
  const agreed = await agreeOnVenue(await introduce(oracle), { venue, journal: store })
  const binding = await bindWallet({
    identity,
    body: {
      did: identity.did,
      wallet: wallet.account.address,
      chainId: agreed.chainId,
      issuedAt: clock.now(),
      nonce: crypto.randomUUID(),
    },
    signWallet: (typedData) => signTypedData(wallet, { ...typedData, account: wallet.account }),
  })
  const { name, description, endpoint } = facts
  return {
    identity,
    wallet,
    binding,
    skills,
    oracle,
    clock,
    store,
    policy: policyOf(skills, agreed),
    card: {
      name,
      description,
      endpoint,
      version: '1.0.0',
      trade: tradeOf(skills, agreed, wallet),
    },
  }
}

function policyOf(skills: readonly Skill[], info: OracleInfo): SellerPolicy {
  return {
    capabilities: Object.fromEntries(
      skills.map(({ id, minPaymentUsdc, minSeconds }) => [id, { minPaymentUsdc, minSeconds }]),
    ),
    inputFormats: ['application/json'],
    outputFormats: ['application/json'],
    minDescriptionLength: 20,
    machineCheckedOnly: true,
    escrows: [{ chainId: info.chainId, contract: info.escrow, token: info.token }],
    arbiters: info.arbiters,
    maxProtocolFeeBps: info.fees.protocolBps,
    maxArbitrationFeeBps: info.fees.arbitrationBps,
    minFallbackSellerBps: 5_000,
    maxReviewWindow: LONGEST_REVIEW,
  }
}

function tradeOf(
  skills: readonly Skill[],
  info: OracleInfo,
  wallet: EscrowClient,
): SellerOptions['card']['trade'] {
  const prices = skills
    .map(({ minPaymentUsdc }) => minPaymentUsdc)
    .toSorted((a, b) => (a < b ? -1 : 1))
  return {
    pactVersions: ['1'],
    settlement: {
      network: info.chainId,
      asset: info.token,
      escrow: info.escrow,
      payTo: wallet.account.address,
      transferMethod: 'eip3009',
    },
    pricing: { currency: 'USDC', perTask: prices[0] ?? 0n, complex: prices.at(-1) ?? 0n },
    sla: SLA,
    inputFormats: ['application/json'],
    outputFormats: ['application/json'],
    timing: { profiles: ['micro', 'agent'] },
    arbiters: info.arbiters,
  }
}
