const BINS = 1 << 17

/**
 * The trust below which `share` of the trust mass lies: what one full voucher must hold. It goes by
 * mass and not by heads, because thousands of sybils would drag a median of agents to zero.
 * 0 if nobody has any trust.
 */
export function trustUnit(trust: Float64Array, nodes: number, share: number): number {
  // Positive doubles sort like their bits: the upper 17 bits put them into bins of equal ratio.
  const words = new Uint32Array(trust.buffer, trust.byteOffset, nodes * 2)
  const mass = new Float64Array(BINS)
  let sum = 0
  for (let node = 0; node < nodes; node++) {
    const value = trust[node] as number
    if (value <= 0) continue
    const bin = (words[node * 2 + 1] as number) >>> 15
    mass[bin] = (mass[bin] as number) + value
    sum += value
  }
  if (sum === 0) return 0
  const wanted = sum * share
  let below = 0
  let bin = 0
  while (bin < BINS - 1 && below + (mass[bin] as number) < wanted) below += mass[bin++] as number
  const values: number[] = []
  for (let node = 0; node < nodes; node++) {
    const value = trust[node] as number
    if (value > 0 && (words[node * 2 + 1] as number) >>> 15 === bin) values.push(value)
  }
  values.sort((left, right) => left - right)
  for (const value of values) {
    below += value
    if (below >= wanted) return value
  }
  return values.at(-1) ?? 0
}
