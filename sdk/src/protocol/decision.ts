import type { Address, TypedDataDefinition } from 'viem'
import * as z from 'zod'
import { word } from './address.ts'
import { encode } from './decode.ts'
import { hash, hashBody, toBytes32 } from './hash.ts'

/** What a moderator decides, and why; its hash is the `recordHash` that goes on chain (TRZ-06). */
export const decisionSchema = z.strictObject({
  version: z.literal('1'),
  escrowId: word,
  pactId: hash,
  round: z.int().min(1).max(255),
  sellerBps: z.int().min(0).max(10_000),
  /** In writing, for the parties. */
  reason: z
    .string()
    .max(10_000)
    .refine((text) => text.trim() !== '', 'want a reason'),
  /** What was read: the same papers that any other tribunal gets. */
  packageHash: hash,
})
export type Decision = z.output<typeof decisionSchema>

/** The `recordHash` of a decision. */
export function hashDecision(decision: Decision): string {
  return hashBody(encode(decisionSchema, decision, 'invalid_decision'))
}

/** Apart from every domain in which a contract takes a signature: this one moves nothing by itself. */
const DOMAIN = { name: 'Earnest Moderation', version: '1' } as const

/** What a moderator signs for a decision (EIP-712). */
export function decisionTypedData({ chainId, decision }: { chainId: number; decision: Decision }) {
  return {
    domain: { ...DOMAIN, chainId: BigInt(chainId) },
    types: {
      Decision: [
        { name: 'escrowId', type: 'bytes32' },
        { name: 'round', type: 'uint256' },
        { name: 'sellerBps', type: 'uint256' },
        { name: 'recordHash', type: 'bytes32' },
      ],
    },
    primaryType: 'Decision',
    message: {
      escrowId: decision.escrowId,
      round: BigInt(decision.round),
      sellerBps: BigInt(decision.sellerBps),
      recordHash: toBytes32(hashDecision(decision)),
    },
  } as const satisfies TypedDataDefinition
}

/** What a moderator signs to sign in at one oracle (EIP-712); each nonce opens one session. */
export function sessionTypedData(session: {
  chainId: number
  moderator: Address
  /** DID of the oracle. */
  oracle: string
  /** Unix seconds. */
  issuedAt: number
  nonce: string
}) {
  const { chainId, moderator, oracle, issuedAt, nonce } = session
  return {
    domain: { ...DOMAIN, chainId: BigInt(chainId) },
    types: {
      Session: [
        { name: 'moderator', type: 'address' },
        { name: 'oracle', type: 'string' },
        { name: 'issuedAt', type: 'uint256' },
        { name: 'nonce', type: 'string' },
      ],
    },
    primaryType: 'Session',
    message: { moderator, oracle, issuedAt: BigInt(issuedAt), nonce },
  } as const satisfies TypedDataDefinition
}
