import { valueAt } from './pointer.ts'

/** Subschemas that one place of a document may be checked against. */
const MAX_SUBSCHEMAS = 5000

/**
 * How many values a schema is made of, references followed: what one place of a document costs at most.
 * Undefined for a schema whose work is not bounded by its text, which leads outside or in circles, or has
 * more than 5000 subschemas: validation cannot be interrupted, so it is bounded before.
 */
export function sizeOf(schema: Readonly<Record<string, unknown>>): number | undefined {
  let subschemas = 0
  let values = 0
  const open = new Set<unknown>()

  function walk(node: unknown): boolean {
    values += 1
    if (typeof node !== 'object' || node === null) return true
    if (++subschemas > MAX_SUBSCHEMAS || open.has(node)) return false
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
  return walk(schema) ? values : undefined
}
