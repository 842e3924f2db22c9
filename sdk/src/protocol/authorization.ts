import type { Address, Hex } from 'viem'
import { concat, hashTypedData, keccak256, numberToHex, stringToHex } from 'viem'
import { EarnestError } from './error.ts'
import { type ContractRef, escrowDomain, escrowId, type Terms, unpackClauses } from './terms.ts'

/** What every verb of a party is signed over. */
interface VerbContext extends ContractRef {
  escrowId: Hex
  actor: Address
  /** The escrow's change counter now; the signature dies with the next change. */
  seq: bigint
  /** Unix seconds; valid while block time is below. */
  validBefore: bigint
}

type Field = { readonly name: string; readonly type: string }

function verb<const V extends string, const F extends readonly Field[], M extends object>(
  name: V,
  fields: F,
  { chainId, contract, escrowId, actor, seq, validBefore }: VerbContext,
  message: M,
) {
  return {
    domain: escrowDomain({ chainId, contract }),
    types: {
      [name]: [
        { name: 'escrowId', type: 'bytes32' },
        { name: 'actor', type: 'address' },
        ...fields,
        { name: 'seq', type: 'uint256' },
        { name: 'validBefore', type: 'uint256' },
      ],
    } as Record<V, Field[]>,
    primaryType: name,
    message: { escrowId, actor, ...message, seq, validBefore },
  }
}

/** `release` by signature of the buyer. */
export function releaseTypedData(options: VerbContext) {
  return verb('Release', [], options, {})
}

/** `deliver`, `complete` and `deliverInline` by signature of the seller; `reserve` consents to reserve its bond. */
export function deliverTypedData(options: VerbContext & { artifactHash: Hex; reserve: boolean }) {
  const { artifactHash, reserve } = options
  const fields = [
    { name: 'artifactHash', type: 'bytes32' },
    { name: 'reserve', type: 'bool' },
  ] as const
  return verb('Deliver', fields, options, { artifactHash, reserve })
}

/** `redeliver` by signature of the seller. */
export function redeliverTypedData(options: VerbContext & { artifactHash: Hex }) {
  const { artifactHash } = options
  return verb('Redeliver', [{ name: 'artifactHash', type: 'bytes32' }], options, { artifactHash })
}

/** `defend` by signature of the seller. */
export function defendTypedData(options: VerbContext & { responseHash: Hex }) {
  const { responseHash } = options
  return verb('Defend', [{ name: 'responseHash', type: 'bytes32' }], options, { responseHash })
}

/** `refund` by signature of the seller. */
export function refundTypedData(options: VerbContext) {
  return verb('Refund', [], options, {})
}

/** `dispute` by signature of either party. */
export function disputeTypedData(options: VerbContext & { claimHash: Hex }) {
  const { claimHash } = options
  return verb('Dispute', [{ name: 'claimHash', type: 'bytes32' }], options, { claimHash })
}

/** `settle` by signature of each party; `sellerBps` in basis points. */
export function settleTypedData(options: VerbContext & { sellerBps: bigint }) {
  const { sellerBps } = options
  return verb('Settle', [{ name: 'sellerBps', type: 'uint256' }], options, { sellerBps })
}

/** `amend` by signature of each party. */
export function amendTypedData(options: VerbContext & { amendedId: Hex }) {
  const { amendedId } = options
  return verb('Amend', [{ name: 'amendedId', type: 'bytes32' }], options, { amendedId })
}

/** `escalate` by signature of either party. */
export function escalateTypedData(options: VerbContext) {
  return verb('Escalate', [], options, {})
}

/** `withdraw` of a credit by signature of its owner. */
export function withdrawTypedData(
  options: ContractRef & { owner: Address; to: Address; nonce: bigint; validBefore: bigint },
) {
  const { owner, to, nonce, validBefore } = options
  return {
    domain: escrowDomain(options),
    types: {
      Withdraw: [
        { name: 'owner', type: 'address' },
        { name: 'to', type: 'address' },
        { name: 'nonce', type: 'uint256' },
        { name: 'validBefore', type: 'uint256' },
      ],
    },
    primaryType: 'Withdraw',
    message: { owner, to, nonce, validBefore },
  } as const
}

/** The bytes that a verb takes: `validBefore` in 6 bytes, then the signature. Throws `clause_out_of_range`. */
export function encodeAuthorization(options: { validBefore: bigint; signature: Hex }): Hex {
  const { validBefore, signature } = options
  if (validBefore < 0n || validBefore >= 2n ** 48n) {
    throw new EarnestError('clause_out_of_range', 'validBefore does not fit 48 bits')
  }
  return concat([numberToHex(validBefore, { size: 6 }), signature])
}

/** The authorization of a party that sends the transaction itself. */
export const SELF_AUTHORIZATION: Hex = '0x'

/** The token that is paid in; name and version are read from the chain (they differ between networks). */
export interface TokenRef {
  address: Address
  name: string
  version: string
}

function tokenDomain({ name, version, address }: TokenRef, chainId: number) {
  return { name, version, chainId: BigInt(chainId), verifyingContract: address } as const
}

const RECEIVE_WITH_AUTHORIZATION = [
  { name: 'from', type: 'address' },
  { name: 'to', type: 'address' },
  { name: 'value', type: 'uint256' },
  { name: 'validAfter', type: 'uint256' },
  { name: 'validBefore', type: 'uint256' },
  { name: 'nonce', type: 'bytes32' },
] as const

function payIn(options: {
  token: TokenRef
  chainId: number
  from: Address
  to: Address
  value: bigint
  validBefore: bigint
  nonce: Hex
}) {
  const { token, chainId, ...message } = options
  return {
    domain: tokenDomain(token, chainId),
    types: { ReceiveWithAuthorization: RECEIVE_WITH_AUTHORIZATION },
    primaryType: 'ReceiveWithAuthorization',
    message: { ...message, validAfter: 0n },
  } as const
}

/** What the buyer signs to fund (ERC-3009): it pays and accepts the terms at once, because the nonce is the escrow id. */
export function fundTypedData(options: ContractRef & { terms: Terms; token: TokenRef }) {
  const { terms, chainId, contract, token } = options
  return payIn({
    token,
    chainId,
    from: terms.buyer,
    to: contract,
    value: terms.amount,
    validBefore: BigInt(unpackClauses(terms.clauses).fundBy),
    nonce: escrowId({ terms, chainId, contract }),
  })
}

/** What the buyer signs to fund by permit (EIP-2612): the escrow may take exactly the amount. */
export function permitTypedData(
  options: ContractRef & { terms: Terms; token: TokenRef; nonce: bigint; deadline: bigint },
) {
  const { terms, chainId, contract, token, nonce, deadline } = options
  return {
    domain: tokenDomain(token, chainId),
    types: {
      Permit: [
        { name: 'owner', type: 'address' },
        { name: 'spender', type: 'address' },
        { name: 'value', type: 'uint256' },
        { name: 'nonce', type: 'uint256' },
        { name: 'deadline', type: 'uint256' },
      ],
    },
    primaryType: 'Permit',
    message: { owner: terms.buyer, spender: contract, value: terms.amount, nonce, deadline },
  } as const
}

/** The ERC-3009 nonce of a batch: keccak256("earnest/batch" || ids). */
export function batchNonce(ids: readonly Hex[]): Hex {
  return keccak256(concat([stringToHex('earnest/batch'), ...ids]))
}

/** What one buyer signs to fund many escrows (ERC-3009). Throws `empty_batch`, `mixed_batch`. */
export function fundBatchTypedData(
  options: ContractRef & { terms: readonly Terms[]; token: TokenRef },
) {
  const { terms, chainId, contract, token } = options
  const [first] = terms
  if (first === undefined) throw new EarnestError('empty_batch', 'No terms to fund')
  if (terms.some(({ buyer }) => buyer.toLowerCase() !== first.buyer.toLowerCase())) {
    throw new EarnestError('mixed_batch', 'A batch has one buyer')
  }
  const deadlines = terms.map(({ clauses }) => unpackClauses(clauses).fundBy)
  return payIn({
    token,
    chainId,
    from: first.buyer,
    to: contract,
    value: terms.reduce((sum, { amount }) => sum + amount, 0n),
    validBefore: BigInt(Math.min(...deadlines)),
    nonce: batchNonce(terms.map((each) => escrowId({ terms: each, chainId, contract }))),
  })
}

/** What a disputer signs to pay its stake and dispute at once (ERC-3009): the nonce is the digest of the `Dispute`. */
export function stakeTypedData(
  options: VerbContext & { claimHash: Hex; stake: bigint; token: TokenRef },
) {
  const { token, chainId, contract, actor, stake, validBefore } = options
  const nonce = hashTypedData(disputeTypedData(options))
  return payIn({ token, chainId, from: actor, to: contract, value: stake, validBefore, nonce })
}

/** The ERC-3009 nonce of an appeal: keccak256("earnest/appeal" || id). */
export function appealNonce(escrowId: Hex): Hex {
  return keccak256(concat([stringToHex('earnest/appeal'), escrowId]))
}

/** What an appellant signs to pay its bond and appeal at once (ERC-3009); the arbiter holds the bond. */
export function appealTypedData(options: {
  chainId: number
  arbiter: Address
  escrowId: Hex
  by: Address
  /** Base units: the ladder's appealBond. */
  bond: bigint
  validBefore: bigint
  token: TokenRef
}) {
  const { chainId, arbiter, escrowId, by, bond, validBefore, token } = options
  const nonce = appealNonce(escrowId)
  return payIn({ token, chainId, from: by, to: arbiter, value: bond, validBefore, nonce })
}

/** What a seller signs to stake a bond (ERC-3009): the nonce is keccak256("earnest/bond" || salt). */
export function bondTypedData(options: {
  chainId: number
  vault: Address
  seller: Address
  /** Base units. */
  amount: bigint
  salt: Hex
  validBefore: bigint
  token: TokenRef
}) {
  const { chainId, vault, seller, amount, salt, validBefore, token } = options
  const nonce = keccak256(concat([stringToHex('earnest/bond'), salt]))
  return payIn({ token, chainId, from: seller, to: vault, value: amount, validBefore, nonce })
}

/** What a buyer signs to claim against a bond (ERC-3009): the nonce is keccak256("earnest/claim" || id || claimHash). */
export function recourseTypedData(options: {
  chainId: number
  vault: Address
  escrowId: Hex
  buyer: Address
  /** Base units: one arbitration fee. */
  stake: bigint
  claimHash: Hex
  validBefore: bigint
  token: TokenRef
}) {
  const { chainId, vault, escrowId, buyer, stake, claimHash, validBefore, token } = options
  const nonce = keccak256(concat([stringToHex('earnest/claim'), escrowId, claimHash]))
  return payIn({ token, chainId, from: buyer, to: vault, value: stake, validBefore, nonce })
}
