import { splitOf, stakeOf, windowsOf } from '@earnest/sdk/protocol'
import type { Chance } from '../../bench/verify/chance.ts'
import type { BuyerKind, SellerKind } from './people.ts'

const HOUR = 3600
const FEES = { protocolFeeBps: 50, arbitrationFeeBps: 100 }

/** What is assumed beside the behaviour, in one place. */
export const ASSUMPTIONS = {
  /** Share of pacts whose criteria code can check. */
  checkable: 0.8,
  /** Of a checked delivery: bad work called done, good work called wanting; bench:verify prints both. */
  falseAccept: 0.02,
  falseReject: 0.02,
  /** Somebody who looks recognises work that is wanting. */
  notices: 0.95,
  /** A human moderator, or the jury on natural and on adversarial cases, finds the true share. */
  moderator: 0.9,
  jury: { natural: 0.93, adversarial: 0.83 },
  /** Hours that a moderator and a jury take. */
  moderatorHours: 72,
  juryHours: 6,
} as const

/** One delivery between two people. */
export interface Case {
  amount: bigint
  buyer: BuyerKind
  seller: SellerKind
  quality: number
  isCheckable: boolean
  /** Seconds since some Monday. */
  deliveredAt: number
}

/** Who has what in the end, base units beside the escrow's amount, and when. */
export interface Outcome {
  seller: bigint
  buyer: bigint
  fees: bigint
  seconds: number
  judged: boolean
}

/** A way to treat silence after a delivery. */
export type Rule = (chance: Chance, trade: Case) => Outcome

/**
 * The rule of the sources: silence for a fixed time pays; a dispute waits for the seller, then for a human.
 */
export function fixedRule(hours: number): Rule {
  const window = hours * HOUR
  return (chance, trade) => {
    const { buyer, seller, quality } = trade
    const looks = buyer.looksAfter(chance, trade.deliveredAt)
    if (looks >= window) return paid(trade, { bps: 10_000, seconds: window })
    const objects = buyer.isGriefing || (quality < 1 && chance.next() < ASSUMPTIONS.notices)
    if (!objects) return paid(trade, { bps: 10_000, seconds: looks })
    const answer = chance.next()
    if (answer < seller.refunds) return paid(trade, { bps: 0, seconds: looks + HOUR })
    const isDefended = answer < seller.refunds + seller.defends
    const seconds = looks + (isDefended ? window : 0) + window + ASSUMPTIONS.moderatorHours * HOUR
    const share = chance.next() < ASSUMPTIONS.moderator ? quality : 1 - quality
    return paid(trade, { bps: bpsOf(share), seconds, judged: true })
  }
}

/**
 * Our rule: what code has passed pays by itself, what code has not passed is disputed by itself, and what
 * code cannot check and nobody has looked at goes to the arbiter. Windows are the published ones.
 */
export const ourRule: Rule = (chance, trade) => {
  const { amount, buyer, seller, quality, isCheckable } = trade
  const windows = windowsOf({ profile: buyer.profile, amount })
  const isGood = quality === 1
  const error = isGood ? ASSUMPTIONS.falseReject : ASSUMPTIONS.falseAccept
  const passes = isCheckable ? isGood !== chance.next() < error : undefined
  const seen = looksWithin(chance, trade, windows.review)

  if (passes === false) return disputed(0, undefined)
  const objects =
    seen !== undefined && (buyer.isGriefing || (!isGood && chance.next() < ASSUMPTIONS.notices))
  if (objects) return disputed(seen, 'buyer')
  if (passes) return paid(trade, { bps: 10_000, seconds: seen ?? windows.review })
  if (seen !== undefined) return paid(trade, { bps: 10_000, seconds: seen })
  // Unchecked and unseen: silence pays nobody.
  return ruled(windows.review, undefined)

  function disputed(at: number, by: 'buyer' | undefined): Outcome {
    const answer = chance.next()
    // Who has a PASS in hand has no cause to refund.
    const refunds = passes ? 0 : seller.refunds
    if (answer < refunds) {
      const seconds = at + Math.min(HOUR, windows.response)
      return paid(trade, { bps: 0, seconds })
    }
    const isDefended = answer < seller.refunds + seller.defends
    return ruled(at + (isDefended ? windows.negotiation : windows.response), by)
  }

  function ruled(at: number, by: 'buyer' | undefined): Outcome {
    const { natural, adversarial } = ASSUMPTIONS.jury
    const accuracy = seller.isAdversarial ? adversarial : natural
    // What code has checked is in the evidence, and the jury decides only the rest.
    const isRight = isCheckable || chance.next() < accuracy
    const found = isCheckable && passes !== isGood ? (passes ? 1 : 0.5) : quality
    const share = isRight ? found : 1 - found
    const seconds = at + Math.min(ASSUMPTIONS.juryHours * HOUR, windows.arbitration)
    return paid(trade, { bps: bpsOf(share), seconds, judged: true, disputedBy: by, fee: true })
  }
}

/** Seconds after which the buyer looks within a window, by itself or because it was reminded. */
function looksWithin(
  chance: Chance,
  { buyer, deliveredAt }: Case,
  window: number,
): number | undefined {
  const own = buyer.looksAfter(chance, deliveredAt)
  // Reminders go out at half and at nine tenths of a window of an hour and more.
  const reminders = window >= HOUR ? [0.5, 0.9].map((part) => part * window) : []
  const reminded = reminders.filter(() => chance.next() < buyer.wakes)
  const first = Math.min(own, ...reminded)
  return first < window ? first : undefined
}

function paid(
  { amount }: Case,
  {
    bps,
    seconds,
    judged = false,
    fee = false,
    disputedBy,
  }: {
    bps: number
    seconds: number
    judged?: boolean
    fee?: boolean
    disputedBy?: 'buyer' | undefined
  },
): Outcome {
  // Due where a party disputed, or where the arbiter's own finding ended below nine tenths.
  const arbitrated = fee && (disputedBy !== undefined || bps < 9000)
  const split = splitOf({ amount, sellerBps: bps, ...FEES, arbitrated })
  const lost = disputedBy === 'buyer' && bps > 9000 ? stakeOf({ amount, ...FEES }) : 0n
  return {
    seller: split.seller + lost,
    buyer: split.buyer - lost,
    fees: split.protocol + split.arbitration,
    seconds,
    judged,
  }
}

const bpsOf = (share: number) => Math.round(share * 10_000)
