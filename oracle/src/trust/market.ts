import type { TrustParameters } from './parameters.ts'

/** Trades of one market and how many of them failed, with the clusters that sold in it. */
export type Tally = { failures: number; trades: number; sellers: Set<number> }

/** Running failure rates: of everything, per capability and per price band (decade of the amount). */
export type Market = {
  all: Tally
  byCapability: Map<number, Tally>
  byBand: Map<number, Tally>
}

/** No trades yet. */
export function createMarket(): Market {
  return { all: createTally(), byCapability: new Map(), byBand: new Map() }
}

function createTally(): Tally {
  return { failures: 0, trades: 0, sellers: new Set() }
}

/** Price band of an amount in base units: the decade it lies in. */
export function bandOf(amount: number): number {
  return amount < 1 ? 0 : Math.floor(Math.log10(amount) + 1e-12)
}

/** Adds a trade (`sign` 1) or takes it out again (`sign` -1). */
export function tally(
  market: Market,
  trade: { capability: number; amount: number; seller: number; severity: number },
  sign: 1 | -1,
): void {
  const { capability, amount, seller, severity } = trade
  for (const entry of [
    market.all,
    entryOf(market.byCapability, capability),
    entryOf(market.byBand, bandOf(amount)),
  ]) {
    entry.failures += sign * severity
    entry.trades += sign
    if (sign > 0 && entry !== market.all) entry.sellers.add(seller)
  }
}

function entryOf(entries: Map<number, Tally>, key: number): Tally {
  const known = entries.get(key)
  if (known) return known
  const entry = createTally()
  entries.set(key, entry)
  return entry
}

/**
 * The market's failure rate: of the capability, else of the price band, once enough distinct
 * sellers stand behind it, else of everything (`base` of the trust model).
 */
export function baseOf(
  market: Market,
  { capability, amount }: { capability?: number; amount?: number },
  parameters: TrustParameters,
): number {
  const narrow = [
    capability === undefined ? undefined : market.byCapability.get(capability),
    amount === undefined ? undefined : market.byBand.get(bandOf(amount)),
  ].find((entry) => entry !== undefined && entry.sellers.size >= parameters.baseClusters)
  const { failures, trades } = narrow ?? market.all
  return (Math.max(0, failures) + parameters.baseFailures) / (trades + parameters.baseTrades)
}
