import { type EscrowClient, escrowOfPact, type ReadClient, type Relay } from './escrow/client.ts'
import { readHistory } from './escrow/events.ts'
import type { FundedPact, FundParameters } from './escrow/lock.ts'
import { readEscrow } from './escrow/readEscrow.ts'
import { claimRecourse } from './escrow/recourse.ts'
import { follow } from './follow.ts'
import { whyUnheard } from './hearing.ts'
import type { Hints } from './hints.ts'
import type { Objection, TradeRecord } from './journal.ts'
import type { Channel } from './negotiation/channel.ts'
import { file, type Grounds, object, objectionTo, raise } from './objection.ts'
import type { Progress } from './progress.ts'
import type { Clock } from './protocol/clock.ts'
import { encode } from './protocol/decode.ts'
import { EarnestError, isEarnestError } from './protocol/error.ts'
import type { Identity } from './protocol/identity.ts'
import type { KeyResolver } from './protocol/key.ts'
import { workMessageSchema } from './protocol/message.ts'
import type { SignedPact } from './protocol/pact.ts'
import type { TrustResponse } from './protocol/trust.ts'
import type { Stage } from './receipts.ts'
import type { SettlePolicy } from './settlement/settle.ts'
import type { OracleClient } from './trust/oracle.ts'
import type { Witness } from './witness.ts'

/** A way to lock the money of a pact: `fund`, `fundByPermit` or `fundByAllowance`. */
export type Fund = (client: EscrowClient, parameters: FundParameters) => Promise<FundedPact>

/** What a buyer brings to every stage of its trades. */
export interface StageContext {
  identity: Identity
  wallet: EscrowClient
  witnesses: readonly ReadClient[]
  oracle: OracleClient
  witness: Witness
  clock: Clock
  fund: Fund
  relay: Relay | undefined
  keyOf: KeyResolver | undefined
  settlePolicy: SettlePolicy
  hints: Hints
  timeoutMs: number
  pollIntervalMs: number
  onProgress: (progress: Progress) => void
}

/** One milestone of one trade, with its journal. */
export interface StageOptions {
  signed: SignedPact
  milestone: number
  channel: Channel
  trust: readonly TrustResponse[]
  record: TradeRecord
}

/** Layers 4 and 5 for one milestone: funds it, tells the seller, and follows it to its end. */
export async function runStage(
  context: StageContext,
  { signed, milestone, channel, trust, record }: StageOptions,
): Promise<Stage> {
  const { wallet, fund, relay, keyOf, onProgress, oracle, witness } = context
  const { pact, pactHash: pactId } = signed

  // Layer 4.
  const funded = await fund(wallet, {
    signed,
    milestone,
    ...(relay && { relay }),
    ...(keyOf && { keyOf }),
  }).catch((error) => {
    if (isEarnestError(error, 'escrow_not_open')) return undefined
    throw error
  })
  const funding = funded ?? (await fundedBefore(wallet, { signed, milestone }))
  await record.save({ fundingTxHash: funding.txHash as `0x${string}`, milestone })
  onProgress({ step: 'funded', funded: funding })

  // Layer 5.
  const { escrow } = funding
  const escrowId = funding.escrowId as `0x${string}`
  await dispatch(funded !== undefined)
  const end = await follow({
    wallet,
    witnesses: context.witnesses,
    oracle,
    relay,
    pact,
    milestone,
    escrow,
    fundedIn: funding.blockNumber,
    policy: context.settlePolicy,
    clock: context.clock,
    hints: context.hints,
    timeoutMs: context.timeoutMs,
    pollIntervalMs: context.pollIntervalMs,
    onProgress,
    remind: () => dispatch(false),
    async object(round, grounds) {
      const claimHash = await object(objectionOf(round, grounds), objectionOptions())
      onProgress({ step: 'disputed', escrowId, claimHash })
    },
    async claim(round, grounds) {
      // An oracle that cannot be asked now may hear it all the same.
      const info = await witness.info().catch(() => undefined)
      const reason = info && whyUnheard(pact, escrow, info)
      if (reason) {
        onProgress({ step: 'not_claimed', escrowId, reason })
        return false
      }
      const objection = objectionOf(round, grounds)
      const claimHash = await raise(objection, objectionOptions(), claimRecourse)
      onProgress({ step: 'claimed', escrowId, claimHash })
      return true
    },
    async fileClaims() {
      for (const objection of record.read().objections) await file(objection, objectionOptions())
    },
  })
  const { settlement, verification } = end
  return {
    milestone,
    escrowId,
    deliverable: verification?.deliverable,
    settlementStatus: end.status,
    settlementTxHash: settlement?.txHash ?? null,
    failure: end.status === 'refunded' ? await whyRefunded() : null,
    receipts: {
      card: record.read().card,
      trust,
      signed,
      funding,
      report: verification?.report,
      settlement,
      attestation: settlement && (await witness.attestationOf(settlement)),
    },
  }

  /** What the seller said to the oracle before it paid back: a word, never a reason to wait. */
  async function whyRefunded(): Promise<Stage['failure']> {
    return await oracle
      .call('getPapers', { params: { escrowId }, query: {} })
      .then(({ failure }) => failure)
      .catch(() => null)
  }

  /** One for each round, whatever became of it. */
  function objectionOf(round: number, grounds: Grounds): Objection {
    const isIts = ({ claim: { body } }: Objection) =>
      body.escrowId === escrowId && body.round === round
    const known = record.read().objections.find(isIts)
    return known ?? objectionTo(objectionOptions(), { round, grounds })
  }

  function objectionOptions() {
    const { identity, clock } = context
    const now = clock.now()
    return { identity, wallet, oracle, relay, pact, pactId, escrow, now, keep: record.keep }
  }

  /** Tells the seller to begin; it also sees the money by itself, so that this may fail. */
  async function dispatch(isJustFunded: boolean): Promise<void> {
    if (!isJustFunded && (await readEscrow(wallet, escrow)).state !== 'Funded') return
    const message = {
      taskType: pact.capability,
      escrowId,
      pactId,
      ...(pact.milestones && { milestone }),
    }
    const { taskId, contextId } = record.read()
    const place = { ...(taskId !== null && { taskId }), ...(contextId !== null && { contextId }) }
    const wire = encode(workMessageSchema, message, 'invalid_message')
    const status = await channel
      .send(wire, { ...place, returnImmediately: true })
      .then(({ response }) => response?.status ?? 'working')
      .catch((error) => (isEarnestError(error) ? error.code : 'agent_unreachable'))
    onProgress({ step: 'dispatched', escrowId, status })
  }
}

async function fundedBefore(
  wallet: EscrowClient,
  { signed, milestone }: { signed: SignedPact; milestone: number },
): Promise<FundedPact> {
  const escrow = escrowOfPact({ pact: signed.pact, milestone })
  const events = await readHistory(wallet, escrow)
  const funding = events.find(({ eventName }) => eventName === 'Funded')
  if (funding === undefined || funding.blockNumber === null) {
    throw new EarnestError('funding_not_found', 'The chain shows no funding', { retryable: true })
  }
  return {
    signed,
    pactId: signed.pactHash,
    milestone,
    escrow,
    escrowId: escrow.escrowId,
    txHash: funding.transactionHash,
    blockNumber: BigInt(funding.blockNumber),
    status: 'locked',
    network: `eip155:${escrow.chainId}`,
  }
}
