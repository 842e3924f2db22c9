import { type Claim, claimSchema, encode, hashPact, type Pact } from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import {
  agree,
  call,
  completionOf,
  confirm,
  fund,
  type Party,
  pactOf,
  type World,
} from './world.ts'

/** A pact and its escrow. */
export type Trade = { pact: Pact; id: Hex }

/** What the pact of a world asks for, whole. */
export const complete = '{"greeting":"hello","name":"world"}'

/** A trade whose money is locked for good. */
export async function funded(world: World, pact: Pact = pactOf(world)): Promise<Trade> {
  const id = await agree(world, pact)
  await fund(world, pact)
  await confirm(world)
  return { pact, id }
}

/** Hands one file in as the first round of a trade, and lets follow what follows. */
export async function deliver(world: World, { pact }: Trade, text: string): Promise<void> {
  const body = await completionOf(world, pact, { files: { 'result.json': text } })
  await call(world, { by: world.seller, method: 'POST', path: '/api/v1/completions', body })
  await world.settle()
}

/** A trade that is funded and delivered. */
export async function delivered(world: World, text: string, pact?: Pact): Promise<Trade> {
  const trade = await funded(world, pact)
  await deliver(world, trade, text)
  return trade
}

/** A party's claim against the first round, as `POST /disputes` takes it. */
export function claimOf(
  world: World,
  { pact, id }: Trade,
  { by, ...change }: Partial<Claim> & { by: Party },
) {
  const body: Claim = {
    escrowId: id,
    pactId: hashPact(pact),
    round: 1,
    disputedBy: by.identity.did,
    reason: 'scope_violation',
    claim: 'The name is not a name',
    evidence: [],
    claimedAt: world.oracle.clock.now(),
    nonce: crypto.randomUUID(),
    ...change,
  }
  const wire = encode(claimSchema, body, 'invalid_claim')
  return { body: wire, signature: by.identity.sign({ type: 'claim', body: wire }) }
}
