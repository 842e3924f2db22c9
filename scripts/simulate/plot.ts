import { costOf, type Point } from './attacks.ts'
import type { Laziness, Loot } from './sellers.ts'

/** Size of the drawing and of its frame, in pixels. */
const [WIDTH, HEIGHT] = [860, 480]
const FRAME = { left: 64, right: 210, top: 48, bottom: 56 }

/** Colours that stay apart for most eyes (Okabe and Ito), each with a mark of its own. */
const STYLES = [
  ['#0072B2', 'M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0'],
  ['#D55E00', 'M-4-4h8v8h-8z'],
  ['#009E73', 'M0-5L5 4H-5z'],
  ['#CC79A7', 'M0-5L5 0L0 5L-5 0z'],
  ['#56B4E9', 'M-5-1h4v-4h2v4h4v2h-4v4h-2v-4h-4z'],
  ['#000000', 'M-4 0h8v1h-8z'],
] as const

/** One point of a curve: USDC that it costs, and what it gains. */
export type Spot = { curve: string; cost: number; gain: number }

/** The attacks as curves of what they cost against what they gain in points of the composite. */
export function plotAttacks(points: readonly Point[]): string {
  return plot(
    points.map((point) => ({ curve: point.attack, cost: costOf(point), gain: point.gain })),
    { what: 'Points of the composite gained', cost: 'fees burned and capital at 5 % a year' },
  )
}

/** What sellers gain who build a record to cash it in, or do less work than they are paid for. */
export function plotSellers(loot: readonly Loot[], laziness: readonly Laziness[]): string {
  const spots = [
    ...loot.map(({ seller, fees, loot: gain }) => ({ curve: seller, cost: fees, gain })),
    ...laziness.map(({ lost, gain }) => ({ curve: 'lazy', cost: lost, gain })),
  ]
  return plot(spots, { what: 'USDC gained', cost: 'fees of the camouflage, or custom lost' })
}

/**
 * Curves of cost (logarithmic) against gain: an SVG that needs nothing else. What costs nothing is no
 * place on the axis and is left out.
 */
function plot(spots: readonly Spot[], words: { what: string; cost: string }): string {
  const curves = [...Map.groupBy(spots, ({ curve }) => curve)]
    .map(([curve, all]) => ({ curve, spots: all.filter(({ cost }) => cost > 0) }))
    .filter((curve) => curve.spots.length > 1)
  const shown = curves.flatMap((curve) => curve.spots)
  const low = Math.floor(Math.log10(Math.min(...shown.map(({ cost }) => cost))))
  const high = Math.ceil(Math.log10(Math.max(...shown.map(({ cost }) => cost))))
  const highest = Math.max(100, ...shown.map(({ gain }) => gain))
  const lowest = Math.min(0, ...shown.map(({ gain }) => gain))
  const tick = highest - lowest > 600 ? 200 : 50
  const most = Math.ceil(highest / tick) * tick
  const least = Math.floor(lowest / tick) * tick
  const x = (cost: number): number =>
    FRAME.left + ((Math.log10(cost) - low) / (high - low)) * (WIDTH - FRAME.left - FRAME.right)
  const y = (gain: number): number =>
    FRAME.top + ((most - gain) / (most - least)) * (HEIGHT - FRAME.top - FRAME.bottom)
  const [right, bottom] = [WIDTH - FRAME.right, HEIGHT - FRAME.bottom]

  const columns = range(low, high).map((power) => {
    const at = x(10 ** power)
    return `${line(at, FRAME.top, at, bottom, '#ddd')}${text(at, bottom + 18, `${10 ** power}`, 'middle')}`
  })
  const rows = range(least / tick, most / tick).map((step) => {
    const at = y(step * tick)
    const colour = step === 0 ? '#888' : '#ddd'
    return `${line(FRAME.left, at, right, at, colour)}${text(FRAME.left - 8, at + 4, `${step * tick}`, 'end')}`
  })
  const drawn = curves.map(({ curve, spots: all }, index) => {
    const [colour, mark] = STYLES[index % STYLES.length] as (typeof STYLES)[number]
    const places = all.map(({ cost, gain }) => [x(cost), y(gain)] as const)
    const way = places.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(' ')
    const marks = places.map(([px, py]) => markAt(px, py, mark, colour)).join('')
    const legend = FRAME.top + 8 + index * 24
    return `<polyline points="${way}" fill="none" stroke="${colour}" stroke-width="2"/>${marks}${markAt(right + 20, legend, mark, colour)}${text(right + 34, legend + 4, curve, 'start')}`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="title" font-family="sans-serif" font-size="12">`,
    `<title id="title">${words.what}, by what it costs</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(FRAME.left, 24, `${words.what}, by what it costs`, 'start'),
    ...columns,
    ...rows,
    ...drawn,
    text((FRAME.left + right) / 2, HEIGHT - 14, `USDC: ${words.cost}`, 'middle'),
    '</svg>',
    '',
  ].join('\n')
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, step) => from + step)
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="${colour}"/>`
}

function text(x: number, y: number, words: string, anchor: 'start' | 'middle' | 'end'): string {
  const safe = words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="#222">${safe}</text>`
}

function markAt(x: number, y: number, mark: string, colour: string): string {
  return `<path d="${mark}" transform="translate(${x.toFixed(1)} ${y.toFixed(1)})" fill="${colour}"/>`
}
