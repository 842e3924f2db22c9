import { parseUsdc } from '@earnest/sdk/protocol'
import { wallClock } from '../local/party.ts'
import type { Book } from './book.ts'
import { title, usdc } from './say.ts'
import type { Stage } from './stage.ts'
import { closeTrade, talkingBuyer } from './trade.ts'
import { company, model, valuationTask } from './valuation.ts'

/** Two agents that have never met trade; the seller is paid, less the protocol fee. */
export async function happyTrade(stage: Stage, book: Book): Promise<string[]> {
  const amount = parseUsdc('20')
  const fee = amount / 200n
  title(`1. A first trade: a valuation for ${usdc(amount)}`)
  const result = await talkingBuyer(stage).hire(stage.sellers.honest.url, {
    task: valuationTask(wallClock.now() + 3600),
    paymentUsdc: amount,
  })
  book.expect('buyer', parseUsdc('100') - amount)
  book.expect('honest seller', amount - fee)
  book.expect('protocol fees (credit)', fee)
  book.expect('held by the escrow', fee)

  const faults = await closeTrade(stage, result)
  if (result.settlementStatus !== 'released') faults.push(`ended ${result.settlementStatus}`)
  const bytes = result.deliverable?.files[0]?.bytes
  const delivered = bytes && JSON.parse(new TextDecoder().decode(bytes))
  if (delivered?.scenarios.base.value !== model(company).scenarios.base.value) {
    faults.push('the deliverable is not the valuation')
  }
  return faults
}
