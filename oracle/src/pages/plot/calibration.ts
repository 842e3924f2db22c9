import { type Html, html } from '../markup.ts'
import { linear } from './scale.ts'

/** Forecasts of about the same probability, and how many of them came true. */
export type Bin = { count: number; mean: number; rate: number }

const SIZE = 220

/** What was forecast against what came: on the line the forecasts were right. */
export function calibrationPlot(bins: readonly Bin[], title: string): Html {
  const most = Math.max(0.05, ...bins.map(({ mean, rate }) => Math.max(mean, rate)))
  const x = linear([0, most], [36, SIZE - 8])
  const y = linear([0, most], [SIZE - 28, 10])
  const largest = Math.max(...bins.map(({ count }) => count), 1)
  const label = `${Math.round(most * 100)} %`
  return html`<svg viewBox="0 0 ${SIZE} ${SIZE}" role="img" aria-label="${title}">
<line class="hair" x1="${x(0)}" y1="${y(0)}" x2="${x(most)}" y2="${y(most)}"/>
<line class="axis" x1="${x(0)}" y1="${SIZE - 20}" x2="${x(most)}" y2="${SIZE - 20}"/>
<line class="axis" x1="28" y1="${y(0)}" x2="28" y2="${y(most)}"/>
<text x="${x(0)}" y="${SIZE - 5}">0</text><text x="${x(most)}" y="${SIZE - 5}" text-anchor="end">${label} forecast</text>
<text x="22" y="${y(0)}" text-anchor="end">0</text><text x="34" y="${y(most) + 3}">${label} came</text>
${bins.map(
  ({ count, mean, rate }) =>
    html`<circle class="dot" cx="${x(mean)}" cy="${y(rate)}" r="${2 + 5 * Math.sqrt(count / largest)}"><title>${count} trades: forecast ${(100 * mean).toFixed(1)} %, came ${(100 * rate).toFixed(1)} %</title></circle>`,
)}
</svg>`
}
