import * as z from 'zod'

/** Where a pact stands in the API; docs/names.md sets it against the chain's states (W-33, W-34). */
export const pactStatusSchema = z.enum([
  'proposed',
  'countered',
  'agreed',
  'registered',
  'cancelled',
  'expired',
  'funded',
  'delivered',
  'disputed',
  'negotiating',
  'arbitration',
  'fulfilled',
  'refunded',
  'failed',
  'resolved',
  'amended',
])
export type PactStatus = z.infer<typeof pactStatusSchema>

/** States of an escrow in the contract's order: the index is the number on chain. */
export const ESCROW_STATES = [
  'None',
  'Funded',
  'Delivered',
  'Disputed',
  'Negotiating',
  'Arbitration',
  'Completed',
  'Refunded',
  'Resolved',
  'Amended',
] as const
export const escrowStateSchema = z.enum(ESCROW_STATES)
export type EscrowState = z.infer<typeof escrowStateSchema>

/** The state that the contract's number means. */
export function escrowStateOf(code: number): EscrowState {
  return escrowStateSchema.parse(ESCROW_STATES[code])
}

/** True where nothing can change any more. */
export function isTerminal(state: EscrowState): boolean {
  return ['Completed', 'Refunded', 'Resolved', 'Amended'].includes(state)
}
