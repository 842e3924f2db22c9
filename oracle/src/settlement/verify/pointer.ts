/** The value at a JSON Pointer (RFC 6901), own members only; undefined where it leads nowhere. */
export function valueAt(document: unknown, pointer: string): { value: unknown } | undefined {
  let value = document
  for (const token of pointer.split('/').slice(1)) {
    const name = token.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null) return undefined
    if (Array.isArray(value) && !/^(0|[1-9]\d*)$/.test(name)) return undefined
    if (!Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return { value }
}

/**
 * True for null, blank text, an empty list, an empty object, and containers that hold only such. What was
 * found empty is not walked again, so many paths into one hollow document cost no more than one.
 */
export function findEmpty(): (value: unknown) => boolean {
  const hollow = new Set<object>()
  const isEmpty = (value: unknown): boolean => {
    if (value === null || value === undefined) return true
    if (typeof value === 'string') return value.trim() === ''
    if (typeof value !== 'object') return false
    if (!hollow.has(value)) {
      if (!Object.values(value).every(isEmpty)) return false
      hollow.add(value)
    }
    return true
  }
  return isEmpty
}
