import { type EscrowClient, escrowOfPact } from '../escrow/client.ts'
import { readEscrow } from '../escrow/readEscrow.ts'
import { isStopped, readTrade, type Trade } from '../journal.ts'
import { EarnestError } from '../protocol/error.ts'
import { milestoneOf, type Pact } from '../protocol/pact.ts'
import type { Store } from '../protocol/store.ts'
import type { OwnerEngine, TradeRef } from './engine.ts'
import { windowOf } from './window.ts'

/** What a buyer shows its owner's desk of itself. */
export interface BuyerParts {
  wallet: EscrowClient
  journal: Store
  cancel(tradeId: string): Promise<void>
}

/** A buyer's engine for its owner: it stops what is not funded yet; money that is locked moves by the pact. */
export function createBuyerEngine({ wallet, journal, cancel }: BuyerParts): OwnerEngine {
  /** What was found once is not looked for in every trade again. */
  const known = new Map<string, string>()

  async function tradeOf(pactId: string): Promise<Trade & { pact: Pact }> {
    const tradeId = known.get(pactId)
    if (tradeId === undefined) await look()
    const trade = await readTrade(journal, known.get(pactId) ?? '')
    if (trade.signed === null) throw new EarnestError('unknown_trade', 'Nothing is agreed yet')
    return { ...trade, pact: trade.signed.pact }
  }

  async function look(): Promise<Map<string, string>> {
    for (const key of await journal.keys('trade/')) {
      const { tradeId, signed } = await readTrade(journal, key.slice('trade/'.length))
      if (signed !== null) known.set(signed.pactHash, tradeId)
    }
    return known
  }

  async function find(ids: { pactId?: string; escrowId?: string }): Promise<TradeRef | undefined> {
    if (ids.pactId !== undefined && !known.has(ids.pactId)) await look()
    const pactIds = ids.pactId === undefined ? [...(await look()).keys()] : [ids.pactId]
    for (const pactId of pactIds.filter((each) => known.has(each))) {
      const { pact } = await tradeOf(pactId)
      for (let milestone = 0; milestone < (pact.milestones?.length ?? 1); milestone++) {
        const { escrowId } = escrowOfPact({ pact, milestone })
        if (escrowId !== (ids.escrowId ?? escrowId)) continue
        return { side: 'buyer', pactId, escrowId, milestone }
      }
    }
    return undefined
  }

  return {
    find,
    amountOf: async ({ pactId, milestone }) =>
      milestoneOf((await tradeOf(pactId)).pact, milestone).paymentUsdc,
    async standing({ pactId, milestone }) {
      const { pact, isEnded } = await tradeOf(pactId)
      const escrow = escrowOfPact({ pact, milestone })
      const status = await readEscrow(wallet, escrow)
      return {
        capability: pact.capability,
        counterparty: pact.seller.did,
        amountUsdc: milestoneOf(pact, milestone).paymentUsdc,
        state: status.state,
        seq: status.seq,
        proposedBps: status.proposedBps,
        ...windowOf(status, escrow, 'buyer'),
        verbs: isEnded ? [] : ['cancel'],
      }
    },
    complaintOf: async () => undefined,
    refund: notOurs,
    refunded: async () => undefined,
    defend: notOurs,
    async cancel({ pactId }) {
      await cancel((await tradeOf(pactId)).tradeId)
    },
    async cancelled({ pactId }) {
      const tradeId = (await look()).get(pactId)
      return tradeId !== undefined && (await isStopped(journal, tradeId))
    },
    taskOf: async () => undefined,
  }
}

async function notOurs(): Promise<never> {
  throw new EarnestError('not_yours', 'Only the seller can do that')
}
