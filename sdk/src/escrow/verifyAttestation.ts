import { pactEscrowAbi } from '@earnest/contracts'
import { type Hex, parseEventLogs } from 'viem'
import { isSameAddress } from '../protocol/address.ts'
import { encode } from '../protocol/decode.ts'
import { EarnestError } from '../protocol/error.ts'
import { type KeyResolver, ownKey } from '../protocol/key.ts'
import { type SignedPact, verifySignedPact } from '../protocol/pact.ts'
import { type Attestation, attestationSchema } from '../protocol/settlement.ts'
import { verifyBody } from '../protocol/signature.ts'
import { escrowOfPact } from './client.ts'
import { type InclusionProof, verifyInclusion } from './inclusion.ts'

/** A record of behaviour with everything that proves it. */
export interface AttestedTrade {
  attestation: Attestation
  /** The pact that both agents signed. */
  signed: SignedPact
  /** The transaction that ended its escrow. */
  inclusion: InclusionProof
}

/** The endings that say what was paid. */
const ENDINGS = ['Released', 'Refunded', 'Expired', 'Settled', 'Ruled', 'Concluded'] as const

/**
 * Checks a record of behaviour offline, with nothing but the hash of the block in which it ended
 * (REP-13): both agents signed these terms, the oracle signed what became of them, and a transaction of
 * that block ended this very escrow with these amounts. Throws `pact_hash_mismatch`,
 * `invalid_buyer_signature`, `invalid_seller_signature`, `attestation_mismatch`, `attestation_unsigned`,
 * `not_included`, `transaction_failed`, `ending_mismatch`.
 */
export function verifyAttestation(
  { attestation, signed, inclusion }: AttestedTrade,
  options: { oracle: string; blockHash: Hex; keyOf?: KeyResolver },
): void {
  const { oracle, blockHash, keyOf = ownKey } = options
  const { settlement } = attestation
  // Both agents.
  const pactId = verifySignedPact(signed, keyOf)
  const { pact, buyerSignature, sellerSignature } = signed
  const escrow = escrowOfPact({ pact, milestone: settlement.milestone })
  must(
    settlement.pactId === pactId &&
      settlement.escrowId === escrow.escrowId &&
      settlement.buyer === pact.buyer.did &&
      settlement.seller === pact.seller.did &&
      attestation.buyerSignature === buyerSignature &&
      attestation.sellerSignature === sellerSignature &&
      attestation.oracle === oracle,
    'attestation_mismatch',
  )
  // The witness.
  const { signature, ...body } = encode(attestationSchema, attestation, 'attestation_mismatch')
  const publicKey = keyOf(oracle, settlement.settledAt)
  must(verifyBody({ type: 'attestation', body, signature, publicKey }), 'attestation_unsigned')
  // The chain.
  must(inclusion.txHash === settlement.txHash, 'ending_mismatch')
  must(Number(inclusion.header.number) === settlement.blockNumber, 'ending_mismatch')
  must(Number(inclusion.header.timestamp) === settlement.settledAt, 'ending_mismatch')
  const logs = verifyInclusion(inclusion, { blockHash }).filter(({ address }) =>
    isSameAddress(address, escrow.contract),
  )
  const endings = parseEventLogs({
    abi: pactEscrowAbi,
    eventName: [...ENDINGS],
    logs: logs as unknown as Parameters<typeof parseEventLogs>[0]['logs'],
  })
  const ending = endings.find(({ args }) => args.id === escrow.escrowId)
  must(ending?.eventName.toLowerCase() === settlement.outcome, 'ending_mismatch')
  const paid = {
    sellerAmount: 0n,
    buyerAmount: 0n,
    protocolFee: 0n,
    arbitrationFee: 0n,
    ...ending?.args,
  }
  must(
    paid.sellerAmount === settlement.sellerUsdc &&
      paid.buyerAmount === settlement.buyerUsdc &&
      paid.protocolFee === settlement.protocolFeeUsdc &&
      paid.arbitrationFee === settlement.arbitrationFeeUsdc,
    'ending_mismatch',
  )
}

function must(holds: boolean, code: string): void {
  if (!holds) throw new EarnestError(code, 'The record does not hold')
}
