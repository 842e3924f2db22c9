/**
 * Cuts the largest weights until none exceeds one part in `parts` of what then stands, so that no
 * record, however long, makes its owner a fixture of the bench. With fewer members than parts there
 * is no such cut, and all weigh the same.
 */
export function capped(weights: readonly number[], parts: number): number[] {
  const descending = [...weights].sort((a, b) => b - a)
  const least = descending.at(-1) ?? 0
  for (let held = 0; held < descending.length; held++) {
    const rest = descending.slice(held).reduce((sum, weight) => sum + weight, 0)
    // With `held` weights at the limit, the others make up the rest of the whole.
    const limit = held === 0 ? Math.floor(rest / parts) : Math.floor(rest / (parts - held))
    if (parts <= held) break
    if ((descending[held] ?? 0) <= limit) {
      return weights.map((weight) => Math.min(weight, held === 0 ? weight : limit))
    }
  }
  return weights.map(() => least)
}
