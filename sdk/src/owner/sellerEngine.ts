import { isCancelled } from '../cancelled.ts'
import type { DisputeDesk } from '../disputeDesk.ts'
import { type EscrowClient, type EscrowRef, escrowOfPact } from '../escrow/client.ts'
import { type EscrowStatus, readEscrow } from '../escrow/readEscrow.ts'
import { readSettlement } from '../escrow/readSettlement.ts'
import { type Recourse, readRecourse } from '../escrow/recourse.ts'
import { refund } from '../escrow/refund.ts'
import { createJobBook } from '../job.ts'
import type { Negotiator } from '../negotiation/respond.ts'
import { EarnestError } from '../protocol/error.ts'
import { milestoneOf, type Pact } from '../protocol/pact.ts'
import { type EscrowState, isTerminal } from '../protocol/status.ts'
import type { Store } from '../protocol/store.ts'
import { unpackClauses } from '../protocol/terms.ts'
import { relayOf } from '../relay.ts'
import type { OracleClient } from '../trust/oracle.ts'
import type { OwnerEngine, Standing, TradeRef } from './engine.ts'
import { windowOf } from './window.ts'

/** What a seller shows its owner's desk of itself. */
export interface SellerParts {
  wallet: EscrowClient
  oracle: OracleClient
  store: Store
  negotiator: Negotiator
  disputes: DisputeDesk
  cancel(pactId: string, reason: string): Promise<void>
}

/** A seller's engine for its owner: the verbs go the way that they go for the agent itself. */
export function createSellerEngine(parts: SellerParts): OwnerEngine {
  const { wallet, oracle, negotiator, disputes } = parts
  const jobs = createJobBook(parts.store)

  async function pactOf(pactId: string): Promise<Pact> {
    const agreed = await negotiator.agreed(pactId)
    if (agreed === undefined)
      throw new EarnestError('unknown_trade', 'We have not signed this pact')
    return agreed.signed.pact
  }

  async function find(ids: { pactId?: string; escrowId?: string }): Promise<TradeRef | undefined> {
    const job = ids.escrowId === undefined ? undefined : await jobs.read(ids.escrowId)
    const pactId = ids.pactId ?? job?.pactId
    const agreed = pactId === undefined ? undefined : await negotiator.agreed(pactId)
    if (agreed === undefined || pactId === undefined) return undefined
    const { pact } = agreed.signed
    for (let milestone = 0; milestone < (pact.milestones?.length ?? 1); milestone++) {
      const { escrowId } = escrowOfPact({ pact, milestone })
      if (escrowId !== (ids.escrowId ?? escrowId)) continue
      return { side: 'seller', pactId, escrowId, milestone }
    }
    return undefined
  }

  async function standing({ pactId, milestone }: TradeRef): Promise<Standing> {
    const pact = await pactOf(pactId)
    const escrow = escrowOfPact({ pact, milestone })
    const status = await readEscrow(wallet, escrow)
    const facts = {
      capability: pact.capability,
      counterparty: pact.buyer.did,
      amountUsdc: milestoneOf(pact, milestone).paymentUsdc,
    }
    if (status.bonded) {
      return { ...facts, ...standingOfBond(status, await readRecourse(wallet, escrow), escrow) }
    }
    return {
      ...facts,
      state: status.state,
      seq: status.seq,
      proposedBps: status.proposedBps,
      ...windowOf(status, escrow, 'seller'),
      verbs: verbsIn(status.state),
    }
  }

  return {
    find,
    amountOf: async ({ pactId, milestone }) =>
      milestoneOf(await pactOf(pactId), milestone).paymentUsdc,
    standing,
    async complaintOf({ escrowId, pactId }) {
      const pact = await pactOf(pactId)
      const params = { escrowId: escrowId as `0x${string}` }
      const { claims } = await oracle.call('getPapers', { params, query: {} })
      return claims.find(({ body }) => body.disputedBy === pact.buyer.did)?.body.claim
    },
    async refund({ pactId, milestone }, { seq }) {
      const pact = await pactOf(pactId)
      const escrow = escrowOfPact({ pact, milestone })
      const { state } = await readEscrow(wallet, escrow)
      // An open dispute has a desk of its own, where one answer excludes the other.
      if (state === 'Disputed') {
        const answer = { action: 'agree_refund' } as const
        const sent = await disputes.answer({ pact, milestone, answer, seq })
        if (sent !== undefined) return sent
      }
      return await refund(wallet, { escrow, relay: relayOf(oracle), seq })
    },
    async refunded({ pactId, milestone }) {
      const settlement = await readSettlement(wallet, { pact: await pactOf(pactId), milestone })
      return settlement?.outcome === 'refunded' ? { txHash: settlement.txHash } : undefined
    },
    async defend({ pactId, milestone }, explanation) {
      const answer = { action: 'defend', explanation } as const
      return await disputes.answer({ pact: await pactOf(pactId), milestone, answer })
    },
    async cancel({ pactId }) {
      await parts.cancel(pactId, 'The owner of the agent took the offer back')
    },
    cancelled: ({ side, pactId }) =>
      side === 'seller' ? isCancelled(parts.store, pactId) : Promise.resolve(false),
    async taskOf({ pactId }) {
      return (await negotiator.agreed(pactId))?.taskId
    },
  }
}

/** Paid at once: a claim against the bond is before the arbiter from its first moment. */
function standingOfBond(
  { state, seq }: EscrowStatus,
  { state: stands, end }: Recourse,
  { terms }: EscrowRef,
): Omit<Standing, 'capability' | 'counterparty' | 'amountUsdc'> {
  const none = { proposedBps: null, window: null, otherwise: null, verbs: [] }
  // The escrow counts no change in the vault; for the desk a claim and its end are one each.
  if (stands === 'reserved') return { state, seq, ...none }
  if (stands !== 'claimed') return { state, seq: seq + 2n, ...none }
  return {
    ...none,
    state: 'Arbitration',
    seq: seq + 1n,
    window: { from: end - unpackClauses(terms.clauses).arbitrationWindow, until: end },
    otherwise: 'the payment stands, and the buyer’s stake is yours',
    verbs: ['defend'],
  }
}

function verbsIn(state: EscrowState): Standing['verbs'] {
  if (state === 'None') return ['cancel']
  if (state === 'Disputed') return ['refund', 'defend']
  return isTerminal(state) ? [] : ['refund']
}
