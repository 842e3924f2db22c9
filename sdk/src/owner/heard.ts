import type { Account } from './account.ts'
import type { Incoming } from './channel.ts'

/** A message with everything that is known about it. */
export interface Heard {
  /** The same for every copy of the message. */
  id: string
  incoming: Incoming
  account: Account
}
