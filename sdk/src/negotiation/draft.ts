import type { Address } from 'viem'
import type { Agent } from '../discovery/discover.ts'
import { isSameAddress, ZERO_ADDRESS } from '../protocol/address.ts'
import type { Criterion } from '../protocol/criterion.ts'
import { EarnestError } from '../protocol/error.ts'
import { hashBytes } from '../protocol/hash.ts'
import { ladderOf, packLadder, unpackLadder } from '../protocol/ladder.ts'
import { decodePact, encodePact, type Milestone, type Pact } from '../protocol/pact.ts'
import type { OracleInfo } from '../protocol/route.ts'
import { type Profile, type Windows, windowsOf } from '../protocol/timing.ts'

/** Seconds in which a buyer means to fund, at most. */
const FUND_WITHIN = 3600

/** The work that a buyer wants done. */
export interface Task {
  capability: string
  description: string
  /** JSON that the seller works on; SHA-256 of larger files, with where they are. */
  input: Pact['input']
  /** MIME types of the files wanted. */
  outputFormats: readonly string[]
  acceptance: readonly Criterion[]
  /** Unix seconds. */
  deadline: number
  /** Least accuracy, 0 to 1, and the metric criterion that measures it, or "unverified" (PCT-07). */
  minAccuracy?: number
  accuracyMethod?: string
  milestones?: readonly Milestone[]
  profile?: Profile
  windows?: Windows
  /** Share of the seller where nothing else decides, basis points. */
  fallbackSellerBps?: number
  disclosure?: Pact['disclosure']
  /** The bytes of every checker and held-out data set that a criterion names by hash. */
  deposits?: readonly Uint8Array[]
  /** Another arbiter than the oracle's first; the seller has to accept it too (UNS-20). */
  arbiter?: Address
}

/** The seller's card, as far as a draft needs it. */
export type Draftee = Pick<Agent, 'did' | 'wallet' | 'trade'>

/** What a draft is made of. */
export interface DraftOptions {
  agent: Draftee
  task: Task
  /** Base units. */
  paymentUsdc: bigint
  buyer: { did: string; wallet: Address }
  /** The seller's wallet, proven; default: the one that the card binds. */
  sellerWallet?: Address
  /** Where the trade settles: the first oracle's word, checked against the seller's card. */
  oracle: OracleInfo
  /** Unix seconds. */
  now: number
  /** Names the vault, so that a bonded seller is paid at once. */
  instantRelease?: boolean
  /** Buyer and seller are a trusted pair (POL-10). */
  isTrusted?: boolean
}

/**
 * Writes the pact that a buyer proposes. Throws `seller_wallet_unknown`, `no_common_escrow` where seller
 * and oracle settle in different places, and the pact's own rules as codes.
 */
export function draftPact(options: DraftOptions): Pact {
  const { agent, task, paymentUsdc, buyer, oracle, now, isTrusted } = options
  const wallet = options.sellerWallet ?? agent.wallet?.address
  if (agent.did === null || wallet === undefined) {
    throw new EarnestError('seller_wallet_unknown', 'No wallet is proven to be the seller’s')
  }
  const arbiter = task.arbiter ?? oracle.arbiters[0]
  const [recipient] = oracle.feeRecipients
  if (arbiter === undefined || recipient === undefined) {
    throw new EarnestError('no_common_escrow', 'The oracle names no arbiter or fee recipient')
  }
  checkCommonGround(agent, oracle, arbiter)
  const profile = task.profile ?? 'agent'
  const milestones = task.milestones && [...task.milestones]
  const fundBy = Math.min(now + FUND_WITHIN, now + Math.floor((task.deadline - now) / 2))
  const pact: Pact = {
    version: '1',
    buyer,
    seller: { did: agent.did, wallet },
    proposedBy: buyer.did,
    proposedTo: agent.did,
    capability: task.capability,
    taskDescription: task.description,
    input: task.input,
    deliverableFormat: [...task.outputFormats],
    acceptance: [...task.acceptance],
    ...(task.minAccuracy !== undefined && {
      accuracyRequirement: task.minAccuracy,
      accuracyMethod: task.accuracyMethod ?? 'unverified',
    }),
    paymentUsdc,
    deadlineUtc: task.deadline,
    ...(milestones && { milestones }),
    timing: {
      profile,
      fundBy: milestones?.[0]?.fundBy ?? fundBy,
      windows: task.windows ?? windowsOf({ profile, amount: paymentUsdc, isTrusted }),
    },
    escrow: {
      chainId: oracle.chainId,
      contract: oracle.escrow,
      token: oracle.token,
      arbiter,
      vault: options.instantRelease ? oracle.vault : ZERO_ADDRESS,
      fees: { ...oracle.fees, recipient },
      fallback: { sellerBps: task.fallbackSellerBps ?? 5_000 },
      ladder: ladderFor(profile, oracle.ladder),
    },
    disclosure: task.disclosure ?? { committee: false, judges: [] },
    proposedAt: now,
    nonce: crypto.randomUUID(),
    salt: hashBytes(crypto.getRandomValues(new Uint8Array(32))),
  }
  // Round trip: what breaks a rule of the pact is refused here and not by the seller.
  return decodePact(encodePact(pact))
}

/** The published ladder of the profile, with the oracle's pool and bond; none where the oracle has none. */
function ladderFor(profile: Profile, ladder: string): string {
  const known = unpackLadder(ladder)
  if (known === null) return ladder
  const { pool, appealBond } = known
  return packLadder(ladderOf({ profile, pool, appealBond }))
}

function checkCommonGround({ trade }: Draftee, oracle: OracleInfo, arbiter: Address): void {
  if (trade === undefined) {
    throw new EarnestError('no_common_escrow', 'The seller does not trade by escrow')
  }
  const { settlement, arbiters } = trade
  const facts: [string, boolean][] = [
    ['network', settlement.network === oracle.chainId],
    ['escrow', isSameAddress(settlement.escrow, oracle.escrow)],
    ['asset', isSameAddress(settlement.asset, oracle.token)],
    ['arbiters', arbiters.some((each) => isSameAddress(each, arbiter))],
  ]
  const field = facts.find(([, holds]) => !holds)?.[0]
  if (field !== undefined) {
    throw new EarnestError('no_common_escrow', `Seller and oracle disagree about ${field}`, {
      details: { field },
    })
  }
}
