/** Looks at a file as it passes by, part after part, and says at its end whether it is whole. */
export interface Shape {
  /** The next bytes; they may be filled anew as soon as this returns. */
  take(part: Uint8Array): void
  /** After the last part: true for a whole file of this kind and size, from its first bytes to its end. */
  isWhole(size: number): boolean
  /** What is worse than a broken file, where it is; asked after `isWhole`. */
  fault?(): 'unsafe_archive' | 'archive_bomb' | 'corrupt_archive' | undefined
}

/** Begins a look at one file. */
export type Look = () => Shape
