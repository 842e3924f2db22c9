import {
  decodePact,
  escrowId,
  packClauses,
  type Terms,
  termsFromPact,
  toBytes32,
  unpackClauses,
} from '@earnest/sdk/protocol'
import { numberToHex } from 'viem'
import { samplePactWire } from '../../test/support/pact.ts'
import { milestonePactWire } from './pact.ts'

const filled = `0x${'ff'.repeat(20)}` as const

/** Terms, every clause as a field of its own, the packed word and the escrow id (EIP-712 digest). */
export function termsVectors() {
  const sample = termsFromPact({ pact: decodePact(samplePactWire) })
  const staged = decodePact(milestonePactWire)
  const widest: Terms = {
    ...sample,
    vault: filled,
    amount: 2n ** 128n - 1n,
    ladder: toBytes32('ff'.repeat(32)),
    salt: toBytes32('f0'.repeat(32)),
    clauses: packClauses({
      milestone: 65_535,
      fundBy: 2 ** 40 - 2,
      deliverBy: 2 ** 40 - 1,
      reviewWindow: 2 ** 24 - 1,
      responseWindow: 2 ** 24 - 1,
      negotiationWindow: 2 ** 24 - 1,
      arbitrationWindow: 2 ** 24 - 1,
      protocolFeeBps: 65_535,
      arbitrationFeeBps: 65_535,
      fallbackSellerBps: 65_535,
    }),
  }
  const list: [string, Terms, number, `0x${string}`][] = [
    ['the sample pact', sample, 84_532, '0x00000000000000000000000000000000e5c20001'],
    ['on another chain', sample, 8453, '0x00000000000000000000000000000000e5c20001'],
    ['in another contract', sample, 84_532, '0x00000000000000000000000000000000e5c20002'],
    ['milestone 0', termsFromPact({ pact: staged }), 31_337, filled],
    ['milestone 1', termsFromPact({ pact: staged, milestone: 1 }), 31_337, filled],
    ['every field at its widest', widest, 31_337, filled],
  ]
  return {
    cases: list.map(([name, terms, chainId, contract]) => {
      const { clauses, amount, ...rest } = terms
      const numbers = Object.entries(unpackClauses(clauses)).map(([key, n]) => [key, String(n)])
      return {
        name,
        chainId: String(chainId),
        contract,
        ...rest,
        amount: String(amount),
        ...Object.fromEntries(numbers),
        clauses: numberToHex(clauses, { size: 32 }),
        id: escrowId({ terms, chainId, contract }),
      }
    }),
  }
}
