import { parseUsdc } from '@earnest/sdk/protocol'
import type { Book } from './book.ts'
import { line, percent, usdc } from './say.ts'
import type { Scene } from './scene.ts'
import type { Stage } from './stage.ts'
import { closeTrade, talkingBuyer } from './trade.ts'
import { valuationTask } from './valuation.ts'

const amount = parseUsdc('14')
/** What the buyer offers, what the seller asks for because the report says so; basis points. */
const [offered, met] = [5_000, 6_000]

/** Half of the work: the report names what is missing, the parties sign a split, nobody else decides. */
export const partial: Scene = {
  title: `A partial delivery for ${usdc(amount)}, and a split that both sign`,
  play,
}

async function play(stage: Stage, book: Book): Promise<string[]> {
  const buyer = talkingBuyer(stage)
  const disputed = await buyer.hire(stage.sellers.hasty.url, {
    task: valuationTask(stage.clock.now() + 3600),
    paymentUsdc: amount,
  })
  const faults: string[] = []
  if (disputed.settlementStatus !== 'disputed') faults.push(`stands ${disputed.settlementStatus}`)
  const { report } = disputed.receipts
  for (const { id, outcome, code, missing } of report?.findings ?? []) {
    if (outcome === 'fail') line('report', `${id}: ${code}, missing ${missing.join(', ')}`)
  }
  line('', `${percent(report?.passedBps ?? 0)} of the weight is met; the dispute opened by itself`)
  const isNamed = report?.findings.some(({ missing }) =>
    missing.join().includes('sensitivityTable'),
  )
  if (report?.passedBps !== met) faults.push(`the report says ${report?.passedBps}, not ${met}`)
  if (!isNamed) faults.push('the report does not name the missing element')

  line(
    'offer',
    `the buyer signs ${percent(offered)} for the seller and would go to ${percent(met)}`,
  )
  const limits = { sellerBps: offered, maxSellerBps: met }
  const result = await buyer.settleDispute(disputed.tradeId, limits)
  line(
    '',
    `the seller wanted ${percent(result.receipts.settlement?.sellerBps ?? 0)}, as the report says, and both signed that`,
  )
  const gross = (amount * BigInt(met)) / 10_000n
  const fee = gross / 200n
  book.expect('buyer', -gross)
  book.expect('Half & Sons', gross - fee)
  book.expect('protocol fees (credit)', fee)
  book.expect('held by the escrow', fee)

  // What the oracle said before the trade was kept by the first call.
  const { trust } = disputed.receipts
  const whole = { ...result, receipts: { ...result.receipts, trust } }
  faults.push(...(await closeTrade(stage, whole)))
  if (result.receipts.settlement?.outcome !== 'settled') faults.push('not by two signatures')
  if (result.settlementStatus !== 'resolved') faults.push(`ended ${result.settlementStatus}`)
  return faults
}
