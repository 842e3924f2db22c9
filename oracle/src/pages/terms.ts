import {
  type Criterion,
  criteriaOf,
  isSubjective,
  milestoneOf,
  type Pact,
  splitOf,
  unpackLadder,
} from '@earnest/sdk/protocol'
import type { EscrowState } from '../escrow/state.ts'
import { duration, moment, percent, usdcText } from './format.ts'
import { type Html, html, when } from './markup.ts'

/** Terms of one milestone in plain words. */
export function termsList(pact: Pact, milestone: number): Html {
  const { paymentUsdc, fundBy, deadlineUtc, deliverableFormat } = milestoneOf(pact, milestone)
  const { fees } = pact.escrow
  const seller = splitOf({
    amount: paymentUsdc,
    sellerBps: 10_000,
    protocolFeeBps: fees.protocolBps,
    arbitrationFeeBps: fees.arbitrationBps,
    arbitrated: false,
  })
  return html`<blockquote>${pact.taskDescription}</blockquote>
${when(Object.keys(pact.input ?? {}).length > 0, () => html`<details><summary>Input of the task</summary><pre>${JSON.stringify(pact.input, null, 2)}</pre></details>`)}
<dl>
<dt>Price</dt><dd>${usdcText(paymentUsdc)}${when(seller.protocol > 0n, () => html`; of it the seller pays ${usdcText(seller.protocol)} (${percent(fees.protocolBps)}) to the protocol`)}</dd>
<dt>To be paid in by</dt><dd>${moment(fundBy)}</dd>
<dt>To be delivered by</dt><dd>${moment(deadlineUtc)}</dd>
<dt>Delivered as</dt><dd>${deliverableFormat.join(', ')}</dd>
<dt>Time to review</dt><dd>${pact.timing.windows.review === 0 ? 'none: a checked delivery is paid at once' : duration(pact.timing.windows.review)}</dd>
<dt>If there is a dispute</dt><dd>${ladderWords(pact)}; the arbitration fee is ${percent(fees.arbitrationBps)} of the amount</dd>
<dt>Who may read the work</dt><dd>${readers(pact)}</dd>
</dl>
<h3>When it counts as done</h3>
${criteriaList(criteriaOf(pact, milestone))}
${when(isSubjective(pact, milestone), () => html`<p class="note">No criterion can be checked by code. If you do not agree with each other, people or a jury decide.</p>`)}`
}

function criteriaList(criteria: readonly Criterion[]): Html {
  if (criteria.length === 0) return html`<p class="soft">No criteria were agreed.</p>`
  const all = criteria.reduce((sum, { weight }) => sum + weight, 0)
  return html`<ol class="plain rows">${criteria.map(
    ({ description, weight, verifier }) =>
      html`<li class="split"><span>${description}<br><small>${VERIFIERS[verifier.type]}</small></span><span class="soft">${percent(Math.round((10_000 * weight) / all))} of the work</span></li>`,
  )}</ol>`
}

const VERIFIERS: Record<Criterion['verifier']['type'], string> = {
  format: 'Checked by code: the type of the file',
  schema: 'Checked by code: the shape of the data',
  path: 'Checked by code: certain values are there',
  deadline: 'Checked by code: it came in time',
  metric: 'Checked by code: a measured figure',
  http: 'Checked by code: requests to a service',
  jury: 'Judged, if you disagree: by a jury or people',
}

/** Who decides a dispute, rung by rung. */
export function ladderWords({ escrow }: Pick<Pact, 'escrow'>): string {
  const ladder = readLadder(escrow.ladder)
  if (ladder === undefined) return 'the arbiter that the terms name decides'
  if (ladder === null) return 'the arbiter’s keys decide'
  const rungs = [
    ladder.juryLimit > 0 && `a jury of models within ${duration(ladder.juryLimit)}`,
    ladder.committeeLimit > 0 && `seven agents within ${duration(ladder.committeeLimit)}`,
    ladder.moderatorLimit > 0 && `a person within ${duration(ladder.moderatorLimit)}`,
  ].filter((rung) => rung !== false)
  return `${rungs.join(', then ')} decides${rungs.length > 1 ? ', each only if the one before did not settle it' : ''}`
}

/** The rungs of the default arbiter; null for none, undefined for those of another arbiter. */
export function readLadder(text: string) {
  try {
    return unpackLadder(text)
  } catch {
    // Bytes of another arbiter mean something there, and nothing here.
    return undefined
  }
}

function readers({ disclosure, escrow }: Pact): string {
  const { committee, judges } = disclosure
  const hasModerator = (readLadder(escrow.ladder)?.moderatorLimit ?? 0) > 0
  const all = [
    'both parties',
    committee && 'the committee',
    judges.length > 0 && `the judges of ${judges.join(', ')}`,
    committee && hasModerator && 'a moderator, in a dispute that goes that far',
  ].filter((reader) => typeof reader === 'string')
  return all.join('; ')
}

/** What comes next by itself where nobody does anything. */
export function atTheEnd(state: EscrowState): Html {
  const end = moment(state.timerEnd)
  switch (state.state) {
    case 'Funded':
      return html`If nothing is delivered by ${end}, all the money goes back to the buyer.`
    case 'Delivered':
      return state.result === 'PASS'
        ? html`The delivery passed its check. If the buyer does nothing by ${end}, the seller is paid.`
        : html`If the buyer does nothing by ${end}, it goes to arbitration.`
    case 'Disputed':
      return html`The seller has until ${end} to answer or to give the money back; else it goes to arbitration.`
    case 'Negotiating':
      return html`Both have until ${end} to agree; else it goes to arbitration.`
    case 'Arbitration':
      return state.proposed
        ? html`A split with ${percent(state.proposedBps)} for the seller is proposed. If nobody objects in time it is carried out, at the latest after ${end}.`
        : html`It is being decided. Without a decision by ${end} the evidence decides: the check of the delivery, else the split agreed for that case.`
    default:
      return html`Nothing more can change.`
  }
}

/** Who got what in the end. */
export function paidParts({ ending, terms }: Pick<EscrowState, 'ending' | 'terms'>): Html {
  if (!ending) return html``
  const rows = [
    ['To the seller', ending.sellerAmount],
    ['To the buyer', ending.buyerAmount],
    ['Protocol fee', ending.protocolFee],
    ['Arbitration fee', ending.arbitrationFee],
  ] as const
  return html`<h2>Who got what</h2>
<table><tbody>${rows
    .filter(([, amount]) => amount > 0n)
    .map(
      ([name, amount]) =>
        html`<tr><th scope="row">${name}</th><td class="n">${usdcText(amount)}</td></tr>`,
    )}</tbody>
<tfoot><tr><th scope="row">Paid in</th><td class="n">${usdcText(terms.amount)}</td></tr></tfoot></table>`
}
