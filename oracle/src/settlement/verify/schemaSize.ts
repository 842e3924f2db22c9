import { valueAt } from './pointer.ts'

/** Subschemas that one place of a document may be checked against. */
const MAX_SIZE = 5000

/**
 * True for a schema whose work is bounded by its text: references stay inside it, never form a circle,
 * and do not multiply beyond 5000 subschemas. Validation cannot be interrupted, so it is bounded before.
 */
export function isBounded(schema: Readonly<Record<string, unknown>>): boolean {
  let size = 0
  const open = new Set<unknown>()

  function walk(node: unknown): boolean {
    if (typeof node !== 'object' || node === null) return true
    if (++size > MAX_SIZE || open.has(node)) return false
    open.add(node)
    const bounded = Object.entries(node).every(([keyword, value]) => {
      if (keyword === '$dynamicRef' || keyword === '$id' || keyword === '$anchor') return false
      return keyword === '$ref' ? follow(value) : walk(value)
    })
    open.delete(node)
    return bounded
  }
  function follow(reference: unknown): boolean {
    if (typeof reference !== 'string' || !/^#(\/|$)/.test(reference)) return false
    const target = valueAt(schema, reference.slice(1))
    return target !== undefined && walk(target.value)
  }
  return walk(schema)
}
