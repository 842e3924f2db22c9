import { isSameJson } from '../protocol/canonical.ts'
import { EarnestError } from '../protocol/error.ts'
import { formatUsdc } from '../protocol/money.ts'
import { encodePact, type Pact } from '../protocol/pact.ts'
import type { Ware } from './rail.ts'

/**
 * Holds a pact against what is sold: about this very ware, in one piece, and for no less than its price.
 * Throws `pact_mismatch` with the field, `price_too_low`.
 */
export function checkWare(pact: Pact, { task, price }: Ware): void {
  const wire = encodePact(pact)
  const facts: [string, unknown, unknown][] = [
    ['capability', wire.capability, task.capability],
    ['taskDescription', wire.taskDescription, task.description],
    ['input', wire.input, task.input],
    ['deliverableFormat', wire.deliverableFormat, task.outputFormats],
    ['acceptance', wire.acceptance, task.acceptance],
    ['milestones', wire.milestones, undefined],
  ]
  const field = facts.find(([, got, want]) => !isSameJson(got, want))?.[0]
  if (field !== undefined) {
    throw new EarnestError('pact_mismatch', `${field} is not what is asked for here`, {
      details: { field },
    })
  }
  if (pact.paymentUsdc < price) {
    throw new EarnestError('price_too_low', `It costs ${formatUsdc(price)} USDC`)
  }
}
