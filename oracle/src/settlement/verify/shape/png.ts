import { crc32 } from 'node:zlib'
import type { Look } from './shape.ts'

const MAGIC = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]

/** PNG: every chunk follows the last, each checksum is right, and nothing follows the end. */
export const png: Look = () => {
  // Bytes that have to come together before they can be read: the magic, a chunk's head, its checksum.
  const held = Buffer.alloc(8)
  let filled = 0
  let step: 'magic' | 'head' | 'body' | 'checksum' | 'ended' | 'broken' = 'magic'
  let want = 8
  let type = ''
  let index = 0
  let crc = 0
  let data = false

  /** What stands in `held`, once it is full. */
  function advance(): void {
    filled = 0
    if (step === 'magic') {
      step = MAGIC.every((byte, at) => held[at] === byte) ? 'head' : 'broken'
      want = 8
    } else if (step === 'head') {
      want = held.readUInt32BE(0)
      type = held.toString('latin1', 4, 8)
      crc = crc32(held.subarray(4, 8))
      step = index === 0 && (type !== 'IHDR' || want !== 13) ? 'broken' : 'body'
      index += 1
      data ||= type === 'IDAT'
      if (step === 'body' && want === 0) toChecksum()
    } else {
      const isRight = held.readUInt32BE(0) === crc
      step = !isRight ? 'broken' : type === 'IEND' ? 'ended' : 'head'
      want = 8
    }
  }
  function toChecksum(): void {
    step = 'checksum'
    want = 4
  }

  return {
    take(part) {
      for (let at = 0; at < part.length; ) {
        if (step === 'ended') step = 'broken'
        if (step === 'broken') return
        if (step === 'body') {
          const body = part.subarray(at, at + want)
          crc = crc32(body, crc)
          at += body.length
          want -= body.length
          if (want === 0) toChecksum()
          continue
        }
        const taken = part.subarray(at, at + want - filled)
        held.set(taken, filled)
        filled += taken.length
        at += taken.length
        if (filled === want) advance()
      }
    },
    isWhole: () => step === 'ended' && data,
  }
}
