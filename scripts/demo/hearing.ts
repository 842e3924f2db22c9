import { type Buyer, defaultTrustPolicy, type HireResult, type Task } from '@earnest/sdk/buyer'
import { type EscrowRef, readEscrow } from '@earnest/sdk/escrow'
import { fromBytes32, recount, unpackLadder } from '@earnest/sdk/protocol'
import { line, percent, usdc } from './say.ts'
import type { Stage } from './stage.ts'
import { talkingBuyer } from './trade.ts'
import { known, until } from './until.ts'

/** Judges that may read the evidence: the houses of the five seats. */
export const readers = ['openai', 'anthropic', 'google', 'meta', 'mistral']

/** Asks nothing of a seller: what it did before is known, and the lock protects the rest. */
const bold = {
  ...defaultTrustPolicy,
  default: {
    minCompositeScore: 0,
    minTaskCount: 0,
    minBondTier: 0,
    minFulfillmentRate90d: 0,
    maxInactiveDays: 365,
  },
}

/** The part of its time after which the jury sits; before it both sides bring evidence. */
const EVIDENCE_SHARE = 4

/** Half of the work is delivered and nobody gives way: the trade goes to the arbiter and the jury hears it. */
export async function hear(
  stage: Stage,
  { task, amount }: { task: Task; amount: bigint },
): Promise<{ disputed: HireResult; buyer: Buyer; faults: string[] }> {
  const { clock, buyer: party } = stage
  const buyer = talkingBuyer(stage, { trustPolicy: bold })
  line('policy', 'a bold buyer: it asks nothing of its seller and leaves the rest to the arbiter')
  const disputed = await buyer.hire(stage.sellers.hasty.url, { task, paymentUsdc: amount })
  const { pact } = disputed.receipts.signed
  const { escrow } = disputed.receipts.funding
  line('dispute', `the report opened it; ${usdc(amount)} stay locked while nobody gives way`)

  await clock.pass(pact.timing.windows.response)
  await stands(stage, escrow, 'Arbitration')
  line('', 'the seller did not answer in its window, so the oracle’s keeper escalated')

  const { juryLimit = 0 } = unpackLadder(fromBytes32(escrow.terms.ladder)) ?? {}
  await clock.pass(juryLimit / EVIDENCE_SHARE)
  const params = { escrowId: escrow.escrowId }
  const record = () => known('record_unknown', () => party.oracle.call('getRecord', { params }))
  await until(async () => (await record()) !== undefined)
  const heard = await record()
  if (heard === undefined) throw new Error('the record is gone')
  const votes = heard.seats.map(({ provider, voteBps }) => `${provider} ${percent(voteBps ?? 0)}`)
  line('jury', votes.join(', '))
  const { faults } = recount(heard)
  line('', `weighted median ${percent(heard.sellerBps ?? 0)}, recounted from the record`)
  return { disputed, buyer, faults: faults.map((fault) => `the record’s ${fault} does not follow`) }
}

/** Waits until the chain has an escrow in a state. */
export async function stands(
  { buyer }: Stage,
  escrow: EscrowRef,
  state: 'Arbitration' | 'Resolved',
): Promise<void> {
  await until(async () => (await readEscrow(buyer.wallet, escrow)).state === state)
}
