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
  /** Of all the owner's agents; the later ones first. */
  engines: OwnerEngine[]
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

/** A trade and the engine whose it is. */
export interface Owned {
  trade: TradeRef
  engine: OwnerEngine
}

/** Finds a trade among all the owner's agents, by either id. */
export async function findTrade(
  { engines }: Pick<DeskContext, 'engines'>,
  { pactId, escrowId, side }: { pactId?: string; escrowId?: string; side?: TradeRef['side'] },
): Promise<Owned | undefined> {
  const ids = {
    ...(pactId !== undefined && { pactId }),
    ...(escrowId !== undefined && { escrowId }),
  }
  for (const engine of engines) {
    const trade = await engine.find(ids)
    // Of a trade between two of the owner's own agents each side has an engine.
    if (trade !== undefined && (side ?? trade.side) === trade.side) return { trade, engine }
  }
  return undefined
}

/** The engine whose trade it is; undefined: none that is attached. */
export async function engineOf(
  context: DeskContext,
  trade: TradeRef,
): Promise<OwnerEngine | undefined> {
  return (await findTrade(context, trade))?.engine
}
