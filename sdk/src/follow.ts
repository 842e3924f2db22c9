import { doze } from './doze.ts'
import { agreedBy } from './escrow/agreement.ts'
import type { EscrowClient, EscrowRef, ReadClient, Relay } from './escrow/client.ts'
import { type KnownFunding, readEventTime, readHistory } from './escrow/events.ts'
import { fireTimer } from './escrow/fireTimer.ts'
import { type EscrowStatus, readEscrow } from './escrow/readEscrow.ts'
import { readSettlement } from './escrow/readSettlement.ts'
import { release } from './escrow/release.ts'
import type { Follower, Hints } from './hints.ts'
import type { Grounds } from './objection.ts'
import type { Progress } from './progress.ts'
import type { Clock } from './protocol/clock.ts'
import { EarnestError, isEarnestError } from './protocol/error.ts'
import { fromBytes32 } from './protocol/hash.ts'
import type { Manifest } from './protocol/manifest.ts'
import type { Pact } from './protocol/pact.ts'
import type { Settlement } from './protocol/settlement.ts'
import { isTerminal } from './protocol/status.ts'
import type { Stage } from './receipts.ts'
import { pursue } from './recourse.ts'
import { type SettlePolicy, settle } from './settlement/settle.ts'
import { type DeliveryOnChain, type Verification, verify } from './settlement/verify.ts'
import type { OracleClient } from './trust/oracle.ts'

/** What following one escrow needs. */
export interface FollowOptions {
  wallet: EscrowClient
  /** Further RPCs, which must agree with the wallet's before anything is believed. */
  witnesses: readonly ReadClient[]
  oracle: OracleClient
  relay: Relay | undefined
  pact: Pact
  milestone: number
  escrow: EscrowRef
  /** The block in which it was funded, where that is known. */
  fundedIn?: bigint
  policy: SettlePolicy
  clock: Clock
  hints: Hints
  timeoutMs: number
  pollIntervalMs: number
  /** Tells the seller once more to begin. */
  remind(): Promise<void>
  /** Disputes this round. */
  object(round: number, grounds: Grounds): Promise<void>
  /** Claims this round back from the seller's bond. */
  claim(round: number, grounds: Grounds): Promise<boolean>
  /** Sees to it that the oracle has the claims whose hashes are on chain. */
  fileClaims(): Promise<void>
  onProgress(progress: Progress): void
}

/** How an escrow stands when the buyer stops looking. */
export interface Followed {
  status: Stage['settlementStatus']
  settlement: Settlement | undefined
  verification: Verification | undefined
}

const ENDINGS = { Completed: 'released', Refunded: 'refunded', Resolved: 'resolved' } as const
/** Seconds before a timer's end from which on the chain is asked whether it is due. */
const NEAR = 60
/** After so many intervals it is asked anyhow: our own clock may be wrong. */
const SELDOM = 16
/** What an oracle hands out that the chain contradicts: no later try makes it true. */
const CONTRADICTIONS = new Set(['hash_mismatch', 'report_mismatch'])

/**
 * Layer 5 for a buyer: looks at the escrow until it has ended or is disputed, checks every delivery itself,
 * pays early where all agrees, objects where they do not, and fires what timer is due. A wait that runs out
 * is `pending` and changes nothing (W-21).
 */
export async function follow(options: FollowOptions): Promise<Followed> {
  const follower = options.hints.follow(options.escrow.escrowId)
  try {
    return await toTheEnd(options, follower)
  } finally {
    follower.leave()
  }
}

async function toTheEnd(options: FollowOptions, follower: Follower): Promise<Followed> {
  const { wallet, witnesses, oracle, pact, milestone, escrow, relay, policy } = options
  const { onProgress } = options
  const { escrowId } = escrow
  const clients = [wallet, ...witnesses]
  let seen: { round: number; result: string } | undefined
  let verification: Verification | undefined
  let grounds: Grounds | undefined
  let decided: string | undefined
  let told: string | undefined
  let reminder = 8
  const interval = Math.max(1, options.pollIntervalMs)
  /** Of the stream that would tell what comes next; 0 where it is for us to try again. */
  let stream = 0
  for (let [waited, timer] = [0, SELDOM]; ; ) {
    stream = follower.stream()
    try {
      const status = await agreedBy(clients, (client) => readEscrow(client, escrow))
      const { state, round, result } = status
      const intervals = waited / interval
      // The first word may have come before the lock was final, or while the seller was away: after 8, 16,
      // 32 ... intervals it is said again, and means nothing new to a seller at work.
      const isDue = intervals >= reminder
      while (reminder <= intervals) reminder *= 2
      if (state === 'Funded' && isDue) await options.remind()
      // An attestation that came after the first look brings a report to check.
      if (seen?.round !== round || seen.result !== result) {
        seen = { round, result }
        verification = undefined
        grounds = undefined
        decided = undefined
      }
      if (round > 0 && decided === undefined) await look(status)
      if (isTerminal(state)) {
        const settlement = await readSettlement(wallet, {
          pact,
          milestone,
          status: { ...status, fundedIn: options.fundedIn },
        })
        const word = status.bonded
          ? await pursue({
              ...options,
              grounds,
              isChecked: decided !== undefined,
              claim: (against) => options.claim(round, against),
            })
          : (ENDINGS[state as keyof typeof ENDINGS] ?? 'resolved')
        if (settlement !== undefined && word !== undefined) {
          onProgress({ step: 'settled', settlement })
          return { status: word, settlement, verification }
        }
      } else if (state === 'Delivered' && decided === 'release') {
        // What is signed for the relay is bound to what was examined: whatever changes meanwhile voids it.
        await release(wallet, { escrow, ...(relay && { relay, seq: status.seq }) })
        continue
      } else if (state === 'Delivered' && grounds !== undefined && !status.buyerDisputed) {
        await options.object(round, grounds)
        continue
      } else if (['Disputed', 'Negotiating', 'Arbitration'].includes(state)) {
        await options.fileClaims()
        return { status: 'disputed', settlement: undefined, verification }
      } else if (state === 'Delivered' && result === 'PASS') {
        // The review ends by itself; a buyer that does not approve pays nobody by its own hand.
      } else if (options.clock.now() >= status.timerEnd - NEAR || intervals >= timer) {
        timer = intervals + SELDOM
        if (await fireTimer(wallet, { escrow })) continue
      }
    } catch (error) {
      // Somebody else was faster, or the chain is away for a moment: look again.
      if (!isEarnestError(error)) throw error
      stream = 0
      onProgress({ step: 'waiting', escrowId, state: 'unknown', reason: error.code })
    }
    if (waited >= options.timeoutMs) {
      return { status: 'pending', settlement: undefined, verification }
    }
    waited += await doze(follower, { stream, interval, left: options.timeoutMs - waited })
  }

  async function look(status: EscrowStatus): Promise<void> {
    const { state } = status
    try {
      // From the second look on the chain is asked when there is something to hold against it.
      const params = { escrowId: escrowId as `0x${string}` }
      const manifest = told === undefined ? undefined : await oracle.call('getManifest', { params })
      verification = await examine({
        ...options,
        status,
        ...(manifest && { manifest }),
        // Said once, also where the oracle does not hand it out yet and it is looked at again.
        onProgress(progress) {
          const words = JSON.stringify(progress)
          if (words !== told) onProgress(progress)
          told = words
        },
      })
      decided = settle(verification, policy)
      if (decided === 'dispute') grounds = { verification }
      onProgress({ step: 'verified', escrowId, verification, decision: decided })
    } catch (error) {
      if (!isEarnestError(error)) throw error
      if (error.retryable) stream = 0
      onProgress({ step: 'waiting', escrowId, state, reason: error.code })
      if (!CONTRADICTIONS.has(error.code) || !policy.disputeContradictions) return
      decided = 'dispute'
      grounds = { code: error.code }
    }
  }
}

interface ExamineOptions extends FollowOptions {
  /** As all RPCs have just shown it. */
  status: EscrowStatus
  /** What the oracle has just handed out. */
  manifest?: Manifest
}

async function examine(options: ExamineOptions): Promise<Verification> {
  const { wallet, witnesses, oracle, pact, milestone, escrow, fundedIn } = options
  const { status, onProgress } = options
  const onChain = await agreedBy([wallet, ...witnesses], (client) =>
    readDelivery(client, escrow, { ...status, fundedIn }),
  )
  const { escrowId, artifactHash } = onChain
  onProgress({ step: 'delivered', escrowId, artifactHash, result: status.result })
  const { manifest } = options
  return await verify({ oracle, pact, milestone, onChain, ...(manifest && { manifest }) })
}

async function readDelivery(
  client: ReadClient,
  escrow: EscrowRef,
  known: KnownFunding,
): Promise<DeliveryOnChain> {
  const events = await readHistory(client, escrow, known)
  const delivered = events.findLast(({ eventName }) => eventName === 'Delivered')
  if (delivered?.eventName !== 'Delivered' || delivered.blockNumber === null) {
    throw new EarnestError('not_delivered', 'Nothing was delivered yet', { retryable: true })
  }
  const { round } = delivered.args
  const attested = events.findLast(
    (event) => event.eventName === 'Attested' && event.args.round === round,
  )
  return {
    escrowId: escrow.escrowId,
    artifactHash: fromBytes32(delivered.args.artifactHash),
    reportHash: attested?.eventName === 'Attested' ? fromBytes32(attested.args.reportHash) : null,
    deliveredAt: await readEventTime(client, delivered),
  }
}
