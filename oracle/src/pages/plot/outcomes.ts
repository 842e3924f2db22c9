import { type Html, html } from '../markup.ts'

/** Trades that a sparkline has room for. */
export const OUTCOMES = 20
const STEP = 6

/** The last trades as a win-loss line, the latest on the right: up fulfilled, dot split, down refunded. */
export function outcomesPlot(sellerBps: readonly number[], title: string): Html {
  const last = sellerBps.slice(-OUTCOMES)
  const start = (OUTCOMES - last.length) * STEP + 4
  return html`<svg viewBox="0 0 ${OUTCOMES * STEP + 2} 16" role="img" aria-label="${title}">
<line class="hair" x1="0" y1="8" x2="${OUTCOMES * STEP + 2}" y2="8"/>
${last.map((bps, index) => {
  const x = start + index * STEP
  if (bps === 10_000) return html`<path class="up" d="M${x} 8V1"/>`
  if (bps === 0) return html`<path class="down" d="M${x} 8v7"/>`
  return html`<circle class="ring" cx="${x}" cy="8" r="2"/>`
})}
</svg>`
}
