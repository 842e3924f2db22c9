import type { BuyerContext } from './buyerContext.ts'
import { escrowOfPact } from './escrow/client.ts'
import { readEscrow } from './escrow/readEscrow.ts'
import { claimRecourse } from './escrow/recourse.ts'
import { keepObjection, type Objection, readTrade, recordOf } from './journal.ts'
import { type Complaint, object, objectionTo, raise } from './objection.ts'
import { EarnestError } from './protocol/error.ts'

/**
 * Objects to the delivery of the milestone that was funded last, once a round; where it was paid at once,
 * claims against the seller's bond. Throws `unknown_trade`, `unknown_pact`, `not_delivered`, and as the
 * verbs `dispute` and `claimRecourse`.
 */
export async function disputeTrade(
  { identity, wallet, oracle, relay, clock, journal }: BuyerContext,
  tradeId: string,
  complaint: Complaint,
): Promise<{ escrowId: string; claimHash: string }> {
  const { signed, milestone } = await readTrade(journal, tradeId)
  if (signed === null) throw new EarnestError('unknown_pact', 'This trade has no pact yet')
  const { pact, pactHash: pactId } = signed
  const escrow = escrowOfPact({ pact, milestone })
  const { round, state, bonded } = await readEscrow(wallet, escrow)
  if (state !== 'Delivered' && !bonded) {
    throw new EarnestError('not_delivered', `The escrow is ${state}`, { details: { state } })
  }
  const raising = {
    identity,
    wallet,
    oracle,
    relay,
    pact,
    pactId,
    escrow,
    now: clock.now(),
    keep: (one: Objection) => keepObjection(journal, tradeId, one),
  }
  const known = (await readTrade(journal, tradeId)).objections.find(
    ({ claim: { body } }) => body.escrowId === escrow.escrowId && body.round === round,
  )
  const objection = known ?? objectionTo(raising, { round, grounds: complaint })
  const { escrowId } = escrow
  if (!bonded) return { escrowId, claimHash: await object(objection, raising) }
  const claimHash = await raise(objection, raising, claimRecourse)
  // It had ended with its payment; now it waits for the arbiter.
  await recordOf(journal, await readTrade(journal, tradeId)).save({ isEnded: false })
  return { escrowId, claimHash }
}
