import type { Store } from './protocol/store.ts'

/** A store that lives as long as the process: for tests, and for trades that may be forgotten. */
export function createMemoryStore(): Store {
  const entries = new Map<string, string>()
  return {
    async get(key) {
      const text = entries.get(key)
      return text === undefined ? undefined : JSON.parse(text)
    },
    async set(key, value) {
      entries.set(key, JSON.stringify(value))
    },
    async delete(key) {
      entries.delete(key)
    },
    async keys(prefix) {
      return [...entries.keys()].filter((key) => key.startsWith(prefix)).sort()
    },
  }
}
