import type { Address } from 'viem'
import { type Docket, type Panel, SEATS } from './docket.ts'
import { seedBlockOf } from './draw.ts'
import type { Ladder } from './ladder.ts'

/** What a panel waits for; `over`: for its execution. */
export type Phase = 'draw' | 'strike' | 'commit' | 'reveal' | 'over'

/** The phase of a panel at one instant, and the unix second at which it ends (the last has no end). */
export function phaseOf(panel: Panel, now: number): { phase: Phase; ends: number | null } {
  const { draw, phase, openedAt } = panel
  if (panel.closed) return { phase: 'over', ends: null }
  if (!draw) {
    const ends = openedAt + phase
    return now < ends ? { phase: 'draw', ends } : { phase: 'over', ends: null }
  }
  const [strike, commit, reveal] = [1, 2, 3].map((count) => draw.at + count * phase) as [
    number,
    number,
    number,
  ]
  if (panel.reveals.length === SEATS || now >= reveal) return { phase: 'over', ends: null }
  if (now < strike) return { phase: 'strike', ends: strike }
  if (now < commit && panel.committed.length < SEATS) return { phase: 'commit', ends: commit }
  return { phase: 'reveal', ends: reveal }
}

/** The struck ones of the fourteen as the contract keeps them: bit i is the i-th drawn. */
export function struckOf({ draw, strikes }: Panel): number {
  const gone = new Set(strikes.map(({ member }) => member.toLowerCase()))
  const members = draw?.members ?? []
  return members.reduce(
    (bits, member, i) => (gone.has(member.toLowerCase()) ? bits | (1 << i) : bits),
    0,
  )
}

/** Place among the fourteen and rank among the seven (null: it does not sit); undefined: not drawn. */
export function seatOf(
  panel: Panel,
  member: Address,
): { index: number; seat: number | null } | undefined {
  const members = panel.draw?.members ?? []
  const index = members.findIndex((each) => each.toLowerCase() === member.toLowerCase())
  if (index < 0) return undefined
  const struck = struckOf(panel)
  if ((struck >> index) & 1) return { index, seat: null }
  let seat = 0
  for (let i = 0; i < index; i++) if (((struck >> i) & 1) === 0) seat++
  return { index, seat: seat < SEATS ? seat : null }
}

/** What anyone may do next for a dispute on a ladder. */
export type LadderStep =
  | { verb: 'convene' }
  | { verb: 'draw'; panel: number; seedBlock: bigint; earlier: Address[] }
  | { verb: 'execute'; panel: number; drawn: Address[]; earlier: Address[] }
  | { verb: 'finalize'; drawn: Address[] }
  | { verb: 'lapse' }

/**
 * The step that is due, if any; nobody's permission is needed for it. Appeals, proposals, votes and
 * the moderator's word are for those who hold them.
 * @param options.arbitration Unix seconds of the escrow's arbitration; null: it has ended.
 * @param options.convenable A party has disputed, and the arbitration fee reaches the arbiter's cost of a panel.
 * @param options.blockNumber The latest block: a step is in a later one.
 */
export function nextStep(options: {
  docket: Docket
  ladder: Ladder
  arbitration: { start: number; end: number } | null
  convenable: boolean
  now: number
  blockNumber: bigint
}): LadderStep | undefined {
  const { docket, ladder, arbitration, convenable, now, blockNumber } = options
  const open = arbitration !== null && now < arbitration.end
  const membersOf = (panel: number) => docket.panels[panel]?.draw?.members ?? []
  switch (docket.stage) {
    case 'none': {
      if (!open || !convenable || ladder.committeeLimit === 0) return undefined
      const opensAt = arbitration.start + ladder.juryLimit
      const inTime = now >= opensAt && now < opensAt + Math.floor(ladder.committeeLimit / 5)
      return inTime ? { verb: 'convene' } : undefined
    }
    case 'proposed': {
      const { proposal } = docket
      if (!proposal) return undefined
      // A panel whose escrow ended otherwise is still to be paid.
      const due = open ? now >= proposal.appealEnd : proposal.byCommittee
      return due ? { verb: 'finalize', drawn: proposal.byCommittee ? membersOf(0) : [] } : undefined
    }
    case 'sitting': {
      const number = docket.panels.length - 1
      const panel = docket.panels[number]
      if (!panel) return undefined
      const earlier = number > 0 ? membersOf(0) : []
      const { phase } = phaseOf(panel, now)
      if (phase === 'over') {
        return { verb: 'execute', panel: number, drawn: membersOf(number), earlier }
      }
      const seedBlock = seedBlockOf({
        openBlock: BigInt(panel.openBlock),
        blockNumber: blockNumber + 1n,
      })
      if (phase !== 'draw' || seedBlock === null || seedBlock > blockNumber) return undefined
      return { verb: 'draw', panel: number, seedBlock, earlier }
    }
    case 'moderation':
      return open || docket.appeal === null ? undefined : { verb: 'lapse' }
    default:
      return undefined
  }
}
