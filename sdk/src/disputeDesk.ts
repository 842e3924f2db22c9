import * as z from 'zod'
import type { EscrowClient, EscrowRef, Sent } from './escrow/client.ts'
import { escrowOfPact } from './escrow/client.ts'
import { defend } from './escrow/defend.ts'
import { readHistory } from './escrow/events.ts'
import { readEscrow } from './escrow/readEscrow.ts'
import { readRecourse } from './escrow/recourse.ts'
import { refund } from './escrow/refund.ts'
import { authorizeSettle, settle } from './escrow/settle.ts'
import type { Negotiator } from './negotiation/respond.ts'
import type { Clock } from './protocol/clock.ts'
import { decode, encode } from './protocol/decode.ts'
import { type Defence, defenceSchema, type Evidence, hashDefence } from './protocol/dispute.ts'
import { EarnestError, isEarnestError } from './protocol/error.ts'
import { fromBytes32 } from './protocol/hash.ts'
import type { Identity } from './protocol/identity.ts'
import type { KeyResolver } from './protocol/key.ts'
import { type OfferMessage, type ResponseMessage, verifyOffer } from './protocol/message.ts'
import { hashPact, MAX_CLOCK_SKEW, type Pact } from './protocol/pact.ts'
import { hashReport, type VerificationReport } from './protocol/report.ts'
import type { Store } from './protocol/store.ts'
import { relayOf } from './relay.ts'
import type { OracleClient } from './trust/oracle.ts'

/** The two answers to a dispute; there is no third (TOL-12). */
export type DisputeAnswer =
  | { action: 'defend'; explanation: string; evidence?: readonly Evidence[] }
  | { action: 'agree_refund' }

const answeredSchema = z.strictObject({
  action: z.enum(['defend', 'agree_refund']),
  defence: defenceSchema.nullable(),
})

/** What answering a dispute needs. */
export interface DisputeDeskOptions {
  identity: Identity
  client: EscrowClient
  oracle: OracleClient
  store: Store
  clock: Clock
  negotiator: Negotiator
  /** Default: `evaluateOffer`. */
  evaluate?: (offer: Offer) => OfferDecision | Promise<OfferDecision>
  keyOf?: KeyResolver
}

/** The seller's desk for disputes. */
export interface DisputeDesk {
  /**
   * Answers a dispute with exactly one of two actions, once a round: `defend` needs a written explanation
   * and opens the negotiation, `agree_refund` pays everything back (TOL-10 to TOL-12). The same answer
   * again finishes what a crash left open. With `seq` a refund is bound to the escrow as it stands at that
   * counter. A claim against the bond is defended on paper alone, and no transaction is sent: what stands in
   * the vault only the arbiter gives back. Throws `explanation_missing`, `already_answered`, `not_disputed`,
   * `not_refundable`, `after_window`, `dispute_over`.
   */
  answer(options: {
    pact: Pact
    milestone?: number
    answer: DisputeAnswer
    seq?: bigint
  }): Promise<Sent | undefined>
  /** Answers the buyer's offer of a split: settles on chain, counters with a signed split, or declines. */
  consider(message: OfferMessage): Promise<ResponseMessage>
}

/** An offer as the seller weighs it. */
export interface Offer {
  pact: Pact
  escrowId: string
  /** The seller's share in basis points. */
  sellerBps: number
  /** What the oracle found, by the hash on chain; undefined where nothing was attested or the oracle shows something else. */
  report: VerificationReport | undefined
}

/** What the seller makes of it. */
export type OfferDecision = { accept: true } | { counter: number } | { decline: string }

/**
 * Takes what the report says was met, or more; asks for that where the offer is below; declines where
 * nobody has checked the delivery.
 */
export function evaluateOffer({ sellerBps, report }: Offer): OfferDecision {
  if (report === undefined) return { decline: 'Nobody has checked this delivery' }
  return sellerBps >= report.passedBps ? { accept: true } : { counter: report.passedBps }
}

/** How often, and after how many milliseconds each time, the oracle is asked to take a defence. */
const LOOKS = 20
const LOOK_AGAIN = 500

/** Makes the desk of one seller. */
export function createDisputeDesk(options: DisputeDeskOptions): DisputeDesk {
  const { identity, client, oracle, store, clock } = options
  const busy = new Set<string>()
  const relay = relayOf(oracle)

  async function answerOnce(
    pact: Pact,
    milestone: number,
    answer: DisputeAnswer,
    seq: bigint | undefined,
  ): Promise<Sent | undefined> {
    const escrow = escrowOfPact({ pact, milestone })
    const { state, round, bonded } = await readEscrow(client, escrow)
    const isClaimed = bonded && (await readRecourse(client, escrow)).state === 'claimed'
    const key = `dispute/${escrow.escrowId}/${round}`
    const before = await store.get(key)
    const known = before === undefined ? undefined : decode(answeredSchema, before, 'store_corrupt')
    if (known !== undefined && known.action !== answer.action) {
      throw new EarnestError('already_answered', `This dispute was answered: ${known.action}`)
    }
    if (state !== 'Disputed' && !isClaimed) {
      const code = known === undefined ? 'not_disputed' : 'already_answered'
      throw new EarnestError(code, `The escrow is ${state}`, { details: { state } })
    }
    if (answer.action === 'agree_refund' && isClaimed) {
      throw new EarnestError('not_refundable', 'From a bond only the arbiter pays back')
    }
    if (answer.action === 'agree_refund') {
      await store.set(key, { action: 'agree_refund', defence: null })
      return await refund(client, { escrow, relay, ...(seq !== undefined && { seq }) })
    }
    if (answer.explanation.trim() === '') {
      throw new EarnestError('explanation_missing', 'A defence needs a written explanation')
    }
    const defence: Defence = known?.defence ?? {
      escrowId: escrow.escrowId as `0x${string}`,
      pactId: hashPact(pact),
      defendedBy: identity.did,
      explanation: answer.explanation,
      evidence: [...(answer.evidence ?? [])],
      defendedAt: clock.now(),
      nonce: crypto.randomUUID(),
    }
    const body = encode(defenceSchema, defence, 'invalid_defence')
    await store.set(key, { action: 'defend', defence: body })
    // First the paper, then the hash of it: a hash on chain whose paper nobody has helps nobody.
    await onceSeen(() =>
      oracle.call('defend', {
        params: { escrowId: defence.escrowId },
        body: { body: defence, signature: identity.sign({ type: 'defence', body }) },
        idempotencyKey: defence.nonce,
      }),
    )
    if (isClaimed) return undefined
    return await defend(client, { escrow, responseHash: hashDefence(defence), relay })
  }

  /** The chain shows the dispute to us; the oracle may see it some blocks later. */
  async function onceSeen(file: () => Promise<unknown>): Promise<void> {
    for (let look = 1; ; look++) {
      try {
        await file()
        return
      } catch (error) {
        if (!isEarnestError(error, 'dispute_unknown') || look === LOOKS) throw error
        await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN))
      }
    }
  }

  async function consider({ payload }: OfferMessage): Promise<ResponseMessage> {
    const { signature, ...body } = payload
    const { pactId, sellerBps, milestone = 0 } = body
    const escrowId = body.escrowId
    verifyOffer({ body, signature }, options.keyOf)
    if (Math.abs(clock.now() - body.offeredAt) > MAX_CLOCK_SKEW) {
      return declined('clock_skew', 'Offered at a time that differs from our clock by over 300 s')
    }
    const agreed = await options.negotiator.agreed(pactId)
    if (agreed === undefined) return declined('unknown_pact', 'We have not signed this pact')
    const { pact } = agreed.signed
    const escrow = escrowOfPact({ pact, milestone })
    if (escrow.escrowId !== escrowId || body.offeredBy !== pact.buyer.did) {
      return declined(
        'condition_mismatch',
        'The offer is about another escrow or from another agent',
      )
    }
    const { state } = await readEscrow(client, escrow)
    if (!['Delivered', 'Disputed', 'Negotiating', 'Arbitration'].includes(state)) {
      return declined('not_disputed', `The escrow is ${state}`)
    }
    const report = await attestedReport(escrow)
    const decide = options.evaluate ?? evaluateOffer
    const decision = await decide({ pact, escrowId, sellerBps, report })
    if ('decline' in decision) return declined('offer_declined', decision.decline)
    if ('counter' in decision) {
      const own = await authorizeSettle(client, { escrow, sellerBps: decision.counter })
      return {
        status: 'counter_offered',
        escrowId,
        sellerBps: decision.counter,
        authorization: lower(own),
        reason: `We ask for ${decision.counter / 100} percent`,
      }
    }
    const { txHash } = await settle(client, {
      escrow,
      sellerBps,
      counterAuthorization: body.authorization,
      relay,
    })
    return { status: 'settled', escrowId, txHash: lower(txHash) }
  }

  /** The report that the chain has the hash of; what an oracle says beyond that decides nothing. */
  async function attestedReport(escrow: EscrowRef): Promise<VerificationReport | undefined> {
    const escrowId = escrow.escrowId as `0x${string}`
    const { round } = await readEscrow(client, escrow)
    const attested = (await readHistory(client, escrow)).findLast(
      (event) => event.eventName === 'Attested' && Number(event.args.round) === round,
    )
    if (attested?.eventName !== 'Attested') return undefined
    const report = await oracle.call('getReport', { params: { escrowId } }).catch(() => undefined)
    const isOurs = report !== undefined && report.escrowId === escrowId
    return isOurs && hashReport(report) === fromBytes32(attested.args.reportHash)
      ? report
      : undefined
  }

  return {
    async consider(message) {
      try {
        return await consider(message)
      } catch (error) {
        if (!isEarnestError(error)) throw error
        return declined(error.code, error.message)
      }
    },
    async answer({ pact, milestone = 0, answer, seq }) {
      const { escrowId } = escrowOfPact({ pact, milestone })
      if (busy.has(escrowId)) {
        throw new EarnestError('already_answered', 'This dispute is being answered')
      }
      busy.add(escrowId)
      try {
        return await answerOnce(pact, milestone, answer, seq)
      } finally {
        busy.delete(escrowId)
      }
    },
  }
}

function declined(reasonCode: string, reason: string): ResponseMessage {
  return { status: 'declined', reasonCode, reason }
}

function lower(bytes: `0x${string}`): `0x${string}` {
  return bytes.toLowerCase() as `0x${string}`
}
