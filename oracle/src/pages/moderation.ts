import { criteriaOf, decode, fromBytes32, type Pact, pactSchema } from '@earnest/sdk/protocol'
import type { Hex } from 'viem'
import type { Oracle } from '../oracle.ts'
import { standingDecisions } from '../settlement/moderation/decide.ts'
import type { Bench } from '../settlement/moderation/moderators.ts'
import { type OpenCase, openCase } from '../settlement/moderation/open.ts'
import { listQueue, type Waiting } from '../settlement/moderation/queue.ts'
import type { Session } from '../settlement/moderation/session.ts'
import { fromNow, moment, percent, short, usdcText } from './format.ts'
import { type Html, html, when } from './markup.ts'
import { page } from './page.ts'
import { signingArea } from './signing.ts'
import { REASON_WORDS } from './words.ts'

/** Where a moderator signs in: by a signature of the wallet, which gives nothing else away. */
export function signInPage({ clock, signer, chain }: Oracle): Html {
  return page({
    title: 'Moderation',
    data: {
      part: 'moderation',
      now: String(clock.now()),
      oracle: signer.did,
      chain: String(chain.chainId),
    },
    body: html`<h1>Moderation</h1>
<p class="lead">For disputes of people that no check, no agreement and no jury has settled.</p>
${signingArea()}
<form id="sign-in" hidden><div class="actions"><button class="main">Sign in with the moderator’s wallet</button></div></form>`,
  })
}

/** The cases that end with a moderator, the most urgent first. */
export async function queuePage({ db, clock, chain }: Oracle, session: Session): Promise<Html> {
  const now = clock.now()
  const cases = await listQueue(db)
  return page({
    title: 'Moderation',
    data: {
      part: 'moderation',
      now: String(now),
      form: session.formKey,
      chain: String(chain.chainId),
    },
    body: html`<h1>Cases</h1>
<p class="lead">${cases.length === 0 ? 'No case waits for a person.' : `${cases.length === 1 ? 'One case waits' : `${cases.length} cases wait`}. After its time a case is closed by its evidence, without you.`}</p>
${signingArea()}
<ul class="plain rows">${cases.map((waiting) => line(waiting, now))}</ul>
<p class="soft">Signed in as ${short(session.moderator)}</p>
<form id="sign-out" hidden><button>Sign out</button></form>`,
  })
}

function line({ state, from, until }: Waiting, now: number): Html {
  return html`<li><a href="/moderation/${state.id}">${short(state.id)}</a>
<div class="split"><span class="soft">${turnWords(from, now)} · closes ${fromNow(until, now)}</span><span>${usdcText(state.terms.amount)}</span></div></li>`
}

function turnWords(from: number | null, now: number): string {
  if (from === null) return 'another rung has it'
  return from > now ? `yours ${fromNow(from, now)}` : 'yours to decide'
}

/**
 * One case with its papers side by side, and the form of a decision.
 * @throws escrow_unknown, decision_closed
 */
export async function casePage(
  oracle: Oracle,
  { escrowId, session, bench: { needed, seat } }: { escrowId: Hex; session: Session; bench: Bench },
): Promise<Html> {
  const { db, clock, chain } = oracle
  const now = clock.now()
  const open = await openCase(oracle, { escrowId, by: session.moderator })
  const { state, papers, until, from, packageHash } = open
  const pactId = fromBytes32(state.terms.pactHash)
  const papersRead = { escrowId, pactId, round: state.round, packageHash }
  const signed = await standingDecisions(db, papersRead)
  const pact = decode(pactSchema, papers.pact, 'invalid_pact')
  const [first] = signed
  return page({
    title: 'A case',
    wide: true,
    data: {
      part: 'moderation',
      now: String(now),
      form: session.formKey,
      escrow: escrowId,
      pact: pactId,
      round: String(state.round),
      package: packageHash,
      chain: String(chain.chainId),
      seat,
    },
    body: html`<p class="over"><a href="/moderation">Cases</a> · ${turnWords(from, now)} · closes ${moment(until)}</p>
<h1>A case of ${usdcText(state.terms.amount)}</h1>
<p class="soft">Escrow ${short(escrowId)}, round ${state.round}. What you read is on record, by the hash ${short(packageHash)}: the same papers for everybody who judges. All of it was written by the parties; treat it as their words.</p>
<div class="beside">
<section aria-label="What was agreed and delivered">${agreed(pact, open)}</section>
<section aria-label="What the parties say">${said(papers, pact)}</section>
</div>
<h2>Decide</h2>
${signingArea()}
${when(first, (row) => html`<div class="note"><p>Signed by ${signed.length} of ${needed}: ${percent(row.seller_bps)} to the seller.</p><blockquote>${row.reason}</blockquote></div>`)}
${from === null || from > now ? html`<p class="note">It is not the moderator’s turn yet.</p>` : decisionForm(needed, first)}`,
  })
}

function agreed(pact: Pact, { papers, files, state }: OpenCase): Html {
  const report = papers.report as { result?: string; findings?: unknown } | null
  return html`<h2>Agreed</h2>
<blockquote>${pact.taskDescription}</blockquote>
<ol class="plain rows">${criteriaOf(pact, state.clauses.milestone).map(({ description, weight }) => html`<li class="split"><span>${description}</span><span class="soft">weight ${weight}</span></li>`)}</ol>
<h2>Delivered</h2>
${
  files.length > 0
    ? html`<ul class="plain rows">${files.map(({ name, size }) => html`<li class="split"><a href="/moderation/${state.id}/files/${encodeURIComponent(name)}" download>${name}</a><span class="soft">${size} bytes</span></li>`)}</ul>`
    : html`<p class="soft">${papers.manifest ? 'Both agreed that no tribunal opens the files; decide by the report and the words.' : 'Nothing was delivered.'}</p>`
}
${when(report, (found) => html`<p>The check by code: ${found.result ?? 'none'}</p><details><summary>Its findings</summary><pre>${JSON.stringify(found.findings, null, 2)}</pre></details>`)}`
}

type Paper = {
  body?: { claim?: string; reason?: string; disputedBy?: string; explanation?: string }
}

function said(papers: Record<string, unknown>, pact: Pact): Html {
  const claims = (papers.claims ?? []) as Paper[]
  const defence = papers.defence as Paper | null
  const evidence = (papers.evidence ?? []) as {
    submittedBy: string
    verified: boolean
    content: { type?: string; content?: unknown } | null
  }[]
  const who = (did: string | undefined) => (did === pact.buyer.did ? 'The buyer' : 'The seller')
  return html`<h2>Said</h2>
${claims.map(({ body }) => html`<h3>${who(body?.disputedBy)}: ${REASON_WORDS[body?.reason ?? 'other']}</h3><blockquote>${body?.claim}</blockquote>`)}
${when(defence, ({ body }) => html`<h3>The seller answered</h3><blockquote>${body?.explanation}</blockquote>`)}
${evidence.map(
  ({ submittedBy, verified, content }) =>
    html`<h3>${who(submittedBy)} handed in <small>${verified && content?.type !== 'specific_claim' ? 'matches the record' : 'its author’s words'}</small></h3><blockquote>${wordsOf(content?.content)}</blockquote>`,
)}
${when(claims.length + evidence.length === 0 && !defence, () => html`<p class="soft">Neither has handed in a word.</p>`)}`
}

function wordsOf(content: unknown): string {
  return typeof content === 'string' ? content : (JSON.stringify(content, null, 2) ?? '')
}

function decisionForm(
  needed: number,
  first: { seller_bps: number; reason: string } | undefined,
): Html {
  return html`<form id="decide" hidden>
<label for="percent">The seller’s share, in percent</label>
<input id="percent" name="percent" type="number" min="0" max="100" step="0.01" required inputmode="decimal" value="${first ? first.seller_bps / 100 : ''}">
<label for="reason">Reason<small>In writing, for both parties. Its hash goes on chain.</small></label>
<textarea id="reason" name="reason" required maxlength="10000">${first?.reason}</textarea>
${when(needed > 1, () => html`<p class="soft">Two moderators sign the same decision. Then the wallet with the moderator’s seat carries it out.</p>`)}
<div class="actions"><button class="main">Sign the decision</button></div>
</form>`
}
