import type { ArbiterStatistics, Spread } from '@earnest/sdk/protocol'

/** Seconds from escalation to ruling that a dispute should not exceed (DSP-18). */
export const RULING_TARGET = 6 * 3600

/** One ruling as it bears on its arbiter. */
export type RuledCase = {
  tier: 'jury' | 'committee' | 'moderator'
  escalatedAt: number
  ruledAt: number
  sellerBps: number
  /** What the recomputable checks gave the seller; null where nothing could be checked. */
  checkedBps: number | null
  disputedBy: 'buyer' | 'seller' | 'arbiter'
  appealed: boolean
  overturned: boolean
  /** Share of those who decided that had shown competence in the domain; null where unknown. */
  domainMatch: number | null
}

/** An answer to a known case. */
export type KnownAnswer = { model: string; right: boolean }

type Tier = ArbiterStatistics['jury']

/** How fast, how competent and how even-handed one tier is, over its cases (UNS-13, TAP-22). */
export function tierOf(cases: readonly RuledCase[]): Tier {
  const seconds = cases.map(({ escalatedAt, ruledAt }) => ruledAt - escalatedAt).sort(ascending)
  const matches = cases.flatMap(({ domainMatch }) => domainMatch ?? [])
  const measured = cases.filter(({ checkedBps }) => checkedBps !== null)
  const biasOf = (list: readonly RuledCase[]) =>
    spreadOf(list.map(({ sellerBps, checkedBps }) => (sellerBps - (checkedBps ?? 0)) / 100))
  return {
    cases: cases.length,
    latency: {
      p50: quantile(seconds, 0.5),
      p95: quantile(seconds, 0.95),
      longest: seconds.at(-1) ?? null,
    },
    domainMatch: matches.length === 0 ? null : round(mean(matches)),
    bias: {
      all: biasOf(measured),
      disputedByBuyer: biasOf(measured.filter(({ disputedBy }) => disputedBy === 'buyer')),
      disputedBySeller: biasOf(measured.filter(({ disputedBy }) => disputedBy === 'seller')),
    },
    appealed: cases.filter(({ appealed }) => appealed).length,
    overturned: cases.filter(({ overturned }) => overturned).length,
  }
}

/** How often each judge knew the known answers. */
export function judgesOf(answers: readonly KnownAnswer[]): ArbiterStatistics['judges'] {
  return [...Map.groupBy(answers, ({ model }) => model)]
    .map(([model, own]) => ({
      model,
      known: own.length,
      right: own.length === 0 ? null : round(own.filter(({ right }) => right).length / own.length),
    }))
    .sort((a, b) => (a.model < b.model ? -1 : 1))
}

/** The mean of some figures with its 95 % interval (normal, by the sample's own spread). */
export function spreadOf(figures: readonly number[]): Spread {
  const { length: cases } = figures
  if (cases === 0) return { cases, mean: null, low: null, high: null }
  const middle = mean(figures)
  if (cases < 2) return { cases, mean: round(middle), low: null, high: null }
  const variance = figures.reduce((sum, x) => sum + (x - middle) ** 2, 0) / (cases - 1)
  const half = 1.96 * Math.sqrt(variance / cases)
  return { cases, mean: round(middle), low: round(middle - half), high: round(middle + half) }
}

/** Of sorted figures, the one below which a share of them lies (nearest rank). */
function quantile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null
}

const ascending = (a: number, b: number) => a - b
const mean = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0) / list.length
const round = (value: number) => Math.round(value * 1000) / 1000
