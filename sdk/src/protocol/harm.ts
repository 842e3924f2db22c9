import type { Seat, VerdictRecord } from './verdict.ts'

/**
 * True where the seats that hold more than half of the weight of those that voted found that the work
 * itself did harm or broke security; anybody recomputes it from the record.
 */
export function foundHarm({ seats }: Pick<VerdictRecord, 'seats'>): boolean {
  const voters = seats.filter(({ voteBps }) => voteBps !== null)
  const sum = (some: readonly Seat[]) => some.reduce((total, { weight }) => total + weight, 0)
  return 2 * sum(voters.filter(saysHarm)) > sum(voters)
}

/** A seat says it in both orders, and not also of an empty delivery. */
function saysHarm({ calls }: Seat): boolean {
  const last = (question: string) =>
    calls.findLast((call) => call.question === question)?.finding ?? undefined
  const asked = [last('normal'), last('swapped')].filter((finding) => finding !== undefined)
  return (
    asked.length > 0 && asked.every(({ harm }) => harm === true) && last('empty')?.harm !== true
  )
}
