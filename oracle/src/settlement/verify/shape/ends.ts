import { createEdges } from './edges.ts'
import type { Look } from './shape.ts'

/** GIF: version and trailer. */
export const gif: Look = byEdges(
  (head, tail) => /^GIF8[79]a/.test(latin(head)) && tail.at(-1) === 0x3b,
)

/** WebP and WAV: the length in the RIFF head is the file's. */
export const riff = (kind: 'WEBP' | 'WAVE'): Look =>
  byEdges((head, _, size) => {
    if (size < 16 || latin(head).slice(0, 4) !== 'RIFF' || latin(head).slice(8, 12) !== kind) {
      return false
    }
    const length = Buffer.from(head).readUInt32LE(4) + 8
    return length === size || length + 1 === size
  })

/** PDF: version, a last cross-reference within the last kilobyte, and pages somewhere between. */
export const pdf: Look = () => {
  const edges = createEdges({ head: 8, tail: 1024 })
  let end = ''
  let objects = false
  let pages = false
  return {
    take(part) {
      edges.take(part)
      // The overlap finds what a boundary between parts cuts in two.
      const text = end + latin(part)
      objects ||= /\d+ \d+ obj\b/.test(text)
      pages ||= /\/(Pages|Page|Type\s*\/ObjStm|ObjStm|XRef)\b/.test(text)
      end = text.slice(-64)
    },
    isWhole: (size) =>
      size > 8 &&
      objects &&
      pages &&
      /^%PDF-[12]\.\d/.test(latin(edges.head())) &&
      // The trailer may be followed by white space and padding, but never by another kilobyte.
      /startxref\s+\d+\s+%%EOF[\s\0]*$/.test(latin(edges.tail())),
  }
}

function byEdges(judge: (head: Uint8Array, tail: Uint8Array, size: number) => boolean): Look {
  return () => {
    const edges = createEdges({ head: 16, tail: 16 })
    return { take: edges.take, isWhole: (size) => judge(edges.head(), edges.tail(), size) }
  }
}

function latin(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}
