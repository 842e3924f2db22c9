/** What remains of a weight after `elapsed` of its `halfLife` (same unit); time never runs back. */
export function fade(elapsed: number, halfLife: number): number {
  return elapsed <= 0 ? 1 : Math.exp((-Math.LN2 * elapsed) / halfLife)
}
