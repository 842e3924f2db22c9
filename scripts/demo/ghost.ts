import { parseUsdc } from '@earnest/sdk/protocol'
import { line, usdc } from './say.ts'
import type { Scene } from './scene.ts'
import type { Stage } from './stage.ts'
import { closeTrade, talkingBuyer } from './trade.ts'
import { until } from './until.ts'
import { valuationTask } from './valuation.ts'

/** Seconds that the ghost has to deliver; the local chain skips them. */
const PATIENCE = 3600

const amount = parseUsdc('15')

/** A seller says that it delivered; the gate refuses it, the deadline brings the money back. */
export const ghost: Scene = {
  title: `A seller that never delivers, for ${usdc(amount)} with an hour to go`,
  play,
}

async function play(stage: Stage): Promise<string[]> {
  const trade = talkingBuyer(stage).hire(stage.sellers.ghost.url, {
    task: valuationTask(stage.clock.now() + PATIENCE),
    paymentUsdc: amount,
  })
  const claimed = () => stage.heard('ghost').find((event) => 'claimed' in event)
  await until(() => claimed() !== undefined)
  await stage.clock.pass(PATIENCE)
  const result = await trade

  const claim = claimed()?.claimed
  const { contract, oracle } = (claim ?? {}) as { contract?: string; oracle?: string }
  line('gate', `the seller claimed delivery; contract: ${contract}, oracle: ${oracle}`)
  const faults = await closeTrade(stage, result)
  if (contract === undefined || contract === 'accepted') faults.push('the contract let it pass')
  if (oracle === undefined || oracle === 'accepted') faults.push('the oracle let it pass')
  if (result.settlementStatus !== 'refunded') faults.push(`ended ${result.settlementStatus}`)
  const outcome = result.receipts.settlement?.outcome
  if (outcome !== 'expired') faults.push(`it was not the deadline that refunded: ${outcome}`)
  if (result.deliverable !== undefined) faults.push('something was delivered')
  return faults
}
