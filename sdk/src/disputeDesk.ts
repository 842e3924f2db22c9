import * as z from 'zod'
import type { EscrowClient, Sent } from './escrow/client.ts'
import { escrowOfPact } from './escrow/client.ts'
import { defend } from './escrow/defend.ts'
import { readEscrow } from './escrow/readEscrow.ts'
import { refund } from './escrow/refund.ts'
import type { Clock } from './protocol/clock.ts'
import { decode, encode } from './protocol/decode.ts'
import { type Defence, defenceSchema, type Evidence, hashDefence } from './protocol/dispute.ts'
import { EarnestError } from './protocol/error.ts'
import type { Identity } from './protocol/identity.ts'
import { hashPact, type Pact } from './protocol/pact.ts'
import type { Store } from './protocol/store.ts'
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
}

/** The seller's desk for disputes. */
export interface DisputeDesk {
  /**
   * Answers a dispute with exactly one of two actions, once a round: `defend` needs a written explanation
   * and opens the negotiation, `agree_refund` pays everything back (TOL-10 to TOL-12). The same answer
   * again finishes what a crash left open. Throws `explanation_missing`, `already_answered`,
   * `not_disputed`, `after_window`.
   */
  answer(options: { pact: Pact; milestone?: number; answer: DisputeAnswer }): Promise<Sent>
}

/** Makes the desk of one seller. */
export function createDisputeDesk(options: DisputeDeskOptions): DisputeDesk {
  const { identity, client, oracle, store, clock } = options
  const busy = new Set<string>()

  async function answerOnce(pact: Pact, milestone: number, answer: DisputeAnswer): Promise<Sent> {
    const escrow = escrowOfPact({ pact, milestone })
    const { state, round } = await readEscrow(client, escrow)
    const key = `dispute/${escrow.escrowId}/${round}`
    const before = await store.get(key)
    const known = before === undefined ? undefined : decode(answeredSchema, before, 'store_corrupt')
    if (known !== undefined && known.action !== answer.action) {
      throw new EarnestError('already_answered', `This dispute was answered: ${known.action}`)
    }
    if (state !== 'Disputed') {
      const code = known === undefined ? 'not_disputed' : 'already_answered'
      throw new EarnestError(code, `The escrow is ${state}`, { details: { state } })
    }
    const relay = async (data: `0x${string}`) =>
      (await oracle.call('relay', { body: { data } })).txHash
    if (answer.action === 'agree_refund') {
      await store.set(key, { action: 'agree_refund', defence: null })
      return await refund(client, { escrow, relay })
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
    await oracle.call('defend', {
      params: { escrowId: defence.escrowId },
      body: { body: defence, signature: identity.sign({ type: 'defence', body }) },
      idempotencyKey: defence.nonce,
    })
    return await defend(client, { escrow, responseHash: hashDefence(defence), relay })
  }

  return {
    async answer({ pact, milestone = 0, answer }) {
      const { escrowId } = escrowOfPact({ pact, milestone })
      if (busy.has(escrowId)) {
        throw new EarnestError('already_answered', 'This dispute is being answered')
      }
      busy.add(escrowId)
      try {
        return await answerOnce(pact, milestone, answer)
      } finally {
        busy.delete(escrowId)
      }
    },
  }
}
