import { createEdges } from './edges.ts'
import type { Look } from './shape.ts'

const START = 0xd8
const END = 0xd9
const SCAN = 0xda

/**
 * JPEG: segments of the lengths that they say, a frame, at least one scan, and an end, which is also where
 * the file ends; a cut file still begins like a whole one.
 */
export const jpeg: Look = () => {
  const edges = createEdges({ head: 2, tail: 2 })
  let step: 'mark' | 'kind' | 'length' | 'body' | 'scan' | 'ended' | 'broken' = 'mark'
  let kind = 0
  let length = 0
  let filled = 0
  let hasFrame = false
  let hasScan = false

  function begin(marker: number): void {
    kind = marker
    if (marker === 0xff) step = 'kind'
    else if (marker === END) step = hasFrame && hasScan ? 'ended' : 'broken'
    else if (marker === START || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      step = hasScan && marker !== START ? 'scan' : 'mark'
    } else {
      step = 'length'
      length = 0
      filled = 0
    }
  }
  function read(byte: number): void {
    switch (step) {
      case 'mark':
        step = byte === 0xff ? 'kind' : 'broken'
        return
      case 'kind':
        begin(byte)
        return
      case 'length':
        length = length * 256 + byte
        if (++filled < 2) return
        step = length < 2 ? 'broken' : 'body'
        length -= 2
        if (step === 'body' && length === 0) finish()
        return
      case 'body':
        if (--length === 0) finish()
        return
      case 'scan':
        // Inside a scan an 0xff is stuffed with a zero; anything else behind it is a marker.
        if (filled === 0xff && byte !== 0) {
          begin(byte)
          if (step === 'scan') filled = 0
        } else filled = byte
        return
    }
  }
  /** Behind a segment comes the next one; behind the head of a scan, the scan. */
  function finish(): void {
    hasFrame ||= kind >= 0xc0 && kind <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(kind)
    hasScan ||= kind === SCAN
    step = kind === SCAN ? 'scan' : 'mark'
    filled = 0
  }

  return {
    take(part) {
      edges.take(part)
      for (const byte of part) {
        if (step === 'ended' || step === 'broken') return
        read(byte)
      }
    },
    isWhole() {
      const [first, second] = edges.head()
      const tail = edges.tail()
      const ends = tail.at(-2) === 0xff && tail.at(-1) === END
      return step === 'ended' && first === 0xff && second === START && ends
    },
  }
}
