import { decodeText } from './delivery.ts'
import { parseJson } from './parseJson.ts'

/** Says whether bytes are a whole file of one kind: from its first magic bytes to its end. */
export type StructureCheck = (bytes: Uint8Array) => boolean

/**
 * Checks for the formats that agents trade most; beginning *and* end, because a cut or padded file
 * still begins like a whole one.
 */
export const structureChecks: Readonly<Record<string, StructureCheck>> = {
  'application/json': (bytes) => parseJson(decodeText(bytes) ?? '') !== undefined,
  'application/x-ndjson': isJsonLines,
  'application/pdf': isPdf,
  'application/zip': isZip,
  'image/png': isPng,
  'image/jpeg': (bytes) => startsWith(bytes, [0xff, 0xd8, 0xff]) && endsWith(bytes, [0xff, 0xd9]),
  'image/gif': (bytes) => /^GIF8[79]a/.test(latin(bytes, 0, 6)) && endsWith(bytes, [0x3b]),
  'image/webp': (bytes) => isRiff(bytes, 'WEBP'),
  'audio/wav': (bytes) => isRiff(bytes, 'WAVE'),
  'text/csv': isCsv,
}

/** Text that somebody can read: UTF-8, not blank, without control characters but tab and line ends. */
export function isReadableText(bytes: Uint8Array): boolean {
  const text = decodeText(bytes)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text !== undefined && text.trim() !== '' && !/[\0-\x08\x0e-\x1f\x7f]/.test(text)
}

function isPdf(bytes: Uint8Array): boolean {
  if (!/^%PDF-[12]\.\d/.test(latin(bytes, 0, 8))) return false
  // The trailer may be followed by white space and padding, but never by another kilobyte.
  const tail = latin(bytes, Math.max(0, bytes.length - 1024), bytes.length)
  if (!/startxref\s+\d+\s+%%EOF[\s\0]*$/.test(tail)) return false
  const body = latin(bytes, 0, bytes.length)
  return /\d+ \d+ obj\b/.test(body) && /\/(Pages|Page|Type\s*\/ObjStm|ObjStm|XRef)\b/.test(body)
}

function isPng(bytes: Uint8Array): boolean {
  if (!startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return false
  const view = viewOf(bytes)
  let at = 8
  let data = false
  for (let index = 0; at + 12 <= bytes.length; index++) {
    const length = view.getUint32(at)
    const type = latin(bytes, at + 4, at + 8)
    const end = at + 12 + length
    if (end > bytes.length || (index === 0 && (type !== 'IHDR' || length !== 13))) return false
    if (view.getUint32(end - 4) !== crc32(bytes.subarray(at + 4, end - 4))) return false
    data ||= type === 'IDAT'
    if (type === 'IEND') return data && end === bytes.length
    at = end
  }
  return false
}

function isZip(bytes: Uint8Array): boolean {
  if (!startsWith(bytes, [0x50, 0x4b, 0x03, 0x04])) return false
  const view = viewOf(bytes)
  // The end record has 22 bytes and a comment of at most 65,535.
  for (let at = bytes.length - 22; at >= Math.max(0, bytes.length - 65_557); at--) {
    if (view.getUint32(at, true) !== 0x06054b50) continue
    const entries = view.getUint16(at + 10, true)
    const start = view.getUint32(at + 16, true)
    const whole = at + 22 + view.getUint16(at + 20, true) === bytes.length
    const reaches = start + view.getUint32(at + 12, true) === at
    return whole && reaches && entries > 0 && view.getUint32(start, true) === 0x02014b50
  }
  return false
}

function isRiff(bytes: Uint8Array, kind: string): boolean {
  if (bytes.length < 16 || latin(bytes, 0, 4) !== 'RIFF' || latin(bytes, 8, 12) !== kind) {
    return false
  }
  const length = viewOf(bytes).getUint32(4, true) + 8
  return length === bytes.length || length + 1 === bytes.length
}

// RFC 4180: every row has as many fields as the first, quotes are closed, there is a row of data.
function isCsv(bytes: Uint8Array): boolean {
  if (!isReadableText(bytes)) return false
  const text = decodeText(bytes) ?? ''
  let fields = 1
  let width: number | undefined
  let rows = 0
  let quoted = false
  for (let at = 0; at <= text.length; at++) {
    const char = text[at]
    if (quoted) {
      if (char === undefined) return false
      if (char !== '"') continue
      if (text[at + 1] === '"') at++
      else quoted = false
    } else if (char === '"') quoted = true
    else if (char === ',') fields++
    else if (char === '\n' || char === undefined) {
      const blank = at === text.length && text[at - 1] === '\n'
      if (blank) break
      width ??= fields
      if (fields !== width) return false
      rows++
      fields = 1
    }
  }
  return rows > 1
}

function isJsonLines(bytes: Uint8Array): boolean {
  const lines = (decodeText(bytes) ?? '').split('\n').filter((line) => line.trim() !== '')
  return lines.length > 0 && lines.every((line) => parseJson(line) !== undefined)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function latin(bytes: Uint8Array, from: number, to: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', from, to)
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[index] === byte)
}

function endsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return magic.every((byte, index) => bytes[bytes.length - magic.length + index] === byte)
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}
