import type { Address } from 'viem'
import * as z from 'zod'
import { isSameAddress } from '../protocol/address.ts'
import type { Clock } from '../protocol/clock.ts'
import { encode } from '../protocol/decode.ts'
import { EarnestError, isEarnestError } from '../protocol/error.ts'
import { hashBytes } from '../protocol/hash.ts'
import type { Identity } from '../protocol/identity.ts'
import { type KeyResolver, ownKey } from '../protocol/key.ts'
import {
  type AcceptanceMessage,
  type ProposalMessage,
  type RejectionMessage,
  type ResponseMessage,
  responseMessageSchema,
  signRejection,
  verifyRejection,
} from '../protocol/message.ts'
import {
  checkProposalTime,
  decodePact,
  encodePact,
  hashPact,
  MAX_CLOCK_SKEW,
  type Pact,
  pactSchema,
  type SignedPact,
  signedPactSchema,
  signPact,
  verifyPactSignature,
} from '../protocol/pact.ts'
import { isSame } from '../protocol/same.ts'
import type { Store } from '../protocol/store.ts'
import type { TermsEvaluation } from './evaluate.ts'
import { createPatience } from './patience.ts'

const talkSchema = z.strictObject({
  rounds: z.int(),
  startedAt: z.int(),
  /** The counter-proposal that waits for an answer. */
  open: pactSchema.nullable(),
  isEnded: z.boolean(),
})
type Talk = z.output<typeof talkSchema>

const answeredSchema = z.strictObject({ pactHash: z.string(), response: responseMessageSchema })

/** A pact that this seller has agreed to. */
export const agreedPactSchema = z.strictObject({
  signed: signedPactSchema,
  taskId: z.string(),
})
export type AgreedPact = z.output<typeof agreedPactSchema>

/** A pact as it was read before. */
interface Reading {
  wire: unknown
  agreed: AgreedPact
  /** What was read, whatever its readers have made of it since. */
  copy: AgreedPact
}

/** Readings that are kept: one trade looks at its pact some ten times. */
const MAX_READINGS = 256

/** What the seller's side of negotiations needs. */
export interface NegotiatorOptions {
  identity: Identity
  wallet: Address
  store: Store
  clock: Clock
  evaluate(pact: Pact): TermsEvaluation | Promise<TermsEvaluation>
  keyOf?: KeyResolver
  /**
   * Proposals that a buyer may make for one piece of work, in however many conversations, and ten times as
   * many for all work together, before the time is over (PCT-19).
   */
  rounds?: number
  /** Seconds after which a conversation is over. */
  timeoutSeconds?: number
}

/** Who says it, and in which A2A task. */
export interface Turn {
  taskId: string
  /** DID of an authenticated caller; undefined: a stranger. */
  caller: string | undefined
}

/** The seller's side of negotiations. */
export interface Negotiator {
  /** Answers a negotiation message; refusals are answers, never errors. */
  respond(
    message: ProposalMessage | AcceptanceMessage | RejectionMessage,
    turn: Turn,
  ): Promise<ResponseMessage>
  /** A pact that both have signed. */
  agreed(pactId: string): Promise<AgreedPact | undefined>
}

/**
 * Answers proposals: recomputes every hash before it signs (W-10), the same nonce twice with the same
 * answer and with other terms not at all (PCT-12), at most `rounds` proposals in a conversation, and for the
 * same work from the same buyer in as many conversations as it opens (PCT-19).
 */
export function createNegotiator(options: NegotiatorOptions): Negotiator {
  const { identity, wallet, store, clock, keyOf = ownKey } = options
  const { rounds = 3, timeoutSeconds = 900 } = options
  const patience = createPatience({ store, rounds, timeoutSeconds })
  const readings = new Map<string, Reading>()
  let queue: Promise<unknown> = Promise.resolve()

  /** One at a time, or two copies of one proposal could both be counted and answered. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = queue.then(work, work)
    queue = next.catch(() => {})
    return next
  }

  async function respond(
    message: ProposalMessage | AcceptanceMessage | RejectionMessage,
    turn: Turn,
  ): Promise<ResponseMessage> {
    try {
      if (message.taskType === 'pact_negotiation') return await propose(message, turn)
      if (message.taskType === 'pact_acceptance') return await accept(message, turn)
      return await end(message, turn)
    } catch (error) {
      if (!isEarnestError(error) || error.retryable) throw error
      return refuse(message.payload.pactHash, error.code, error.message)
    }
  }

  async function propose({ payload }: ProposalMessage, turn: Turn): Promise<ResponseMessage> {
    const { pact, signature } = payload
    // Step 1: the hash is ours, not theirs.
    const pactHash = hashPact(pact)
    if (payload.pactHash !== pactHash) {
      throw new EarnestError('pact_hash_mismatch', 'The hash is not the hash of these terms')
    }
    // Step 2: who proposes, to whom.
    const { buyer, seller } = pact
    if (pact.proposedBy !== buyer.did || (turn.caller ?? buyer.did) !== buyer.did) {
      throw new EarnestError('proposer_mismatch', 'Only the buyer proposes, in its own name')
    }
    if (!verifyPactSignature({ pact, did: buyer.did, signature, keyOf })) {
      throw new EarnestError('proposer_mismatch', 'Not signed by the proposer')
    }
    if (pact.proposedTo !== identity.did || seller.did !== identity.did) {
      throw new EarnestError('wrong_addressee', 'The pact is addressed to another agent')
    }
    if (!isSameAddress(seller.wallet, wallet)) {
      throw new EarnestError('wrong_wallet', 'The pact pays another wallet than ours')
    }
    // Step 3: a nonce names one set of terms.
    const key = `nonce/${buyer.did}/${pact.nonce}`
    const before = answeredSchema.safeDecode((await store.get(key)) as never)
    if (before.success) {
      if (before.data.pactHash === pactHash) return before.data.response
      throw new EarnestError('nonce_reused', 'This nonce was used for other terms')
    }
    // Step 4: time and rounds.
    const now = clock.now()
    checkProposalTime({ pact, now })
    const talk = await readTalk(turn.taskId)
    if (talk.isEnded) throw new EarnestError('negotiation_ended', 'This negotiation is over')
    if (now > talk.startedAt + timeoutSeconds) {
      throw new EarnestError('negotiation_timeout', 'This negotiation took too long')
    }
    if (talk.rounds >= rounds || (await patience.isFull(pact, now))) {
      throw new EarnestError('rounds_exhausted', `More than ${rounds} proposals`)
    }
    // Step 5: the terms.
    const evaluation = await options.evaluate(pact)
    const counted = { ...talk, rounds: talk.rounds + 1 }
    if (evaluation.acceptable) {
      const sellerSignature = signPact({ pact, identity })
      const signed = { pact, pactHash, buyerSignature: signature, sellerSignature }
      // First: what answers this nonce from now on says that the pact is there.
      await keepAgreed(signed, turn.taskId)
      const [answer] = await Promise.all([
        remember(key, pactHash, { status: 'accepted', pactHash, sellerSignature }),
        writeTalk(turn.taskId, { ...counted, open: null, isEnded: true }),
        patience.clear(pact),
      ])
      return answer
    }
    await patience.add(pact, now)
    const { counterProposal, reasonCode, reason } = evaluation
    if (counterProposal === undefined) {
      await writeTalk(turn.taskId, counted)
      return refuse(pactHash, reasonCode, reason)
    }
    const amendedPact = amend(pact, counterProposal, now)
    await writeTalk(turn.taskId, { ...counted, open: amendedPact })
    return await remember(key, pactHash, {
      status: 'counter_proposed',
      amendedPact,
      amendedPactHash: hashPact(amendedPact),
      sellerSignature: signPact({ pact: amendedPact, identity }),
      reasonCode,
      reason,
    })
  }

  async function accept({ payload }: AcceptanceMessage, turn: Turn): Promise<ResponseMessage> {
    const { pactHash, acceptedBy, acceptedAt, signature: buyerSignature } = payload
    checkSaidNow(acceptedAt)
    const known = await agreed(pactHash)
    const { open } = await readTalk(turn.taskId)
    const pact = known?.signed.pact ?? open
    if (pact === null || hashPact(pact) !== pactHash) {
      throw new EarnestError('unknown_pact', 'No counter-proposal of this hash is open here')
    }
    const { buyer } = pact
    if (acceptedBy !== buyer.did || (turn.caller ?? buyer.did) !== buyer.did) {
      throw new EarnestError('proposer_mismatch', 'Only the buyer accepts, in its own name')
    }
    if (!verifyPactSignature({ pact, did: buyer.did, signature: buyerSignature, keyOf })) {
      throw new EarnestError('invalid_buyer_signature', 'Not signed by the buyer')
    }
    const sellerSignature = known?.signed.sellerSignature ?? signPact({ pact, identity })
    if (known === undefined) {
      const now = clock.now()
      if (now >= pact.timing.fundBy) throw new EarnestError('fund_by_passed', 'fundBy is past')
      await keepAgreed({ pact, pactHash, buyerSignature, sellerSignature }, turn.taskId)
      await patience.clear(pact)
      const talk = await readTalk(turn.taskId)
      await writeTalk(turn.taskId, { ...talk, open: null, isEnded: true })
    }
    return { status: 'accepted', pactHash, sellerSignature }
  }

  async function end({ payload }: RejectionMessage, turn: Turn): Promise<ResponseMessage> {
    const { signature, ...body } = payload
    verifyRejection({ body, signature }, keyOf)
    checkSaidNow(body.rejectedAt)
    const talk = await readTalk(turn.taskId)
    const { open } = talk
    if (open === null || hashPact(open) !== body.pactHash || open.buyer.did !== body.rejectedBy) {
      throw new EarnestError('unknown_pact', 'No counter-proposal of this hash is open here')
    }
    await writeTalk(turn.taskId, { ...talk, open: null, isEnded: true })
    return refuse(body.pactHash, 'rejected_by_buyer', 'The buyer rejected the counter-proposal')
  }

  function checkSaidNow(at: number): void {
    if (Math.abs(clock.now() - at) <= MAX_CLOCK_SKEW) return
    throw new EarnestError('clock_skew', 'Said at a time that differs from our clock by over 300 s')
  }

  function amend(pact: Pact, changes: object, now: number): Pact {
    const amended: Pact = {
      ...pact,
      ...changes,
      proposedBy: identity.did,
      proposedTo: pact.buyer.did,
      proposedAt: now,
      nonce: crypto.randomUUID(),
      salt: hashBytes(crypto.getRandomValues(new Uint8Array(32))),
    }
    return decodePact(encodePact(amended))
  }

  function refuse(pactHash: string, reasonCode: string, rejectionReason: string): ResponseMessage {
    const body = {
      pactHash,
      rejectedBy: identity.did,
      rejectedAt: clock.now(),
      reasonCode,
      rejectionReason,
    }
    return { status: 'rejected', ...body, signature: signRejection({ body, identity }) }
  }

  async function readTalk(taskId: string): Promise<Talk> {
    const known = talkSchema.safeDecode((await store.get(`talk/${taskId}`)) as never)
    if (known.success) return known.data
    return { rounds: 0, startedAt: clock.now(), open: null, isEnded: false }
  }

  async function writeTalk(taskId: string, talk: Talk): Promise<void> {
    await store.set(`talk/${taskId}`, encode(talkSchema, talk, 'store_corrupt'))
  }

  async function remember(
    key: string,
    pactHash: string,
    response: ResponseMessage,
  ): Promise<ResponseMessage> {
    await store.set(key, encode(answeredSchema, { pactHash, response }, 'store_corrupt'))
    return response
  }

  async function keepAgreed(signed: SignedPact, taskId: string): Promise<void> {
    const value = encode(agreedPactSchema, { signed, taskId }, 'store_corrupt')
    await store.set(`pact/${signed.pactHash}`, value)
  }

  async function agreed(pactId: string): Promise<AgreedPact | undefined> {
    const wire = await store.get(`pact/${pactId}`)
    const before = readings.get(pactId)
    if (before && isSame(before.wire, wire) && isSame(before.copy, before.agreed)) {
      return before.agreed
    }
    readings.delete(pactId)
    const known = agreedPactSchema.safeDecode(wire as never)
    if (!known.success) return undefined
    const [oldest] = readings.keys()
    if (readings.size >= MAX_READINGS && oldest !== undefined) readings.delete(oldest)
    readings.set(pactId, { wire, agreed: known.data, copy: structuredClone(known.data) })
    return known.data
  }

  return { respond: (message, turn) => inTurn(() => respond(message, turn)), agreed }
}
