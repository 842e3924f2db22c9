import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EarnestError } from '@earnest/sdk/protocol'
import hre from 'hardhat'
import { type Address, getAddress, type Hex, isAddress } from 'viem'
import * as z from 'zod'
import type { Target } from './network.ts'

const address = z
  .string()
  .refine((text) => isAddress(text))
  .transform((text): Address => getAddress(text))
const word = z
  .string()
  .regex(/^0x[0-9a-f]{64}$/)
  .transform((text) => text as Hex)
const number = z.string().regex(/^\d+$/).transform(BigInt)

const addresses = {
  escrow: address,
  arbiter: address,
  committee: address,
  vault: address,
  governance: address,
  token: address,
  /** The block to index from. */
  startBlock: z.int().min(0),
}

const rolesSchema = z.strictObject({
  token: address,
  delay: number,
  proposers: z.array(address),
  guardian: address,
  treasury: address,
  threshold: number,
  seats: number,
  attestors: z.array(address),
  moderator: address,
  rosterHash: word,
  memberStake: number,
  panelCost: number,
})

const deploymentsSchema = z.record(z.string(), z.strictObject({ ...addresses, roles: rolesSchema }))

/** Where the contracts of one chain stand. */
export type Addresses = z.infer<z.ZodObject<typeof addresses>>

/** What the contracts are built with. */
export type Roles = z.infer<typeof rolesSchema>

/** Where the contracts of one chain stand, and what they were built with. */
export type Deployment = Addresses & { roles: Roles }

/**
 * The file with all deployments; beside it, in `records`, stands what Ignition keeps. By default both are
 * where the repository has them.
 */
export function recordIn(records: string | undefined): string {
  if (records === undefined) {
    return fileURLToPath(new URL('../../contracts/abi/deployments.json', import.meta.url))
  }
  hre.config.paths.ignition = records
  return join(records, 'deployments.json')
}

function readAll(record: string): Record<string, Deployment> {
  if (!existsSync(record)) return {}
  try {
    return deploymentsSchema.parse(JSON.parse(readFileSync(record, 'utf8')))
  } catch (cause) {
    throw new EarnestError('invalid_record', `${record} is no list of deployments`, { cause })
  }
}

/** @throws not_deployed, invalid_record */
export function readDeployment(record: string, { chainId, name }: Target): Deployment {
  const deployment = readAll(record)[chainId]
  if (deployment) return deployment
  throw new EarnestError('not_deployed', `${record} has nothing for ${name}`)
}

/** @throws invalid_record */
export function writeDeployment(record: string, { chainId }: Target, deployment: Deployment): void {
  const all = { ...readAll(record), [chainId]: deployment }
  const text = JSON.stringify(
    all,
    (_, value) => (typeof value === 'bigint' ? String(value) : value),
    2,
  )
  writeFileSync(record, `${text}\n`)
}
