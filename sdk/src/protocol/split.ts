import { EarnestError } from './error.ts'

/** Who gets what of an escrow, in base units; the four add up to the amount. */
export interface Split {
  arbitration: bigint
  protocol: bigint
  /** After the protocol fee. */
  seller: bigint
  buyer: bigint
}

/**
 * Divides an amount (base units) exactly as the contract does: arbitration off the top, the protocol
 * fee from the seller, floors everywhere, the rest to the buyer (W-14, FEE-01). Throws `split_out_of_range`.
 * @param options.arbitrated Whether the arbitration fee is due.
 */
export function splitOf(options: {
  amount: bigint
  sellerBps: number
  protocolFeeBps: number
  arbitrationFeeBps: number
  arbitrated: boolean
}): Split {
  const { amount, arbitrated } = options
  const [sellerBps, protocolBps, arbitrationBps] = [
    options.sellerBps,
    options.protocolFeeBps,
    options.arbitrationFeeBps,
  ].map((bps) => {
    if (!Number.isInteger(bps) || bps < 0 || bps > 10_000) {
      throw new EarnestError('split_out_of_range', 'Want 0 to 10000 basis points')
    }
    return BigInt(bps)
  }) as [bigint, bigint, bigint]
  if (amount < 0n) throw new EarnestError('split_out_of_range', 'Want an amount')
  const arbitration = arbitrated ? (amount * arbitrationBps) / 10_000n : 0n
  const gross = ((amount - arbitration) * sellerBps) / 10_000n
  const fee = (amount * sellerBps * protocolBps) / 100_000_000n
  const protocol = fee < gross ? fee : gross
  return { arbitration, protocol, seller: gross - protocol, buyer: amount - arbitration - gross }
}

/** The stake that a disputer pays: one arbitration fee, in base units. */
export function stakeOf({
  amount,
  arbitrationFeeBps,
}: {
  amount: bigint
  arbitrationFeeBps: number
}): bigint {
  return (amount * BigInt(arbitrationFeeBps)) / 10_000n
}
