/**
 * What has to survive a crash: a buyer's journal, a seller's pacts, jobs and tasks. Values are JSON. A
 * write that has returned is durable, and a reader never sees half of one.
 */
export interface Store {
  get(key: string): Promise<unknown>
  set(key: string, value: unknown): Promise<void>
  delete(key: string): Promise<void>
  /** Keys that begin with a prefix, in order. */
  keys(prefix: string): Promise<string[]>
}
