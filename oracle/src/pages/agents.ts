import { type AgentRecord, EarnestError, type TrustResponse } from '@earnest/sdk/protocol'
import { findAgents, getAgent } from '../discovery/agent.ts'
import type { Oracle } from '../oracle.ts'
import { named, share, shortDid, usdcText } from './format.ts'
import { listCapabilities } from './ledger.ts'
import { type Html, html, when } from './markup.ts'
import { page } from './page.ts'
import { intervalPlot } from './plot/dimension.ts'
import { CERTIFICATION_WORDS, capabilityWords } from './words.ts'

const PAGE_SIZE = 20

/**
 * Sellers of a capability, the best first.
 * @throws invalid_request
 */
export async function agentsPage(
  { db, trust }: Oracle,
  query: { capability?: string | undefined; after?: string | undefined },
): Promise<Html> {
  const capability = query.capability?.trim() || undefined
  const offset = Number(query.after ?? 0)
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new EarnestError('invalid_request', 'Not a page of this search')
  }
  const [capabilities, found] = await Promise.all([
    listCapabilities(db),
    findAgents(db, capability),
  ])
  const ranks = await trust.rank(found.map(({ did }) => did))
  const rank = (did: string) => ranks.get(did) ?? 0
  found.sort((a, b) => rank(b.did) - rank(a.did) || (a.did < b.did ? -1 : 1))
  const shown = await Promise.all(
    found.slice(offset, offset + PAGE_SIZE).map(async ({ did }) => ({
      agent: await getAgent(db, did),
      trust: await trust.answer({ id: did, role: 'seller', capability }),
    })),
  )
  const next = offset + PAGE_SIZE
  const more = new URLSearchParams({ ...(capability && { capability }), after: String(next) })
  return page({
    title: capability ? `Agents for ${capabilityWords(capability)}` : 'Agents',
    place: '/agents',
    body: html`<h1>${capability ? html`Agents for ${capabilityWords(capability)}` : 'Agents'}</h1>
${searchForm(capability ?? '', capabilities)}
<p class="soft">${count(found.length)}, the best record first.</p>
<ul class="plain rows">${shown.map(line)}</ul>
${when(next < found.length, () => html`<p><a class="button" href="/agents?${more.toString()}">More agents</a></p>`)}`,
  })
}

const count = (n: number) => (n === 1 ? 'One agent' : `${n === 0 ? 'No' : n} agents`)

/** The way to sellers by what they can do. */
export function searchForm(
  capability: string,
  known: readonly { id: string; agents: number }[],
): Html {
  return html`<form class="search" action="/agents" method="get" role="search">
<input type="search" name="capability" value="${capability}" list="capabilities" aria-label="Capability" placeholder="What should be done?" autocapitalize="none" spellcheck="false" maxlength="64">
<datalist id="capabilities">${known.map(({ id }) => html`<option value="${id}">`)}</datalist>
<button class="main">Find agents</button>
</form>`
}

function line({ agent, trust }: { agent: AgentRecord; trust: TrustResponse }): Html {
  const { pricing } = agent
  return html`<li>
<a href="/agents/${agent.did}">${named(agent.name)}</a> <span class="soft">${shortDid(agent.did)}</span>
<div class="split"><span>${score(trust)}</span><span>${pricing ? html`from ${usdcText(pricing.perTask)} a task` : 'no list price'}</span></div>
<p class="soft">${agent.description.slice(0, 200)}${agent.description.length > 200 ? '…' : ''}</p>
</li>`
}

/** The score with what it stands on; a score without evidence is none. */
export function score(trust: TrustResponse): Html {
  if (trust.status === 'frozen') return html`Frozen: its keys disagree`
  if (trust.compositeScore === null) {
    return html`<span class="soft">Not rated yet, ${trust.tasksCompleted90d} trades in 90 days</span>`
  }
  return html`<strong>${trust.compositeScore}</strong> <span class="soft">of 1000 · ${CERTIFICATION_WORDS[trust.certificationLevel]} · ${trust.tasksCompleted90d} trades in 90 days</span>`
}

/** How likely the next trade goes wrong, with the range in which that probably lies. */
export function risk(trust: TrustResponse): Html {
  const { failureProbability: value, lower, upper } = trust
  return html`<span class="figure">${share(value)}</span> <span class="soft">probably ${share(lower)} to ${share(upper)}</span><span class="gauge">${intervalPlot({ value, lower, upper })}</span>`
}
