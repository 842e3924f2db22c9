/** Cuts any stream into pieces of one size, the last may be shorter; holds one piece at a time. */
export async function* cut(
  source: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array> {
  // A buffer of its own: what the source yields may be filled anew at its next step.
  let piece = Buffer.allocUnsafe(size)
  let held = 0
  for await (const part of source) {
    for (let at = 0; at < part.length; ) {
      const taken = Math.min(size - held, part.length - at)
      piece.set(part.subarray(at, at + taken), held)
      held += taken
      at += taken
      if (held < size) continue
      yield piece
      piece = Buffer.allocUnsafe(size)
      held = 0
    }
  }
  if (held > 0) yield piece.subarray(0, held)
}
