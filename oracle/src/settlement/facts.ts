import {
  completionProofSchema,
  decode,
  EarnestError,
  type Pact,
  reportSchema,
} from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import { gradeOutages } from '../discovery/outage.ts'
import { deliveriesOf, type Link } from '../escrow/fold.ts'
import type { EscrowState } from '../escrow/state.ts'
import { statement } from '../store/statement.ts'
import type { Tx } from '../store/store.ts'
import type { Row } from '../store/tables.ts'
import type { DeliveryFacts, SettledEscrow } from '../trust/event.ts'
import { priceFacts } from './price.ts'
import { upheldHarm } from './upheld.ts'

/** What the trust model learns from an escrow that ended; only measured facts, absent where unknown. */
export async function settledFacts(
  tx: Tx,
  { state, link, pact }: { state: EscrowState; link: Link; pact: Pact },
): Promise<SettledEscrow | null> {
  const { ending, clauses } = state
  if (ending === null) return null
  const [known] = await factsOf(tx, {
    pactId: link.pactId,
    escrowId: state.id,
    round: state.round,
  })
  if (!known) throw new EarnestError('pact_unknown', 'The lock has no pact')
  const { outages } = known
  const [first] = outages.length > 0 ? await deliveriesOf(tx, state.id) : []
  const outage = gradeOutages(outages, {
    how: ending.how,
    fundedAt: state.fundedAt,
    deliverBy: clauses.deliverBy,
    // A later round is no sign of when the seller came back.
    deliveredAt: first?.at ?? null,
    endedAt: ending.at,
  })
  const report = known.report
    ? decode(reportSchema, JSON.parse(known.report), 'invalid_report')
    : undefined
  const metrics = known.proof
    ? decode(completionProofSchema, JSON.parse(known.proof), 'invalid_completion').executionMetrics
    : undefined
  // Giving in to a proposal, or settling beside it, counts as what was proposed (design section 4).
  const awardedBps =
    ending.how === 'ruled' || ending.how === 'concluded'
      ? ending.sellerBps
      : state.proposed
        ? state.proposedBps
        : null
  // What time alone concluded nobody judged.
  const judged = ending.how === 'ruled' || state.proposed
  const upheld =
    judged && awardedBps !== null
      ? await upheldHarm(tx, {
          escrowId: state.id,
          round: state.round,
          buyer: link.buyer,
          claimHash: state.claimHash,
          awardedBps,
        })
      : null
  const prices = await priceFacts(tx, {
    listed: known.list_price,
    pact,
    amount: state.terms.amount,
  })
  const wanted = requiredModelOf(pact)
  const facts: DeliveryFacts = {
    fundedAt: state.fundedAt,
    deliverBy: clauses.deliverBy,
    executionFailures: known.failed_at === null ? 0 : 1,
    redeliveries: Math.max(0, state.round - 1),
    ...(state.deliveredAt !== null && { deliveredAt: state.deliveredAt }),
    ...(report && {
      passed: report.passedBps / 10_000,
      partial: report.result === 'PARTIAL',
      runtimeAsAgreed: report.findings.every(
        ({ verifier, outcome }) => verifier !== 'format' || outcome !== 'fail',
      ),
    }),
    ...(metrics?.selfAuditScore !== undefined && { selfAudit: metrics.selfAuditScore }),
    // A pact demands a model by name in its input; who does not name the one it used did not keep it.
    ...(metrics && wanted !== undefined && { modelAsAgreed: metrics.modelVersionUsed === wanted }),
    ...prices,
    ...(outage && { outage }),
    ...(upheld && { upheld }),
  }
  return {
    kind: 'settled',
    escrowId: state.id,
    pactId: link.pactId,
    at: ending.at,
    buyer: link.buyer,
    seller: link.seller,
    capability: pact.capability,
    amount: state.terms.amount,
    protocolFee: ending.protocolFee,
    ending: endingOf(state),
    sellerBps: awardedBps ?? ending.sellerBps,
    ...(state.contested && {
      dispute: { by: disputerOf(state), awardedBps },
    }),
    facts,
  }
}

const factsOf = statement(
  (_, { pactId, escrowId, round }: { pactId: string; escrowId: string; round: number }) => sql<{
    list_price: string | null
    proof: string | null
    report: string | null
    failed_at: number | null
    outages: Pick<Row<'outage'>, 'heartbeat_at' | 'recovered_at'>[]
  }>`
    select pact.list_price, completion.proof, completion.report, failure.at as failed_at,
      coalesce((
        select json_agg(json_build_object('heartbeat_at', heartbeat_at, 'recovered_at', recovered_at))
        from outage where outage.escrow_id = ${escrowId}
      ), '[]') as outages
    from pact
    left join completion on completion.escrow_id = ${escrowId} and completion.round = ${round}
    left join failure on failure.pact_id = pact.pact_id and failure.escrow_id = ${escrowId}
    where pact.pact_id = ${pactId}`,
)

function requiredModelOf({ input }: Pact): string | undefined {
  if (input === null || typeof input !== 'object' || Array.isArray(input)) return undefined
  return typeof input.requiredModel === 'string' ? input.requiredModel : undefined
}

function endingOf(state: EscrowState): SettledEscrow['ending'] {
  switch (state.ending?.how) {
    case 'released':
      // A release without a delivery is a payment, never a fulfilment.
      return state.round > 0 ? 'completed' : 'paid'
    case 'expired':
      return 'expired'
    case 'refunded':
      return 'refunded'
    default:
      return 'resolved'
  }
}

function disputerOf(state: EscrowState): 'buyer' | 'seller' | 'arbiter' {
  if (state.buyerDisputed) return 'buyer'
  if (state.sellerDisputed) return 'seller'
  return state.claimHash === null ? 'arbiter' : 'buyer'
}
