import { refresh } from '../../oracle/src/trust/refresh.ts'
import type { TrustState } from '../../oracle/src/trust/state.ts'
import { voucherOf } from '../../oracle/src/trust/voucher.ts'
import { createWorld, DAY, FEE, START, USDC, type World } from './world.ts'

/** One point of a curve: what was paid (USDC of fees, capital for how long) and what it brought. */
export type Point = {
  attack: string
  effort: number
  fees: number
  capitalDays: number
  /** Composite without and with the attack at the same time; of an unrated agent what would show. */
  without: number
  after: number
  gain: number
  flagged: boolean
}

type Play = {
  attack: string
  effort: number
  /** What it does; fees where somebody else than the crook paid them. */
  act?: (world: World) => { capitalDays: number; fees?: number }
  /** Who is looked at, and when. */
  agent?: string
  now?: number
}

const NOW = START + 60 * DAY
const RIVAL = 'rival'

/** Plays one attack around a seller with a middling record, in a world of its own. */
function play({ attack, effort, act, agent = 'bad-target', now = NOW }: Play): Point {
  const [calm, world] = [middlingWorld(), middlingWorld()]
  const spent = world.spentBy('bad-')
  const { capitalDays, fees = world.spentBy('bad-') - spent } = act?.(world) ?? { capitalDays: 0 }
  const without = calm.model.rank({ agent: agent === NEW_NAME ? 'bad-target' : agent, now: NOW })
  const after = world.model.rank({ agent, now })
  const flags = [...world.model.state.flags.values()]
  return {
    attack,
    effort,
    fees: round(fees),
    capitalDays: round(capitalDays),
    without: Math.round(without),
    after: Math.round(after),
    gain: Math.round(after) - Math.round(without),
    flagged: flags.some(({ agents }) => agents.some((name) => name.startsWith('bad-'))),
  }
}

const NEW_NAME = 'bad-new-name'

/** A world with a seller of a middling record and a good rival; every play gets a copy of it. */
function middlingWorld(): World {
  stored ??= makeMiddling().model.snapshot()
  return createWorld({ buyers: 300, seed: 7, state: structuredClone(stored) })
}

let stored: TrustState | undefined

function makeMiddling(): World {
  const world = createWorld({ buyers: 300, seed: 7 })
  for (let i = 0; i < 24; i++) {
    const failed = i === 3 || i === 17
    const [buyer, other] = [world.buyers[i] as string, world.buyers[100 + i] as string]
    const at = START + (i * DAY) / 2
    world.trade({ buyer, seller: 'bad-target', at, failed })
    world.trade({ buyer: other, seller: RIVAL, at })
  }
  return world
}

function round(value: number): number {
  return Math.round(value * 1_000) / 1_000
}

/** Every attack of the suite at several efforts. */
export function attackCurves(): Point[] {
  const efforts = [1, 3, 10, 30, 100]
  const curve = (attack: string, act: (world: World, n: number) => { capitalDays: number }) =>
    efforts.map((effort) => play({ attack, effort, act: (world) => act(world, effort) }))
  return [
    ...curve('honest', honest),
    ...curve('ring', ring),
    ...curve('self-dealing', selfDealing),
    ...curve('bought edges', boughtEdges),
    ...curve('bought edges, one purse', (world, sybils) => boughtEdges(world, sybils, '0xpurse')),
    ...[30, 90, 365].map((days) =>
      play({ attack: 'waiting', effort: days, now: NOW + days * DAY }),
    ),
    play({ attack: 'whitewash', effort: 1, agent: NEW_NAME }),
    ...efforts.map((effort) =>
      play({ attack: 'poisoning', effort, act: (world) => poison(world, effort), agent: RIVAL }),
    ),
  ]
}

/**
 * The yardstick: the seller delivers to so many strangers, and what it burns are the fees of its own sales.
 * The work is not priced here.
 */
function honest(world: World, trades: number): { capitalDays: number; fees: number } {
  for (let i = 0; i < trades; i++) {
    const buyer = world.buyers[30 + i] as string
    world.trade({ buyer, seller: 'bad-target', at: START + 30 * DAY + (i * DAY) / 4 })
  }
  return { capitalDays: (trades * 50) / 24, fees: trades * 50 * FEE }
}

/**
 * What 100 more points cost a seller with a middling record, USDC: as its trust answer says, by the
 * cheapest price of a voucher, and as the curves come to, the cheapest of them first. The answer has to be the lower.
 */
export function costOfMiddling(points: readonly Point[]): {
  served: number | null
  curves: { attack: string; cost: number }[]
} {
  const answer = middlingWorld().model.assess({ agent: 'bad-target', role: 'seller', now: NOW })
  const { costToFake100 } = answer
  const curves = [...Map.groupBy(points, ({ attack }) => attack)].flatMap(([attack, all]) => {
    if (attack === 'honest' || attack === 'poisoning') return []
    const above = all.findIndex(({ gain }) => gain >= 100)
    const [to, from] = [all[above], all[above - 1]]
    if (!to) return []
    const way = from ? (100 - from.gain) / (to.gain - from.gain) : 1
    const start = from ? costOf(from) : 0
    return [{ attack, cost: round(start + way * (costOf(to) - start)) }]
  })
  return {
    served: costToFake100 === null ? null : Number(costToFake100) / USDC,
    curves: curves.sort((left, right) => left.cost - right.cost),
  }
}

/** Fees and what the capital would have earned meanwhile at 5 % a year, USDC. */
export function costOf({ fees, capitalDays }: Pick<Point, 'fees' | 'capitalDays'>): number {
  return fees + (capitalDays * 0.05) / 365
}

/** Fresh sybils that the seller pays first, that trade among themselves and then vouch. */
function ring(world: World, sybils: number): { capitalDays: number } {
  const name = (i: number): string => `bad-sybil-${i % sybils}`
  for (let i = 0; i < sybils; i++) {
    world.trade({ buyer: 'bad-target', seller: name(i), at: START + 20 * DAY + i * 60 })
    if (sybils > 1) {
      world.trade({ buyer: name(i), seller: name(i + 1), at: START + 21 * DAY + i * 60 })
    }
  }
  refresh(world.model.state, world.model.parameters)
  for (let i = 0; i < sybils; i++) {
    world.trade({ buyer: name(i), seller: 'bad-target', at: START + 30 * DAY + i * 60 })
  }
  return { capitalDays: (3 * sybils * 50) / 24 }
}

/** One trusted-looking partner of the same organisation buys again and again. */
function selfDealing(world: World, trades: number): { capitalDays: number } {
  for (const agent of ['bad-target', 'bad-partner']) {
    world.apply({ kind: 'agent', agent, at: START + 20 * DAY, organization: 'bad-org' })
  }
  for (let i = 0; i < trades; i++) {
    const at = START + 20 * DAY + (i * 30 * DAY) / trades
    world.trade({ buyer: 'bad-partner', seller: 'bad-target', at })
  }
  return { capitalDays: (trades * 50) / 24 }
}

/**
 * Each sybil buys real work of an honest seller with real fees, then vouches four times in trades of a
 * cent: the cheapest way for one seller that `voucherPrices` knows. Who funds them all
 * from one wallet is seen on chain; who does not needs an exchange, or a purse for each.
 */
function boughtEdges(world: World, sybils: number, purse?: string): { capitalDays: number } {
  for (let i = 0; i < sybils && purse !== undefined; i++) {
    world.apply({ kind: 'agent', agent: `bad-edge-${i}`, at: START + 20 * DAY, funder: purse })
  }
  for (let i = 0; i < sybils; i++) {
    const seller = `seller-${i % 60}`
    world.trade({ buyer: `bad-edge-${i}`, seller, at: START + 20 * DAY + i * 60, usdc: 150 })
  }
  refresh(world.model.state, world.model.parameters)
  for (let i = 0; i < 4 * sybils; i++) {
    const buyer = `bad-edge-${i % sybils}`
    world.trade({ buyer, seller: 'bad-target', at: START + 30 * DAY + i * 60, usdc: 0.01 })
  }
  return { capitalDays: 150 * sybils }
}

/** Sybils fund real escrows with a rival, dispute good work and lose the ruling and their stake. */
function poison(world: World, trades: number): { capitalDays: number } {
  for (let i = 0; i < trades; i++) {
    world.apply({
      kind: 'settled',
      escrowId: `poison-${i}`,
      at: START + 20 * DAY + i * 60,
      buyer: `bad-poison-${i}`,
      seller: RIVAL,
      capability: 'any',
      amount: BigInt(50 * USDC),
      protocolFee: BigInt(Math.round(50 * FEE * USDC)),
      ending: 'resolved',
      sellerBps: 9_500,
      dispute: { by: 'buyer', awardedBps: 9_500 },
    })
  }
  return { capitalDays: trades * 50 * 3 }
}

/** What an account does with the trust that it bought: one word, words to one seller, or to whoever pays. */
const WAYS = {
  'vouches once': { crooks: 1, times: 1 },
  'vouches four times': { crooks: 1, times: 4 },
  'vouches for twenty': { crooks: 20, times: 1 },
} as const

/**
 * The price of one full voucher: a fresh account burns fees on honest work, then vouches for strangers
 * in trades of a cent, since a voucher weighs the same at any price. What `ATTACK_TABLE` of the oracle is
 * made of.
 */
export function voucherPrices(): {
  way: string
  spentUsdc: number
  fees: number
  weight: number
  standing: number
  perVoucher: number
}[] {
  return Object.entries(WAYS).flatMap(([way, { crooks, times }]) =>
    [50, 100, 150, 200, 500].map((usdc) => {
      const world = createWorld({ buyers: 300, seed: 9 })
      const { state, parameters } = world.model
      world.trade({ buyer: 'bad-buyer', seller: 'seller-1', at: START, usdc })
      refresh(state, parameters)
      const strangers = Array.from({ length: crooks }, (_, crook) => `stranger-${crook}`)
      for (const seller of strangers) world.trade({ buyer: 'buyer-1', seller, at: START })
      const buyer = state.indexOf.get('bad-buyer') as number
      const seller = state.indexOf.get('stranger-0') as number
      const { standing } = voucherOf(state, { buyer, seller }, parameters)
      const before = state.given[buyer] as number
      for (let time = 0; time < times; time++) {
        for (const stranger of strangers) {
          world.trade({ buyer: 'bad-buyer', seller: stranger, at: START, usdc: 0.01 })
        }
      }
      const weight = (state.given[buyer] as number) - before
      const fees = world.spentBy('bad-')
      return {
        way,
        spentUsdc: usdc,
        fees: round(fees),
        weight: round(weight),
        standing: round(standing),
        perVoucher: round(fees / weight),
      }
    }),
  )
}

/**
 * What a profile of so many full vouchers costs at its cheapest, all given to one seller, beside the fees
 * that a wash trader would reckon with (REP-17). `total` counts a tenth of the honest work that has to be
 * bought as lost: nobody has a use for all of it.
 */
export function fakeProfile(transactions: number): {
  transactions: number
  washFees: number
  fees: number
  realWorkUsdc: number
  total: number
  times: number
} {
  const own = voucherPrices().filter(({ way }) => way !== 'vouches for twenty')
  const cheapest = own.reduce((best, price) => (price.perVoucher < best.perVoucher ? price : best))
  const washFees = transactions * 50 * 0.005
  const fees = transactions * cheapest.perVoucher
  const realWorkUsdc = (transactions / cheapest.weight) * cheapest.spentUsdc
  const total = fees + realWorkUsdc / 10
  return {
    transactions,
    washFees,
    fees: round(fees),
    realWorkUsdc: Math.round(realWorkUsdc),
    total: Math.round(total),
    times: round(total / washFees),
  }
}

/**
 * Owner and agent together deliver junk (UNS-08, ATK-13). They are paid only if it passes for good;
 * else they lose the reserved bond and the stake. Expected profit at a rate of false accepts, and the
 * rate at which it would pay.
 */
export function collusion(falseAccept: number): {
  falseAccept: number
  cases: { case: string; amount: number; expectedProfit: number; breakEven: number }[]
} {
  const stake = 0.01
  const gas = 0.1
  const cases = [
    { case: 'newcomer, micro cap, no bond', amount: 20, bond: 0 },
    { case: 'newcomer, bonded', amount: 500, bond: 500 },
    { case: 'known, bond for half', amount: 500, bond: 250 },
  ].map(({ amount, bond, ...rest }) => {
    const won = amount * (1 - FEE)
    const lost = bond + stake * amount + gas
    return {
      ...rest,
      amount,
      expectedProfit: round(falseAccept * won - (1 - falseAccept) * lost),
      breakEven: round(lost / (won + lost)),
    }
  })
  return { falseAccept, cases }
}
