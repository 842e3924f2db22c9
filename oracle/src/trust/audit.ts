/** The full pass beside what was kept up event by event. */
export type Audit = {
  agents: number
  trades: number
  /** Largest difference of any agent's trust, and of the unit of a voucher. */
  trust: number
  unit: number
  /** Largest difference of any agent's evidence, in trades. */
  evidence: number
  agrees: boolean
}
