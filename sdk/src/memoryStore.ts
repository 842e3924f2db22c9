import { isSameJson } from './protocol/canonical.ts'
import type { Store } from './protocol/store.ts'

/** A store that lives as long as the process: for tests, and for trades that may be forgotten. */
export function createMemoryStore(): Store {
  const entries = new Map<string, string>()
  const read = (key: string): unknown => {
    const text = entries.get(key)
    return text === undefined ? undefined : JSON.parse(text)
  }
  return {
    async get(key) {
      return read(key)
    },
    async set(key, value) {
      entries.set(key, JSON.stringify(value))
    },
    async delete(key) {
      entries.delete(key)
    },
    async swap(key, expected, value) {
      if (!isSameJson(read(key), expected)) return false
      if (value === undefined) entries.delete(key)
      else entries.set(key, JSON.stringify(value))
      return true
    },
    async keys(prefix) {
      return [...entries.keys()].filter((key) => key.startsWith(prefix)).sort()
    },
  }
}
