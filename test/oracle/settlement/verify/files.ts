import { deflateSync } from 'node:zlib'
import { hashBytes, type Manifest, manifestOf } from '@earnest/sdk/protocol'

/** Bytes by name with their declared type. */
export type Files = Record<string, { mime: string; bytes: Uint8Array }>

const text = (content: string): Uint8Array => new TextEncoder().encode(content)

/** A JSON file. */
export const json = (value: unknown) => ({
  mime: 'application/json',
  bytes: text(JSON.stringify(value)),
})

/** A text file of a type. */
export const textFile = (content: string, mime = 'text/plain') => ({ mime, bytes: text(content) })

/** A PDF of one page that says something. */
export function pdf(line = 'Summary') {
  const stream = `BT /F1 12 Tf 72 720 Td (${line}) Tj ET`
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R >>',
    `<< /Length ${stream.length} >>\nstream\n${stream}\nendstream`,
  ]
  let body = '%PDF-1.7\n'
  const offsets = objects.map((object, index) => {
    const at = body.length
    body += `${index + 1} 0 obj\n${object}\nendobj\n`
    return at
  })
  const rows = offsets.map((at) => `${String(at).padStart(10, '0')} 00000 n \n`).join('')
  const xref = `xref\n0 5\n0000000000 65535 f \n${rows}trailer\n<< /Size 5 /Root 1 0 R >>\n`
  return {
    mime: 'application/pdf',
    bytes: text(`${body}${xref}startxref\n${body.length}\n%%EOF\n`),
  }
}

/** A PNG of one grey pixel. */
export function png() {
  const chunk = (type: string, data: Uint8Array) => {
    const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
    const head = Buffer.alloc(4)
    head.writeUInt32BE(data.length)
    const crc = Buffer.alloc(4)
    crc.writeUInt32BE(crcOf(body))
    return Buffer.concat([head, body, crc])
  }
  const header = Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0])
  const bytes = Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.from([0, 128]))),
    chunk('IEND', Buffer.alloc(0)),
  ])
  return { mime: 'image/png', bytes: new Uint8Array(bytes) }
}

/** A WAV of four silent samples. */
export function wav() {
  const head = Buffer.alloc(44)
  head.write('RIFF', 0, 'latin1')
  head.writeUInt32LE(44, 4)
  head.write('WAVEfmt ', 8, 'latin1')
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(8000, 24)
  head.writeUInt32LE(16_000, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36, 'latin1')
  head.writeUInt32LE(8, 40)
  return { mime: 'audio/wav', bytes: new Uint8Array(Buffer.concat([head, Buffer.alloc(8)])) }
}

/** The files as the engine gets them. */
export function delivered(files: Files): {
  manifest: Manifest
  openFile: (name: string) => AsyncIterable<Uint8Array>
} {
  const manifest = manifestOf(
    Object.entries(files).map(([name, { mime, bytes }]) => ({
      name,
      mime,
      size: bytes.length,
      sha256: hashBytes(bytes),
    })),
  )
  return {
    manifest,
    openFile: (name) => parts(files[name]?.bytes ?? new Uint8Array(0)),
  }
}

/**
 * The bytes in parts, each in one buffer that is filled anew for the next and wiped at the end: whoever
 * keeps a part instead of reading it at once gets everything wrong.
 */
export async function* parts(bytes: Uint8Array, size = 7): AsyncGenerator<Uint8Array> {
  const shared = new Uint8Array(size)
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size)
    shared.set(part)
    yield shared.subarray(0, part.length)
  }
  shared.fill(0)
}

function crcOf(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}
