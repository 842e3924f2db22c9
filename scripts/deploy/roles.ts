import { EarnestError } from '@earnest/sdk/protocol'
import { type Address, getAddress, type Hex, isAddress, zeroAddress, zeroHash } from 'viem'
import * as z from 'zod'
import type { Target } from './network.ts'

const DAY = 86_400

const address = z
  .string()
  .refine((text) => isAddress(text), 'want an address')
  .transform((text) => getAddress(text))
const addresses = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(address).min(1))

const optionsSchema = z.object({
  /** Keys of the oracle's attestors, the seated ones first. */
  attestors: addresses.optional(),
  threshold: z.coerce.number().int().min(1).optional(),
  /** The attestors beyond these are standbys. */
  seats: z.coerce.number().int().min(1).optional(),
  /** Who may propose changes to the timelock. */
  proposers: addresses.optional(),
  /** May remove a key at once, and nothing else. */
  guardian: address.optional(),
  treasury: address.optional(),
  moderator: address.optional(),
  roster: z
    .string()
    .regex(/^0x[0-9a-f]{64}$/)
    .transform((text) => text as Hex)
    .optional(),
})

/** What the contracts are built with. */
export type Roles = {
  token: Address
  delay: bigint
  proposers: Address[]
  guardian: Address
  treasury: Address
  threshold: bigint
  seats: bigint
  attestors: Address[]
  moderator: Address
  rosterHash: Hex
  memberStake: bigint
  panelCost: bigint
}

/**
 * Who holds what. On a testnet the deployer stands in for every role that was not named; on the mainnet
 * one key in every role is refused.
 * @throws invalid_options, roles_required, roles_concentrated, threshold_out_of_range
 */
export function rolesOf(
  given: Record<string, unknown>,
  { deployer, target }: { deployer: Address; target: Target },
): Roles {
  const read = optionsSchema.safeParse(given)
  if (!read.success) {
    const [issue] = read.error.issues
    throw new EarnestError('invalid_options', `--${issue?.path.join('.')}: ${issue?.message}`)
  }
  const { attestors, proposers, guardian, treasury, moderator, roster } = read.data
  const missing = Object.entries({ attestors, proposers, guardian, treasury })
    .filter(([, value]) => value === undefined)
    .map(([name]) => `--${name}`)
  if (target.isMainnet && missing.length > 0) {
    throw new EarnestError('roles_required', `${target.name} wants ${missing.join(', ')}`)
  }
  const keys = attestors ?? [deployer]
  const seats = read.data.seats ?? keys.length
  const threshold = read.data.threshold ?? Math.floor(seats / 2) + 1
  if (seats > keys.length || threshold > seats) {
    throw new EarnestError(
      'threshold_out_of_range',
      `want threshold ${threshold} <= seats ${seats} <= ${keys.length} keys`,
    )
  }
  if (
    target.isMainnet &&
    (threshold < 2 || new Set(keys).size < keys.length || keys.includes(deployer))
  ) {
    throw new EarnestError(
      'roles_concentrated',
      'want at least two different attestors, none of them the deployer',
    )
  }
  return {
    token: target.usdc,
    delay: BigInt(30 * DAY),
    proposers: proposers ?? [deployer],
    guardian: guardian ?? deployer,
    treasury: treasury ?? deployer,
    threshold: BigInt(threshold),
    seats: BigInt(seats),
    attestors: keys,
    moderator: moderator ?? zeroAddress,
    rosterHash: roster ?? zeroHash,
    memberStake: 250_000_000n,
    panelCost: 3_500_000n,
  }
}
