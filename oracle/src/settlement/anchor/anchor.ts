import type { AnchorStatement } from '@earnest/sdk/protocol'

/** A chain on which roots of the event set are put down; one adapter for each kind of chain (TAP-06). */
export type Anchor = {
  /** CAIP-2. */
  chain: string
  /**
   * Puts the memo of a statement on the chain, once however often it is called.
   * @returns the transaction, as `verify` takes it; null while it is under way.
   */
  anchor(statement: AnchorStatement): Promise<string | null>
  /** True where that transaction stands on the chain, succeeded, and carries this very statement. */
  verify(reference: string, statement: AnchorStatement): Promise<boolean>
}
