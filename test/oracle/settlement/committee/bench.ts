import { createWalletClient, http, publicActions } from 'viem'
import type { LocalAccount } from 'viem/accounts'
import { fundGas, localChain } from '../../../../scripts/local/chain.ts'
import { writePast } from '../../../../scripts/local/past.ts'
import { mintUsdc } from '../../../../scripts/local/usdc.ts'
import { createMember, type Member, type VotePolicy } from '../../../../sdk/src/member.ts'
import { createMemoryStore } from '../../../../sdk/src/memoryStore.ts'
import type { Store } from '../../../../sdk/src/protocol/store.ts'
import { createOracleClient } from '../../../../sdk/src/trust/oracle.ts'
import { type Ground, type Party, party, register, type World } from '../../support/world.ts'

/** Pre-trusted agents, from whom everybody's trust flows. */
export const SEEDS = [201, 202, 203, 204, 205].map((byte) => party(byte).identity.did)

/** A viem client that acts for one account of the ground. */
export function walletOf({ url }: Pick<Ground, 'url'>, account: LocalAccount) {
  return createWalletClient({
    account,
    chain: localChain,
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
  { oracle }: World,
  past: { sellers: readonly string[]; capability: string; trades: number },
): Promise<void> {
  const { db, signer, clock } = oracle
  await writePast(db, signer, { ...past, seeds: SEEDS, now: clock.now() })
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
