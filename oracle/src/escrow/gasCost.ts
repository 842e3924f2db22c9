import type { Clock, GasEstimate } from '@earnest/sdk/protocol'
import type { Chain } from './chain.ts'

/** Gas of `fund`, `complete` and `release` one by one, as `npm run gas:check` holds them; a batch of 50 pays a quarter. */
export const TRADE_GAS = 285_000n
/** Seconds for which a gas price is served again. */
const LIFETIME = 15
/** Milliseconds that a quote waits for the price. */
const PATIENCE_MS = 1000
const ETHER = 10n ** 18n

/** What a trade costs on chain now, whoever pays for it. */
export type GasCost = () => Promise<GasEstimate>

/**
 * Prices the gas of one trade by the chain's own gas price, and in USDC where the operator says what ether
 * costs. Without the fee for data on the chain below, which a rollup adds. A chain that does not answer
 * makes an estimate without a price, never one of zero.
 * @param etherUsdc Base units for one ether.
 */
export function createGasCost({
  chain,
  clock,
  etherUsdc,
}: {
  chain: Pick<Chain, 'client'>
  clock: Clock
  etherUsdc: bigint | undefined
}): GasCost {
  let last: { at: number; price: Promise<bigint | null> } | undefined
  return async () => {
    const now = clock.now()
    if (last === undefined || now >= last.at + LIFETIME) {
      const asked = chain.client.getGasPrice().catch(() => null)
      last = { at: now, price: Promise.race([asked, tooLate()]) }
    }
    const price = await last.price
    if (price === null) return { units: Number(TRADE_GAS), weiPerUnit: null, usdc: null }
    const wei = TRADE_GAS * price
    return {
      units: Number(TRADE_GAS),
      weiPerUnit: price.toString(),
      // Rounded up: a cost is never called lower than it is.
      usdc: etherUsdc === undefined ? null : (wei * etherUsdc + ETHER - 1n) / ETHER,
    }
  }
}

/** A quote does not wait for a node that is away. */
function tooLate(): Promise<null> {
  return new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, null).unref())
}
