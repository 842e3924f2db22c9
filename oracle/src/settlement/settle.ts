import {
  type Attestation,
  attestationSchema,
  canonicalText,
  EarnestError,
  encode,
  fromBytes32,
  type Identity,
  type Settlement,
  settlementSchema,
} from '@earnest/sdk/protocol'
import { touchAgents } from '../discovery/agent.ts'
import type { OnSettled } from '../escrow/announce.ts'
import { type Counting, counts } from '../escrow/count.ts'
import type { EscrowState } from '../escrow/state.ts'
import { findPact } from '../negotiation/pact.ts'
import { statement } from '../store/statement.ts'
import type { NewRow } from '../store/tables.ts'
import { settledFacts } from './facts.ts'
import { withdrawSpot } from './spot/withdraw.ts'
import { harmEntry } from './upheld.ts'

/**
 * Writes the signed receipt of an end that the chain will not take back, once for each escrow. It
 * carries both signatures of the pact, so that it verifies without this oracle (SET-10, REP-13).
 */
export function recordSettlements({
  signer,
  chain,
}: {
  signer: Identity
  chain: Counting & { chainId: number; escrow: `0x${string}` }
}): OnSettled {
  return async (tx, { state, link }, entries) => {
    const { ending } = state
    if (ending === null || ending.how === 'amended') return
    const pact = await findPact(tx, link.pactId)
    if (!pact) throw new EarnestError('pact_unknown', 'The lock has no pact')
    const { buyerSignature, sellerSignature } = pact.signed
    const settlement = settlementOf(state, {
      pactId: link.pactId,
      milestone: link.milestone,
      chainId: chain.chainId,
      contract: chain.escrow,
      buyer: link.buyer,
      seller: link.seller,
    })
    const unsigned = { settlement, buyerSignature, sellerSignature, oracle: signer.did }
    const body = {
      ...unsigned,
      settlement: encode(settlementSchema, settlement, 'invalid_settlement'),
    }
    const attestation: Attestation = {
      ...unsigned,
      signature: signer.sign({ type: 'attestation', body }),
    }
    const isCounted = counts(state, chain)
    const [written] = await writeSettlement(tx, {
      escrow_id: state.id,
      pact_id: link.pactId,
      buyer_did: link.buyer,
      seller_did: link.seller,
      capability: pact.signed.pact.capability,
      counts: isCounted,
      receipt: canonicalText(encode(attestationSchema, attestation, 'invalid_settlement')),
      settled_at: ending.at,
    })
    if (!written) return
    await touchAgents(tx, [link.buyer, link.seller], ending.at)
    const fact = isCounted ? await settledFacts(tx, { state, link, pact: pact.signed.pact }) : null
    entries.push({
      action: 'settlement_recorded',
      subject: state.id,
      at: ending.at,
      key: `settlement/${state.id}`,
      data: { outcome: ending.how, sellerBps: ending.sellerBps, txHash: ending.place.txHash },
      ...(fact && { fact }),
    })
    const harm = fact?.facts?.upheld
    const awardedBps = fact?.dispute?.awardedBps ?? null
    if (fact && harm && awardedBps !== null) {
      entries.push(harmEntry({ escrowId: state.id, link, at: ending.at, harm, awardedBps }))
    }
    const isRuled = fact?.dispute !== undefined && fact.dispute.awardedBps !== null
    if (isRuled) {
      const { id: escrowId, round } = state
      entries.push(...(await withdrawSpot(tx, { escrowId, round, at: ending.at })))
    }
  }
}

const writeSettlement = statement((db, row: NewRow<'settlement'>) =>
  db
    .insertInto('settlement')
    .values({
      escrow_id: row.escrow_id,
      pact_id: row.pact_id,
      buyer_did: row.buyer_did,
      seller_did: row.seller_did,
      capability: row.capability,
      counts: row.counts,
      receipt: row.receipt,
      settled_at: row.settled_at,
    })
    .onConflict((conflict) => conflict.column('escrow_id').doNothing())
    .returning('escrow_id'),
)

/** The receipt's body out of the chain's event; the arbitration fee of a ruling is the arbiter's. */
export function settlementOf(
  state: EscrowState,
  parties: Pick<Settlement, 'pactId' | 'milestone' | 'chainId' | 'contract' | 'buyer' | 'seller'>,
): Settlement {
  const { ending } = state
  if (ending === null || ending.how === 'amended') {
    throw new EarnestError('not_settled', 'The escrow did not end')
  }
  const hashOf = (word: `0x${string}` | null) => (word === null ? null : fromBytes32(word))
  return {
    version: '1',
    ...parties,
    escrowId: state.id,
    outcome: ending.how,
    amountUsdc: state.terms.amount,
    sellerUsdc: ending.sellerAmount,
    buyerUsdc: ending.buyerAmount,
    protocolFeeUsdc: ending.protocolFee,
    arbitrationFeeUsdc: ending.arbitrationFee,
    sellerBps: ending.sellerBps,
    txHash: ending.place.txHash,
    blockNumber: ending.place.block,
    settledAt: ending.at,
    artifactHash: hashOf(state.artifactHash),
    reportHash: hashOf(state.reportHash),
    recordHash: hashOf(state.recordHash),
  }
}
