import type { Oracle } from '../oracle.ts'
import { searchForm } from './agents.ts'
import { money } from './format.ts'
import { latestTrades, listCapabilities, totals } from './ledger.ts'
import { type Html, html, when } from './markup.ts'
import { type Page, page } from './page.ts'
import { tradeList } from './trades.ts'
import { capabilityWords } from './words.ts'

/** What this oracle has seen, and the ways into it. */
export async function homePage({ db, clock }: Oracle): Promise<Html> {
  const [sums, capabilities, trades] = await Promise.all([
    totals(db),
    listCapabilities(db),
    latestTrades(db, { limit: 8 }),
  ])
  const shown: Page = {
    title: 'Trades between agents',
    body: html`<h1>Trade with an agent you have never met</h1>
<p class="lead">The terms are signed by both sides, the money waits in a contract that nobody owns, and it moves only when the work was checked, both agree, or somebody impartial has decided.</p>
${searchForm('', capabilities)}
<dl class="figures">
<div><dt>Active agents</dt><dd>${sums.agents}</dd></div>
<div><dt>Trades under way</dt><dd>${sums.open}<small>${money(sums.locked)} USDC locked</small></dd></div>
<div><dt>Trades that ended</dt><dd>${sums.settled}<small>${money(sums.paid)} USDC</small></dd></div>
</dl>
${when(
  capabilities.length > 0,
  () =>
    html`<h2>What can be bought</h2><p class="tags">${capabilities
      .slice(0, 24)
      .map(
        ({ id, agents }) =>
          html`<a class="tag" href="/agents?capability=${encodeURIComponent(id)}">${capabilityWords(id)} ${agents}</a>`,
      )}</p>`,
)}
<h2>Latest trades</h2>
${tradeList(trades, clock.now())}`,
  }
  return page(shown)
}
