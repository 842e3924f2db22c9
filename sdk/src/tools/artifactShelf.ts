import { base64 } from '@scure/base'
import * as z from 'zod'
import { canonicalText } from '../protocol/canonical.ts'
import { fileName, mime } from '../protocol/criterion.ts'
import { decode, encode } from '../protocol/decode.ts'
import { EarnestError } from '../protocol/error.ts'
import { json } from '../protocol/json.ts'
import type { Store } from '../protocol/store.ts'
import type { ReceivedFile } from '../settlement/file.ts'

/** Bytes of one artifact that a model hands over in a call; larger files go through a skill. */
const MAX_BYTES = 8 * 1024 * 1024

/** What a model may send: text and JSON as they are, everything else in base64. */
export const contentSchema = z.union([
  z.strictObject({ text: z.string().min(1) }),
  z.strictObject({ json }),
  z.strictObject({ base64: z.base64().min(1) }),
])

/** The bytes of a content. Throws `empty_artifact`, `artifact_too_large`, `not_canonical`. */
export function bytesOf(content: z.output<typeof contentSchema>): Uint8Array {
  const bytes =
    'base64' in content
      ? base64.decode(content.base64)
      : new TextEncoder().encode('text' in content ? content.text : canonicalText(content.json))
  if (bytes.length === 0) throw new EarnestError('empty_artifact', 'An empty file is no artifact')
  if (bytes.length > MAX_BYTES) {
    throw new EarnestError('artifact_too_large', `At most ${MAX_BYTES} bytes in a call`)
  }
  return bytes
}

/** Between which two changes of status an artifact was sent. */
export const standingSchema = z.strictObject({
  /** The chain's counter of changes. */
  seq: z.string(),
  /** The signed funding under which it was sent. */
  funding: z.int(),
})
export type Standing = z.output<typeof standingSchema>

const artifactSchema = z.strictObject({
  name: fileName,
  mime,
  bytes: z.base64(),
  sha256: z.string(),
  standing: standingSchema,
})

/** What was really sent on each trade: files that the oracle has taken in. */
export interface ArtifactShelf {
  put(escrowId: string, file: ReceivedFile & { sha256: string }, standing: Standing): Promise<void>
  /** Files sent since the last change of status (TOL-01). */
  since(escrowId: string, standing: Standing): Promise<ReceivedFile[]>
}

/** Keeps the shelf in the agent's store; the same name again replaces the file. */
export function createArtifactShelf(store: Store): ArtifactShelf {
  return {
    async put(escrowId, { bytes, ...file }, standing) {
      const artifact = { ...file, bytes: base64.encode(bytes), standing }
      const wire = encode(artifactSchema, artifact, 'store_corrupt')
      await store.set(`tools/artifact/${escrowId}/${file.name}`, wire)
    },
    async since(escrowId, { seq, funding }) {
      const files: ReceivedFile[] = []
      for (const place of await store.keys(`tools/artifact/${escrowId}/`)) {
        const found = decode(artifactSchema, await store.get(place), 'store_corrupt')
        if (found.standing.seq !== seq || found.standing.funding !== funding) continue
        files.push({ name: found.name, mime: found.mime, bytes: base64.decode(found.bytes) })
      }
      return files
    },
  }
}
