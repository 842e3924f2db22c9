import { parseUsdc } from '@earnest/sdk/protocol'
import type { WorkEvent } from '@earnest/sdk/seller'
import type { Book } from './book.ts'
import { line, usdc } from './say.ts'
import type { Scene } from './scene.ts'
import type { Stage } from './stage.ts'
import { closeTrade, talkingBuyer } from './trade.ts'
import { company, model, valuationTask } from './valuation.ts'

const [offer, limit, amount] = [parseUsdc('15'), parseUsdc('20'), parseUsdc('18')]

/** Two agents that have never met trade; the seller is paid, less the protocol fee. */
export const happy: Scene = {
  title: `A first trade: a valuation, ${usdc(offer)} offered, at most ${usdc(limit)}`,
  play,
}

async function play(stage: Stage, book: Book): Promise<string[]> {
  const fee = amount / 200n
  const buyer = talkingBuyer(stage, { negotiationPolicy: { maxPaymentUsdc: limit } })
  const result = await buyer.hire(stage.sellers.honest.url, {
    task: valuationTask(stage.clock.now() + 3600),
    paymentUsdc: offer,
  })
  book.expect('buyer', -amount)
  book.expect('Ada Analytics', amount - fee)
  book.expect('protocol fees (credit)', fee)
  book.expect('held by the escrow', fee)

  const work = stage.heard('honest').flatMap(({ work }) => (work ? [work as WorkEvent] : []))
  for (const { type, detail } of work) line('seller', detail ? `${type}: ${detail}` : type)
  const faults = await closeTrade(stage, result)
  if (result.settlementStatus !== 'released') faults.push(`ended ${result.settlementStatus}`)
  if (result.receipts.report?.result !== 'PASS') faults.push('no report says that it passed')
  if (result.receipts.signed.pact.paymentUsdc !== amount) faults.push('the price is another')
  if (!work.some(({ type }) => type === 'revised')) faults.push('the first draft was not revised')
  const bytes = result.deliverable?.files[0]?.bytes
  const delivered = bytes && JSON.parse(new TextDecoder().decode(bytes))
  if (delivered?.scenarios.bear.value !== model(company).scenarios.bear.value) {
    faults.push('the deliverable is not the valuation')
  }
  return faults
}
