import {
  type Address,
  domainSeparator,
  type Hex,
  keccak256,
  numberToHex,
  pad,
  stringToBytes,
  stringToHex,
} from 'viem'
import type { Addresses, Roles } from './record.ts'

/**
 * The words that each contract has in its code for ever, private ones among them: whoever deploys the
 * same code with another word behind a getter that nobody reads is found by them.
 */
export function wordsOf(
  { escrow, arbiter, committee, vault, governance, token }: Addresses,
  { roles, chainId }: { roles: Roles; chainId: number },
): Record<string, Hex[]> {
  const domain = (name: string, verifyingContract: Address): Hex[] => [
    word(chainId),
    domainSeparator({ domain: { name, version: '1', chainId, verifyingContract } }),
  ]
  // What OpenZeppelin's EIP712 keeps beside the domain.
  const named = (name: string, address: Address): Hex[] => [
    ...domain(name, address),
    word(address),
    ...[name, '1'].flatMap((text) => [keccak256(stringToBytes(text)), short(text)]),
  ]
  const numbers = [roles.threshold, roles.seats, roles.panelCost].map(word)
  return {
    PactEscrow: [word(token), ...domain('Earnest PactEscrow', escrow)],
    PactArbiter: [
      ...[governance, roles.guardian, committee, vault, escrow, token].map(word),
      ...numbers,
    ],
    Governance: [],
    Committee: [
      ...[arbiter, escrow, token, roles.memberStake].map(word),
      ...named('Earnest Committee', committee),
    ],
    BondVault: [...[escrow, arbiter, token].map(word), ...named('Earnest BondVault', vault)],
  }
}

function word(value: Address | bigint | number): Hex {
  return typeof value === 'string'
    ? pad(value.toLowerCase() as Hex)
    : numberToHex(value, { size: 32 })
}

/** A string of at most 31 bytes as OpenZeppelin's `ShortString` has it: the bytes, and their number last. */
function short(text: string): Hex {
  return `${stringToHex(text, { size: 31 })}${text.length.toString(16).padStart(2, '0')}`
}
