import { pactEscrowAbi } from '@earnest/contracts'
import type { Terms } from '@earnest/sdk/protocol'
import { type Address, decodeEventLog, type Hex } from 'viem'
import { narrowEvents } from './selector.ts'
import { type Place, type Result, results } from './state.ts'

const eventOf = narrowEvents(pactEscrowAbi)

type At = { id: Hex; place: Place; timestamp: number }

/** What the escrow contract can say about one id, decoded; numbers where they fit. */
export type EscrowLog = At &
  (
    | { name: 'Funded'; terms: Terms }
    | { name: 'Delivered'; round: number; artifactHash: Hex; noticed: boolean }
    | { name: 'Attested'; round: number; result: Result; reportHash: Hex }
    | { name: 'Disputed'; by: Address; claimHash: Hex; stake: bigint }
    | { name: 'Defended'; responseHash: Hex }
    | { name: 'Escalated' }
    | { name: 'Proposed'; sellerBps: number; recordHash: Hex }
    | { name: 'Released'; sellerAmount: bigint; protocolFee: bigint; bonded: boolean }
    | { name: 'Refunded' | 'Expired'; buyerAmount: bigint }
    | ({ name: 'Settled' | 'Concluded' } & Split)
    | ({ name: 'Ruled'; recordHash: Hex } & Split)
    | { name: 'Amended'; amendedId: Hex; terms: Terms }
    | { name: 'StakePaid'; from: Address; to: Address; amount: bigint }
  )

type Split = {
  sellerBps: number
  sellerAmount: bigint
  buyerAmount: bigint
  protocolFee: bigint
  arbitrationFee: bigint
}

/** A log as a node gives it, as far as it matters here. */
export type RawLog = { topics: readonly Hex[]; data: Hex }

/** Decodes a log of the escrow; undefined for those that are about an owner's credit, not an escrow. */
export function decodeLog(raw: RawLog, place: Place, timestamp: number): EscrowLog | undefined {
  const { eventName, args } = decodeEventLog({
    abi: eventOf(raw.topics[0]),
    topics: raw.topics as [Hex, ...Hex[]],
    data: raw.data,
  })
  if (eventName === 'Credited' || eventName === 'Withdrawn') return undefined
  const at = { id: args.id, place, timestamp }
  const split = (values: {
    sellerBps: bigint
    sellerAmount: bigint
    buyerAmount: bigint
    protocolFee: bigint
    arbitrationFee: bigint
  }): Split => ({
    sellerBps: Number(values.sellerBps),
    sellerAmount: values.sellerAmount,
    buyerAmount: values.buyerAmount,
    protocolFee: values.protocolFee,
    arbitrationFee: values.arbitrationFee,
  })
  switch (eventName) {
    case 'Funded':
      return { ...at, name: eventName, terms: args.terms }
    case 'Delivered':
      return {
        ...at,
        name: eventName,
        round: Number(args.round),
        artifactHash: args.artifactHash,
        noticed: args.noticed,
      }
    case 'Attested':
      return {
        ...at,
        name: eventName,
        round: Number(args.round),
        result: results[args.result] ?? null,
        reportHash: args.reportHash,
      }
    case 'Disputed':
      return { ...at, name: eventName, by: args.by, claimHash: args.claimHash, stake: args.stake }
    case 'Defended':
      return { ...at, name: eventName, responseHash: args.responseHash }
    case 'Escalated':
      return { ...at, name: eventName }
    case 'Proposed':
      return {
        ...at,
        name: eventName,
        sellerBps: Number(args.sellerBps),
        recordHash: args.recordHash,
      }
    case 'Released':
      return {
        ...at,
        name: eventName,
        sellerAmount: args.sellerAmount,
        protocolFee: args.protocolFee,
        bonded: args.bonded,
      }
    case 'Refunded':
    case 'Expired':
      return { ...at, name: eventName, buyerAmount: args.buyerAmount }
    case 'Settled':
    case 'Concluded':
      return { ...at, name: eventName, ...split(args) }
    case 'Ruled':
      return { ...at, name: eventName, recordHash: args.recordHash, ...split(args) }
    case 'Amended':
      return { ...at, name: eventName, amendedId: args.amendedId, terms: args.terms }
    case 'StakePaid':
      return { ...at, name: eventName, from: args.from, to: args.to, amount: args.amount }
  }
}
