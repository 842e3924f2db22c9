import { fileTypeFromBuffer, supportedMimeTypes } from 'file-type'
import { archive } from './archive.ts'
import { boxes, ogg } from './boxes.ts'
import { createEdges } from './edges.ts'
import { gif, pdf, riff } from './ends.ts'
import { jpeg } from './jpeg.ts'
import { png } from './png.ts'
import type { Look } from './shape.ts'
import { csv, text } from './text.ts'

/** What a look at all bytes of a file says; JSON is `unread`, because only a parser can say more. */
export type Likeness =
  | 'whole'
  | 'wrong_format'
  | 'empty_content'
  | 'format_unknown'
  | 'unread'
  | 'unsafe_archive'
  | 'archive_bomb'
  | 'corrupt_archive'

/** An office document: its parts in an archive. */
function office(main: string): Look {
  return archive(['[Content_Types].xml', main])
}

/** The formats that agents trade most, from their first magic bytes to their end. */
const looks: Readonly<Record<string, Look>> = {
  'application/pdf': pdf,
  'application/zip': archive(),
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document':
    office('word/document.xml'),
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': office('xl/workbook.xml'),
  'application/vnd.openxmlformats-officedocument.presentationml.presentation':
    office('ppt/presentation.xml'),
  'application/vnd.oasis.opendocument.text': archive(['mimetype', 'content.xml']),
  'application/vnd.oasis.opendocument.spreadsheet': archive(['mimetype', 'content.xml']),
  'application/vnd.oasis.opendocument.presentation': archive(['mimetype', 'content.xml']),
  'application/epub+zip': archive(['mimetype', 'META-INF/container.xml']),
  'image/png': png,
  'image/jpeg': jpeg,
  'image/gif': gif,
  'image/webp': riff('WEBP'),
  'image/avif': boxes(['ftyp'], 'meta'),
  'image/heic': boxes(['ftyp'], 'meta'),
  'audio/wav': riff('WAVE'),
  'audio/ogg': ogg,
  'video/ogg': ogg,
  'audio/mp4': boxes(['ftyp'], 'moov'),
  'audio/x-m4a': boxes(['ftyp'], 'moov'),
  'video/mp4': boxes(['ftyp'], 'moov'),
  'video/quicktime': boxes(['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip'], 'moov'),
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
      if (shape) {
        const isWhole = shape.isWhole(size)
        return shape.fault?.() ?? (isWhole ? 'whole' : 'wrong_format')
      }
      if (isJson(mime)) return 'unread'
      if (mime === 'application/octet-stream') return 'whole'
      if (!supportedMimeTypes.has(mime)) return 'format_unknown'
      const found = await fileTypeFromBuffer(edges.head())
      return found?.mime === mime ? 'whole' : 'wrong_format'
    },
  }
}
