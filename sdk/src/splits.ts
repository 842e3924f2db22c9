import { type EscrowClient, escrowOfPact } from './escrow/client.ts'
import { readEscrow } from './escrow/readEscrow.ts'
import { authorizeSettle, settle } from './escrow/settle.ts'
import { EarnestError } from './protocol/error.ts'
import type { SplitRecord } from './protocol/offer.ts'
import type { Pact } from './protocol/pact.ts'
import { relayOf } from './relay.ts'
import type { OracleClient } from './trust/oracle.ts'

/** A trade, or one milestone of it. */
type Part = { pact: Pact; milestone?: number }

/** Splits on the oracle's table: how a party without an agent in reach is offered one. */
export interface Splits {
  /** Lays this party's signed consent down; the other carries it out by signing the same. */
  offer(part: Part & { sellerBps: number }): Promise<SplitRecord[]>
  /** What can still be agreed to, of both sides. */
  list(part: Part): Promise<SplitRecord[]>
  /** Signs what the other side laid down and carries it out. Throws `no_split_offered`, the chain's codes. */
  accept(part: Part & { sellerBps: number }): Promise<{ txHash: string }>
}

/** Makes the table of one party. */
export function createSplits({
  client,
  oracle,
  did,
}: {
  client: EscrowClient
  oracle: OracleClient
  /** This party. */
  did: string
}): Splits {
  async function list({ pact, milestone = 0 }: Part): Promise<SplitRecord[]> {
    const escrowId = escrowOfPact({ pact, milestone }).escrowId as `0x${string}`
    return (await oracle.call('listSplits', { params: { escrowId } })).splits
  }

  return {
    list,
    async offer({ pact, milestone = 0, sellerBps }) {
      const escrow = escrowOfPact({ pact, milestone })
      const escrowId = escrow.escrowId as `0x${string}`
      const { seq } = await readEscrow(client, escrow)
      const consent = await authorizeSettle(client, { escrow, sellerBps })
      const body = { sellerBps, seq: Number(seq), consent: consent.toLowerCase() as `0x${string}` }
      return (await oracle.call('offerSplit', { params: { escrowId }, body })).splits
    },
    async accept({ pact, milestone = 0, sellerBps }) {
      const theirs = (await list({ pact, milestone })).find(
        (split) => split.by !== did && split.sellerBps === sellerBps,
      )
      if (!theirs) throw new EarnestError('no_split_offered', 'The other side offers another split')
      const { txHash } = await settle(client, {
        escrow: escrowOfPact({ pact, milestone }),
        sellerBps,
        counterAuthorization: theirs.consent,
        relay: relayOf(oracle),
      })
      return { txHash }
    },
  }
}
