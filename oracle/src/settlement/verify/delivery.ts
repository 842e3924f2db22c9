import { hashBytes, type Manifest, type ManifestFile } from '@earnest/sdk/protocol'
import type { Survey } from './survey.ts'
import type { Turn } from './turn.ts'

/**
 * Bytes of a file whose content is read as a whole, as JSON or text: 32 MiB. Larger ones are hashed and
 * looked at as they stream by; a criterion that needs their content stays undecided (`content_too_large`).
 */
export const CONTENT_LIMIT = 32 * 1024 * 1024
/** Bytes that are handed to the examiner at once. */
const PART_SIZE = 512 * 1024

/** The delivered files, each believed only as far as its hash promises. */
export interface Delivery {
  files: Manifest
  file(name: string): ManifestFile | undefined
  /** Passes over a file once, in constant memory and off this thread, whatever its size. */
  survey(name: string): Promise<Survey>
  /** The whole of a file up to the limit; undefined where it is not what the manifest promises. */
  content(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>
}

/** Reads a delivery through the store; what it says about itself is checked, never believed (W-9). */
export function openDelivery({
  files,
  openFile,
  turn,
}: {
  files: Manifest
  openFile: (name: string) => AsyncIterable<Uint8Array>
  turn: Turn
}): Delivery {
  const surveys = new Map<string, Promise<Survey>>()
  /** The last file that went by in one part: what is surveyed is often read next. */
  let kept: { name: string; bytes: Uint8Array<ArrayBuffer> } | undefined
  const file = (name: string) => files.find((each) => each.name === name)

  async function pass(name: string): Promise<Survey> {
    const promised = file(name)
    if (promised === undefined) return 'corrupt'
    await turn.ask({ kind: 'survey', file: promised })
    for await (const bytes of gather(openFile(name))) {
      // Each part is given away, and awaited, so that no more than one of them waits in memory.
      if (bytes.length === promised.size) kept = { name, bytes: bytes.slice() }
      if (!(await turn.ask({ kind: 'part', bytes }))) break
    }
    return turn.ask({ kind: 'surveyed' })
  }
  function survey(name: string) {
    const known = surveys.get(name) ?? pass(name)
    surveys.set(name, known)
    return known
  }
  async function content(name: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const promised = file(name)
    if (promised === undefined || promised.size > CONTENT_LIMIT) return undefined
    if (kept?.name === name) {
      const { bytes } = kept
      // Whoever asks may give it away.
      kept = undefined
      return hashBytes(bytes) === promised.sha256 ? bytes : undefined
    }
    const whole = new Uint8Array(promised.size)
    let length = 0
    for await (const part of openFile(name)) {
      if (length + part.length > promised.size) return undefined
      whole.set(part, length)
      length += part.length
    }
    const isHonest = length === promised.size && hashBytes(whole) === promised.sha256
    return isHonest ? whole : undefined
  }
  return { files, file, survey, content }
}

/** Parts of one size, each in a buffer of its own that can be given away. */
async function* gather(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let held = new Uint8Array(PART_SIZE)
  let filled = 0
  for await (const part of source) {
    for (let at = 0; at < part.length; ) {
      const taken = part.subarray(at, at + PART_SIZE - filled)
      held.set(taken, filled)
      filled += taken.length
      at += taken.length
      if (filled < PART_SIZE) continue
      yield held
      held = new Uint8Array(PART_SIZE)
      filled = 0
    }
  }
  if (filled > 0) yield held.slice(0, filled)
}
