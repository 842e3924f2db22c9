import { hashBytes, type Manifest, type ManifestFile } from '@earnest/sdk/protocol'
import { parseJson } from './parseJson.ts'

/** Bytes of a file that is read as JSON or text: 32 MiB. */
const MAX_TEXT = 32 * 1024 * 1024

/** The delivered files, each read once and only as its hash promises. */
export interface Delivery {
  files: Manifest
  file(name: string): ManifestFile | undefined
  /** Undefined where the bytes are not there or are not those of the manifest. */
  bytes(name: string): Promise<Uint8Array | undefined>
  /** Undefined where the bytes are no UTF-8 text. */
  text(name: string): Promise<string | undefined>
  /** Undefined where the text is no JSON. */
  json(name: string): Promise<{ value: unknown } | undefined>
}

/** Reads a delivery through the store; what it says about itself is checked, never believed (W-9). */
export function openDelivery(
  files: Manifest,
  readFile: (name: string) => Promise<Uint8Array>,
): Delivery {
  const read = new Map<string, Promise<Uint8Array | undefined>>()
  const parsed = new Map<string, Promise<{ value: unknown } | undefined>>()
  const file = (name: string) => files.find((each) => each.name === name)

  async function readChecked(name: string): Promise<Uint8Array | undefined> {
    const promised = file(name)
    if (promised === undefined) return undefined
    const bytes = await readFile(name)
    const honest = bytes.length === promised.size && hashBytes(bytes) === promised.sha256
    return honest ? bytes : undefined
  }
  function bytes(name: string) {
    const known = read.get(name) ?? readChecked(name)
    read.set(name, known)
    return known
  }
  async function text(name: string): Promise<string | undefined> {
    const raw = await bytes(name)
    return raw === undefined || raw.length > MAX_TEXT ? undefined : decodeText(raw)
  }
  async function readJson(name: string): Promise<{ value: unknown } | undefined> {
    const found = await text(name)
    return found === undefined ? undefined : parseJson(found)
  }
  function json(name: string) {
    const known = parsed.get(name) ?? readJson(name)
    parsed.set(name, known)
    return known
  }
  return { files, file, bytes, text, json }
}

/** Strict UTF-8; undefined for anything else. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
