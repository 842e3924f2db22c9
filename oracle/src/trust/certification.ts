/** Enum of the response (ORC-06). */
export type CertificationLevel = 'none' | 'provisional' | 'verified' | 'trusted' | 'elite'

/** Least composite, evidence (trades) and bond tier of each level, best first. */
export const CERTIFICATION_TABLE: readonly {
  level: CertificationLevel
  score: number
  evidence: number
  bondTier: number
}[] = [
  { level: 'elite', score: 900, evidence: 50, bondTier: 3 },
  { level: 'trusted', score: 850, evidence: 20, bondTier: 2 },
  { level: 'verified', score: 700, evidence: 5, bondTier: 1 },
  { level: 'provisional', score: 0, evidence: 1, bondTier: 0 },
]

/** The certification level: a pure function of score, evidence and bond tier (ORC-06). */
export function certificationOf(agent: {
  score: number | null
  evidence: number
  bondTier: number
}): CertificationLevel {
  const { score, evidence, bondTier } = agent
  if (score === null) return 'none'
  const row = CERTIFICATION_TABLE.find(
    (level) => score >= level.score && evidence >= level.evidence && bondTier >= level.bondTier,
  )
  return row?.level ?? 'none'
}
