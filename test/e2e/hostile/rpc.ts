import { pactEscrowAbi } from '@earnest/contracts'
import {
  createWalletClient,
  custom,
  type EIP1193RequestFn,
  encodeFunctionResult,
  numberToHex,
  publicActions,
} from 'viem'
import { localChain } from '../../../scripts/local/chain.ts'
import type { Party } from '../a2a/quietSeller.ts'

const STATES = [
  'None',
  'Funded',
  'Delivered',
  'Disputed',
  'Negotiating',
  'Arbitration',
  'Completed',
  'Refunded',
  'Resolved',
  'Amended',
] as const

/** What an RPC claims. */
export interface Claims {
  chainId?: number
  state?: (typeof STATES)[number]
  /** The state two blocks earlier, where it differs. */
  before?: (typeof STATES)[number]
  round?: number
  result?: number
  fundedAt?: number
  /** What every call of a contract answers instead. */
  call?: () => unknown
}

const HEAD = 1000n

/** An RPC that says what it likes; nothing stands behind it. */
export function claimingRpc(claims: Claims = {}): EIP1193RequestFn {
  const { chainId = localChain.id, state = 'None', before = state, round = 0, result = 0 } = claims
  const fundedAt = claims.fundedAt ?? (state === 'None' ? 0 : 1_800_000_000)
  const escrowAt = (block: unknown) => {
    const isLatest = block === 'latest' || block === undefined
    return encodeFunctionResult({
      abi: pactEscrowAbi,
      functionName: 'escrowOf',
      result: {
        state: STATES.indexOf(isLatest ? state : before),
        timerEnd: 1_800_007_200,
        fundedAt,
        seq: 1,
        round,
        result,
        noticed: false,
        buyerDisputed: false,
        sellerDisputed: false,
        bonded: false,
        proposed: false,
        proposedBps: 0,
        arbitrated: false,
      },
    })
  }
  const block = (number: bigint) => ({
    number: numberToHex(number),
    timestamp: numberToHex(1_800_000_000),
    transactions: [],
  })
  const answer = async ({ method, params }: { method: string; params?: unknown }) => {
    if (method === 'eth_chainId') return numberToHex(chainId)
    if (method === 'eth_blockNumber') return numberToHex(HEAD)
    if (method === 'eth_getBlockByNumber') return block(HEAD)
    if (method === 'eth_getLogs') return []
    if (method === 'eth_call') return claims.call?.() ?? escrowAt((params as unknown[])[1])
    throw new Error(`no ${method} here`)
  }
  return answer as EIP1193RequestFn
}

/** A client of such an RPC. */
export function clientOf(rpc: EIP1193RequestFn, { wallet }: Party) {
  return createWalletClient({
    account: wallet,
    chain: localChain,
    transport: custom({ request: rpc }, { retryCount: 0 }),
    cacheTime: 0,
  }).extend(publicActions)
}

/** An RPC that does not answer. */
export const silentRpc: EIP1193RequestFn = () => Promise.reject(new Error('no answer'))
