import * as z from 'zod'

/** Seconds; review may be 0, the others are never below the sequencer margin (contract). */
export const MIN_WINDOW = 60
/** Seconds: 30 days (contract). */
export const MAX_WINDOW = 30 * 86_400

/** Who trades: programs in minutes, agents in days, people with a moderator (W-40). */
export const profileSchema = z.enum(['micro', 'agent', 'human'])
export type Profile = z.infer<typeof profileSchema>

/** The four windows of an escrow, in seconds. */
export const windowsSchema = z.strictObject({
  review: z.int(),
  response: z.int(),
  negotiation: z.int(),
  arbitration: z.int(),
})
export type Windows = z.infer<typeof windowsSchema>

const MINUTE = 60
const HOUR = 3600
const DAY = 86_400

/**
 * The published windows of a profile for an amount of base units (W-40, design section 3); a trusted pair of
 * agents reviews for half as long (POL-10).
 */
export function windowsOf({
  profile,
  amount,
  isTrusted = false,
}: {
  profile: Profile
  amount: bigint
  isTrusted?: boolean | undefined
}): Windows {
  switch (profile) {
    case 'micro':
      return {
        review: 2 * MINUTE,
        response: 2 * MINUTE,
        negotiation: MINUTE,
        arbitration: 10 * MINUTE,
      }
    case 'agent': {
      const hours = amount < 100_000_000n ? 1 : amount < 5_000_000_000n ? 12 : 72
      return {
        review: (hours * HOUR) / (isTrusted ? 2 : 1),
        response: DAY,
        negotiation: DAY,
        arbitration: 3 * DAY,
      }
    }
    case 'human':
      return { review: 2 * DAY, response: 2 * DAY, negotiation: 2 * DAY, arbitration: 7 * DAY }
  }
}

/** True where the contract accepts all four windows. */
export function areWindowsLegal(windows: Windows): boolean {
  const { review, response, negotiation, arbitration } = windows
  return (
    (review === 0 || isLegal(review)) &&
    isLegal(response) &&
    isLegal(negotiation) &&
    isLegal(arbitration)
  )
}

function isLegal(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds >= MIN_WINDOW && seconds <= MAX_WINDOW
}
