import { createWalletClient, http, publicActions } from 'viem'
import type { LocalAccount } from 'viem/accounts'
import { hardhat } from 'viem/chains'
import { append } from '../../../../oracle/src/store/journal.ts'
import { fundGas } from '../../../../scripts/local/chain.ts'
import { mintUsdc } from '../../../../scripts/local/usdc.ts'
import { createMember, type Member, type VotePolicy } from '../../../../sdk/src/member.ts'
import { createMemoryStore } from '../../../../sdk/src/memoryStore.ts'
import type { Store } from '../../../../sdk/src/protocol/store.ts'
import { createOracleClient } from '../../../../sdk/src/trust/oracle.ts'
import { type Ground, type Party, party, register, type World } from '../../support/world.ts'

/** Pre-trusted agents, from whom everybody's trust flows. */
export const SEEDS = [201, 202, 203, 204, 205].map((byte) => party(byte).identity.did)

const DAY = 86_400

/** A viem client that acts for one account of the ground. */
export function walletOf({ url }: Pick<Ground, 'url'>, account: LocalAccount) {
  return createWalletClient({
    account,
    chain: hardhat,
    transport: http(url),
    pollingInterval: 20,
    cacheTime: 0,
  }).extend(publicActions)
}

/** A client of the world's oracle that signs as one agent. */
export function oracleOf(world: World, who: Party) {
  return createOracleClient({
    url: 'http://oracle.test',
    did: world.oracle.signer.did,
    clock: world.oracle.clock,
    identity: who.identity,
    fetch: (async (input: string | URL | Request, init?: RequestInit) =>
      world.app.fetch(new Request(input, init))) as typeof globalThis.fetch,
  })
}

/** A registered agent that sits on the committee. */
export type Sitter = Party & { member: Member; store: Store }

/** Trades of the past, as an oracle has them that has been running for a while. */
export async function remember(
  world: World,
  {
    sellers,
    capability,
    trades,
  }: { sellers: readonly string[]; capability: string; trades: number },
): Promise<void> {
  const now = world.oracle.clock.now()
  const customers = Array.from({ length: 30 }, (_, i) => `did:key:customer-${i}`)
  let n = 0
  const trade = (buyer: string, seller: string) => ({
    kind: 'settled',
    escrowId: `past-${crypto.randomUUID()}`,
    pactId: 'ab'.repeat(32),
    at: now - 30 * DAY + 600 * n++,
    buyer,
    seller,
    capability,
    amount: 50_000_000n,
    protocolFee: 500_000n,
    ending: 'completed',
    sellerBps: 10_000,
  })
  // Everybody bought from the seeds first, so that its word as a buyer weighs something.
  const facts = [
    ...customers.flatMap((customer) => SEEDS.map((seed) => trade(customer, seed))),
    ...sellers.flatMap((seller, i) =>
      Array.from({ length: trades }, (_, k) =>
        trade(customers[(i + 7 * k) % customers.length] as string, seller),
      ),
    ),
  ]
  await world.oracle.db.transaction().execute((tx) =>
    append(
      tx,
      world.oracle.signer,
      facts.map((fact) => ({
        action: 'settlement_recorded',
        subject: fact.escrowId,
        at: fact.at,
        data: {},
        fact,
      })),
    ),
  )
}

/** Agents with a record in the domain that stake and join, and the pool of them on chain. */
export async function seatBench(
  world: World,
  {
    count,
    from = 0,
    policy,
    capability = 'financial_analysis',
  }: { count: number; from?: number; policy: VotePolicy; capability?: string },
): Promise<Sitter[]> {
  const { ground } = world
  const { client, deployment } = ground
  const parties = Array.from({ length: count }, (_, i) => party(100 + from + i))
  await remember(world, {
    sellers: parties.map(({ identity }) => identity.did),
    capability,
    trades: 8,
  })
  const sitters: Sitter[] = []
  for (const who of parties) {
    await register(world, who, capability)
    await fundGas(client, who.wallet.address)
    const { token } = deployment
    await mintUsdc(client, { token, to: who.wallet.address, amount: 250_000_000n })
    const sitter = seat(world, who, { policy, store: createMemoryStore() })
    await sitter.member.join()
    sitters.push(sitter)
  }
  return sitters
}

/** A member over a store, as a process that starts (again) makes it. */
export function seat(
  world: World,
  who: Party,
  { policy, store }: { policy: VotePolicy; store: Store },
): Sitter {
  const { chainId, escrow, arbiter, token } = world.ground.deployment
  const member = createMember({
    wallet: walletOf(world.ground, who.wallet),
    chainId,
    contract: escrow,
    arbiter,
    token,
    store,
    policy,
    oracle: oracleOf(world, who),
  })
  return { ...who, member, store }
}

/** Time passes; jobs that wait for theirs are looked at again, by the database's own clock. */
export async function pass(world: World, seconds: number): Promise<void> {
  await world.ground.client.increaseTime({ seconds })
  await world.ground.client.mine({ blocks: 1 })
  await world.oracle.db
    .updateTable('job')
    .set({ run_at: new Date(0) })
    .execute()
  await world.settle()
}
