import { committeeAbi, pactArbiterAbi } from '@earnest/contracts'
import { type Address, decodeEventLog, type Hex } from 'viem'

/** One panel of a committee, folded from what the contract said. */
export interface Panel {
  openBlock: number
  /** Unix seconds from which its limit runs. */
  openedAt: number
  /** Seconds of each of the five phases: draw, strike, commit, reveal, execute. */
  phase: number
  draw: { members: Address[]; at: number; seedBlock: number; seed: Hex } | null
  strikes: Strike[]
  committed: { voter: Address; commitment: Hex }[]
  reveals: { voter: Address; sellerBps: number }[]
  noShows: { member: Address; slashed: bigint }[]
  closed: { decided: boolean; sellerBps: number; recordHash: Hex; at: number } | null
}

/** Why a party may strike a member, in the contract's order. */
export const STRIKE_REASONS = [
  'party',
  'same_organisation',
  'direct_voucher',
  'frequent_counterparty',
] as const
export type StrikeReason = (typeof STRIKE_REASONS)[number]

/** A member that a party took off the list. */
export interface Strike {
  member: Address
  by: Address
  reason: StrikeReason
  evidenceHash: Hex
}

/** Where a dispute stands above its escrow: everything that arbiter and committee said of one id. */
export interface Docket {
  /** `lapsed`: a first decision did not come; a moderator has it where the ladder names one. */
  stage: 'none' | 'proposed' | 'sitting' | 'moderation' | 'lapsed' | 'closed'
  proposal: {
    byCommittee: boolean
    sellerBps: number
    recordHash: Hex
    at: number
    /** Unix seconds: until then it may be appealed, from then on anyone may finalize it. */
    appealEnd: number
  } | null
  appeal: { by: Address; bond: bigint; at: number; won: boolean | null } | null
  panels: Panel[]
  /** The ruling; `executed` is false where the escrow had ended otherwise before. */
  decision: { sellerBps: number; recordHash: Hex; executed: boolean; at: number } | null
}

/** One log of arbiter or committee about one id. */
export type DocketLog = { timestamp: number } & ReturnType<typeof decode>

// Pure: who reads no docket, as a buyer, gets a bundle without these interfaces.
const abi = /* @__PURE__ */ events()
/** Members of a panel are the fourteen of its draw; so many of them sit. */
export const SEATS = 7

/** Decodes a log of the arbiter or its committee; undefined for one that is about no escrow. */
export function decodeDocketLog(
  raw: { topics: readonly Hex[]; data: Hex },
  timestamp: number,
): (DocketLog & { id: Hex }) | undefined {
  let log: ReturnType<typeof decode>
  try {
    log = decode(raw)
  } catch {
    // Another contract's or a later version's event says nothing about a docket.
    return undefined
  }
  return log.args && 'id' in log.args ? { ...log, timestamp, id: log.args.id } : undefined
}

function events() {
  return [...pactArbiterAbi, ...committeeAbi].filter(({ type }) => type === 'event')
}

function decode({ topics, data }: { topics: readonly Hex[]; data: Hex }) {
  return decodeEventLog({ abi: abi as DocketAbi, topics: topics as [Hex, ...Hex[]], data })
}
type DocketAbi = readonly (
  | Extract<(typeof pactArbiterAbi)[number], { type: 'event' }>
  | Extract<(typeof committeeAbi)[number], { type: 'event' }>
)[]

/** A docket of which nothing was said. */
export const EMPTY_DOCKET: Docket = {
  stage: 'none',
  proposal: null,
  appeal: null,
  panels: [],
  decision: null,
}

/** Folds the logs of one id in their order; the same logs always give the same docket. */
export function foldDocket(logs: readonly DocketLog[]): Docket {
  return logs.reduce(step, structuredClone(EMPTY_DOCKET))
}

function step(docket: Docket, log: DocketLog): Docket {
  const { timestamp: at } = log
  switch (log.eventName) {
    case 'ProposalMade': {
      const { byCommittee, recordHash } = log.args
      const sellerBps = Number(log.args.sellerBps)
      const appealEnd = Number(log.args.appealEnd)
      const proposal = { byCommittee, sellerBps, recordHash, at, appealEnd }
      return { ...docket, stage: 'proposed', proposal }
    }
    case 'Appealed': {
      const { by, bond } = log.args
      // Where a panel hears it, its opening follows in the same transaction.
      return { ...docket, stage: 'moderation', appeal: { by, bond, at, won: null } }
    }
    case 'AppealClosed':
      return { ...docket, appeal: docket.appeal && { ...docket.appeal, won: log.args.won } }
    case 'Decided': {
      const { recordHash, executed } = log.args
      const decision = { sellerBps: Number(log.args.sellerBps), recordHash, executed, at }
      return { ...docket, stage: 'closed', decision }
    }
    case 'Lapsed':
      return { ...docket, stage: 'lapsed' }
    case 'PanelOpened': {
      const { openBlock, openedAt, phase } = log.args
      const panel: Panel = {
        openBlock: Number(openBlock),
        openedAt: Number(openedAt),
        phase: Number(phase),
        draw: null,
        strikes: [],
        committed: [],
        reveals: [],
        noShows: [],
        closed: null,
      }
      const panels = [...docket.panels]
      panels[Number(log.args.panel)] = panel
      return { ...docket, stage: 'sitting', panels }
    }
    case 'PanelDrawn': {
      const { drawn, seed, seedBlock } = log.args
      const draw = { members: [...drawn], at, seedBlock: Number(seedBlock), seed }
      return withPanel(docket, log.args.panel, () => ({ draw }))
    }
    case 'Struck': {
      const { member, by, evidenceHash } = log.args
      const reason = STRIKE_REASONS[log.args.reason] ?? 'party'
      const strike = { member, by, reason, evidenceHash }
      return withPanel(docket, log.args.panel, ({ strikes }) => ({ strikes: [...strikes, strike] }))
    }
    case 'VoteCommitted':
      return withPanel(docket, log.args.panel, ({ committed }) => ({
        committed: [...committed, { voter: log.args.voter, commitment: log.args.commitment }],
      }))
    case 'VoteRevealed': {
      const reveal = { voter: log.args.voter, sellerBps: Number(log.args.sellerBps) }
      return withPanel(docket, log.args.panel, ({ reveals }) => ({ reveals: [...reveals, reveal] }))
    }
    case 'NoShow': {
      const { member, slashed } = log.args
      return withPanel(docket, log.args.panel, ({ noShows }) => ({
        noShows: [...noShows, { member, slashed }],
      }))
    }
    case 'PanelClosed': {
      const { decided, recordHash } = log.args
      const closed = { decided, sellerBps: Number(log.args.sellerBps), recordHash, at }
      return withPanel(docket, log.args.panel, () => ({ closed }))
    }
    default:
      return docket
  }
}

function withPanel(
  docket: Docket,
  number: bigint,
  change: (panel: Panel) => Partial<Panel>,
): Docket {
  const panels = docket.panels.map((panel, index) =>
    BigInt(index) === number ? { ...panel, ...change(panel) } : panel,
  )
  return { ...docket, panels }
}
