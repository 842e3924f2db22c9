import {
  type AgentRecord,
  DIMENSION_WEIGHTS,
  type Dimension,
  type TrustResponse,
} from '@earnest/sdk/protocol'
import { getAgent } from '../discovery/agent.ts'
import type { Oracle } from '../oracle.ts'
import { risk } from './agents.ts'
import { addressOf } from './chainLink.ts'
import { day, fromNow, moment, money, named, percent, rounded, share, usdcText } from './format.ts'
import { type Ended, endedTrades, latestTrades } from './ledger.ts'
import { type Html, html, when } from './markup.ts'
import { page } from './page.ts'
import { dimensionPlot } from './plot/dimension.ts'
import { OUTCOMES, outcomesPlot } from './plot/outcomes.ts'
import { median } from './plot/scale.ts'
import { tradesPlot } from './plot/trades.ts'
import { tradeList } from './trades.ts'
import { CERTIFICATION_WORDS, capabilityWords, codeWords, DIMENSION_WORDS } from './words.ts'

/**
 * What an agent offers and what became of its trades (API-20).
 * @throws agent_unknown
 */
export async function agentPage({ db, trust, clock, chain }: Oracle, did: string): Promise<Html> {
  const agent = await getAgent(db, did)
  const [answer, ended, open] = await Promise.all([
    trust.answer({ id: did, role: 'seller' }),
    endedTrades(db, { did, role: 'seller' }),
    latestTrades(db, { limit: 10, did }),
  ])
  const now = clock.now()
  return page({
    title: agent.name,
    place: '/agents',
    body: html`<p class="over">Agent${when(agent.status !== 'active', () => html` · ${agent.status}`)}</p>
<h1>${named(agent.name)}</h1>
<p class="lead prose">${agent.description}</p>
${standing(answer)}
${capabilities(agent, answer, ended)}
${history(ended)}
${dimensions(answer)}
${marks(answer, now)}
<h2>Latest trades</h2>
${tradeList(open, now)}
<h2>Who it is</h2>
<dl>
<dt>Identity</dt><dd><code>${did}</code></dd>
<dt>Wallet</dt><dd>${addressOf(chain.chainId, agent.wallet)}</dd>
<dt>Speaks A2A at</dt><dd><code>${agent.endpoint}</code></dd>
${when(agent.organizationId, (id) => html`<dt>Says it belongs to</dt><dd>${named(id)}</dd>`)}
<dt>Bond</dt><dd>${usdcText(answer.bondAmountUsdc)}, tier ${answer.bondTier}</dd>
<dt>Registered</dt><dd>${day(agent.registeredAt)}</dd>
<dt>Last signed act</dt><dd>${agent.lastActiveAt === null ? 'none yet' : fromNow(agent.lastActiveAt, now)}</dd>
<dt>Last sign of life</dt><dd>${agent.lastHeartbeatAt === null ? 'none yet' : fromNow(agent.lastHeartbeatAt, now)}</dd>
</dl>
<p class="soft">The same, signed by this oracle: <a href="/api/v1/trust/${did}">record</a>, <a href="/api/v1/trust/${did}/attestations">settlements</a>, <a href="/api/v1/trust/${did}/explain">what weighs most</a>.</p>`,
  })
}

function standing(answer: TrustResponse): Html {
  const { compositeScore: score, fulfillmentRate90d: rate } = answer
  return html`<dl class="figures">
<div><dt>Score</dt><dd>${score ?? '–'}<small>${score === null ? 'too little evidence to rate' : `of 1000, ${CERTIFICATION_WORDS[answer.certificationLevel]?.toLowerCase()}`}</small></dd></div>
<div><dt>Trades in 90 days</dt><dd>${answer.tasksCompleted90d}<small>${rate === null ? 'no rate yet' : `${share(rate)} fulfilled`}</small></dd></div>
<div><dt>Customers</dt><dd>${answer.counterparties}<small>worth ${answer.effectiveCounterparties.toFixed(1)} independent ones</small></dd></div>
<div><dt>Incidents in 90 days</dt><dd>${answer.incidentCount90d}<small>availability ${answer.health.availability.toFixed(0)} of 100</small></dd></div>
</dl>
<p>The next trade goes wrong with a probability of ${risk(answer)}</p>`
}

function capabilities(agent: AgentRecord, answer: TrustResponse, ended: readonly Ended[]): Html {
  const known = new Map(answer.pacts.map((pact) => [pact.capability, pact]))
  const ids = [...new Set([...agent.capabilities, ...known.keys()])]
  if (ids.length === 0) return html`<p class="soft">It sells nothing; it buys.</p>`
  return html`<h2>What it does</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Capabilities"><table>
<caption>By the trades that ended; the price is the middle one, in USDC. Of the last twenty a stroke up was fulfilled, a ring split, a stroke down refunded.</caption>
<thead><tr><th scope="col">Capability</th><th scope="col" class="n">Trades</th><th scope="col" class="n">Fulfilled</th><th scope="col" class="n">Price</th><th scope="col">Last twenty</th></tr></thead>
<tbody>${ids.map((id) => {
    const trades = ended.filter(({ capability }) => capability === id)
    const prices = trades.map(({ amountUsdc }) => Number(amountUsdc)).sort((a, b) => a - b)
    const pact = known.get(id)
    return html`<tr><th scope="row">${capabilityWords(id)}${when(!agent.capabilities.includes(id), () => html` <small>no longer offered</small>`)}</th>
<td class="n">${pact?.taskCount ?? trades.length}</td>
<td class="n">${pact && pact.taskCount > 0 ? share(pact.fulfillmentRate) : '–'}</td>
<td class="n">${prices.length > 0 ? rounded(BigInt(median(prices))) : '–'}</td>
<td class="gauge">${trades.length > 0 ? outcomesPlot(latest(trades), outcomeWords(trades)) : ''}</td></tr>`
  })}</tbody></table></div>`
}

const latest = (trades: readonly Ended[]) =>
  trades
    .slice(0, OUTCOMES)
    .toReversed()
    .map(({ sellerBps }) => sellerBps)

function outcomeWords(trades: readonly Ended[]): string {
  const last = latest(trades)
  const of = (is: (bps: number) => boolean) => last.filter(is).length
  return `${of((bps) => bps === 10_000)} fulfilled, ${of((bps) => bps > 0 && bps < 10_000)} split, ${of((bps) => bps === 0)} refunded`
}

function history(ended: readonly Ended[]): Html {
  if (ended.length === 0) {
    return html`<h2>History</h2><p class="soft">None of its trades as a seller has ended yet.</p>`
  }
  const full = ended.filter(({ sellerBps }) => sellerBps === 10_000).length
  const none = ended.filter(({ sellerBps }) => sellerBps === 0).length
  const sum = ended.reduce((total, { amountUsdc }) => total + amountUsdc, 0n)
  const split = ended.length - full - none
  const title = `${ended.length} trades by day and amount: ${full} paid in full, ${split} split, ${none} refunded`
  return html`<h2>History</h2>
<figure class="plot">
${tradesPlot(
  ended.map((trade) => ({
    at: trade.settledAt,
    amount: trade.amountUsdc,
    sellerBps: trade.sellerBps,
    delivered: trade.artifactHash !== null,
  })),
  title,
)}
<figcaption>${ended.length} trades over ${money(sum)} USDC by the day they ended and their amount. A full point was paid in full (${full}), a ring split or paid without a delivery (${split}), a cross refunded (${none}).</figcaption>
</figure>
<details><summary>The same as a table</summary>
<div class="scroll" tabindex="0" role="region" aria-label="Trades that ended"><table>
<thead><tr><th scope="col">Ended</th><th scope="col">Capability</th><th scope="col" class="n">USDC</th><th scope="col" class="n">To the seller</th></tr></thead>
<tbody>${ended
    .slice(0, 50)
    .map(
      (trade) =>
        html`<tr><td><a href="/trades/${trade.escrowId}">${day(trade.settledAt)}</a></td><td>${capabilityWords(trade.capability)}</td><td class="n">${money(trade.amountUsdc)}</td><td class="n">${percent(trade.sellerBps)}</td></tr>`,
    )}</tbody></table></div></details>`
}

function dimensions({ scoreBreakdown, idleDecay }: TrustResponse): Html {
  return html`<h2>The twelve dimensions</h2>
<table>
<caption>0 to 100 each. What was never measured counts for nothing, neither for nor against.</caption>
<thead><tr><th scope="col">Dimension</th><th scope="col" class="n">Weight</th><th scope="col" class="n">Value</th><th scope="col"><span aria-hidden="true">0 to 100</span></th></tr></thead>
<tbody>${Object.entries(DIMENSION_WEIGHTS).map(([name, weight]) => {
    const value = scoreBreakdown[name as Dimension]
    return html`<tr><th scope="row">${DIMENSION_WORDS[name] ?? name}</th><td class="n soft">${weight} %</td>
<td class="n">${value === null ? html`<span class="soft">not measured</span>` : value.toFixed(0)}</td>
<td class="gauge">${value === null ? '' : dimensionPlot(value)}</td></tr>`
  })}</tbody></table>
${when(idleDecay > 0, () => html`<p class="soft">${idleDecay} points were taken for weeks without a trade.</p>`)}`
}

function marks({ flags, penalties }: TrustResponse, now: number): Html | undefined {
  if (flags.length + penalties.length === 0) return undefined
  return html`<h2>Incidents and flags</h2>
<ul class="plain rows">
${flags.map(
  ({ code, reason, since }) =>
    html`<li><strong>${codeWords(code)}</strong> <span class="soft">since ${moment(since)}</span><br>${reason}</li>`,
)}
${penalties.map(
  ({ code, at, points }) =>
    html`<li><strong>${codeWords(code)}</strong> <span class="soft">${fromNow(at, now)}</span><br>costs ${Object.entries(
      points,
    )
      .map(([name, value]) => `${value.toFixed(1)} of ${DIMENSION_WORDS[name] ?? name}`)
      .join(', ')}</li>`,
)}
</ul>`
}
