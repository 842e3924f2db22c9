import { EarnestError } from '@earnest/sdk/protocol'
import type { StoreDeposit } from '../negotiation/pact.ts'
import type { Context } from '../store/context.ts'
import type { Blobs } from './blob.ts'
import { DEFAULT_BUDGET, type Examiner } from './verify/examiner.ts'
import { type Account, openTurn } from './verify/turn.ts'

/**
 * Keeps what an agent deposits, after every criterion that names it has tried it on that agent's time: a
 * checker loads and defines `check`, held-out values can be measured.
 * @throws deposit_unusable with the reason, examiner_budget_spent, verification_interrupted (both retryable)
 */
export function createStoreDeposit(
  { blobs, examiner, clock }: Pick<Context, 'clock'> & { blobs: Blobs; examiner: Examiner },
  account: Account,
): StoreDeposit {
  return async ({ sha256, content }, sources) => {
    for (const source of sources) {
      const turn = openTurn({ examiner, budget: DEFAULT_BUDGET, account })
      const fault = await turn
        .ask({ kind: 'deposit', source, deposit: content })
        .finally(() => turn.end())
      if (fault === undefined) continue
      throw new EarnestError('deposit_unusable', `It decides nothing: ${fault}`, {
        details: { sha256 },
      })
    }
    const source = (async function* () {
      yield content
    })()
    const { id } = await blobs.put({ source, maxBytes: content.length, at: clock.now() })
    return id
  }
}
