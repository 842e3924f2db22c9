import { canonicalText } from '../protocol/canonical.ts'
import { EarnestError } from '../protocol/error.ts'
import { hashBytes } from '../protocol/hash.ts'
import { type Manifest, manifestOf } from '../protocol/manifest.ts'

/** One delivered file with its bytes. */
export interface ReceivedFile {
  /** Relative path of plain segments. */
  name: string
  mime: string
  bytes: Uint8Array
}

/** What a skill gives back: one JSON value, delivered as `deliverable.json`, or files. */
export type SkillOutput = { json: unknown } | { files: readonly ReceivedFile[] }

/** The files of a skill's output. Throws `invalid_output`, `not_canonical`, `empty_deliverable`. */
export function filesOf(output: SkillOutput): ReceivedFile[] {
  if (!isOutput(output)) {
    const message = 'A skill gives { json }, or { files }, a list of { name, mime, bytes }'
    throw new EarnestError('invalid_output', message)
  }
  const files =
    'files' in output
      ? [...output.files]
      : [
          {
            name: 'deliverable.json',
            mime: 'application/json',
            bytes: new TextEncoder().encode(canonicalText(output.json)),
          },
        ]
  if (files.length === 0 || files.some(({ bytes }) => bytes.length === 0)) {
    throw new EarnestError('empty_deliverable', 'A delivery needs files, each with content')
  }
  return files
}

/** Skills are written in JavaScript, too. */
function isOutput(output: unknown): boolean {
  if (typeof output !== 'object' || output === null) return false
  if (!('files' in output)) return 'json' in output
  return Array.isArray(output.files) && output.files.every((f) => f?.bytes instanceof Uint8Array)
}

/** The manifest that is hashed and goes on chain. Throws `invalid_manifest`, `manifest_not_sorted`. */
export function manifestOfFiles(files: readonly ReceivedFile[]): Manifest {
  return manifestOf(
    files.map(({ name, mime, bytes }) => ({
      name,
      mime,
      size: bytes.length,
      sha256: hashBytes(bytes),
    })),
  )
}
