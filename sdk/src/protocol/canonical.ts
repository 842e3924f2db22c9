import { EarnestError } from './error.ts'

const MAX_DEPTH = 64

/**
 * Canonical text of a JSON value (RFC 8785).
 * Throws `not_canonical` for everything that JSON cannot carry exactly: `undefined`, NaN, infinities,
 * bigint, functions, dates, lone surrogates, sparse arrays, nesting deeper than 64 (W-1).
 */
export function canonicalText(value: unknown): string {
  return write(value, 0)
}

/** UTF-8 bytes of the canonical text: what is hashed and signed (RFC 8785). */
export function canonicalBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(canonicalText(value))
}

/** True where two values are the same JSON, or both undefined; members that are undefined do not count. */
export function isSameJson(a: unknown, b: unknown): boolean {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)]
  if (left === right) return true
  if (left === undefined || right === undefined) return false
  return canonicalText(JSON.parse(left)) === canonicalText(JSON.parse(right))
}

function write(value: unknown, depth: number): string {
  if (depth > MAX_DEPTH) refuse('nesting deeper than 64')
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value === 'string') return writeString(value)
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) refuse(`the number ${value}`)
    // ECMAScript number text is what RFC 8785 section 3.2.2.3 prescribes; -0 becomes 0.
    return JSON.stringify(value)
  }
  if (typeof value !== 'object') refuse(typeof value)
  if (Array.isArray(value)) {
    const items: string[] = []
    // By index: map would skip holes and so hide them.
    for (let index = 0; index < value.length; index++) items.push(write(value[index], depth + 1))
    return `[${items.join(',')}]`
  }
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) refuse('not a plain object')
  // Default sort compares UTF-16 code units, as RFC 8785 section 3.2.3 wants.
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, item]) => `${writeString(name)}:${write(item, depth + 1)}`)
  return `{${members.join(',')}}`
}

function writeString(text: string): string {
  if (!text.isWellFormed()) refuse('a lone surrogate')
  return JSON.stringify(text)
}

function refuse(what: string): never {
  throw new EarnestError('not_canonical', `Canonical JSON cannot carry ${what}`)
}
