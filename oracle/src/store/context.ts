import type { Clock, Identity } from '@earnest/sdk/protocol'
import type { Db } from './store.ts'

/** What every layer works with. */
export type Context = {
  db: Db
  /** The oracle's own key: it signs journal, events, trust answers and receipts. */
  signer: Identity
  clock: Clock
}
