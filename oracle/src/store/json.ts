/** JSON of our own data with bigint as `{"$bigint":"1"}`; never for what a client sends. */
export function pack(value: unknown): string {
  return JSON.stringify(value, (_, item) =>
    typeof item === 'bigint' ? { $bigint: item.toString() } : item,
  )
}

/** Reads what `pack` wrote. */
export function unpack<T>(text: string): T {
  return JSON.parse(text, (_, item) =>
    item !== null && typeof item === 'object' && typeof item.$bigint === 'string'
      ? BigInt(item.$bigint)
      : item,
  ) as T
}
