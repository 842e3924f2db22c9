import { createEdges } from './edges.ts'
import type { Shape } from './shape.ts'

/** Of the end: the list of entries has to stand in it, with room for some forty thousand names. */
const TAIL = 4 * 1024 * 1024
/** The end record has 22 bytes and a comment of at most 65,535. */
const END = 22
const MAX_COMMENT = 65_535
/** Bytes of an entry of the list before its name. */
const LISTED = 46
/** A size that is too large for its place, or that its writer put into the extra field anyway. */
const IN_EXTRA = 0xffffffff

/** An entry as the list of a ZIP file has it: tools unpack by the list, and not by what stands before the data. */
export interface ZipEntry {
  /** The name by either of the two ways in which it may be written; UTF-8 first. */
  names: readonly [utf8: string, latin: string]
  /** 0: as it is, 8: deflated; others are told by the buyer's own tools. */
  method: number
  /** Of what comes out. */
  crc32: number
  size: number
}

/** A look at a ZIP file that also tells its list. */
export interface ZipShape extends Shape {
  /** The entries of the list; undefined where the file is not whole. */
  entries(size: number): ZipEntry[] | undefined
}

/** ZIP: a first entry, a list of entries where the end record says, and nothing behind it. */
export const zip = (): ZipShape => {
  const edges = createEdges({ head: 4, tail: TAIL })

  function entries(size: number): ZipEntry[] | undefined {
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
        ? entriesOf(tail.subarray(start, end), tail.readUInt16LE(end + 10))
        : undefined
    }
    return undefined
  }
  return {
    take: (part) => edges.take(part),
    isWhole: (size) => entries(size) !== undefined,
    entries,
  }
}

/** The entries of a list that is nothing but `count` entries, at least one. */
function entriesOf(list: Buffer, count: number): ZipEntry[] | undefined {
  const entries: ZipEntry[] = []
  let at = 0
  while (at < list.length) {
    if (at + LISTED > list.length || list.readUInt32LE(at) !== 0x02014b50) return undefined
    const name = at + LISTED
    const extra = name + list.readUInt16LE(at + 28)
    const comment = extra + list.readUInt16LE(at + 30)
    const next = comment + list.readUInt16LE(at + 32)
    if (next > list.length) return undefined
    const size = list.readUInt32LE(at + 24)
    entries.push({
      names: [list.toString('utf8', name, extra), list.toString('latin1', name, extra)],
      method: list.readUInt16LE(at + 10),
      crc32: list.readUInt32LE(at + 16),
      size: size === IN_EXTRA ? largeSize(list.subarray(extra, comment)) : size,
    })
    at = next
  }
  return entries.length > 0 && entries.length === count ? entries : undefined
}

/** The size that stands in the extra field of ZIP64; -1 where it stands nowhere. */
function largeSize(extra: Buffer): number {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    const isLarge = extra.readUInt16LE(at) === 1 && extra.readUInt16LE(at + 2) >= 8
    if (isLarge && at + 12 <= extra.length) return Number(extra.readBigUInt64LE(at + 4))
  }
  return -1
}
