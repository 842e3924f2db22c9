import type { Look } from './shape.ts'

/** ISO media (MP4, QuickTime, HEIC, AVIF): boxes that follow each other up to the last byte, the needed ones among them. */
export const boxes = (first: readonly string[], needed: string): Look =>
  tiles({
    head: 8,
    more: (head) => (head.readUInt32BE(0) === 1 ? 8 : 0),
    lengthOf(head, index) {
      const kind = head.toString('latin1', 4, 8)
      if (index === 0 && !first.includes(kind)) return undefined
      const short = head.readUInt32BE(0)
      if (short === 0) return Number.POSITIVE_INFINITY
      return short === 1 ? Number(head.readBigUInt64BE(8)) : short
    },
    isNeeded: (head) => head.toString('latin1', 4, 8) === needed,
  })

/** Ogg: pages that follow each other up to the last byte, the last of them marked as such. */
export const ogg: Look = tiles({
  head: 27,
  more: (head) => head[26] ?? 0,
  lengthOf: (head) =>
    head.toString('latin1', 0, 4) === 'OggS'
      ? head.subarray(27).reduce((sum, size) => sum + size, head.length)
      : undefined,
  isNeeded: (head) => ((head[5] ?? 0) & 4) !== 0,
})

interface Tiling {
  /** Bytes at the beginning of each piece that say how long it is. */
  head: number
  /** So many more of them, once those are there. */
  more(head: Buffer): number
  /** Bytes of a piece, its head included; undefined where it is none. */
  lengthOf(head: Buffer, index: number): number | undefined
  /** One of the pieces has to be such. */
  isNeeded(head: Buffer): boolean
}

function tiles({ head: size, more, lengthOf, isNeeded }: Tiling): Look {
  return () => {
    let held = Buffer.alloc(0)
    let left = 0
    let index = 0
    let isBroken = false
    let isFound = false
    let isOpen = false

    function read(): void {
      const want = size + (held.length >= size ? more(held) : 0)
      if (held.length < want) return
      const length = lengthOf(held, index)
      if (length === undefined || length < held.length) {
        isBroken = true
        return
      }
      isFound ||= isNeeded(held)
      isOpen = length === Number.POSITIVE_INFINITY
      left = length - held.length
      index += 1
      held = Buffer.alloc(0)
    }
    return {
      take(part) {
        for (let at = 0; at < part.length && !isBroken; ) {
          if (left > 0) {
            const passed = Math.min(left, part.length - at)
            left -= passed
            at += passed
            continue
          }
          const want = size + (held.length >= size ? more(held) : 0)
          const taken = part.subarray(at, at + want - held.length)
          held = Buffer.concat([held, taken])
          at += taken.length
          read()
        }
      },
      isWhole: () =>
        !isBroken && isFound && held.length === 0 && index > 0 && (left === 0 || isOpen),
    }
  }
}
