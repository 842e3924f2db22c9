import { createEdges } from './edges.ts'
import type { Shape } from './shape.ts'

/** Of the end: the list of entries has to stand in it, with room for some forty thousand names. */
const TAIL = 4 * 1024 * 1024
/** The end record has 22 bytes and a comment of at most 65,535. */
const END = 22
const MAX_COMMENT = 65_535
/** Bytes of an entry of the list before its name. */
const LISTED = 46

/** A look at a ZIP file that also tells the names of its list: tools unpack by them, and not by those before the data. */
export interface ZipShape extends Shape {
  /** The names of the list; undefined where the file is not whole. */
  names(size: number): string[] | undefined
}

/** ZIP: a first entry, a list of entries where the end record says, and nothing behind it. */
export const zip = (): ZipShape => {
  const edges = createEdges({ head: 4, tail: TAIL })

  function names(size: number): string[] | undefined {
    const head = edges.head()
    if (head.length < 4 || Buffer.from(head).readUInt32LE(0) !== 0x04034b50) return undefined
    const tail = Buffer.from(edges.tail())
    const first = Math.max(0, tail.length - END - MAX_COMMENT)
    for (let end = tail.length - END; end >= first; end--) {
      if (tail.readUInt32LE(end) !== 0x06054b50) continue
      const whole = end + END + tail.readUInt16LE(end + 20) === tail.length
      const start = tail.readUInt32LE(end + 16) - (size - tail.length)
      const reaches = start >= 0 && start + tail.readUInt32LE(end + 12) === end
      return whole && reaches
        ? namesOf(tail.subarray(start, end), tail.readUInt16LE(end + 10))
        : undefined
    }
    return undefined
  }
  return {
    take: (part) => edges.take(part),
    isWhole: (size) => names(size) !== undefined,
    names,
  }
}

/** The names of a list that is nothing but `entries` entries, at least one. */
function namesOf(list: Buffer, entries: number): string[] | undefined {
  const names: string[] = []
  let at = 0
  while (at < list.length) {
    if (at + LISTED > list.length || list.readUInt32LE(at) !== 0x02014b50) return undefined
    const name = at + LISTED
    const end = name + list.readUInt16LE(at + 28)
    const next = end + list.readUInt16LE(at + 30) + list.readUInt16LE(at + 32)
    if (next > list.length) return undefined
    names.push(list.toString('utf8', name, end))
    at = next
  }
  return names.length > 0 && names.length === entries ? names : undefined
}
