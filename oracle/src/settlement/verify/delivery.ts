import { createHash } from 'node:crypto'
import { hashBytes, type Manifest, type ManifestFile } from '@earnest/sdk/protocol'
import { type Likeness, lookAt } from './shape/look.ts'

/**
 * Bytes of a file whose content is read as a whole, as JSON or text: 32 MiB. Larger ones are hashed and
 * looked at as they stream by; a criterion that needs their content stays undecided (`content_too_large`).
 */
export const CONTENT_LIMIT = 32 * 1024 * 1024

/** What one pass over a file shows. */
export type Survey = 'corrupt' | Likeness

/** The delivered files, each believed only as far as its hash promises. */
export interface Delivery {
  files: Manifest
  file(name: string): ManifestFile | undefined
  /** Passes over a file once, in constant memory, whatever its size. */
  survey(name: string): Promise<Survey>
  /** The whole of a file up to the limit; undefined where it is not what the manifest promises. */
  content(name: string): Promise<Uint8Array | undefined>
}

/** Reads a delivery through the store; what it says about itself is checked, never believed (W-9). */
export function openDelivery(
  files: Manifest,
  openFile: (name: string) => AsyncIterable<Uint8Array>,
): Delivery {
  const surveys = new Map<string, Promise<Survey>>()
  const file = (name: string) => files.find((each) => each.name === name)

  async function pass(name: string): Promise<Survey> {
    const promised = file(name)
    if (promised === undefined) return 'corrupt'
    const { mime, size, sha256 } = promised
    const look = lookAt(mime)
    const digest = createHash('sha256')
    let length = 0
    for await (const part of openFile(name)) {
      length += part.length
      if (length > size) return 'corrupt'
      digest.update(part)
      look.take(part)
    }
    const isHonest = length === size && digest.digest('hex') === sha256
    return isHonest ? look.likeness(size) : 'corrupt'
  }
  function survey(name: string) {
    const known = surveys.get(name) ?? pass(name)
    surveys.set(name, known)
    return known
  }
  async function content(name: string): Promise<Uint8Array | undefined> {
    const promised = file(name)
    if (promised === undefined || promised.size > CONTENT_LIMIT) return undefined
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
