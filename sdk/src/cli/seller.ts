import * as z from 'zod'
import { decode } from '../protocol/decode.ts'
import { EarnestError } from '../protocol/error.ts'
import { usdc } from '../protocol/money.ts'
import { sellerDefaults } from '../sellerDefaults.ts'
import type { Skill } from '../skill.ts'
import { createSellerTools, type SellerTools, type SystemMessage } from '../tools/index.ts'
import { objectOf, readText } from './input.ts'
import type { Agent } from './settings.ts'

const serviceSchema = z.strictObject({
  id: z.string().min(1),
  name: z.string().min(1),
  description: z.string().min(1),
  minPaymentUsdc: usdc,
  minSeconds: z.int().min(0),
})

/** What a seller is, as JSON: what it is called, where it is reached, and what it does for how much. */
const sellerSchema = z.strictObject({
  name: z.string().min(1),
  description: z.string().min(1),
  /** Absolute URL of its A2A endpoint as others reach it. */
  endpoint: z.url(),
  services: z.tuple([serviceSchema], serviceSchema),
})

/**
 * Makes the seller that a file describes, with the tools that do its services by hand. Throws
 * `invalid_input`, `invalid_seller`, what `sellerDefaults` throws.
 */
export async function readSeller(
  agent: Agent,
  { file, onMessage }: { file: string; onMessage: (message: SystemMessage) => void },
): Promise<SellerTools & { path: string }> {
  const { name, description, endpoint, services } = decode(
    sellerSchema,
    objectOf(readText(file)),
    'invalid_seller',
  )
  const [first, ...rest] = services
  const { identity, wallet, oracle, clock, store } = agent
  const defaults = await sellerDefaults({
    ...{ identity, wallet, oracle, clock, store, name, description, endpoint },
    skills: [byHand(first), ...rest.map(byHand)],
  })
  const made = createSellerTools({ ...defaults, skills: [], services, onMessage })
  return { ...made, path: new URL(endpoint).pathname }
}

/** Only what it costs is read of it: the tools do the work. */
function byHand(service: z.output<typeof serviceSchema>): Skill {
  return {
    ...service,
    run() {
      throw new EarnestError('internal', 'Done by the tools')
    },
  }
}
