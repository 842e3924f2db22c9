import {
  createWalletClient,
  custom,
  type EIP1193RequestFn,
  type LocalAccount,
  publicActions,
} from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { localChain } from '../../../scripts/local/chain.ts'
import { createMemoryStore } from '../../../sdk/src/memoryStore.ts'
import { issueBearer } from '../../../sdk/src/negotiation/bearer.ts'
import { type Clock, createManualClock } from '../../../sdk/src/protocol/clock.ts'
import { createIdentity, type Identity } from '../../../sdk/src/protocol/identity.ts'
import { PACT_EXTENSION } from '../../../sdk/src/protocol/message.ts'
import { bindWallet } from '../../../sdk/src/protocol/wallet.ts'
import { createSeller, type Seller, type SellerOptions } from '../../../sdk/src/seller.ts'
import { createOracleClient, type OracleClient } from '../../../sdk/src/trust/oracle.ts'
import type { Subject } from './subject.ts'

/** An agent with its wallet. */
export type Party = { identity: Identity; wallet: LocalAccount }

export const party = (byte: number): Party => ({
  identity: createIdentity({ secretKey: new Uint8Array(32).fill(byte) }),
  wallet: privateKeyToAccount(`0x${byte.toString(16).padStart(2, '0').repeat(32)}`),
})

export const SELLER_URL = 'http://seller.test'
export const ENDPOINT = `${SELLER_URL}/a2a`
export const NOW = 1_800_000_000

const at = (byte: number) => `0x${byte.toString(16).padStart(2, '0').repeat(20)}` as `0x${string}`
/** Where the quiet seller settles. */
export const venue = {
  chainId: localChain.id,
  contract: at(0xe2),
  token: at(0xe1),
  arbiter: at(0xe3),
  vault: at(0xe4),
  feeRecipient: at(0xe5),
}

/** A seller without a chain, whose clock stands still: for everything before the money. */
export interface Quiet {
  seller: Seller
  buyer: Party
  owner: Party
  clock: ReturnType<typeof createManualClock>
  bearer(who?: Party): string
  subject: Subject
}

/** An oracle that is away. */
const quietOracle = (clock: Clock): OracleClient =>
  createOracleClient({
    url: 'http://oracle.test',
    did: party(33).identity.did,
    clock,
    identity: party(34).identity,
    attempts: 1,
    fetch: () => Promise.reject(new TypeError('fetch failed')),
  })

/** Nobody answers there. */
const silence: EIP1193RequestFn = () => Promise.reject(new Error('no chain here'))

export async function openQuietSeller(
  {
    oracle: oracleOf = quietOracle,
    ...changes
  }: Omit<Partial<SellerOptions>, 'oracle'> & { oracle?: (clock: Clock) => OracleClient } = {},
  rpc: EIP1193RequestFn = silence,
): Promise<Quiet> {
  const owner = party(34)
  const buyer = party(17)
  const clock = createManualClock(NOW)
  const wallet = createWalletClient({
    account: owner.wallet,
    chain: localChain,
    transport: custom({ request: rpc }, { retryCount: 0 }),
  }).extend(publicActions)
  const binding = await bindWallet({
    identity: owner.identity,
    body: {
      did: owner.identity.did,
      wallet: owner.wallet.address,
      chainId: venue.chainId,
      issuedAt: NOW,
      nonce: crypto.randomUUID(),
    },
    signWallet: (typedData) => owner.wallet.signTypedData(typedData),
  })
  const { chainId, contract, token, arbiter } = venue
  const seller = createSeller({
    identity: owner.identity,
    wallet,
    binding,
    skills: [
      {
        id: 'greeting',
        name: 'Greeting',
        description: 'Says hello as JSON',
        minPaymentUsdc: 5_000_000n,
        minSeconds: 60,
        run: () => ({ json: { greeting: 'hello' } }),
      },
    ],
    policy: {
      capabilities: { greeting: { minPaymentUsdc: 5_000_000n, minSeconds: 60 } },
      inputFormats: ['application/json'],
      outputFormats: ['application/json'],
      minDescriptionLength: 20,
      machineCheckedOnly: false,
      escrows: [{ chainId, contract, token }],
      arbiters: [arbiter],
      maxProtocolFeeBps: 100,
      maxArbitrationFeeBps: 200,
      minFallbackSellerBps: 0,
      maxReviewWindow: 7 * 86_400,
    },
    oracle: oracleOf(clock),
    clock,
    store: createMemoryStore(),
    heartbeatSeconds: 0,
    card: {
      name: 'Greeter',
      description: 'Says hello for money',
      version: '1.0.0',
      endpoint: ENDPOINT,
      trade: {
        pactVersions: ['1'],
        settlement: {
          network: chainId,
          asset: token,
          escrow: contract,
          payTo: owner.wallet.address,
          transferMethod: 'eip3009',
        },
        pricing: { currency: 'USDC', perTask: 5_000_000n, complex: 50_000_000n },
        sla: { maxResponseTimeMs: 300_000, uptime99Days: 30 },
        inputFormats: ['application/json'],
        outputFormats: ['application/json'],
        timing: { profiles: ['agent'] },
        arbiters: [arbiter],
      },
    },
    ...changes,
  })
  const bearer = (who = buyer) =>
    `Bearer ${issueBearer({ identity: who.identity, audience: ENDPOINT, now: clock.now() })}`
  return {
    seller,
    buyer,
    owner,
    clock,
    bearer,
    subject: {
      fetch: seller.fetch,
      url: ENDPOINT,
      headers: () => ({
        'a2a-version': '1.0',
        'a2a-extensions': PACT_EXTENSION,
        authorization: bearer(),
      }),
      ids: { open: 'open' },
    },
  }
}
