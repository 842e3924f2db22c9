import * as z from 'zod'
import type { KeyBook } from './keyBook.ts'
import type { RefundGuard } from './refundGuard.ts'
import type { ServiceDesk } from './serviceDesk.ts'
import { milestone, serviceId } from './serviceInput.ts'
import { key, refusal, type Tool, writer } from './tool.ts'
import { readTrade, sellerStep, statusOf } from './trade.ts'

const respondInput = z.strictObject({
  key,
  service_id: serviceId,
  milestone,
  action: z.enum(['defend', 'agree_refund']),
  explanation: z
    .string()
    .max(10_000)
    .optional()
    .describe('Needed to defend; not allowed with agree_refund.'),
})

/** The one tool that answers a dispute (TOL-10 to TOL-12). */
export function disputeTools(
  { seller, wallet, find }: ServiceDesk,
  { keys, guard }: { keys: KeyBook; guard: RefundGuard },
): Tool[] {
  const respondToDispute = writer(
    {
      name: 'respond_to_dispute',
      title: 'Answer a dispute',
      description:
        'Answers a dispute with exactly one of two actions, once: defend with a written explanation, or agree_refund, which pays the customer back in full. There is no third.',
      input: respondInput,
      isDestructive: true,
      async run({ service_id, milestone: part, action, explanation }) {
        if (action === 'agree_refund' && explanation !== undefined) {
          throw refusal(
            'contradictory_response',
            'A refund needs no defence: one of the two',
            'Call with one action: defend with an explanation, or agree_refund without.',
          )
        }
        const trade = await find(service_id, part)
        const { pact, escrowId, chain } = trade
        const answer =
          action === 'defend'
            ? ({ action, explanation: explanation ?? '' } as const)
            : ({ action } as const)
        const dispute = { escrowId, round: chain.round, action }
        await guard.answer(dispute, () =>
          seller.disputes.answer({ pact, milestone: trade.milestone, answer }),
        )
        // What came of it the chain says.
        const after = await readTrade(wallet, trade)
        const status = statusOf(after, true)
        return { service_id, escrow_id: escrowId, status, next_step: sellerStep(status) }
      },
    },
    keys,
  )

  return [respondToDispute]
}
