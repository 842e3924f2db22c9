import type { Clock } from '../protocol/clock.ts'
import { encode } from '../protocol/decode.ts'
import { EarnestError, isEarnestError } from '../protocol/error.ts'
import type { Identity } from '../protocol/identity.ts'
import { type KeyResolver, ownKey } from '../protocol/key.ts'
import {
  acceptanceMessageSchema,
  PACT_NEGOTIATION,
  proposalMessageSchema,
  type ResponseMessage,
  rejectionMessageSchema,
  signRejection,
} from '../protocol/message.ts'
import {
  hashPact,
  type Pact,
  type SignedPact,
  signPact,
  verifyPactSignature,
} from '../protocol/pact.ts'
import type { Assessment } from '../trust/assess.ts'
import type { Channel, Reply } from './channel.ts'
import { type BuyerPolicy, evaluateCounter } from './evaluateCounter.ts'

/** What the buyer's side of a negotiation needs. */
export interface NegotiateOptions {
  assessment: Assessment
  channel: Channel
  identity: Identity
  /** The terms to propose, as `draftPact` writes them. */
  pact: Pact
  policy: BuyerPolicy
  clock: Clock
  keyOf?: KeyResolver
  /** Proposals at most (PCT-19). */
  rounds?: number
  /** Seconds for the whole negotiation. */
  timeoutSeconds?: number
  /** Writes the buyer's next proposal after a counter-proposal it cannot accept; absent: it rejects. */
  counter?: (amended: Pact) => Pact | undefined
  onRound?: (round: number, response: ResponseMessage) => void
}

/** A pact that both have signed, and the A2A task in which they did. */
export interface Agreement {
  signed: SignedPact
  pactId: string
  taskId: string
  contextId: string
  /** Proposals that it took. */
  rounds: number
}

/**
 * Layer 3: proposes, weighs counter-proposals, and ends with one pact that both have signed over the
 * hash that the buyer recomputed. Sending the same pact again gives the same answer, so a killed buyer
 * continues with the same draft. Throws `not_approved`, `negotiation_failed` (with the seller's or the
 * buyer's `reasonCode` in the details), `rounds_exhausted`, `negotiation_timeout`,
 * `invalid_seller_signature`, `pact_hash_mismatch`, `invalid_response`, `agent_unreachable` (retryable).
 */
export async function negotiate(options: NegotiateOptions): Promise<Agreement> {
  const { assessment, channel, identity, policy, clock, keyOf = ownKey } = options
  const { rounds = 3, timeoutSeconds = 600 } = options
  if (!assessment.approved) {
    throw new EarnestError('not_approved', `Trust policy not met: ${assessment.reason}`)
  }
  const startedAt = clock.now()
  let proposal = options.pact
  let place: { taskId?: string; contextId?: string } = {}

  for (let round = 1; round <= rounds; round++) {
    if (clock.now() > startedAt + timeoutSeconds) {
      throw new EarnestError('negotiation_timeout', 'The negotiation took too long')
    }
    const pactHash = hashPact(proposal)
    const buyerSignature = signPact({ pact: proposal, identity })
    const payload = { pact: proposal, pactHash, signature: buyerSignature }
    const message = { taskType: PACT_NEGOTIATION, payload } as const
    const reply = await send(channel, encode(proposalMessageSchema, message, 'invalid_pact'), place)
    const response = responseOf(reply)
    options.onRound?.(round, response)
    place = reply.isTerminal ? {} : { taskId: reply.taskId, contextId: reply.contextId }

    if (response.status === 'accepted') {
      const { sellerSignature } = response
      checkSeller({ pact: proposal, pactHash: response.pactHash, sellerSignature, keyOf })
      const signed = { pact: proposal, pactHash, buyerSignature, sellerSignature }
      return agreement(signed, reply, round)
    }
    if (response.status !== 'counter_proposed') throw failure(response)

    const { amendedPact, amendedPactHash, sellerSignature } = response
    checkSeller({ pact: amendedPact, pactHash: amendedPactHash, sellerSignature, keyOf })
    const now = clock.now()
    const verdict = evaluateCounter({ proposed: proposal, amended: amendedPact, policy, now })
    if (verdict.acceptable) {
      const signed = {
        pact: amendedPact,
        pactHash: amendedPactHash,
        buyerSignature: signPact({ pact: amendedPact, identity }),
        sellerSignature,
      }
      await confirm(signed, place)
      return agreement(signed, reply, round)
    }
    const next = round < rounds ? options.counter?.(amendedPact) : undefined
    if (next === undefined) {
      const { reasonCode, reason } = verdict
      await reject(amendedPactHash, { reasonCode, reason }, place)
      const isOut = options.counter !== undefined && round === rounds
      throw isOut ? exhausted(rounds) : failed(reasonCode, reason)
    }
    proposal = next
  }
  throw exhausted(rounds)

  async function confirm(signed: SignedPact, where: typeof place): Promise<void> {
    const { pactHash, buyerSignature: signature } = signed
    const payload = {
      pactHash,
      acceptedBy: identity.did,
      acceptedAt: clock.now(),
      signature,
      amendments: null,
    }
    const message = { taskType: 'pact_acceptance', payload } as const
    const reply = await send(
      channel,
      encode(acceptanceMessageSchema, message, 'invalid_pact'),
      where,
    )
    const response = responseOf(reply)
    if (response.status !== 'accepted') throw failure(response)
    if (response.pactHash !== pactHash) {
      throw new EarnestError('pact_hash_mismatch', 'The seller accepted something else')
    }
  }

  async function reject(
    pactHash: string,
    { reasonCode, reason }: { reasonCode: string; reason: string },
    where: typeof place,
  ): Promise<void> {
    const body = {
      pactHash,
      rejectedBy: identity.did,
      rejectedAt: clock.now(),
      reasonCode,
      rejectionReason: reason,
    }
    const payload = { ...body, signature: signRejection({ body, identity }) }
    const message = { taskType: 'pact_rejection', payload } as const
    // A courtesy: that the seller does not hear it changes nothing.
    await send(channel, encode(rejectionMessageSchema, message, 'invalid_pact'), where).catch(
      () => {},
    )
  }
}

function agreement(signed: SignedPact, { taskId, contextId }: Reply, rounds: number): Agreement {
  return { signed, pactId: signed.pactHash, taskId, contextId, rounds }
}

async function send(
  channel: Channel,
  payload: object,
  place: { taskId?: string; contextId?: string },
): Promise<Reply> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await channel.send(payload, place)
    } catch (error) {
      if (!isEarnestError(error) || !error.retryable || attempt === 4) throw error
      await new Promise((resolve) => setTimeout(resolve, 250 * 2 ** attempt))
    }
  }
}

function responseOf(reply: Reply): ResponseMessage {
  if (reply.response !== undefined) return reply.response
  throw new EarnestError('invalid_response', 'The agent did not answer in the extension')
}

/** The hash is recomputed and the signature checked before anything is done with a seller's word (W-10). */
function checkSeller(options: {
  pact: Pact
  pactHash: string
  sellerSignature: string
  keyOf: KeyResolver
}): void {
  const { pact, pactHash, sellerSignature: signature, keyOf } = options
  if (hashPact(pact) !== pactHash) {
    throw new EarnestError('pact_hash_mismatch', 'The hash is not the hash of these terms')
  }
  if (!verifyPactSignature({ pact, did: pact.seller.did, signature, keyOf })) {
    throw new EarnestError('invalid_seller_signature', 'Not signed by the seller')
  }
}

function failure(response: ResponseMessage): EarnestError {
  if (response.status === 'rejected') return failed(response.reasonCode, response.rejectionReason)
  if (response.status === 'declined') return failed(response.reasonCode, response.reason)
  return new EarnestError('invalid_response', `A ${response.status} is no answer to a proposal`)
}

function failed(reasonCode: string, reason: string): EarnestError {
  return new EarnestError('negotiation_failed', `Pact negotiation failed: ${reason}`, {
    details: { reasonCode, reason },
  })
}

function exhausted(rounds: number): EarnestError {
  return new EarnestError('rounds_exhausted', `No agreement in ${rounds} rounds`)
}
