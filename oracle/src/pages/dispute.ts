import { isEarnestError, type VerdictRecord } from '@earnest/sdk/protocol'
import { readEscrow } from '../escrow/fold.ts'
import type { Oracle } from '../oracle.ts'
import { docketRecord } from '../settlement/committee/record.ts'
import { disputeRecord, verdictRecord } from '../settlement/dispute.ts'
import { moment, percent, short, shortDid } from './format.ts'
import { type Html, html, when } from './markup.ts'
import { page } from './page.ts'
import { atTheEnd, paidParts } from './terms.ts'
import { codeWords, REASON_WORDS, STATE_WORDS } from './words.ts'

/**
 * A dispute as anybody may see it: who said something when, by hash. The words are for the parties
 * and for whom their pact lets read (DRV-18).
 * @throws escrow_unknown, dispute_unknown
 */
export async function disputePage(oracle: Oracle, escrowId: string): Promise<Html> {
  const { db } = oracle
  const record = await disputeRecord(db, escrowId)
  const [state, docket, verdict] = await Promise.all([
    readEscrow(db, escrowId),
    docketRecord(oracle, escrowId),
    findVerdict(oracle, escrowId),
  ])
  const { claims, defence, evidence } = record
  return page({
    title: 'Dispute',
    place: '/trades',
    body: html`<p class="over">Dispute · round ${record.round} · ${STATE_WORDS[record.state]}</p>
<h1>The record of a dispute</h1>
<p class="lead">What was handed in stands here by its hash. The words are for the two parties and for whom they let read.</p>
${when(state?.ending === null && state, (open) => html`<p class="note">${atTheEnd(open)}</p>`)}
<h2>What was handed in</h2>
<ul class="plain rows">
${claims.map(
  ({ by, reason, claimHash, filedAt }) =>
    html`<li><strong>${REASON_WORDS[reason]}</strong><br><span class="soft">claim by ${shortDid(by)}, ${moment(filedAt)}, ${short(claimHash)}</span></li>`,
)}
${when(defence, ({ filedAt, defenceHash }) => html`<li><strong>The seller answered</strong><br><span class="soft">${moment(filedAt)}, ${short(defenceHash)}</span></li>`)}
${evidence.map(
  (piece) =>
    html`<li>A piece of evidence<br><span class="soft">${piece.submittedBy ? html`by ${shortDid(piece.submittedBy)}, ` : ''}${moment(piece.at)}, ${short(piece.sha256)}, ${piece.verified ? 'nothing in it is against the record' : 'it is not what it says it is'}</span></li>`,
)}
</ul>
${when(claims.length + evidence.length === 0, () => html`<p class="soft">No paper was handed in; the check of the delivery opened it.</p>`)}
${when(record.packageHash, (hash) => html`<p>Everybody who judges reads the same papers: ${short(hash)}.</p>`)}
${when(verdict, jury)}
${when(docket.proposal || docket.panels.length > 0 || docket.decision, () => rungs(docket))}
${when(state?.ending && state.ending.how !== 'amended' && state, paidParts)}
<p><a href="/trades/${escrowId}">The whole trade</a> · <a href="/api/v1/disputes/${escrowId}">the same as data</a></p>`,
  })
}

async function findVerdict({ db }: Oracle, escrowId: string): Promise<VerdictRecord | undefined> {
  try {
    return await verdictRecord(db, escrowId)
  } catch (error) {
    if (isEarnestError(error) && error.code === 'record_unknown') return undefined
    throw error
  }
}

function jury(verdict: VerdictRecord): Html {
  return html`<h2>The jury</h2>
<p>${verdict.sellerBps === null ? 'It could not agree on a number.' : html`It proposed ${percent(verdict.sellerBps)} for the seller.`}
${when(verdict.doubts.length > 0, () => html`It doubted: ${verdict.doubts.map((doubt) => codeWords(String(doubt)).toLowerCase()).join(', ')}.`)}
Prompts and answers stand in <a href="/api/v1/disputes/${verdict.escrowId}/record">its record</a> by their hashes; it can be recomputed.</p>`
}

function rungs(docket: Awaited<ReturnType<typeof docketRecord>>): Html {
  const { proposal, appeal, panels, decision } = docket
  return html`<h2>Proposal, appeal, decision</h2>
<ul class="plain rows">
${when(proposal, (proposal) => html`<li>${proposal.byCommittee ? 'The committee' : 'The jury'} proposed ${percent(proposal.sellerBps)} for the seller. It could be appealed until ${moment(proposal.appealEnd)}.</li>`)}
${when(appeal, (appeal) => html`<li>It was appealed by ${short(appeal.by)}${appeal.won === null ? '' : appeal.won ? '; the result moved' : '; the result stood'}.</li>`)}
${panels.map(
  (panel, index) => html`<li><strong>Panel ${index + 1}</strong>, opened ${moment(panel.openedAt)}${
    panel.decided === null
      ? ''
      : panel.decided
        ? html`: ${percent(panel.sellerBps ?? 0)} for the seller`
        : ': it did not decide'
  }
<br><span class="soft">${panel.drawn.filter(({ seat }) => seat !== null).length} seats, ${panel.drawn.filter(({ struck }) => struck).length} struck, ${panel.drawn.filter(({ sellerBps }) => sellerBps !== null).length} votes</span></li>`,
)}
${when(decision, (decision) => html`<li><strong>${decision.executed ? 'Decided and carried out' : 'Decided; the escrow had ended before'}</strong>: ${percent(decision.sellerBps)} for the seller, record ${short(decision.recordHash)}.</li>`)}
</ul>`
}
