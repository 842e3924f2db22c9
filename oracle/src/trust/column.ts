type Column = Float64Array | Int32Array | Uint8Array

/** The same column, or a zero-padded copy of at least twice the size, so that `length` entries fit. */
export function grown<T extends Column>(column: T, length: number): T {
  if (column.length >= length) return column
  const size = Math.max(length, column.length * 2, 64)
  const Constructor = column.constructor as new (size: number) => T
  const copy = new Constructor(size)
  copy.set(column)
  return copy
}
