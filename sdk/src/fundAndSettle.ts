import { cancelled } from './agree.ts'
import type { BuyerContext } from './buyerContext.ts'
import { escrowOfPact } from './escrow/client.ts'
import { readChainTime, readEscrow } from './escrow/readEscrow.ts'
import { isStopped, type TradeRecord } from './journal.ts'
import { EarnestError, isEarnestError } from './protocol/error.ts'
import { milestoneOf, type Pact, type SignedPact } from './protocol/pact.ts'
import type { TrustResponse } from './protocol/trust.ts'
import { type HireResult, isOver, type Stage } from './receipts.ts'
import { runStage } from './stage.ts'

/**
 * Layers 4 and 5, milestone by milestone: what is not funded yet is at nobody's risk. Throws
 * `trade_cancelled`, `fund_by_passed` where nothing was funded, and as `runStage`.
 */
export async function fundAndSettle(
  context: BuyerContext,
  record: TradeRecord,
  { signed, trust }: { signed: SignedPact; trust: readonly TrustResponse[] },
): Promise<HireResult> {
  const { journal, owner, fundNext } = context
  const { pact, pactHash: pactId } = signed
  const { tradeId, endpoint } = record.read()
  const channel = context.channelTo(endpoint)
  const stages: Stage[] = []
  const count = pact.milestones?.length ?? 1
  for (let milestone = 0; milestone < count; milestone++) {
    const isNew = milestone > record.read().milestone
    if (isNew && (!(await mayGoOn()) || (await isStopped(journal, tradeId)))) break
    if (record.read().fundingTxHash === null) await checkStopped(context, tradeId, pact)
    try {
      stages.push(await runStage(context, { signed, milestone, channel, trust, record }))
    } catch (error) {
      // What can no longer be funded ends the trade where it stands.
      if (!isEarnestError(error, 'fund_by_passed')) throw error
      await record.save({ isEnded: true })
      if (stages.length === 0) throw error
      break
    }
    const done = stages.at(-1)
    if (done === undefined || !isOver(done)) break
  }
  const last = stages.at(-1)
  if (last === undefined) throw new EarnestError('store_corrupt', 'No stage')
  for (const { escrowId, settlementStatus: status } of stages) {
    void owner?.observe({ type: 'stage', pactId, escrowId, status })
  }
  if (isOver(last)) await record.save({ isEnded: true })
  return { ...last, tradeId, pactId, stages }

  async function mayGoOn(): Promise<boolean> {
    const done = stages.at(-1)
    return done !== undefined && (await fundNext(done))
  }
}

/** A trade that was cancelled locks nothing at all; what was sent before that is followed like any other. */
async function checkStopped(
  { journal, wallet }: BuyerContext,
  tradeId: string,
  pact: Pact,
): Promise<void> {
  if (!(await isStopped(journal, tradeId))) return
  const { state } = await readEscrow(wallet, escrowOfPact({ pact, milestone: 0 }))
  // Ended is it only when no call of ours can be mined any more: `fund` says so.
  if (state !== 'None' || (await readChainTime(wallet)) >= milestoneOf(pact, 0).fundBy) return
  throw cancelled()
}
