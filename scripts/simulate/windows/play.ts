import { createChance } from '../../bench/verify/chance.ts'
import { type BuyerKind, buyers, type SellerKind, sellers } from './people.ts'
import { ASSUMPTIONS, type Case, fixedRule, type Outcome, ourRule, type Rule } from './rules.ts'

const USDC = 1_000_000n
const AMOUNTS = [5n, 50n, 500n, 10_000n].map((whole) => whole * USDC)
const WEEK = 7 * 86_400

/** What a rule does to two people: losses in USDC for each 100 USDC, hours until the money has moved. */
export interface Cell {
  buyer: BuyerKind['name']
  seller: SellerKind['name']
  buyerLoss: number
  sellerLoss: number
  hours: number
  judged: number
}

/** Everything that is compared, under one seed. */
export function playWindows({ seed, trades }: { seed: number; trades: number }) {
  return {
    seed,
    trades,
    amountsUsdc: AMOUNTS.map((amount) => Number(amount / USDC)),
    assumptions: ASSUMPTIONS,
    fixed48: matrix(fixedRule(48)),
    ours: matrix(ourRule),
    lengths: [24, 48, 72, 96, 168].map((window) => ({
      window,
      ...totalOf(matrix(fixedRule(window))),
    })),
    ourTotal: totalOf(matrix(ourRule)),
  }

  function matrix(rule: Rule): Cell[] {
    return sellers.flatMap((seller) => buyers.map((buyer) => play(rule, seller, buyer)))
  }

  function play(rule: Rule, seller: SellerKind, buyer: BuyerKind): Cell {
    // The same people, works and moments under every rule: two generators, one for them, one for the rule.
    const world = createChance(seed)
    const chance = createChance(seed + 1)
    let [buyerLoss, sellerLoss, seconds, judged] = [0, 0, 0, 0]
    for (let n = 0; n < trades; n++) {
      const trade: Case = {
        amount: world.pick(AMOUNTS),
        buyer,
        seller,
        quality: seller.quality(world),
        isCheckable: world.next() < ASSUMPTIONS.checkable,
        deliveredAt: Math.floor(world.next() * WEEK),
      }
      const outcome = rule(chance, trade)
      const lost = lossOf(trade, outcome)
      buyerLoss += lost.buyer
      sellerLoss += lost.seller
      seconds += outcome.seconds
      judged += outcome.judged ? 1 : 0
    }
    return {
      buyer: buyer.name,
      seller: seller.name,
      buyerLoss: round(buyerLoss / trades),
      sellerLoss: round(sellerLoss / trades),
      hours: round(seconds / trades / 3600),
      judged: round((100 * judged) / trades),
    }
  }
}

/** For each 100 USDC: what the buyer paid above the worth of the work, what the seller got below it. */
function lossOf({ amount, quality }: Case, { seller, buyer }: Outcome) {
  const per = (base: number) => (100 * base) / Number(amount)
  const worth = Number(amount) * quality
  // The protocol's fee is the same under every rule and nobody's loss here.
  const due = worth * (1 - 0.005)
  return {
    buyer: per(Math.max(0, Number(amount - buyer) - worth)),
    seller: per(Math.max(0, due - Number(seller))),
  }
}

function totalOf(cells: readonly Cell[]) {
  const mean = (of: (cell: Cell) => number) =>
    round(cells.reduce((sum, cell) => sum + of(cell), 0) / cells.length)
  return {
    buyerLoss: mean(({ buyerLoss }) => buyerLoss),
    sellerLoss: mean(({ sellerLoss }) => sellerLoss),
    hours: mean(({ hours }) => hours),
  }
}

const round = (value: number) => Math.round(value * 100) / 100
