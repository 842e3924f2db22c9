import type { Hash } from 'viem'
import { isEarnestError } from '../protocol/error.ts'
import type { Pact } from '../protocol/pact.ts'
import type { Settlement } from '../protocol/settlement.ts'
import { escrowOfPact, type ReadClient } from './client.ts'
import { type EscrowStatus, readEscrow } from './readEscrow.ts'
import { readSettlement } from './readSettlement.ts'

/** Where a settlement stands (SET-15); `pending` also when the wait ran out. */
export interface SettlementPoll {
  status: 'released' | 'refunded' | 'resolved' | 'disputed' | 'pending'
  txHash: Hash | null
  /** Present once the escrow has ended. */
  settlement: Settlement | undefined
}

/** How to wait. */
export interface PollOptions {
  timeoutMs?: number
  pollIntervalMs?: number
}

/**
 * Waits until an escrow has ended or is disputed. A wait that runs out answers `pending` and changes
 * nothing: the trade goes on and can be polled again (W-21).
 */
export async function pollSettlement(
  client: ReadClient,
  { pact, milestone = 0, ...wait }: { pact: Pact; milestone?: number } & PollOptions,
): Promise<SettlementPoll> {
  const last = await waitForEscrow(client, {
    pact,
    milestone,
    timeoutMs: wait.timeoutMs ?? 600_000,
    pollIntervalMs: wait.pollIntervalMs ?? 10_000,
    until: ({ state }) => WORDS[state] !== 'pending',
  })
  const status = last === undefined ? 'pending' : WORDS[last.state]
  if (status === 'pending' || status === 'disputed') {
    return { status, txHash: null, settlement: undefined }
  }
  const settlement = await readSettlement(client, { pact, milestone })
  return { status, txHash: settlement?.txHash ?? null, settlement }
}

const WORDS: Record<EscrowStatus['state'], SettlementPoll['status']> = {
  None: 'pending',
  Funded: 'pending',
  Delivered: 'pending',
  Disputed: 'disputed',
  Negotiating: 'disputed',
  Arbitration: 'disputed',
  Completed: 'released',
  Refunded: 'refunded',
  Resolved: 'resolved',
  Amended: 'resolved',
}

/** Reads an escrow until a condition holds; the last status where the wait ran out, undefined where the chain never answered. */
export async function waitForEscrow(
  client: ReadClient,
  options: {
    pact: Pact
    milestone?: number
    until: (status: EscrowStatus) => boolean
  } & Required<PollOptions>,
): Promise<EscrowStatus | undefined> {
  const { pact, milestone = 0, until, timeoutMs, pollIntervalMs } = options
  const escrow = escrowOfPact({ pact, milestone })
  let last: EscrowStatus | undefined
  for (let waited = 0; ; waited += pollIntervalMs) {
    try {
      last = await readEscrow(client, escrow)
      if (until(last)) return last
    } catch (error) {
      // An RPC that is down for a while is no reason to give up a trade.
      if (!isEarnestError(error) || !error.retryable) throw error
    }
    if (waited >= timeoutMs) return last
    await new Promise((resolve) => setTimeout(resolve, pollIntervalMs))
  }
}
