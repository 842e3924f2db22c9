import { EarnestError } from '@earnest/sdk/protocol'
import type { StoreDeposit } from '../negotiation/pact.ts'
import type { Context } from '../store/context.ts'
import type { Blobs } from './blob.ts'
import type { Examiner } from './verify/examiner.ts'

/**
 * Keeps what a buyer deposits, after every criterion that names it has tried it: a checker loads and
 * defines `check`, held-out values can be measured.
 * @throws deposit_unusable with the reason, verification_interrupted (retryable)
 */
export function createStoreDeposit({
  blobs,
  examiner,
  clock,
}: Pick<Context, 'clock'> & { blobs: Blobs; examiner: Examiner }): StoreDeposit {
  return async ({ sha256, content }, sources) => {
    for (const source of sources) {
      const examination = await examiner.begin()
      const tried = await examination
        .ask({ kind: 'deposit', source, deposit: content })
        .finally(() => examination.end())
      if (tried === 'killed') {
        // All work in there is counted, so this is the machine's fault and not the deposit's.
        throw new EarnestError('verification_interrupted', 'The examination did not end here', {
          retryable: true,
        })
      }
      if (tried.answer !== undefined) {
        throw new EarnestError('deposit_unusable', `It decides nothing: ${tried.answer}`, {
          details: { sha256 },
        })
      }
    }
    const source = (async function* () {
      yield content
    })()
    const { id } = await blobs.put({ source, maxBytes: content.length, at: clock.now() })
    return id
  }
}
