import {
  encodePact,
  escrowIdOfPact,
  hashPact,
  type Pact,
  type PactWire,
  signPact,
  windowsOf,
} from '@earnest/sdk/protocol'
import { call, completionOf, type Party, pactOf, type World } from '../oracle/support/world.ts'

/** What a person's wallet and key are to a pact. */
export type Customer = { did: string; wallet: string }

/** A pact for a person, with the windows of people. */
export function pactFor(world: World, customer: Customer, changes: Partial<PactWire> = {}): Pact {
  const { seller } = world
  return pactOf(world, {
    buyer: {
      did: customer.did as `did:key:${string}`,
      wallet: customer.wallet.toLowerCase() as `0x${string}`,
    },
    proposedBy: seller.identity.did as `did:key:${string}`,
    proposedTo: customer.did as `did:key:${string}`,
    taskDescription: 'A greeting card as JSON: whom it greets and how.',
    timing: {
      ...encodePact(pactOf(world)).timing,
      profile: 'human',
      windows: windowsOf({ profile: 'human', amount: 50_000_000n }),
    },
    ...changes,
  })
}

/** The seller's agent leaves an offer; gives the path of its page. */
export async function makeOffer(
  world: World,
  pact: Pact,
  by: Party = world.seller,
): Promise<string> {
  const body = {
    pactHash: hashPact(pact),
    terms: encodePact(pact),
    sellerSignature: signPact({ pact, identity: by.identity }),
  }
  const { url } = await call<{ url: string }>(world, {
    by,
    method: 'POST',
    path: '/api/v1/offers',
    body,
  })
  return new URL(url).pathname
}

/** Lets the oracle run by itself, as it does outside of tests. */
export function runOracle(world: World): { stop(): Promise<void> } {
  let running = true
  const loop = (async () => {
    while (running) {
      await world.settle()
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })()
  return {
    async stop() {
      running = false
      await loop
    },
  }
}

/** The seller's agent hands its work in as soon as the money is sure. */
export async function deliver(world: World, pact: Pact): Promise<void> {
  await world.ground.client.mine({ blocks: 2 })
  const escrowId = escrowIdOfPact({ pact })
  for (let look = 0; look < 100; look++) {
    const answer = await world.app.request(`/api/v1/escrows/${escrowId}`)
    const { final } = (await answer.json()) as { final: boolean }
    if (final) break
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const work = '{"greeting":"<img src=x onerror=alert(1)>","name":"Ada"}'
  const body = await completionOf(world, pact, { files: { 'result.json': work } })
  await call(world, { by: world.seller, method: 'POST', path: '/api/v1/completions', body })
}
