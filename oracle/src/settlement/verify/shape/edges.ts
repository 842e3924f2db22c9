/** The first and the last bytes of a stream, in two buffers of fixed size. */
export interface Edges {
  take(part: Uint8Array): void
  head(): Uint8Array
  tail(): Uint8Array
}

/** Keeps at most `head` bytes of the beginning and `tail` bytes of the end. */
export function createEdges({ head: most, tail: last }: { head: number; tail: number }): Edges {
  const head = Buffer.alloc(most)
  let held = 0
  let tail = Buffer.alloc(0)
  return {
    take(part) {
      if (held < most) {
        const taken = part.subarray(0, most - held)
        head.set(taken, held)
        held += taken.length
      }
      tail =
        part.length >= last
          ? Buffer.from(part.subarray(part.length - last))
          : Buffer.concat([tail.subarray(Math.max(0, tail.length + part.length - last)), part])
    },
    head: () => head.subarray(0, held),
    tail: () => tail,
  }
}
