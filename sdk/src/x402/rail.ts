import type { ReceivedFile } from '../settlement/file.ts'
import type { PaywallTask, Requirements } from './wire.ts'

/** One request for something that costs. */
export interface Ware {
  task: PaywallTask
  /** Base units of the rail's money. */
  price: bigint
}

/** Money that is locked for one ware and that nobody has yet. */
export interface Locked {
  /** Who paid, in the words of the rail. */
  payer: string
  /** What locked it, in the words of the rail: a transaction, a payment hash. */
  transaction: string
  /** For the payer's papers. */
  extra: Readonly<Record<string, unknown>>
  /**
   * Has the work done and delivered so that the payment is due; undefined where it takes longer, and goes on.
   * Throws where it failed: then the money goes back.
   */
  deliver(): Promise<readonly ReceivedFile[] | undefined>
}

/**
 * A way in which money is held until a delivery stands. What a rail has to promise, whatever moves the money:
 * `lock` takes a payment for this very ware and no other, never less than its price, and each payment once,
 * whichever process is asked; what is locked comes back to the payer by time alone; and the payee gets it only
 * for a delivery that others than the payee have seen (TAP-19). `docs/rails.md` says it for Lightning and NEAR.
 */
export interface Rail {
  readonly scheme: string
  /** CAIP-2. */
  readonly network: string
  /** What a payer is asked for. */
  ask(ware: Ware): Requirements
  /** Checks a payment and locks it. Throws `payment_used`, `price_too_low`, `pact_mismatch`, and the rail's own codes. */
  lock(ware: Ware, payload: unknown): Promise<Locked>
}
