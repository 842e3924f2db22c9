/** x402 on Earnest: a paywall that takes an escrow as its payment, and the scheme that pays it. */
export { createEscrowRail, type EscrowRailOptions } from './escrowRail.ts'
export { createPaywall, type Paywall, type PaywallOptions } from './paywall.ts'
export type { Locked, Rail, Ware } from './rail.ts'
export { createEscrowScheme, type EscrowScheme, type EscrowSchemeOptions } from './scheme.ts'
export { type PaywallTask, type Requirements, SCHEME } from './wire.ts'
