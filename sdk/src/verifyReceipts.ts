import { readCard } from './discovery/discover.ts'
import { escrowOfPact, type ReadClient } from './escrow/client.ts'
import { readSettlement } from './escrow/readSettlement.ts'
import { createManualClock } from './protocol/clock.ts'
import { encode } from './protocol/decode.ts'
import { EarnestError, isEarnestError } from './protocol/error.ts'
import { hashBody } from './protocol/hash.ts'
import { type KeyResolver, ownKey } from './protocol/key.ts'
import { artifactHash } from './protocol/manifest.ts'
import { verifySignedPact } from './protocol/pact.ts'
import { hashReport } from './protocol/report.ts'
import { attestationSchema, type Settlement, settlementSchema } from './protocol/settlement.ts'
import { verifyBody } from './protocol/signature.ts'
import { splitOf } from './protocol/split.ts'
import { verifyTrust } from './protocol/trust.ts'
import type { HireResult, Receipts } from './receipts.ts'
import { checkDelivery } from './settlement/check.ts'
import { manifestOfFiles } from './settlement/file.ts'
import type { Deliverable } from './settlement/retrieve.ts'

/** One paper of a trade and whether it holds. */
export interface ReceiptCheck {
  paper:
    | 'card'
    | 'trust'
    | 'pact'
    | 'funding'
    | 'delivery'
    | 'report'
    | 'settlement'
    | 'attestation'
    | 'chain'
  holds: boolean
  /** `holds`, `absent`, or the stable code of what is wrong. */
  code: string
}

/**
 * Checks every paper of a trade again with nothing but public data: card and oracle signatures, the pact's
 * two signatures and its escrow id, hashes of delivery and report, the split to the base unit, the oracle's
 * attestation, and, where a client is given, what the chain says (DIS-20). Papers that a trade does not have
 * are `absent` and hold.
 */
export async function verifyReceipts(
  { receipts, deliverable }: Pick<HireResult, 'receipts' | 'deliverable'>,
  options: {
    /** DID of the oracle that witnessed the trade. */
    oracle: string
    client?: ReadClient
    keyOf?: KeyResolver
  },
): Promise<ReceiptCheck[]> {
  const { oracle, client, keyOf = ownKey } = options
  const { card, trust, signed, funding, report, settlement, attestation } = receipts
  const { pact } = signed
  const checks: ReceiptCheck[] = []
  const check = async (
    paper: ReceiptCheck['paper'],
    isThere: boolean,
    work: () => void | Promise<void>,
  ) => {
    if (!isThere) {
      checks.push({ paper, holds: true, code: 'absent' })
      return
    }
    try {
      await work()
      checks.push({ paper, holds: true, code: 'holds' })
    } catch (error) {
      const code = isEarnestError(error) ? error.code : 'unreadable'
      checks.push({ paper, holds: false, code })
    }
  }

  await check('card', true, async () => {
    const clock = createManualClock(pact.proposedAt)
    const agent = await readCard(card, { clock })
    must(agent.did === pact.seller.did, 'card_mismatch')
  })
  await check('trust', trust.length > 0, () => {
    for (const answer of trust) {
      const own = { agent: pact.seller.did, oracle: answer.oracle, now: answer.asOf, keyOf }
      verifyTrust(answer, own)
    }
    must(
      trust.some((answer) => answer.oracle === oracle),
      'trust_mismatch',
    )
  })
  await check('pact', true, () => {
    verifySignedPact(signed, keyOf)
  })
  await check('funding', true, () => {
    const { escrowId } = escrowOfPact({ pact, milestone: funding.milestone })
    must(escrowId === funding.escrowId, 'condition_mismatch')
  })
  await check('delivery', deliverable !== undefined, () =>
    checkFiles(receipts, deliverable as Deliverable),
  )
  await check('report', report !== undefined, () => {
    if (report === undefined) return
    const isOurs = report.pactId === signed.pactHash && report.escrowId === funding.escrowId
    must(isOurs, 'report_mismatch')
    const isAttested = hashReport(report) === settlement?.reportHash
    const isOpen = settlement?.reportHash == null && report.result === 'UNDECIDED'
    must(settlement === undefined || isAttested || isOpen, 'report_mismatch')
  })
  await check('settlement', settlement !== undefined, () =>
    checkSplit(receipts, settlement as Settlement),
  )
  await check('attestation', attestation !== undefined, () => {
    if (attestation === undefined) return
    const { signature, ...body } = encode(attestationSchema, attestation, 'invalid_attestation')
    const publicKey = keyOf(oracle, attestation.settlement.settledAt)
    must(body.oracle === oracle, 'attestation_mismatch')
    must(verifyBody({ type: 'attestation', body, signature, publicKey }), 'attestation_unsigned')
    must(
      settlement === undefined || same(attestation.settlement, settlement),
      'attestation_mismatch',
    )
  })
  await check('chain', client !== undefined && settlement !== undefined, async () => {
    if (client === undefined || settlement === undefined) return
    const { milestone } = funding
    const read = await readSettlement(client, { pact, milestone })
    must(read !== undefined && same(read, settlement), 'chain_mismatch')
  })
  return checks
}

function checkFiles({ signed, funding, settlement }: Receipts, deliverable: Deliverable): void {
  const { pact } = signed
  const { files } = deliverable
  const hash = artifactHash(manifestOfFiles(files))
  must(hash === deliverable.artifactHash, 'hash_mismatch')
  must(settlement?.artifactHash == null || hash === settlement.artifactHash, 'hash_mismatch')
  if (settlement?.outcome !== 'released') return
  // What was paid in full meets what files alone can show; the time is the chain's and stands there.
  const { milestone } = funding
  const { isMet } = checkDelivery({ pact, milestone, files, deliveredAt: 0 })
  must(isMet, 'criteria_not_met')
}

function checkSplit({ signed, funding }: Receipts, settlement: Settlement): void {
  const { pact, pactHash } = signed
  must(
    settlement.pactId === pactHash &&
      settlement.escrowId === funding.escrowId &&
      settlement.buyer === pact.buyer.did &&
      settlement.seller === pact.seller.did,
    'settlement_mismatch',
  )
  encode(settlementSchema, settlement, 'invalid_settlement')
  const want = splitOf({
    amount: settlement.amountUsdc,
    sellerBps: settlement.sellerBps,
    protocolFeeBps: pact.escrow.fees.protocolBps,
    arbitrationFeeBps: pact.escrow.fees.arbitrationBps,
    arbitrated: settlement.arbitrationFeeUsdc > 0n,
  })
  must(
    want.seller === settlement.sellerUsdc &&
      want.buyer === settlement.buyerUsdc &&
      want.protocol === settlement.protocolFeeUsdc &&
      want.arbitration === settlement.arbitrationFeeUsdc,
    'split_mismatch',
  )
}

function same(a: Settlement, b: Settlement): boolean {
  const wire = (one: Settlement) => hashBody(encode(settlementSchema, one, 'invalid_settlement'))
  return wire(a) === wire(b)
}

function must(holds: boolean, code: string): void {
  if (!holds) throw new EarnestError(code, 'The paper does not hold')
}
