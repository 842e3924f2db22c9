import { EarnestError, type Pact, type SpotCheck } from '@earnest/sdk/protocol'
import { logsOf, readEscrow } from '../escrow/fold.ts'
import type { EscrowLog } from '../escrow/log.ts'
import { findLock } from '../negotiation/pact.ts'
import type { Oracle } from '../oracle.ts'
import { readDispute } from '../settlement/case.ts'
import { listSpotChecks } from '../settlement/spot/read.ts'
import { transaction } from './chainLink.ts'
import { moment, named, percent, short, shortDid, usdcText } from './format.ts'
import { namesOf } from './ledger.ts'
import { type Html, html, when } from './markup.ts'
import { page } from './page.ts'
import { atTheEnd, paidParts, termsList } from './terms.ts'
import { capabilityWords, codeWords, EVENT_WORDS, RESULT_WORDS, STATE_WORDS } from './words.ts'

/**
 * A trade as the chain tells it, each step with its transaction.
 * @throws escrow_unknown
 */
export async function tradePage({ db, chain }: Oracle, escrowId: string): Promise<Html> {
  const [lock, state] = await Promise.all([findLock(db, escrowId), readEscrow(db, escrowId)])
  if (!lock) throw new EarnestError('escrow_unknown', 'No registered pact derives it')
  const { pact, pactId, milestone } = lock
  const [logs, names, spotChecks, dispute] = await Promise.all([
    logsOf(db, escrowId),
    namesOf(db, [pact.buyer.did, pact.seller.did]),
    listSpotChecks(db, escrowId),
    state ? readDispute(db, escrowId, state.round) : undefined,
  ])
  const party = (did: string) =>
    names.has(did)
      ? html`<a href="/agents/${did}">${named(names.get(did) ?? '')}</a>`
      : shortDid(did)
  return page({
    title: `Trade: ${capabilityWords(pact.capability)}`,
    place: '/trades',
    body: html`<p class="over">Trade · ${STATE_WORDS[state?.state ?? 'None']}</p>
<h1>${capabilityWords(pact.capability).replace(/^./, (sign) => sign.toUpperCase())}</h1>
<dl>
<dt>Amount</dt><dd>${usdcText(state?.terms.amount ?? 0n)}${when(pact.milestones, () => html` · milestone ${milestone + 1} of ${pact.milestones?.length ?? 1}`)}</dd>
<dt>Buyer</dt><dd>${party(pact.buyer.did)}</dd>
<dt>Seller</dt><dd>${party(pact.seller.did)}</dd>
<dt>Escrow</dt><dd>${short(escrowId)}</dd>
<dt>Pact</dt><dd>${short(pactId)}</dd>
</dl>
<h2>What happened</h2>
<ol class="timeline">
${logs.map((log) => step(log, pact, chain.chainId))}
${when(state?.ending === null && state, (open) => html`<li class="next"><p>${atTheEnd(open)}</p></li>`)}
</ol>
${when(logs.length === 0, () => html`<p class="soft">Nothing was paid in yet.</p>`)}
${when(state?.result, (result) => html`<p>The oracle’s check of the last delivery: ${RESULT_WORDS[result].toLowerCase()}. <a href="/api/v1/escrows/${escrowId}/report">The report</a> can be recomputed by anybody who holds the files.</p>`)}
${spotChecks.map((check) => html`<p>${spotWords(check)} <a href="/api/v1/escrows/${escrowId}/spot-checks">How it was drawn and judged</a> can be recomputed by anybody.</p>`)}
${when(state?.ending && state.ending.how !== 'amended' && state, paidParts)}
${when(dispute, () => html`<p><a href="/trades/${escrowId}/dispute">The record of the dispute</a></p>`)}
<h2>What was agreed</h2>
${termsList(pact, milestone)}`,
  })
}

function step(log: EscrowLog, pact: Pact, chainId: number): Html {
  const said = detail(log, pact)
  return html`<li><p><strong>${EVENT_WORDS[log.name]}</strong></p>
<p class="soft">${moment(log.timestamp)} · transaction ${transaction(chainId, log.place.txHash)}</p>
${when(said, () => html`<p>${said}</p>`)}</li>`
}

/** What came of a look at work that had passed; it moved no money, whatever it found. */
function spotWords({ round, status, code, qualityBps, poor }: SpotCheck): string {
  const drawn = `Round ${round} was drawn for a look by independent judges`
  if (status === 'drawn') return `${drawn}, who have not answered yet.`
  if (status === 'not_heard')
    return `${drawn}, but none was made: ${codeWords(code ?? '').toLowerCase()}.`
  if (qualityBps === null) return `${drawn}, who came to no number that holds.`
  const found = `${drawn}, who found the work worth ${percent(qualityBps)}`
  return poor ? `${found}: poor work, which lowers its seller’s accuracy.` : `${found}.`
}

function detail(log: EscrowLog, { buyer, seller }: Pact): Html | undefined {
  const who = (address: string) =>
    address.toLowerCase() === buyer.wallet.toLowerCase()
      ? 'the buyer'
      : address.toLowerCase() === seller.wallet.toLowerCase()
        ? 'the seller'
        : 'the arbiter'
  switch (log.name) {
    case 'Funded':
      return html`${usdcText(log.terms.amount)} went into the contract.`
    case 'Delivered':
      return html`Round ${log.round}, files with the hash ${short(log.artifactHash)}.`
    case 'Attested':
      return html`${RESULT_WORDS[log.result ?? 'UNDECIDED']}.`
    case 'Disputed':
      return html`By ${who(log.by)}${when(log.stake > 0n, () => html`, with a stake of ${usdcText(log.stake)}`)}.`
    case 'Proposed':
      return html`${percent(log.sellerBps)} to the seller, the rest to the buyer.`
    case 'Released':
      return html`${usdcText(log.sellerAmount)} to the seller${when(log.bonded, () => html`, at once against its bond`)}.`
    case 'Refunded':
    case 'Expired':
      return html`${usdcText(log.buyerAmount)} to the buyer.`
    case 'Settled':
    case 'Ruled':
    case 'Concluded':
      return html`${percent(log.sellerBps)} to the seller: ${usdcText(log.sellerAmount)}; ${usdcText(log.buyerAmount)} to the buyer.`
    case 'StakePaid':
      return html`${usdcText(log.amount)} to ${who(log.to)}.`
    default:
      return undefined
  }
}
