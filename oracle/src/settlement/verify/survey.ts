import { createHash } from 'node:crypto'
import type { ManifestFile } from '@earnest/sdk/protocol'
import { type Likeness, lookAt } from './shape/look.ts'

/** What one pass over a file shows. */
export type Survey = 'corrupt' | Likeness

/** Looks at a file as it passes by, in constant memory: is it what the manifest promises, is it whole. */
export function beginSurvey({ mime, size, sha256 }: ManifestFile): {
  /** False once nothing that follows can change the answer. */
  take(part: Uint8Array): boolean
  end(): Promise<Survey>
} {
  const look = lookAt(mime)
  const digest = createHash('sha256')
  let length = 0
  return {
    take(part) {
      length += part.length
      if (length > size) return false
      digest.update(part)
      look.take(part)
      return true
    },
    async end() {
      const isHonest = length === size && digest.digest('hex') === sha256
      return isHonest ? look.likeness(size) : 'corrupt'
    },
  }
}
