import type { OracleEvent } from './protocol/event.ts'

/** Pacts that are remembered; one that is forgotten is asked about. */
const MAX_KNOWN = 1_000

/** Pacts of which an oracle told, in its order and without a gap, that they are registered and not taken back. */
export interface KnownPacts {
  /** Takes an event whose signature was checked. */
  hear(event: Pick<OracleEvent, 'type' | 'pactId'>): void
  has(pactId: string): boolean
}

/** Remembers what is heard from here on. */
export function createKnownPacts(): KnownPacts {
  const known = new Set<string>()
  return {
    hear({ type, pactId }) {
      if (pactId === null) return
      if (type === 'pact_registered') known.add(pactId)
      if (type === 'pact_cancelled') known.delete(pactId)
      const [oldest] = known
      if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest)
    },
    has: (pactId) => known.has(pactId),
  }
}
