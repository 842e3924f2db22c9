import { EarnestError } from '@earnest/sdk/protocol'
import type { Blob, Blobs } from './blob.ts'
import { openDelivery } from './verify/delivery.ts'
import { DEFAULT_BUDGET, type Examiner } from './verify/examiner.ts'
import { verifyFormat } from './verify/format.ts'
import { openReader } from './verify/reader.ts'
import { openTurn } from './verify/turn.ts'

/**
 * Looks at an upload before it is filed: a file that is not of the type that it is declared as can never
 * be delivered as such, and its seller learns so while there is time (TOL-02). What only people or other
 * tools can tell is let in.
 * @param mime As declared, without parameters; bytes of no type are not looked at.
 * @throws artifact_unusable with the finding's code, verification_interrupted (retryable)
 */
export async function assertUsable(
  { blobs, examiner }: { blobs: Blobs; examiner: Examiner },
  { blob, name, mime }: { blob: Blob; name: string; mime: string },
): Promise<void> {
  if (mime === 'application/octet-stream') return
  const turn = openTurn({ examiner, budget: DEFAULT_BUDGET })
  try {
    const { size, sha256 } = blob
    const files = [{ name, mime, size, sha256 }]
    const delivery = openDelivery({ files, openFile: () => blobs.read(blob.id), turn })
    const reader = openReader({ delivery, turn })
    const { outcome, code } = await verifyFormat({ mime, file: name }, { delivery, reader })
    if (outcome !== 'fail') return
    throw new EarnestError('artifact_unusable', `${name} is no whole ${mime}`, {
      details: { name, mime, fault: code },
    })
  } finally {
    turn.end()
  }
}
