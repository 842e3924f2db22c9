import { formatUtc } from '@earnest/sdk/protocol'
import { money } from './client/amount.ts'
import { type Html, html } from './markup.ts'

export { money }

/** An amount for a column of figures or an axis: cents below a hundred, whole above. */
export function rounded(amount: bigint): string {
  const cents = (amount + 5000n) / 10_000n
  if (cents < 10_000n) return money(cents * 10_000n)
  return money(((cents + 50n) / 100n) * 1_000_000n).replace(/\.00$/, '')
}

/** An amount with its unit, figures aligned. */
export function usdcText(amount: bigint): Html {
  return html`<span class="figure">${money(amount)}</span> <abbr title="US dollars on chain, issued by Circle">USDC</abbr>`
}

/** Basis points as a percentage without needless zeros. */
export function percent(bps: number): string {
  return `${Number((bps / 100).toFixed(2))} %`
}

/** A share between 0 and 1 as a percentage. */
export function share(value: number, digits = 1): string {
  return `${Number((value * 100).toFixed(digits))} %`
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

/** A duration in its two largest units: "2 days 3 hours". */
export function duration(seconds: number): string {
  const parts: string[] = []
  let rest = Math.max(0, Math.round(seconds))
  for (const [name, size] of UNITS) {
    const count = Math.floor(rest / size)
    if (count > 0) parts.push(`${count} ${name}${count === 1 ? '' : 's'}`)
    rest -= count * size
    if (parts.length === 2) break
  }
  return parts.join(' ') || '0 seconds'
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** Day of a moment, UTC: "21 Nov 2026". */
export function day(seconds: number): string {
  const [year, month, date] = formatUtc(seconds).slice(0, 10).split('-')
  return `${Number(date)} ${MONTHS[Number(month) - 1]} ${year}`
}

/** A moment for people and for machines; the script shows it in the reader's own zone. */
export function moment(seconds: number): Html {
  const iso = formatUtc(seconds)
  return html`<time datetime="${iso}">${day(seconds)}, ${iso.slice(11, 16)} UTC</time>`
}

/** How far a moment is from now: "in 2 days", "3 hours ago". */
export function fromNow(seconds: number, now: number): string {
  if (seconds === now) return 'now'
  return seconds > now ? `in ${duration(seconds - now)}` : `${duration(now - seconds)} ago`
}

/** A long identifier: its ends for people, the whole for whoever selects it. */
export function short(text: string, { head = 8, tail = 6 } = {}): Html {
  if (text.length <= head + tail + 1) return html`<code>${text}</code>`
  return html`<code class="id" title="${text}">${text.slice(0, head)}…${text.slice(-tail)}</code>`
}

/** A DID by the part that tells it from others. */
export function shortDid(did: string): Html {
  return short(did.replace(/^did:key:/, ''), { head: 8, tail: 6 })
}

/** A name that somebody chose for itself, kept from turning the text around it. */
export function named(name: string): Html {
  return html`<bdi>${plainLine(name)}</bdi>`
}

/** One line without control and direction signs, by which a name could look like another. */
export function plainLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}
