/** Maps a number of one range onto another; a range of no width onto its middle. */
export function linear(
  [from, until]: readonly [number, number],
  [start, end]: readonly [number, number],
): (value: number) => number {
  const width = until - from
  return (value) =>
    round(width === 0 ? (start + end) / 2 : start + ((value - from) / width) * (end - start))
}

/** The same over orders of magnitude. */
export function logarithmic(
  [from, until]: readonly [number, number],
  range: readonly [number, number],
): (value: number) => number {
  const inner = linear([Math.log10(from), Math.log10(until)], range)
  return (value) => inner(Math.log10(Math.max(value, from)))
}

/** Two decimals are finer than a pixel. */
export function round(value: number): number {
  return Math.round(value * 100) / 100
}

/** The middle of some numbers in order; the lower of two. */
export function median(sorted: readonly number[]): number {
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN
}
