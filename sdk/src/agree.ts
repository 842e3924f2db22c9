import { approveAgain, approvePrice } from './approve.ts'
import type { BuyerContext } from './buyerContext.ts'
import { isStopped, type TradeRecord } from './journal.ts'
import { negotiate } from './negotiation/negotiate.ts'
import { EarnestError } from './protocol/error.ts'
import type { SignedPact } from './protocol/pact.ts'
import type { Assessment } from './trust/assess.ts'

/**
 * Layer 3: negotiates what was drafted until both have signed, and has the oracle register it. What the
 * journal holds already is not done again; what was not registered by its deadline has ended. Throws
 * `trade_cancelled`, `trust_policy_not_met`, and as `negotiate`.
 */
export async function agree(
  context: BuyerContext,
  record: TradeRecord,
  known: Assessment | undefined,
): Promise<Agreed> {
  try {
    return await comeToTerms(context, record, known)
  } catch (error) {
    const { signed, draft, isRegistered } = await record.refresh()
    const { deadlineUtc } = signed?.pact ?? draft
    // What is not registered is not paid for, and after its deadline cannot be: no later try helps.
    if (!isRegistered && context.clock.now() >= deadlineUtc) await record.save({ isEnded: true })
    throw error
  }
}

type Agreed = { signed: SignedPact; assessment: Assessment | undefined }

async function comeToTerms(
  context: BuyerContext,
  record: TradeRecord,
  known: Assessment | undefined,
): Promise<Agreed> {
  const { tradeId } = record.read()
  let assessment = known
  if (record.read().signed === null) {
    if (await isStopped(context.journal, tradeId)) {
      await record.save({ isEnded: true })
      throw cancelled()
    }
    assessment ??= await approveAgain(context, record.read())
    try {
      await sign(context, record, assessment)
    } catch (error) {
      // Another process of ours may have come to an end with the same draft.
      if ((await record.refresh()).signed === null) throw error
    }
  }
  const { signed, isRegistered, deposits } = record.read()
  if (signed === null) throw new EarnestError('store_corrupt', 'No signed pact')
  const { pact, pactHash: pactId } = signed
  context.onProgress({ step: 'agreed', tradeId, pactId, amountUsdc: pact.paymentUsdc })
  if (!isRegistered) {
    await context.witness.register(signed, deposits)
    await record.save({ isRegistered: true })
    context.onProgress({ step: 'registered', pactId })
  }
  return { signed, assessment }
}

async function sign(
  context: BuyerContext,
  record: TradeRecord,
  assessment: Assessment,
): Promise<void> {
  const { identity, clock, keyOf, rounds, onProgress } = context
  const { draft, endpoint } = record.read()
  const { signed, taskId, contextId } = await negotiate({
    assessment,
    channel: context.channelTo(endpoint),
    identity,
    pact: draft,
    policy: {
      maxPaymentUsdc: draft.paymentUsdc,
      latestDeadline: null,
      acceptScopeChange: false,
      ...context.negotiationPolicy,
    },
    clock,
    ...(keyOf && { keyOf }),
    ...(rounds !== undefined && { rounds }),
    onRound: (round, response) => {
      if (response.status !== 'counter_proposed') return
      onProgress({ step: 'countered', round, reasonCode: response.reasonCode ?? 'countered' })
    },
  })
  approvePrice(context, signed.pact, assessment)
  await record.save({ signed, taskId, contextId })
}

/** The refusal of a trade that was stopped in time. */
export function cancelled(): EarnestError {
  return new EarnestError('trade_cancelled', 'This trade was cancelled before it was funded')
}
