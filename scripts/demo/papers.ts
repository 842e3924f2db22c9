import { discover, type HireResult } from '@earnest/sdk/buyer'
import { type ReadClient, readEscrow } from '@earnest/sdk/escrow'
import {
  type Clock,
  encode,
  escrowIdOfPact,
  publicKeyFromDid,
  settlementSchema,
  verifyBody,
  verifySignedPact,
  verifyTrust,
} from '@earnest/sdk/protocol'
import type { Examiner } from '../../oracle/src/settlement/verify/examiner.ts'
import { recomputeReport } from '../../oracle/src/settlement/verify/recompute.ts'

/** One paper of a trade and whether it holds. */
export type Paper = { paper: string; holds: boolean; why: string }

/**
 * Checks every paper of a finished trade with nothing but public data: no oracle is asked. The chain is
 * read once, for the state of the escrow (DIS-20).
 */
export async function checkPapers({
  result,
  chain,
  oracle,
  clock,
  examiner,
}: {
  result: HireResult
  chain: ReadClient
  /** DID of the oracle on the buyer's own list. */
  oracle: string
  clock: Clock
  examiner: Examiner
}): Promise<Paper[]> {
  const { receipts, escrowId, deliverable } = result
  const { card, trust, signed, funding, report, settlement, attestation } = receipts
  const { pact } = signed
  const papers: Paper[] = []
  const check = async (paper: string, work: () => unknown) => {
    try {
      const why = await work()
      papers.push({ paper, holds: true, why: typeof why === 'string' ? why : 'holds' })
    } catch (error) {
      papers.push({ paper, holds: false, why: error instanceof Error ? error.message : 'unknown' })
    }
  }

  await check('card', async () => {
    // The card as the buyer kept it; the network is not asked again.
    const fetch = async () => Response.json(card)
    const agent = await discover('https://kept.invalid', { clock, fetch })
    want(agent.did === pact.seller.did, 'another agent signed the card')
    return `signed by ${agent.did}`
  })
  await check('trust answer', () => {
    want(trust.length > 0, 'there is no answer')
    for (const answer of trust) {
      verifyTrust(answer, { agent: pact.seller.did, oracle, now: answer.asOf })
    }
    return `signed by ${oracle}`
  })
  await check('pact', () => {
    const pactId = verifySignedPact(signed)
    want(pactId === result.pactId, 'another pact')
    return 'both signatures over the recomputed hash'
  })
  await check('escrow', async () => {
    want(escrowIdOfPact({ pact }) === escrowId, 'the id is not the one of this pact')
    const { state } = await readEscrow(chain, funding.escrow)
    const ended = { released: 'Completed', refunded: 'Refunded', resolved: 'Resolved' }
    const expected = ended[result.settlementStatus as keyof typeof ended]
    want(state === expected, `the chain says ${state}, not ${expected}`)
    return `the id follows from the pact; the chain says ${state}`
  })
  if (report !== undefined && deliverable !== undefined) {
    await check('verification report', async () => {
      await recomputeReport(report, {
        pact,
        manifest: deliverable.manifest,
        openFile: async function* (name) {
          const file = deliverable.files.find((each) => each.name === name)
          if (file === undefined) throw new Error(`no file ${name}`)
          yield file.bytes
        },
        readDeposit: async () => null,
        examiner,
      })
      return `recomputed to the byte: ${report.result}`
    })
  }
  await check('settlement', () => {
    want(settlement !== undefined && attestation !== undefined, 'it was not attested')
    const { signature, ...body } = attestation
    const ours = encode(settlementSchema, settlement, 'invalid_settlement')
    const theirs = encode(settlementSchema, attestation.settlement, 'invalid_settlement')
    want(JSON.stringify(ours) === JSON.stringify(theirs), 'chain and oracle tell two stories')
    want(attestation.buyerSignature === signed.buyerSignature, 'not the buyer’s pact')
    want(attestation.sellerSignature === signed.sellerSignature, 'not the seller’s pact')
    const publicKey = publicKeyFromDid(oracle)
    const wire = { ...body, settlement: theirs }
    want(verifyBody({ type: 'attestation', body: wire, signature, publicKey }), 'not signed')
    return `${settlement.outcome}, signed by both agents and the oracle`
  })
  return papers
}

function want(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise)
}
