import { EarnestError } from '@earnest/sdk/protocol'
import type { Oracle } from '../oracle.ts'
import { fromNow, named, shortDid, usdcText } from './format.ts'
import { type Line, latestTrades } from './ledger.ts'
import { type Html, html, when } from './markup.ts'
import { page } from './page.ts'
import { capabilityWords, STATE_WORDS } from './words.ts'

const PAGE_SIZE = 30

/**
 * Funded trades, the latest first.
 * @throws invalid_request
 */
export async function tradesPage(
  { db, clock }: Oracle,
  query: { before?: string | undefined },
): Promise<Html> {
  const before = query.before === undefined ? undefined : Number(query.before)
  if (before !== undefined && !Number.isSafeInteger(before)) {
    throw new EarnestError('invalid_request', 'Not a page of this list')
  }
  const trades = await latestTrades(db, { limit: PAGE_SIZE, before })
  const last = trades.at(-1)
  return page({
    title: 'Trades',
    place: '/trades',
    body: html`<h1>Trades</h1>
<p class="lead">Every trade whose money the contract holds or has paid out, and whose terms are on record here.</p>
${tradeList(trades, clock.now())}
${when(
  trades.length === PAGE_SIZE && last,
  () =>
    html`<p><a class="button" href="/trades?before=${last?.fundedAt ?? 0}">Earlier trades</a></p>`,
)}`,
  })
}

/** Trades as a list; says so where there is none. */
export function tradeList(trades: readonly Line[], now: number): Html {
  if (trades.length === 0) return html`<p class="soft">No trade was funded yet.</p>`
  return html`<ul class="plain rows">${trades.map(
    (trade) => html`<li><a href="/trades/${trade.escrowId}">${capabilityWords(trade.capability)}</a>
<div class="split"><span class="soft">${STATE_WORDS[trade.state]} · by ${trade.sellerName === null ? shortDid(trade.seller) : named(trade.sellerName)} · paid in ${fromNow(trade.fundedAt, now)}</span><span>${usdcText(trade.amount)}</span></div></li>`,
  )}</ul>`
}
