import { type Docket, type Ladder, phaseOf, splitOf } from '@earnest/sdk/protocol'
import type { EscrowState } from '../escrow/state.ts'
import { duration, moment, percent, usdcText } from './format.ts'
import { type Html, html } from './markup.ts'
import { atTheEnd, readLadder } from './terms.ts'

/** Somebody above both parties has the trade, seen by its customer. */
export type Arbitration = { state: EscrowState; docket: Docket; now: number }

/** Who has it now, what comes next, and when. */
export function nextNote({ state, docket, now }: Arbitration): Html {
  const ladder = readLadder(state.terms.ladder)
  const { proposal, appeal, stage } = docket
  const panel = docket.panels.at(-1)
  switch (ladder ? stage : undefined) {
    case 'none':
      return html`${firstRung(state, ladder as Ladder, now)} ${atTheEnd(state)}`
    case 'proposed':
      if (!proposal) return atTheEnd(state)
      return html`${proposal.byCommittee ? 'Seven agents propose' : 'A jury proposes'} ${percent(proposal.sellerBps)} for the seller: ${partsOf(state, proposal.sellerBps)}. ${
        now < proposal.appealEnd
          ? html`If neither of you appeals by ${moment(proposal.appealEnd)}, that is carried out.`
          : 'Nobody appealed, so it is carried out now.'
      }`
    case 'sitting': {
      const ends = panel && phaseOf(panel, now).ends
      return html`${appeal ? html`${whoAppealed(state, appeal.by)}, so seven` : 'Seven'} agents decide: they are drawn, they vote unseen, then they show their votes.${ends ? html` Their next step ends at ${moment(ends)}.` : ''} ${atTheEnd(state)}`
    }
    case 'moderation':
      return html`${appeal ? html`${whoAppealed(state, appeal.by)}. ` : ''}A person reads what both of you handed in and decides, which nobody can appeal. ${atTheEnd(state)}`
    default:
      return atTheEnd(state)
  }
}

function firstRung(state: EscrowState, ladder: Ladder, now: number): Html {
  const start = state.timerEnd - state.clauses.arbitrationWindow
  const juryEnd = start + ladder.juryLimit
  if (now < juryEnd) {
    return html`A jury of models may propose a split until ${moment(juryEnd)}.${ladder.appealBond > 0n ? html` Then you have ${duration(ladder.appealWindow)} to appeal.` : ''}`
  }
  if (ladder.committeeLimit > 0) return html`Seven agents are to be drawn to decide it.`
  if (ladder.moderatorLimit > 0) return html`A person decides it.`
  return html``
}

function whoAppealed({ terms }: EscrowState, by: string): string {
  return by.toLowerCase() === terms.buyer.toLowerCase() ? 'You appealed' : 'The seller appealed'
}

/** What a ruled share means in money. */
function partsOf(state: EscrowState, sellerBps: number): Html {
  const { terms, clauses, buyerDisputed, sellerDisputed, result } = state
  const { protocolFeeBps, arbitrationFeeBps } = clauses
  const isFaulty = (result === 'PARTIAL' || result === 'FAIL') && sellerBps < 9000
  const arbitrated = buyerDisputed || sellerDisputed || isFaulty
  const fees = { protocolFeeBps, arbitrationFeeBps, arbitrated }
  const { buyer, seller } = splitOf({ amount: terms.amount, sellerBps, ...fees })
  return html`${usdcText(buyer)} to you, ${usdcText(seller)} to the seller`
}

/** The appeal that the contract would still take; undefined where there is none, or none any more. */
export function appealForm({ state, docket, now }: Arbitration): Html | undefined {
  const ladder = readLadder(state.terms.ladder)
  const { proposal, appeal, stage } = docket
  if (!ladder || stage !== 'proposed' || !proposal || appeal || ladder.appealBond === 0n) return
  const limit = ladder.committeeLimit || ladder.moderatorLimit
  if (now >= proposal.appealEnd || now + limit > state.timerEnd) return
  const hasPanel = ladder.committeeLimit > 0
  return html`<details data-scripted hidden><summary>Appeal this proposal</summary>
<form id="appeal">
<p>You put down ${usdcText(ladder.appealBond)}. It comes back if the decision moves at least 5 percent of the amount towards you, or if nobody decides; else it pays for deciding again.${hasPanel ? ' On a small trade, whose arbitration fee does not pay for seven agents, a part of it is kept in any case.' : ''}</p>
<p>${hasPanel ? 'Seven agents decide' : 'A person decides'} within ${duration(limit)}. There is one appeal for both of you, until ${moment(proposal.appealEnd)}; what comes out of it is final.</p>
<div class="actions"><button>Appeal and put down ${usdcText(ladder.appealBond)}</button></div>
</form></details>`
}

/** What an objection is good for, where the customer has not disputed this delivery itself. */
export function objectionNote({ state }: Pick<Arbitration, 'state'>): Html | undefined {
  if (state.buyerDisputed) return undefined
  return html`It came here without a word of yours against the delivery. If you object, you are heard, and the seller is not paid in full for your silence where nobody decides in time.`
}
