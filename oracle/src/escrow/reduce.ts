import { EarnestError, type Terms, unpackClauses } from '@earnest/sdk/protocol'
import type { Address, Hex } from 'viem'
import type { EscrowLog } from './log.ts'
import type { Ending, EscrowState } from './state.ts'

/** What follows from a log; the indexer enacts it once, in the transaction that stores the log. */
export type Effect =
  | { kind: 'changed'; log: EscrowLog }
  /** The round is open and waits for this oracle's attestation. */
  | { kind: 'delivered'; round: number; artifactHash: Hex }
  | { kind: 'disputed'; by: Address }
  | { kind: 'settled' }

/**
 * Folds one log into what is known of its escrow; the same logs always give the same state.
 * @throws log_out_of_order when a log needs a funding that was not seen.
 */
export function reduceEscrow(
  state: EscrowState | undefined,
  log: EscrowLog,
): { state: EscrowState; effects: Effect[] } {
  const changed: Effect = { kind: 'changed', log }
  if (log.name === 'Funded') return { state: fresh(log.id, log.terms, log), effects: [changed] }
  if (log.name === 'Amended' && state === undefined) {
    return { state: fresh(log.amendedId, log.terms, log), effects: [changed] }
  }
  if (state === undefined) {
    throw new EarnestError('log_out_of_order', `${log.name} before Funded`, {
      details: { id: log.id, block: log.place.block },
    })
  }
  // A stake moves with the change that settles it and has no `seq` of its own.
  if (log.name === 'StakePaid') return { state: { ...state, last: log.place }, effects: [changed] }

  const next: EscrowState = { ...state, seq: state.seq + 1, last: log.place }
  const { clauses, terms } = state
  const end = (
    ending: Ending,
    values: Omit<NonNullable<EscrowState['ending']>, 'how' | 'at' | 'place'>,
  ) => {
    next.ending = { how: ending, ...values, at: log.timestamp, place: log.place }
    return { state: next, effects: [changed, { kind: 'settled' } as const] }
  }
  const arbitrate = () => {
    next.state = 'Arbitration'
    next.timerEnd = log.timestamp + clauses.arbitrationWindow
  }
  const whole = { protocolFee: 0n, arbitrationFee: 0n }

  switch (log.name) {
    case 'Delivered':
      next.state = 'Delivered'
      // Who waives the review waives it for an attested PASS, which pays at once.
      next.timerEnd = log.timestamp + (clauses.reviewWindow || clauses.responseWindow)
      next.round = log.round
      next.noticed = log.noticed
      next.artifactHash = log.artifactHash
      next.deliveredAt = log.timestamp
      next.result = null
      next.reportHash = null
      next.buyerDisputed = false
      next.sellerDisputed = false
      next.proposed = false
      next.proposedBps = 0
      return {
        state: next,
        effects: [changed, { kind: 'delivered', round: log.round, artifactHash: log.artifactHash }],
      }
    case 'Attested':
      next.result = log.result
      next.reportHash = log.reportHash
      return { state: next, effects: [changed] }
    case 'Disputed': {
      next.contested = true
      // The arbiter's own partial or fail is one change with its attestation.
      if (same(log.by, terms.arbiter)) next.seq = state.seq
      else next.claimHash = log.claimHash
      if (same(log.by, terms.buyer)) next.buyerDisputed = true
      if (same(log.by, terms.seller)) {
        next.sellerDisputed = true
        arbitrate()
      } else if (state.state === 'Delivered') {
        next.state = 'Disputed'
        next.timerEnd = log.timestamp + clauses.responseWindow
      }
      return { state: next, effects: [changed, { kind: 'disputed', by: log.by }] }
    }
    case 'Defended':
      next.state = 'Negotiating'
      next.timerEnd = log.timestamp + clauses.negotiationWindow
      next.responseHash = log.responseHash
      return { state: next, effects: [changed] }
    case 'Escalated':
      // A seller's dispute says both; it is one change.
      if (state.state === 'Arbitration') next.seq = state.seq
      else arbitrate()
      return { state: next, effects: [changed] }
    case 'Proposed':
      next.proposed = true
      next.proposedBps = log.sellerBps
      next.recordHash = log.recordHash
      return { state: next, effects: [changed] }
    case 'Released':
      next.state = 'Completed'
      next.bonded = log.bonded
      return end('released', {
        ...whole,
        sellerBps: 10_000,
        sellerAmount: log.sellerAmount,
        buyerAmount: 0n,
        protocolFee: log.protocolFee,
      })
    case 'Refunded':
    case 'Expired':
      next.state = 'Refunded'
      return end(log.name === 'Refunded' ? 'refunded' : 'expired', {
        ...whole,
        sellerBps: 0,
        sellerAmount: 0n,
        buyerAmount: log.buyerAmount,
      })
    case 'Settled':
    case 'Ruled':
    case 'Concluded': {
      next.state = 'Resolved'
      if (log.name === 'Ruled') next.recordHash = log.recordHash
      const { sellerBps, sellerAmount, buyerAmount, protocolFee, arbitrationFee } = log
      const how = { Settled: 'settled', Ruled: 'ruled', Concluded: 'concluded' } as const
      return end(how[log.name], {
        sellerBps,
        sellerAmount,
        buyerAmount,
        protocolFee,
        arbitrationFee,
      })
    }
    case 'Amended':
      next.state = 'Amended'
      next.amendedId = log.amendedId
      return end('amended', { ...whole, sellerBps: 0, sellerAmount: 0n, buyerAmount: 0n })
  }
}

function fresh(id: Hex, terms: Terms, log: EscrowLog): EscrowState {
  const clauses = unpackClauses(terms.clauses)
  return {
    id,
    terms,
    clauses,
    state: 'Funded',
    timerEnd: clauses.deliverBy,
    fundedAt: log.timestamp,
    seq: 1,
    round: 0,
    result: null,
    noticed: false,
    buyerDisputed: false,
    sellerDisputed: false,
    bonded: false,
    proposed: false,
    proposedBps: 0,
    artifactHash: null,
    reportHash: null,
    claimHash: null,
    responseHash: null,
    recordHash: null,
    amendedId: null,
    contested: false,
    deliveredAt: null,
    funding: log.place,
    last: log.place,
    ending: null,
  }
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
