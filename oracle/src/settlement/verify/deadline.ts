import { type Finding, failed, met } from './finding.ts'

/** Delivered before the deadline by the oracle's or the chain's time; at the deadline is too late (SET-05). */
export function verifyDeadline(deliveredAt: number, deadline: number): Finding {
  return deliveredAt < deadline ? met() : failed('late')
}
