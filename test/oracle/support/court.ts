import { pactEscrowAbi } from '@earnest/contracts'
import type { Hex } from 'viem'
import type { World } from './world.ts'

/** Families of models, as a pact discloses them. */
export const judges = ['openai', 'anthropic', 'google', 'meta', 'mistral']

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

/** An escrow as the chain has it. */
export const escrowOf = ({ ground: { client, deployment } }: World, id: Hex) =>
  client.readContract({
    address: deployment.escrow,
    abi: pactEscrowAbi,
    functionName: 'escrowOf',
    args: [id],
  })

/** What the oracle noted of a subject. */
export const journalOf = ({ oracle }: World, subject: string, action: string) =>
  oracle.db
    .selectFrom('journal')
    .select('data')
    .where('subject', '=', subject)
    .where('action', '=', action)
    .execute()
