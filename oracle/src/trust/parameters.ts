const DAY = 86_400

/**
 * The numbers of the formula. They are published and versioned: a response names the version, and
 * whoever holds the events and this table recomputes every score.
 */
export const TRUST_PARAMETERS = {
  version: 'earnest-trust/5',
  /** Teleport share of the personalised PageRank. */
  alpha: 0.15,
  /** Graph weights are brought to their fixed point at least every so many events. */
  refreshEvery: 250,
  /** The trust that counts as one full voucher: below it lies this share of the trust mass. */
  massShare: 0.03,
  /** Half-life of a fulfilled trade, seconds. */
  successHalfLife: 90 * DAY,
  /** Half-life of a buyer's habit, seconds. */
  habitHalfLife: 60 * DAY,
  priorTrades: 3,
  penaltyWeight: 2,
  habitPrior: 5,
  pairPrior: 1,
  /** What one voucher without a trust path adds, and what all of them together are worth at most. */
  untrustedVoucher: 0.05,
  untrustedCap: 0.5,
  /** A penalty halves after 1 / forgiveness trusted deliveries. */
  forgiveness: 0.5,
  /** Laplace start of the market failure rate: failures, trades. */
  baseFailures: 1,
  baseTrades: 10,
  /** Distinct seller clusters before a capability or price band has a base rate of its own. */
  baseClusters: 20,
  /** Trades of evidence that may be carried into another capability, from prices within the ratio. */
  backOffTrades: 3,
  backOffRatio: 10,
  /** Protocol fees, base units of USDC, that every full voucher burns elsewhere: none is heard twice. */
  feePerVoucher: 500_000,
  /** Protocol fees, base units of USDC, that a buyer burned elsewhere for every full voucher to one seller's cluster. */
  feeToBeHeard: 1_500_000,
  /** A share of a voucher below this is no path of trust. */
  parcelShare: 1e-3,
  /** Edges that a search for money that comes back looks at, in a market of any size. */
  mostVisits: 8_000,
  /** Edge weight from payee to payer, as a multiple of the edge from payer to payee. */
  payeeEdge: 1,
  /** Whether a seed's own purchases carry trust: only in rating files, which know no fees. */
  seedPurchases: false,
  /** Largest share of its trust that a seed passes to one cluster. */
  seedClusterShare: 0.01,
  /** The display: quantile of the posterior, power of the scale. */
  shownQuantile: 0.9,
  shownPower: 0.4,
  lowerQuantile: 0.1,
  /** Below this evidence an agent is unrated. */
  ratedEvidence: 1,
  /** What a newcomer without a bond may have open in all, base units; an operator's own choice, no score depends on it. */
  newcomerCap: 20_000_000,
  recalibration: { refitEvery: 250, warmUp: 500, ridge: 20, halfLife: 5_000, window: 20_000 },
} as const

/** Type of the parameter table, with the literals widened. */
export type TrustParameters = {
  [K in keyof typeof TRUST_PARAMETERS]: (typeof TRUST_PARAMETERS)[K] extends number
    ? number
    : (typeof TRUST_PARAMETERS)[K] extends boolean
      ? boolean
      : (typeof TRUST_PARAMETERS)[K] extends string
        ? string
        : { [L in keyof (typeof TRUST_PARAMETERS)[K]]: number }
}

/**
 * The same table for a file of ratings, where an edge is an opinion and not a payment: opinions flow
 * one way, and the founder's own ratings are the only way out of the seed.
 */
export const RATING_PARAMETERS: TrustParameters = {
  ...TRUST_PARAMETERS,
  payeeEdge: 0,
  seedPurchases: true,
}
