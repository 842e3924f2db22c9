import { chain } from './history.ts'
import type { TrustState } from './state.ts'

/** Rows of the trades that count, in one role and capability (or all), oldest first. */
export function tradesOfRole(
  { history, lastOfSeller, lastOfBuyer, capabilityOf }: TrustState,
  agent: number,
  {
    role,
    capability,
    now,
  }: { role: 'seller' | 'buyer'; capability?: string | undefined; now: number },
): number[] {
  if (agent < 0) return []
  const asked = capability === undefined ? undefined : (capabilityOf.get(capability) ?? -1)
  const rows =
    role === 'seller'
      ? chain(history.earlierOfSeller, lastOfSeller[agent] as number)
      : chain(history.earlierOfBuyer, lastOfBuyer[agent] as number)
  return rows.filter(
    (row) =>
      (history.buyer[row] as number) >= 0 &&
      history.excluded[row] === 0 &&
      (history.at[row] as number) <= now &&
      (asked === undefined || history.capability[row] === asked),
  )
}
