import {
  encodePact,
  escrowIdOfPact,
  fillOffer,
  hashPact,
  type offerRecordSchema,
  type Pact,
  type PactWire,
  signPact,
  windowsOf,
} from '@earnest/sdk/protocol'
import type * as z from 'zod'
import { call, completionOf, pactOf, type World } from '../oracle/support/world.ts'

type OfferRecordWire = z.input<typeof offerRecordSchema>

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
  changes: { answers?: string } = {},
): Promise<string> {
  const by = world.seller
  const body = {
    ...changes,
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

/** The seller's agent confirms what somebody has taken of its open offer, as the SDK does; once. */
export async function confirmOffer(world: World, open: Pact): Promise<Pact> {
  const { seller: by } = world
  const path = '/api/v1/offers'
  for (;;) {
    const { offers } = await call<{ offers: OfferRecordWire[] }>(world, {
      ...{ by, method: 'GET', path, body: new Uint8Array(0) },
    })
    const claim = offers.find(({ pactHash }) => pactHash === hashPact(open))?.claim
    if (claim && claim.pactHash === null) {
      const pact = fillOffer(open, {
        buyer: { did: claim.by, wallet: claim.wallet as `0x${string}` },
        at: world.oracle.clock.now(),
        nonce: crypto.randomUUID(),
        salt: 'cd'.repeat(32),
      })
      await makeOffer(world, pact, { answers: hashPact(open) })
      return pact
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
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
