import { isCancelled } from './cancelled.ts'
import { type EscrowClient, escrowOfPact, type ReadClient } from './escrow/client.ts'
import { verifyLockOnAll } from './escrow/verifyLock.ts'
import type { Negotiator } from './negotiation/respond.ts'
import { EarnestError, isEarnestError } from './protocol/error.ts'
import type { ResponseMessage, WorkMessage } from './protocol/message.ts'
import type { Pact, SignedPact } from './protocol/pact.ts'
import type { Store } from './protocol/store.ts'
import { registrationOf } from './registration.ts'
import type { OracleClient } from './trust/oracle.ts'

/** What stands between a work message and the work. */
export type Admission =
  | { pact: Pact }
  | {
      refusal: ResponseMessage
      /**
       * unfunded: the chain answers, and no money is there; unknown: something did not answer, so nothing
       * is known; never: this will not begin.
       */
      why: 'unfunded' | 'unknown' | 'never'
    }

/** What the gate looks at. */
export interface GateOptions {
  /** The seller's own RPC, and further ones that must agree. */
  client: EscrowClient
  witnesses: readonly ReadClient[]
  oracle: OracleClient
  negotiator: Negotiator
  /** Where it is written what this seller has taken back. */
  store: Store
}

/** Says that the seller took the offer back, by its own store or the oracle's word. */
export const CANCELLED = 'pact_cancelled'

/** Refusals of a registration that no later try can mend. */
const LASTING = new Set([
  'nonce_reused',
  'deadline_passed',
  'registration_too_late',
  CANCELLED,
  'wrong_chain',
  'wrong_escrow',
  'invalid_buyer_signature',
  'invalid_seller_signature',
])

/**
 * The only way to a skill: a pact that both signed, an escrow of exactly this pact, money that the chain
 * shows locked, and a witness that knows the pact, or it would be worked for without a gate to deliver
 * through (ESC-13, ESC-14, ESC-15, ATK-04).
 */
export function createGate(
  options: GateOptions,
): (message: WorkMessage, isWitnessed?: boolean) => Promise<Admission> {
  const { client, witnesses, oracle, negotiator, store } = options

  return async (message, isWitnessed = false) => {
    if (await isCancelled(store, message.pactId)) return never(CANCELLED, 'We took this offer back')
    const agreed = await negotiator.agreed(message.pactId)
    if (agreed === undefined) return never('unknown_pact', 'We have not signed this pact')
    const { pact } = agreed.signed
    const { milestone = 0 } = message
    if (message.taskType !== pact.capability) {
      return never('unknown_task_type', 'The pact is about another capability')
    }
    if (milestone >= (pact.milestones?.length ?? 1)) {
      return never('unknown_milestone', 'The pact has no such milestone')
    }
    if (escrowOfPact({ pact, milestone }).escrowId !== message.escrowId) {
      return never(
        'condition_mismatch',
        'Escrow condition hash mismatch. Possible pact substitution attack.',
      )
    }
    try {
      const { status } = await verifyLockOnAll([client, ...witnesses], { pact, milestone })
      if (status !== 'locked') {
        const why = status === 'none' ? 'unfunded' : status === 'pending' ? 'unknown' : 'never'
        return { refusal: notLocked('escrow_not_locked', status), why }
      }
    } catch (error) {
      if (!isEarnestError(error)) throw error
      // Unknown is not locked.
      return { refusal: notLocked(error.code, 'unknown'), why: 'unknown' }
    }
    try {
      if (!isWitnessed) await register(agreed.signed, milestone)
      return { pact }
    } catch (error) {
      if (!isEarnestError(error)) throw error
      const { code } = error
      const reason = `The oracle does not witness this pact: ${error.message}`.slice(0, 500)
      const why = LASTING.has(code) ? 'never' : 'unknown'
      return { refusal: declined(code, reason), why }
    }
  }

  /** Asks for the buyer's registration, whose id is the hash of the terms; where there is none, the seller makes it. */
  async function register(signed: SignedPact, milestone: number): Promise<void> {
    const params = { pactId: signed.pactHash }
    const known = await oracle.call('getPact', { params }).catch((error) => {
      if (isEarnestError(error, 'pact_unknown')) return undefined
      throw error
    })
    const { pactId, status, reason } =
      known ?? (await oracle.call('registerPact', registrationOf(signed)))
    if (pactId !== signed.pactHash) {
      throw new EarnestError('pact_hash_mismatch', 'The oracle registered something else')
    }
    // Expired there while it is locked here: the oracle is behind the chain, and will see it.
    if (status === 'expired' && milestone === 0) {
      throw new EarnestError('pact_expired', `The pact counts as expired: ${reason}`)
    }
    if (status === 'cancelled') {
      throw new EarnestError(CANCELLED, `The pact was cancelled: ${reason}`)
    }
  }
}

function never(reasonCode: string, reason: string): Admission {
  return { refusal: declined(reasonCode, reason), why: 'never' }
}

function notLocked(reasonCode: string, status: string): ResponseMessage {
  return declined(
    reasonCode,
    `Invalid escrow state: ${status}. Funds must be locked before work begins.`,
  )
}

function declined(reasonCode: string, reason: string): ResponseMessage {
  return { status: 'declined', reasonCode, reason }
}
