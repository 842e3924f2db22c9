import { fade } from './fade.ts'
import { type Posterior, shownOf } from './forecast.ts'
import type { TrustParameters } from './parameters.ts'

/**
 * What each attack of the published suite pays for one full voucher, measured by `npm run simulate`
 * (edges are bought with real fees, capital is locked in escrows meanwhile). An attack that brings no
 * trusted weight at any price does not stand here.
 */
export const ATTACK_TABLE: {
  version: string
  /** Yearly price of capital. */
  capitalRate: number
  attacks: readonly {
    name: string
    /** Base units burned as fees for each full voucher. */
    feesPerVoucher: number
    /** Base units of bond put at risk, once. */
    bond: number
    /** Base units locked, and for how many days, for each full voucher. */
    capitalPerVoucher: number
    days: number
    /** Trust of each account that vouches, in full vouchers: what forgiveness is measured by. */
    standing: number
  }[]
} = {
  version: 'earnest-attacks/4',
  capitalRate: 0.05,
  attacks: [
    {
      name: 'bought edges: a fresh account buys 50 USDC of honest work, then vouches four times',
      feesPerVoucher: 1_500_000,
      bond: 0,
      capitalPerVoucher: 150_000_000,
      days: 1,
      standing: 0.3,
    },
    {
      name: 'bought edges: a fresh account buys 200 USDC of honest work, then vouches four times',
      feesPerVoucher: 1_500_000,
      bond: 0,
      capitalPerVoucher: 150_000_000,
      days: 1,
      standing: 1.02,
    },
    // The floor of the formula: no fee is heard twice, so that no market and no number of crooks goes below.
    {
      name: 'voucher farm: a fresh account buys 500 USDC of honest work, then vouches for twenty',
      feesPerVoucher: 500_000,
      bond: 0,
      capitalPerVoucher: 50_000_000,
      days: 1,
      standing: 1.97,
    },
  ],
}

/**
 * The least that raising a composite by 100 costs over the attacks of the table: fees burned, bond at
 * risk, and capital x days x 5 %/365 (base units). `harmed` is the mean standing of those who suffered,
 * which bought accounts have to match before they are forgiven for. Null above 900, where 100 more
 * cannot be had, and where a flag says that a cheaper way is known.
 */
export function costToFake100(
  { posterior, base }: { posterior: Posterior; base: number },
  { known, harmed }: { known: boolean; harmed: number },
  parameters: TrustParameters,
): bigint | null {
  const shown = shownOf(posterior, parameters)
  if (known || shown > 0.9) return null
  const prior = parameters.priorTrades * base
  const costs = ATTACK_TABLE.attacks.map(
    ({ feesPerVoucher, bond, capitalPerVoucher, days, standing }) => {
      const heard = Math.min(1, standing / Math.max(1, harmed))
      const vouchers = vouchersFor({ posterior, prior, wanted: shown + 0.1, heard }, parameters)
      return (
        vouchers * feesPerVoucher +
        bond +
        (vouchers * capitalPerVoucher * days * ATTACK_TABLE.capitalRate) / 365
      )
    },
  )
  return costs.length === 0 ? null : BigInt(Math.floor(Math.min(...costs)))
}

/**
 * Full vouchers that lift the display to `wanted`, within a hundredth and never more than it takes; each of
 * them also forgives, as far as it is heard. Not rounded up: whoever buys fewer fees has a part of a voucher.
 */
function vouchersFor({ posterior, prior, wanted, heard }: Wanted, parameters: TrustParameters) {
  const reaches = (count: number): boolean => {
    const open = (posterior.failures - prior) * fade(count * heard * parameters.forgiveness, 1)
    const after = { failures: prior + open, successes: posterior.successes + count }
    return shownOf(after, parameters) >= wanted
  }
  let high = 1
  while (!reaches(high) && high < 1e6) high *= 2
  let low = high === 1 ? 0 : high / 2
  while (high - low > 0.01 * high) {
    const middle = (low + high) / 2
    if (reaches(middle)) high = middle
    else low = middle
  }
  return low
}

type Wanted = { posterior: Posterior; prior: number; wanted: number; heard: number }
