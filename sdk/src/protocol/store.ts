/**
 * What has to survive a crash: a buyer's journal, a seller's pacts, jobs and tasks. Values are JSON. A
 * write that has returned is durable, and a reader never sees half of one.
 */
export interface Store {
  get(key: string): Promise<unknown>
  set(key: string, value: unknown): Promise<void>
  delete(key: string): Promise<void>
  /**
   * Writes a value where the expected one stands, and undefined where nothing is to stand, in one step that
   * no other writer, of whatever process, comes between. False where something else stands: then nothing
   * was written. Values are the same where their JSON is, in whatever order of members.
   */
  swap(key: string, expected: unknown, value: unknown): Promise<boolean>
  /** Keys that begin with a prefix, in order. */
  keys(prefix: string): Promise<string[]>
}
