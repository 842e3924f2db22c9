import { createEdges } from './edges.ts'
import type { Look } from './shape.ts'

/** The end record has 22 bytes and a comment of at most 65,535. */
const TAIL = 65_557
/** Entries of an archive without ZIP64. */
const MAX_ENTRIES = 65_535

/** ZIP: a first entry, a list of entries where the end record says, and nothing behind it. */
export const zip: Look = () => {
  const edges = createEdges({ head: 4, tail: TAIL })
  // Where the marks of list entries were seen last: the list begins at one of them.
  const marks = new Float64Array(MAX_ENTRIES + 1)
  let seen = 0
  let at = 0
  let last = 0

  function isWhole(size: number): boolean {
    const head = edges.head()
    if (head.length < 4 || Buffer.from(head).readUInt32LE(0) !== 0x04034b50) return false
    const tail = Buffer.from(edges.tail())
    const before = size - tail.length
    for (let end = tail.length - 22; end >= 0; end--) {
      if (tail.readUInt32LE(end) !== 0x06054b50) continue
      const entries = tail.readUInt16LE(end + 10)
      const start = tail.readUInt32LE(end + 16)
      const whole = end + 22 + tail.readUInt16LE(end + 20) === tail.length
      const reaches = start + tail.readUInt32LE(end + 12) === before + end
      return whole && reaches && entries > 0 && marks.includes(start)
    }
    return false
  }
  return {
    take(part) {
      edges.take(part)
      for (const byte of part) {
        last = ((last << 8) | byte) >>> 0
        at += 1
        if (last !== 0x504b0102) continue
        marks[seen % marks.length] = at - 4
        seen += 1
      }
    },
    isWhole,
  }
}
