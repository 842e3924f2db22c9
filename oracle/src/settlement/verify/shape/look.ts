import { fileTypeFromBuffer, supportedMimeTypes } from 'file-type'
import { createEdges } from './edges.ts'
import { gif, jpeg, pdf, riff } from './ends.ts'
import { png } from './png.ts'
import type { Look } from './shape.ts'
import { csv, text } from './text.ts'
import { zip } from './zip.ts'

/** What a look at all bytes of a file says; JSON is `unread`, because only a parser can say more. */
export type Likeness = 'whole' | 'wrong_format' | 'empty_content' | 'format_unknown' | 'unread'

/** The formats that agents trade most, from their first magic bytes to their end. */
const looks: Readonly<Record<string, Look>> = {
  'application/pdf': pdf,
  'application/zip': zip,
  'image/png': png,
  'image/jpeg': jpeg,
  'image/gif': gif,
  'image/webp': riff('WEBP'),
  'audio/wav': riff('WAVE'),
  'text/csv': csv,
}

/** Bytes of the beginning by which other formats are told. */
const HEAD = 64 * 1024

/** True for the types that a parser judges. */
export function isJson(mime: string): boolean {
  return mime === 'application/json' || mime === 'application/x-ndjson'
}

/** Looks at a file of a declared type while it passes by; holds 64 KiB of it, whatever its size. */
export function lookAt(mime: string): {
  take(part: Uint8Array): void
  likeness(size: number): Promise<Likeness>
} {
  const look = looks[mime] ?? (mime.startsWith('text/') ? text : undefined)
  const shape = look?.()
  const edges = createEdges({ head: shape ? 1 : HEAD, tail: 1 })
  let isUniform = true
  return {
    take(part) {
      edges.take(part)
      isUniform &&= part.every((byte) => byte === edges.head()[0])
      shape?.take(part)
    },
    async likeness(size) {
      if (size > 8 && isUniform) return 'empty_content'
      if (shape) return shape.isWhole(size) ? 'whole' : 'wrong_format'
      if (isJson(mime)) return 'unread'
      if (mime === 'application/octet-stream') return 'whole'
      if (!supportedMimeTypes.has(mime)) return 'format_unknown'
      const found = await fileTypeFromBuffer(edges.head())
      return found?.mime === mime ? 'whole' : 'wrong_format'
    },
  }
}
