import { EarnestError } from '@earnest/sdk/protocol'
import type { Context } from '../store/context.ts'
import type { Blob, Blobs } from './blob.ts'
import { assertNotRefused, rememberRefusal, unusable } from './refusal.ts'
import { openDelivery } from './verify/delivery.ts'
import { DEFAULT_BUDGET, type Examiner } from './verify/examiner.ts'
import { verifyFormat } from './verify/format.ts'
import { openReader } from './verify/reader.ts'
import { type Account, openTurn } from './verify/turn.ts'

/** Bytes of no declared type are not looked at. */
export const UNTYPED = 'application/octet-stream'

type Inspecting = Pick<Context, 'db' | 'clock'> & { blobs: Blobs; examiner: Examiner }

/**
 * Looks at an upload before it is filed: a file that is not of the type that it is declared as can never
 * be delivered as such, and its seller learns so while there is time (TOL-02). What only people or other
 * tools can tell is let in. What was refused once is refused by its hash.
 * @param mime As declared, without parameters.
 * @throws artifact_unusable with the finding's code, examiner_budget_spent, verification_interrupted
 * (both retryable)
 */
export async function assertUsable(
  { db, clock, blobs, examiner }: Inspecting,
  { blob, name, mime, account }: { blob: Blob; name: string; mime: string; account: Account },
): Promise<void> {
  if (mime === UNTYPED) return
  const { size, sha256 } = blob
  await assertNotRefused({ db }, { sha256, mime, name })
  const turn = openTurn({ examiner, budget: DEFAULT_BUDGET, account })
  try {
    const files = [{ name, mime, size, sha256 }]
    const delivery = openDelivery({ files, openFile: () => blobs.read(blob.id), turn })
    const reader = openReader({ delivery, turn })
    const { outcome, code } = await verifyFormat({ mime, file: name }, { delivery, reader })
    if (outcome !== 'fail') return
    // The hash is that of the bytes that came: where others come back, the store is at fault and not the file.
    if (code === 'corrupt_file') {
      throw new EarnestError('verification_interrupted', 'The upload could not be read back', {
        retryable: true,
      })
    }
    await rememberRefusal({ db, clock }, { sha256, mime, fault: code })
    throw unusable({ name, mime, fault: code })
  } finally {
    await turn.end()
  }
}
