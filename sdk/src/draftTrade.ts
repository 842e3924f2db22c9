import { base64 } from '@scure/base'
import type { BuyerContext } from './buyerContext.ts'
import type { Agent } from './discovery/discover.ts'
import { readChainTime } from './escrow/readEscrow.ts'
import { isVaultOf } from './escrow/recourse.ts'
import { assertServed, mapErrors } from './escrow/send.ts'
import { beginTrade, type Trade } from './journal.ts'
import { draftPact, type Task } from './negotiation/draft.ts'
import { depositsOf } from './protocol/criterion.ts'
import { EarnestError } from './protocol/error.ts'
import { hashBytes } from './protocol/hash.ts'
import type { Assessment } from './trust/assess.ts'
import { agreeOnVenue } from './venue.ts'

/** What the caller of `hire` wants, from whom, and the id it has. */
export interface Wish {
  tradeId: string
  agentUrl: string
  task: Task
  paymentUsdc: bigint
}

/**
 * Drafts the pact and writes the trade down before anybody sees it; gives the one that stands. Throws `deposit_missing`,
 * `venue_mismatch`, `wrong_chain`, and as `draftPact`.
 */
export async function draftTrade(
  context: BuyerContext,
  { tradeId, agentUrl, task, paymentUsdc }: Wish,
  { agent, assessment }: { agent: Agent; assessment: Assessment },
): Promise<Trade> {
  const { identity, wallet, witness, venue, journal, clock } = context
  const info = await agreeOnVenue(await witness.info(), { venue, journal })
  // Before the seller promises its time to somebody who could not pay here.
  await mapErrors(() => assertServed(wallet, info.chainId))
  const wish = {
    agent,
    task,
    paymentUsdc,
    buyer: { did: identity.did, wallet: wallet.account.address },
    sellerWallet: await witness.sellerWallet(agent, info.chainId),
    oracle: info,
    now: Math.max(clock.now(), await readChainTime(wallet)),
    isTrusted: assessment.quote?.trustedPair === true,
  }
  const plain = draftPact(wish)
  const mayBeBonded = context.instantRelease && assessment.instantRelease
  const bonded = mayBeBonded ? draftPact({ ...wish, instantRelease: true }) : plain
  // An oracle's word for a vault gives no review away: the arbiter that was agreed on must name it, too.
  const draft = bonded === plain || (await isVaultOf(wallet, bonded.escrow)) ? bonded : plain
  const trade: Trade = {
    tradeId,
    agentUrl,
    draft,
    endpoint: agent.endpoint,
    cardHash: agent.cardHash,
    card: agent.card as Trade['card'],
    signed: null,
    taskId: null,
    contextId: null,
    isRegistered: false,
    fundingTxHash: null,
    milestone: 0,
    objections: [],
    deposits: depositsFor(task),
    isEnded: false,
  }
  const begun = await beginTrade(journal, trade)
  context.onProgress({ step: 'drafted', tradeId, pact: begun.draft })
  return begun
}

/** The bytes of a task's checkers and data, in base64; every hash that its criteria name must be there. */
function depositsFor({ acceptance, deposits = [] }: Task): string[] {
  const given = new Set(deposits.map((bytes) => hashBytes(bytes)))
  const missing = depositsOf(acceptance).find((sha256) => !given.has(sha256))
  if (missing !== undefined) {
    const why = 'A metric without its checker or data would pass unseen'
    throw new EarnestError('deposit_missing', why, { details: { sha256: missing } })
  }
  return deposits.map((bytes) => base64.encode(bytes))
}
