import { EarnestError } from '@earnest/sdk/protocol'
import { type Address, getAddress, type Hex, isAddress, zeroAddress, zeroHash } from 'viem'
import * as z from 'zod'
import type { Target } from './network.ts'
import type { Roles } from './record.ts'

const DAY = 86_400
/** As many keys as the arbiter keeps. */
const KEYS_LIMIT = 32

const address = z
  .string()
  .refine((text) => isAddress(text) && BigInt(text) !== 0n, 'want an address')
  .transform((text) => getAddress(text))
const addresses = z
  .string()
  .transform((text) => text.split(','))
  .pipe(z.array(address).min(1).max(KEYS_LIMIT))

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

type Named = z.output<typeof optionsSchema>

/**
 * The roles that the words of a command name.
 * @throws invalid_options
 */
export function namedRoles(words: Record<string, unknown>): Partial<Roles> {
  const read = optionsSchema.safeParse(words)
  if (read.success) return rolesIn(read.data)
  const [issue] = read.error.issues
  throw new EarnestError('invalid_options', `--${issue?.path.join('.')}: ${issue?.message}`)
}

function rolesIn({ threshold, seats, roster, ...accounts }: Named): Partial<Roles> {
  const all = {
    ...accounts,
    threshold: threshold === undefined ? undefined : BigInt(threshold),
    seats: seats === undefined ? undefined : BigInt(seats),
    rosterHash: roster,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

/**
 * Who holds what. On a testnet the deployer stands in for every role that was not named; on the mainnet
 * one key in every role is refused.
 * @throws roles_required, roles_concentrated, roles_repeated, threshold_out_of_range
 */
export function rolesOf(
  named: Partial<Roles>,
  { deployer, target }: { deployer: Address; target: Target },
): Roles {
  const missing = (['attestors', 'proposers', 'guardian', 'treasury'] as const)
    .filter((name) => named[name] === undefined)
    .map((name) => `--${name}`)
  if (target.isMainnet && missing.length > 0) {
    throw new EarnestError('roles_required', `${target.name} wants ${missing.join(', ')}`)
  }
  const attestors = named.attestors ?? [deployer]
  const seats = named.seats ?? BigInt(attestors.length)
  const threshold = named.threshold ?? seats / 2n + 1n
  if (seats > attestors.length || threshold > seats) {
    throw new EarnestError(
      'threshold_out_of_range',
      `want threshold ${threshold} <= seats ${seats} <= ${attestors.length} keys`,
    )
  }
  const isRepeated = new Set(attestors).size < attestors.length
  if (target.isMainnet && (threshold < 2n || isRepeated || attestors.includes(deployer))) {
    throw new EarnestError(
      'roles_concentrated',
      'want at least two different attestors, none of them the deployer',
    )
  }
  if (isRepeated) throw new EarnestError('roles_repeated', 'want every attestor once')
  return {
    token: target.usdc,
    delay: BigInt(30 * DAY),
    proposers: named.proposers ?? [deployer],
    guardian: named.guardian ?? deployer,
    treasury: named.treasury ?? deployer,
    threshold,
    seats,
    attestors,
    moderator: named.moderator ?? zeroAddress,
    rosterHash: named.rosterHash ?? zeroHash,
    memberStake: 250_000_000n,
    panelCost: 3_500_000n,
  }
}
