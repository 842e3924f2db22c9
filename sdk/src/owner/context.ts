import type { Clock } from '../protocol/clock.ts'
import type { Store } from '../protocol/store.ts'
import type { Accounts } from './account.ts'
import type { Alerts } from './alert.ts'
import type { Audit } from './audit.ts'
import type { Channel } from './channel.ts'
import type { OwnerEngine, TradeRef } from './engine.ts'
import type { Notes } from './note.ts'
import type { Orders } from './order.ts'
import type { Outbox } from './outbox.ts'
import type { Secret } from './secret.ts'

/** What every part of the desk works with. */
export interface DeskContext {
  store: Store
  clock: Clock
  /** In the order of the owner's preference. */
  channels: ReadonlyMap<string, Channel>
  engines: Map<TradeRef['side'], OwnerEngine>
  secret: Secret
  audit: Audit
  accounts: Accounts
  alerts: Alerts
  orders: Orders
  outbox: Outbox
  notes: Notes
  confirmSeconds: number
  /** Runs one thing at a time: whatever reads and then writes does it here. */
  inTurn<T>(work: () => Promise<T>): Promise<T>
}

/** The engine that a trade belongs to. */
export function engineOf({ engines }: DeskContext, { side }: TradeRef): OwnerEngine | undefined {
  return engines.get(side)
}
