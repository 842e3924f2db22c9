import { parseUsdc } from '@earnest/sdk/protocol'
import type { Book } from './book.ts'
import { hear, readers, stands } from './hearing.ts'
import { line, usdc } from './say.ts'
import type { Scene } from './scene.ts'
import type { Stage } from './stage.ts'
import { closeTrade } from './trade.ts'
import { valuationTask } from './valuation.ts'

const amount = parseUsdc('20')
/** What the five judges' median gives the seller; basis points. */
const RULED = 6_000n

/** Two programs that do not agree: a jury of five rules within minutes. */
export const jury: Scene = {
  title: `Nobody gives way over ${usdc(amount)}: a jury of five providers`,
  // Models of one's own sit instead where the environment names them.
  prepare: async ({ start }) => {
    const own = process.env.EARNEST_JURY
    if (own !== undefined) return { EARNEST_JURY: own }
    const { jurors } = await start<{ jurors: unknown[] }>({
      name: 'judges',
      script: 'scripts/demo/judges.ts',
    })
    return { EARNEST_JURY: JSON.stringify(jurors) }
  },
  play,
}

async function play(stage: Stage, book: Book): Promise<string[]> {
  line('judges', 'local stand-ins on the wires of five providers; EARNEST_JURY seats real models')
  const task = {
    ...valuationTask(stage.clock.now() + 3600),
    profile: 'micro' as const,
    disclosure: { committee: false, judges: readers },
  }
  const { disputed, buyer, faults } = await hear(stage, { task, amount })
  const { escrow } = disputed.receipts.funding
  // Minutes leave no time for an appeal: the jury's word is final.
  await stands(stage, escrow, 'Resolved')
  const result = await buyer.resume(disputed.tradeId)

  const arbitration = amount / 100n
  const gross = ((amount - arbitration) * RULED) / 10_000n
  const fee = (amount * RULED * 50n) / 100_000_000n
  book.expect('buyer', -gross - arbitration)
  book.expect('Half & Sons', gross - fee)
  book.expect('protocol fees (credit)', fee)
  book.expect('arbiter and committee', arbitration)
  book.expect('held by the escrow', fee)

  const { trust } = disputed.receipts
  const whole = { ...result, receipts: { ...result.receipts, trust } }
  faults.push(...(await closeTrade(stage, whole)))
  if (result.settlementStatus !== 'resolved') faults.push(`ended ${result.settlementStatus}`)
  return faults
}
