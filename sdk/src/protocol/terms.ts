import type { Address, Hex } from 'viem'
import { domainSeparator, hashTypedData, isAddress, keccak256, stringToHex } from 'viem'
import { EarnestError } from './error.ts'
import { toBytes32 } from './hash.ts'
import { hashPact, milestoneOf, type Pact } from './pact.ts'

/** Terms as the ABI of PactEscrow wants them. */
export interface Terms {
  buyer: Address
  seller: Address
  arbiter: Address
  vault: Address
  feeRecipient: Address
  /** USDC base units. */
  amount: bigint
  pactHash: Hex
  ladder: Hex
  salt: Hex
  /** Ten numbers in one word; see `packClauses`. */
  clauses: bigint
}

/** The ten numbers of a clause word: times in unix seconds, windows in seconds, the rest basis points. */
export interface Clauses {
  milestone: number
  fundBy: number
  deliverBy: number
  reviewWindow: number
  responseWindow: number
  negotiationWindow: number
  arbitrationWindow: number
  protocolFeeBps: number
  arbitrationFeeBps: number
  fallbackSellerBps: number
}

/** Where a contract stands: every on-chain signature binds both. */
export interface ContractRef {
  chainId: number
  contract: Address
}

// From the least significant bit, as IPactEscrow has them.
const LAYOUT = [
  ['milestone', 16],
  ['fundBy', 40],
  ['deliverBy', 40],
  ['reviewWindow', 24],
  ['responseWindow', 24],
  ['negotiationWindow', 24],
  ['arbitrationWindow', 24],
  ['protocolFeeBps', 16],
  ['arbitrationFeeBps', 16],
  ['fallbackSellerBps', 16],
] as const

/** Packs ten numbers into the contract's word. Throws `clause_out_of_range`. */
export function packClauses(clauses: Clauses): bigint {
  let word = 0n
  let shift = 0n
  for (const [name, bits] of LAYOUT) {
    const value = clauses[name]
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) {
      throw new EarnestError('clause_out_of_range', `${name} does not fit ${bits} bits`)
    }
    word |= BigInt(value) << shift
    shift += BigInt(bits)
  }
  return word
}

/** The ten numbers of a word. Throws `clause_out_of_range` where the upper 16 bits are used. */
export function unpackClauses(word: bigint): Clauses {
  if (word < 0n || word >> 240n !== 0n) {
    throw new EarnestError('clause_out_of_range', 'The upper 16 bits must be zero')
  }
  let rest = word
  const take = (bits: number): number => {
    const value = Number(rest & ((1n << BigInt(bits)) - 1n))
    rest >>= BigInt(bits)
    return value
  }
  return {
    milestone: take(16),
    fundBy: take(40),
    deliverBy: take(40),
    reviewWindow: take(24),
    responseWindow: take(24),
    negotiationWindow: take(24),
    arbitrationWindow: take(24),
    protocolFeeBps: take(16),
    arbitrationFeeBps: take(16),
    fallbackSellerBps: take(16),
  }
}

/** The on-chain terms of one milestone, out of the pact and nothing else. Throws `unknown_milestone` or the pact's own faults. */
export function termsFromPact({ pact, milestone = 0 }: { pact: Pact; milestone?: number }): Terms {
  const { paymentUsdc, fundBy, deadlineUtc } = milestoneOf(pact, milestone)
  const { escrow, timing } = pact
  return {
    buyer: pact.buyer.wallet,
    seller: pact.seller.wallet,
    arbiter: escrow.arbiter,
    vault: escrow.vault,
    feeRecipient: escrow.fees.recipient,
    amount: paymentUsdc,
    pactHash: toBytes32(hashPact(pact)),
    ladder: toBytes32(escrow.ladder),
    salt: toBytes32(pact.salt),
    clauses: packClauses({
      milestone,
      fundBy,
      deliverBy: deadlineUtc,
      reviewWindow: timing.windows.review,
      responseWindow: timing.windows.response,
      negotiationWindow: timing.windows.negotiation,
      arbitrationWindow: timing.windows.arbitration,
      protocolFeeBps: escrow.fees.protocolBps,
      arbitrationFeeBps: escrow.fees.arbitrationBps,
      fallbackSellerBps: escrow.fallback.sellerBps,
    }),
  }
}

/** EIP-712 domain of the escrow. */
export function escrowDomain({ chainId, contract }: ContractRef) {
  return {
    name: 'Earnest PactEscrow',
    version: '1',
    chainId: BigInt(chainId),
    verifyingContract: contract,
  } as const
}

const FIELDS = [
  { name: 'buyer', type: 'address' },
  { name: 'seller', type: 'address' },
  { name: 'arbiter', type: 'address' },
  { name: 'vault', type: 'address' },
  { name: 'amount', type: 'uint256' },
  { name: 'pactHash', type: 'bytes32' },
  { name: 'milestone', type: 'uint16' },
  { name: 'fundBy', type: 'uint40' },
  { name: 'deliverBy', type: 'uint40' },
  { name: 'reviewWindow', type: 'uint24' },
  { name: 'responseWindow', type: 'uint24' },
  { name: 'negotiationWindow', type: 'uint24' },
  { name: 'arbitrationWindow', type: 'uint24' },
  { name: 'protocolFeeBps', type: 'uint16' },
  { name: 'arbitrationFeeBps', type: 'uint16' },
  { name: 'feeRecipient', type: 'address' },
  { name: 'fallbackSellerBps', type: 'uint16' },
  { name: 'ladder', type: 'bytes32' },
  { name: 'salt', type: 'bytes32' },
] as const

/** The terms as a wallet shows them: every clause a named field. */
export function termsTypedData({ terms, chainId, contract }: ContractRef & { terms: Terms }) {
  const { clauses, ...rest } = terms
  const numbers = unpackClauses(clauses)
  return {
    domain: escrowDomain({ chainId, contract }),
    types: { Terms: FIELDS },
    primaryType: 'Terms',
    message: { ...rest, ...numbers },
  } as const
}

/** The escrow id: the EIP-712 digest of the terms, known to both sides before a cent moves. */
export function escrowId(options: ContractRef & { terms: Terms }): Hex {
  const typedData = termsTypedData(options)
  const words = FIELDS.map(({ name, type }) => wordOf(type, typedData.message[name]))
  // What is no such word is refused by whoever refuses it in a wallet.
  if (words.includes(undefined) || !isAddress(options.contract)) return hashTypedData(typedData)
  const struct = keccak256(`${TYPE_HASH}${words.join('')}`)
  return keccak256(`0x1901${separatorOf(options)}${struct.slice(2)}`)
}

const TYPE_HASH = keccak256(
  stringToHex(`Terms(${FIELDS.map(({ name, type }) => `${type} ${name}`).join(',')})`),
)

/** The 32 bytes of a value in hex (EIP-712 encodeData); undefined for a value that is none of its type. */
function wordOf(type: (typeof FIELDS)[number]['type'], value: Hex | bigint | number) {
  if (typeof value !== 'string') {
    const bits = BigInt(type.slice('uint'.length))
    const number = BigInt(value)
    return number >= 0n && number >> bits === 0n ? word(number.toString(16)) : undefined
  }
  const isValid = type === 'address' ? isAddress(value) : /^0x[0-9a-fA-F]{64}$/.test(value)
  return isValid ? word(value.slice(2)) : undefined
}

function word(hex: string): string {
  return hex.padStart(64, '0')
}

const separators = new Map<string, string>()
/** Contracts kept ready; a stranger's are worth no memory without a bound. */
const MAX_SEPARATORS = 64

function separatorOf({ chainId, contract }: ContractRef): string {
  const name = `${chainId}/${contract}`
  const known = separators.get(name)
  if (known !== undefined) return known
  const domain = domainSeparator({ domain: escrowDomain({ chainId, contract }) }).slice(2)
  if (separators.size >= MAX_SEPARATORS) separators.clear()
  separators.set(name, domain)
  return domain
}

/** The escrow id of one milestone of a pact. */
export function escrowIdOfPact({ pact, milestone = 0 }: { pact: Pact; milestone?: number }): Hex {
  const { chainId, contract } = pact.escrow
  return escrowId({ terms: termsFromPact({ pact, milestone }), chainId, contract })
}
