import * as z from 'zod'
import { fileName, mime } from './criterion.ts'
import { encode, refuse } from './decode.ts'
import { hash, hashBody } from './hash.ts'

/** Bytes of one delivered file: 1 GiB. */
export const MAX_FILE_SIZE = 1024 * 1024 * 1024

const fileSchema = z.strictObject({
  name: fileName,
  mime,
  /** Bytes; an empty file is no artifact (TOL-02). */
  size: z.int().min(1).max(MAX_FILE_SIZE),
  /** SHA-256 of the raw bytes. */
  sha256: hash,
})
export type ManifestFile = z.output<typeof fileSchema>

/** What is delivered: files sorted by name in code-unit order, each name once (W-1). */
export const manifestSchema = z
  .array(fileSchema)
  .min(1)
  .max(1000)
  .superRefine((files, context) => {
    for (const [index, file] of files.entries()) {
      const earlier = files[index - 1]
      if (earlier !== undefined && earlier.name >= file.name) {
        refuse(context, 'manifest_not_sorted', 'want files sorted by name, each once', [index])
      }
    }
  })
export type Manifest = z.output<typeof manifestSchema>

/** A manifest in its one order. Throws `manifest_not_sorted` for two files of one name, `invalid_manifest`. */
export function manifestOf(files: readonly ManifestFile[]): Manifest {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1))
  return encode(manifestSchema, sorted, 'invalid_manifest')
}

/** The hash that goes on chain: SHA-256 of the canonical manifest (SET-02). Throws as `manifestOf`. */
export function artifactHash(manifest: Manifest): string {
  return hashBody(encode(manifestSchema, manifest, 'invalid_manifest'))
}
