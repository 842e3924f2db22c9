import {
  type Docket,
  disputeReasonSchema,
  EarnestError,
  escrowIdOfPact,
  isEarnestError,
  isOpenOffer,
  isTerminal,
  milestoneOf,
  PAY_WITHIN,
  type Pact,
  splitOf,
  stakeOf,
  type VerificationReport,
} from '@earnest/sdk/protocol'
import { readEscrow } from '../escrow/fold.ts'
import type { EscrowState } from '../escrow/state.ts'
import { type FoundOffer, findOffer } from '../negotiation/offer.ts'
import { findPact } from '../negotiation/pact.ts'
import type { Oracle } from '../oracle.ts'
import { readDocket } from '../settlement/committee/docket.ts'
import { publicReport } from '../settlement/publicRound.ts'
import { standingOf } from '../settlement/record.ts'
import { appealForm, nextNote, objectionNote } from './arbitration.ts'
import { paperNote, signUpForm } from './customer.ts'
import { duration, moment, money, named, percent, shortDid, usdcText } from './format.ts'
import { namesOf } from './ledger.ts'
import { type Html, html, when } from './markup.ts'
import { page } from './page.ts'
import { signingArea } from './signing.ts'
import { atTheEnd, ladderWords, paidParts, termsList } from './terms.ts'
import { capabilityWords, codeWords, REASON_WORDS, RESULT_WORDS, STATUS_WORDS } from './words.ts'

/** A trade as its customer sees it, whether signed by both or by the seller alone. */
type View = {
  pact: Pact
  pactId: string
  milestone: number
  state: EscrowState | undefined
  /** What the arbiter and its committee said of it. */
  docket: Docket
  /** The offer behind it, where it stands as one. */
  offer: FoundOffer | undefined
  /** Null while only the seller has signed. */
  registeredAt: number | null
  cancelled: boolean
  seller: Html
  now: number
}

/**
 * The customer's page of one trade, from the offer to the last cent: what is bought, where it stands,
 * what happens if nobody acts, and what can be done (TOL-24).
 * @throws offer_unknown, invalid_request
 */
export async function offerPage(
  oracle: Oracle,
  pactId: string,
  query: { milestone?: string | undefined },
): Promise<Html> {
  const view = await viewOf(oracle, pactId, query.milestone)
  const { pact, milestone, state, offer, now, seller } = view
  const report = state && state.round > 0 ? await reportOf(oracle, state) : undefined
  const count = pact.milestones?.length ?? 1
  const { status } = standingOf(state, milestoneOf(pact, milestone).fundBy, now)
  const isOpen = status === 'registered'
  const word = view.cancelled ? 'cancelled' : status
  return page({
    title: `Offer: ${capabilityWords(pact.capability)}`,
    place: '/customer',
    data: {
      part: offer && isOpenOffer(pact) ? 'take' : 'trade',
      now: String(now),
      pact: pactId,
      milestone: String(milestone),
      proposed: state?.proposed ? 'yes' : 'no',
    },
    body: html`<p class="over">${isOpen && view.registeredAt === null ? 'Offer' : STATUS_WORDS[word]}${when(count > 1, () => html` · milestone ${milestone + 1} of ${count}: ${pact.milestones?.[milestone]?.title}`)}</p>
<h1>${capabilityWords(pact.capability).replace(/^./, (sign) => sign.toUpperCase())}</h1>
<p class="lead">by ${seller}, for ${usdcText(milestoneOf(pact, milestone).paymentUsdc)}</p>
${standingNote(view)}
${signingArea()}
${actions(view)}
${when(report, (found) => reportTable(found, pact))}
${when(state && state.round > 0, () => html`<section id="papers" hidden aria-label="What was written in the dispute"><h2>What was written</h2></section>`)}
${when(state?.ending && state.ending.how !== 'amended' && state, paidParts)}
<h2>What you buy</h2>
${termsList(pact, milestone)}
<h2>What can happen</h2>
${outcomes(pact, milestone)}
${when(count > 1, () => milestones(pact, pactId, milestone))}
<p class="soft">${when(!isOpenOffer(pact), () => html`Wallet that pays: <code>${pact.buyer.wallet}</code><br>`)}Wallet that is paid: <code>${pact.seller.wallet}</code>${when(state, ({ id }) => html`<br><a href="/trades/${id}">Every step with its transaction</a>`)}</p>`,
  })
}

async function viewOf(oracle: Oracle, pactId: string, wanted: string | undefined): Promise<View> {
  const { db, clock } = oracle
  if (!/^[0-9a-f]{64}$/.test(pactId)) throw new EarnestError('offer_unknown', 'Not a number')
  const found = await findPact(db, pactId)
  const offer = found ? undefined : await findOffer(oracle, pactId)
  const pact = found?.signed.pact ?? (offer as FoundOffer).terms
  const all = (pact.milestones ?? [undefined]).map((_, index) => index)
  const states = await Promise.all(
    all.map((milestone) => readEscrow(db, escrowIdOfPact({ pact, milestone }))),
  )
  const firstOpen = states.findIndex((state) => !state || !isTerminal(state.state))
  const fallback = firstOpen < 0 ? all.length - 1 : firstOpen
  const milestone = wanted === undefined ? fallback : Number(wanted)
  if (!all.includes(milestone)) throw new EarnestError('invalid_request', 'No such milestone')
  const names = await namesOf(db, [pact.seller.did])
  const state = states[milestone]
  const name = names.get(pact.seller.did)
  return {
    pact,
    pactId,
    milestone,
    state,
    docket: await readDocket(db, state?.id ?? ''),
    offer,
    registeredAt: found?.registeredAt ?? null,
    cancelled: found !== undefined && found.cancelledAt !== null,
    seller:
      name === undefined
        ? shortDid(pact.seller.did)
        : html`<a href="/agents/${pact.seller.did}">${named(name)}</a>`,
    now: clock.now(),
  }
}

async function reportOf({ db }: Oracle, { id }: EscrowState) {
  try {
    return await publicReport(db, { escrowId: id })
  } catch (error) {
    if (isEarnestError(error)) return undefined
    throw error
  }
}

/** Where it stands, and what comes if nobody does anything. */
function standingNote(view: View): Html {
  const { pact, milestone, state, docket, offer, registeredAt, cancelled, now } = view
  const { fundBy } = milestoneOf(pact, milestone)
  if (cancelled && !state) {
    return html`<p class="note">The seller took this back. Nothing was paid, and nothing can be.</p>`
  }
  if (offer?.status === 'withdrawn') {
    return html`<p class="note">The seller took this offer back. Nobody can accept it any more.</p>`
  }
  if (offer && isOpenOffer(pact)) return openNote(offer, now)
  if (!state) {
    const isLate = now >= fundBy
    return isLate
      ? html`<p class="note">It was not paid in by ${moment(fundBy)}, so it has run out. Nobody owes anything.</p>`
      : html`<p class="note">${registeredAt === null ? 'The seller has signed this offer. It waits for you.' : 'Both have signed. It waits for your payment.'} If you do nothing by ${moment(fundBy)}, it runs out and nobody owes anything.</p>`
  }
  const isDecided = state.state === 'Arbitration'
  const next = isDecided ? nextNote({ state, docket, now }) : atTheEnd(state)
  return html`<p class="note">${SITUATIONS[state.state]} ${isTerminal(state.state) ? '' : next}</p>`
}

function openNote({ status, terms }: FoundOffer, now: number): Html {
  const { fundBy } = terms.timing
  if (status === 'taken') {
    return html`<p class="note">Somebody has taken this offer. It is open again if they do not pay in time.</p>`
  }
  return now >= fundBy
    ? html`<p class="note">Nobody took this offer by ${moment(fundBy)}, so it has run out.</p>`
    : html`<p class="note">The seller has signed this offer for whoever takes it first, until ${moment(fundBy)}. Then its agent confirms, and you have ${duration(PAY_WITHIN)} to pay in; the time to deliver counts from there, so the work comes ${duration(terms.deadlineUtc - fundBy)} after that at the latest.</p>`
}

const SITUATIONS: Record<EscrowState['state'], string> = {
  None: '',
  Funded: 'Your money is in the contract and the seller is at work.',
  Delivered: 'The work was delivered. Look at it, then approve or dispute it.',
  Disputed: 'You disputed the delivery, and the money stays where it is.',
  Negotiating: 'The seller has answered. Now you can agree on a split, or let somebody decide.',
  Arbitration:
    'Somebody impartial decides. You can still hand in evidence, agree on a split or give in.',
  Completed: 'The seller was paid. This trade is over.',
  Refunded: 'You got your money back. This trade is over.',
  Resolved: 'The money was split. This trade is over.',
  Amended: 'Both of you moved the money to new terms; this page shows the old ones.',
}

/** What the customer can do in this state; each needs the script, and says so without it. */
function actions(view: View): Html | undefined {
  const { pact, milestone, state, docket, offer, now, cancelled } = view
  const { paymentUsdc, fundBy } = milestoneOf(pact, milestone)
  if (!state) {
    if (cancelled || now >= fundBy || offer?.status === 'withdrawn') return undefined
    if (offer && isOpenOffer(pact)) return takeForm(offer)
    return html`<form id="pay" hidden>
<div class="actions"><button class="main">Accept and pay ${money(paymentUsdc)} USDC</button></div>
<p class="soft">Your wallet signs once: the signature pays and accepts exactly these terms. The oracle pays the network fee.</p>
</form>`
  }
  switch (state.state) {
    case 'Delivered':
      return html`${filesForm()}
<form id="approve" hidden><div class="actions"><button class="main">Approve: pay the seller</button></div></form>
${disputeForm(pact, milestone)}
${settleForm()}`
    case 'Disputed':
      return html`${filesForm()}${settleForm()}${evidenceForm()}${giveInForm()}`
    case 'Negotiating':
      return html`${filesForm()}${settleForm()}${evidenceForm()}
<form id="escalate" hidden><div class="actions"><button>We do not agree: let somebody decide</button></div></form>${giveInForm()}`
    case 'Arbitration':
      return html`${filesForm()}${appealForm({ state, docket, now })}
${when(objectionNote({ state }), (note) => disputeForm(pact, milestone, note))}
${evidenceForm()}${settleForm()}${giveInForm()}`
    case 'Completed':
    case 'Resolved':
      return state.round > 0 ? filesForm() : undefined
    default:
      return undefined
  }
}

/** Also for whoever has it already: the page then leads to its own pact. */
function takeForm({ terms }: FoundOffer): Html {
  return html`<form id="take" hidden>
<div class="actions"><button class="main">Take this offer for ${money(terms.paymentUsdc)} USDC</button></div>
<p class="soft">Nothing is paid yet: once the seller’s agent has confirmed, you see the final terms and pay. The wallet that you signed up with has to hold the price.</p>
</form>
<div id="strangers" hidden><p>Sign up once, with the wallet that will pay; it takes a minute, and then you take the offer here.</p>${signUpForm()}</div>
${paperNote()}`
}

function filesForm(): Html {
  return html`<form id="open-files" hidden><div class="actions"><button>Open the delivered files</button></div></form>
<ul id="files" class="plain rows"></ul>`
}

/** The dispute of a delivery; with a note it is the objection of a customer whom arbitration found silent. */
function disputeForm(pact: Pact, milestone: number, objection?: Html): Html {
  const { fees } = pact.escrow
  const stake = stakeOf({
    amount: milestoneOf(pact, milestone).paymentUsdc,
    arbitrationFeeBps: fees.arbitrationBps,
  })
  const stakeWords = html`You put down ${usdcText(stake)}; it comes back unless you turn out to be more than nine tenths wrong.`
  return html`<details data-scripted hidden><summary>${objection ? 'Object to the delivery' : 'Something is wrong with it'}</summary>
<form id="dispute">
<p>${
    objection
      ? html`${objection} ${stakeWords}`
      : html`A dispute stops the money. ${stakeWords} The seller then has ${duration(pact.timing.windows.response)} to answer or refund. If you do not agree with each other, ${ladderWords(pact)}.`
  }</p>
<label for="reason">What is wrong?</label>
<select id="reason" name="reason">${disputeReasonSchema.options.map((reason) => html`<option value="${reason}">${REASON_WORDS[reason]}</option>`)}</select>
<label for="claim">In your own words</label>
<textarea id="claim" name="claim" required maxlength="10000"></textarea>
${evidenceField()}
<div class="actions"><button>${objection ? 'Object' : 'Dispute it'} and put down ${usdcText(stake)}</button></div>
</form></details>`
}

function evidenceForm(): Html {
  return html`<details data-scripted hidden><summary>Hand in evidence</summary>
<form id="evidence">${evidenceField(true)}<div class="actions"><button>Hand it in</button></div></form></details>`
}

function evidenceField(required = false): Html {
  return html`<label for="pieces">Evidence<small>Facts that somebody can check. An empty line begins the next piece. The seller and whoever decides will read it.</small></label>
<textarea id="pieces" name="evidence" maxlength="20000"${required ? html` required` : ''}></textarea>`
}

function settleForm(): Html {
  return html`<details data-scripted hidden><summary>Agree on a split</summary>
<p id="split-offered"></p>
<form id="accept-split" hidden><div class="actions"><button class="main">Sign the seller’s split</button></div></form>
<form id="settle">
<label for="percent">The seller’s share, in percent</label>
<input id="percent" name="percent" type="range" min="0" max="100" step="1" value="50" aria-describedby="split-means">
<p id="split-means" class="soft"></p>
<div class="actions"><button>Offer this split</button></div>
</form></details>`
}

function giveInForm(): Html {
  return html`<details data-scripted hidden><summary>Withdraw and pay the seller</summary>
<form id="withdraw"><p>The seller gets everything, at once. This cannot be undone.</p><div class="actions"><button>Withdraw and pay</button></div></form></details>`
}

function reportTable({ result, findings, passedBps }: VerificationReport, pact: Pact): Html {
  const text = (id: string) =>
    pact.acceptance.find((criterion) => criterion.id === id)?.description ??
    codeWords(id.replace(/^format:/, 'format '))
  return html`<h2>What the check found</h2>
<p>${RESULT_WORDS[result]}${when(result === 'PARTIAL', () => html`: ${percent(passedBps)} of the work`)}. No model had a hand in it.</p>
<ul class="plain rows">${findings.map(
    ({ id, outcome, missing }) =>
      html`<li class="split"><span>${text(id)}${when(missing.length > 0, () => html`<br><small>missing: ${missing.join(', ')}</small>`)}</span><span class="${outcome === 'pass' ? 'tag on' : 'tag'}">${OUTCOMES[outcome]}</span></li>`,
  )}</ul>`
}

const OUTCOMES = { pass: 'met', fail: 'not met', undecided: 'for people to judge' } as const

/** What each way out means in money, for these terms. */
function outcomes(pact: Pact, milestone: number): Html {
  const amount = milestoneOf(pact, milestone).paymentUsdc
  const { protocolBps: protocolFeeBps, arbitrationBps: arbitrationFeeBps } = pact.escrow.fees
  const parts = (sellerBps: number, arbitrated: boolean) =>
    splitOf({ amount, sellerBps, protocolFeeBps, arbitrationFeeBps, arbitrated })
  const rows = [
    ['You approve, or the checked work stands', parts(10_000, false)],
    ['Nothing comes, or the seller gives up', parts(0, false)],
    ['You agree on half and half', parts(5000, false)],
    ['Somebody decides on half and half', parts(5000, true)],
  ] as const
  return html`<div class="scroll" tabindex="0" role="region" aria-label="What can happen"><table>
<caption>In USDC, of the ${money(amount)} that you pay in.</caption>
<thead><tr><th scope="col">If</th><th scope="col" class="n">Seller</th><th scope="col" class="n">You</th><th scope="col" class="n">Fees</th></tr></thead>
<tbody>${rows.map(
    ([name, { seller, buyer, protocol, arbitration }]) =>
      html`<tr><th scope="row">${name}</th><td class="n">${money(seller)}</td><td class="n">${money(buyer)}</td><td class="n">${money(protocol + arbitration)}</td></tr>`,
  )}</tbody></table></div>`
}

function milestones(pact: Pact, pactId: string, current: number): Html {
  return html`<h2>Milestones</h2><ol class="plain rows">${(pact.milestones ?? []).map(
    ({ title, paymentUsdc, deadlineUtc }, index) =>
      html`<li>${index === current ? html`<strong>${title}</strong>` : html`<a href="/offers/${pactId}?milestone=${index}">${title}</a>`}<div class="split soft"><span>by ${moment(deadlineUtc)}</span><span>${usdcText(paymentUsdc)}</span></div></li>`,
  )}</ol>`
}
