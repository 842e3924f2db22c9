import { day, money, rounded } from '../format.ts'
import { type Html, html } from '../markup.ts'
import { linear, logarithmic, median } from './scale.ts'

/** A trade that ended, as a point. */
export type Point = {
  /** Unix seconds. */
  at: number
  /** Base units. */
  amount: bigint
  sellerBps: number
  delivered: boolean
}

const WIDTH = 360
const HEIGHT = 150
const LEFT = 44
const BOTTOM = 118
const TOP = 12

/**
 * Every trade by day and amount. The axes reach from the least to the most that was traded and
 * name only those ends and the middle; what became of a trade is the shape of its point.
 */
export function tradesPlot(points: readonly Point[], title: string): Html {
  const times = points.map(({ at }) => at)
  const amounts = points.map(({ amount }) => Number(amount)).sort((a, b) => a - b)
  const [first, last] = [Math.min(...times), Math.max(...times)]
  const [least, most] = [amounts[0] ?? 1, amounts.at(-1) ?? 1]
  const x = linear([first, last], [LEFT + 10, WIDTH - 10])
  const y = logarithmic([Math.max(1, least), Math.max(1, most)], [BOTTOM - 8, TOP + 4])
  const ticks = [...new Set([least, median(amounts), most])]
  const spread = ticks.filter(
    (tick, index) => index === 0 || Math.abs(y(tick) - y(ticks[index - 1] ?? 0)) > 11,
  )
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title}">
<line class="axis" x1="${x(first)}" y1="${BOTTOM}" x2="${x(last)}" y2="${BOTTOM}"/>
<line class="axis" x1="${LEFT}" y1="${y(most)}" x2="${LEFT}" y2="${y(least)}"/>
${spread.map(
  (tick) =>
    html`<text x="${LEFT - 6}" y="${y(tick) + 3.5}" text-anchor="end">${rounded(BigInt(tick))}</text>`,
)}
<text x="${first === last ? x(first) : LEFT + 6}" y="${BOTTOM + 17}" text-anchor="${first === last ? 'middle' : 'start'}">${day(first)}</text>
${first === last ? undefined : html`<text x="${WIDTH - 6}" y="${BOTTOM + 17}" text-anchor="end">${day(last)}</text>`}
${points.map((point) => mark(point, x(point.at), y(Number(point.amount))))}
</svg>`
}

function mark(point: Point, x: number, y: number): Html {
  const { at, amount, sellerBps, delivered } = point
  const name = html`<title>${day(at)}: ${money(amount)} USDC, ${sellerBps / 100} % to the seller</title>`
  if (sellerBps === 10_000 && delivered) {
    return html`<circle class="dot" cx="${x}" cy="${y}" r="2.6">${name}</circle>`
  }
  if (sellerBps === 0) {
    return html`<path class="cross" d="M${x - 3} ${y - 3}l6 6m0-6l-6 6">${name}</path>`
  }
  return html`<circle class="ring" cx="${x}" cy="${y}" r="2.9">${name}</circle>`
}
