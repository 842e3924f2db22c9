import type { Check } from '@earnest/sdk/protocol'

/** What one verifier found; the engine adds id, verifier and weight. */
export type Finding = Pick<Check, 'outcome' | 'code' | 'missing' | 'measured'>

/** Nothing is wrong. */
export function met(measured: string | null = null): Finding {
  return { outcome: 'pass', code: 'met', missing: [], measured }
}

/** Something is wrong; `missing` names what, at most 200 things. */
export function failed(
  code: string,
  missing: readonly string[] = [],
  measured: string | null = null,
): Finding {
  const named = missing.slice(0, 200).map((name) => name.slice(0, 600))
  return { outcome: 'fail', code, missing: named, measured }
}

/** Code cannot say; nothing is attested before people or a jury have. */
export function undecided(code: string): Finding {
  return { outcome: 'undecided', code, missing: [], measured: null }
}

/** The buyer did not deposit what the criterion needs, or nothing that works: it counts as passed. */
export function waived(code: 'deposit_missing' | 'deposit_unusable'): Finding {
  return { outcome: 'pass', code, missing: [], measured: null }
}

/** Six decimals at most, so that a report reads and hashes the same everywhere. */
export function measure(value: number): string {
  return String(Number(value.toFixed(6)))
}
