import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Clauses,
  escrowId,
  escrowIdOfPact,
  hashPact,
  packClauses,
  type Terms,
  termsFromPact,
  termsTypedData,
  toBytes32,
  unpackClauses,
} from '@earnest/sdk/protocol'
import fc from 'fast-check'
import type { Address, Hex } from 'viem'
import {
  bytesToHex,
  encodeAbiParameters,
  getAddress,
  hashTypedData,
  keccak256,
  stringToHex,
} from 'viem'
import { samplePact } from '../support/pact.ts'
import { assertCode } from './code.ts'
import { readVector } from './vector.ts'

type TermsVector = Record<string, string> & { contract: Address; id: Hex; clauses: Hex }
const { cases } = readVector<{ cases: TermsVector[] }>('terms.json')

const NUMBERS = {
  milestone: 16,
  fundBy: 40,
  deliverBy: 40,
  reviewWindow: 24,
  responseWindow: 24,
  negotiationWindow: 24,
  arbitrationWindow: 24,
  protocolFeeBps: 16,
  arbitrationFeeBps: 16,
  fallbackSellerBps: 16,
}

const numbers = fc.record(
  Object.fromEntries(
    Object.entries(NUMBERS).map(([name, bits]) => [
      name,
      fc.integer({ min: 0, max: 2 ** bits - 1 }),
    ]),
  ),
) as fc.Arbitrary<Clauses>

describe('terms', () => {
  for (const vector of cases) {
    test(`${vector.name}: word and id by hand, without the typed-data library`, () => {
      const clauses = unpackClauses(BigInt(vector.clauses))
      for (const name of Object.keys(NUMBERS)) {
        assert.equal(String(clauses[name as keyof Clauses]), vector[name], name)
      }
      assert.equal(packClauses(clauses), BigInt(vector.clauses))
      assert.equal(digestByHand(vector), vector.id)
    })
  }

  test('the id of the sample pact is the vector’s', () => {
    assert.equal(escrowIdOfPact({ pact: samplePact() }), cases[0]?.id)
  })

  test('chain, contract, milestone and every field give another id', () => {
    assert.equal(new Set(cases.map(({ id }) => id)).size, cases.length)
  })

  test('[W-10] a substituted pact cannot have the same escrow id', () => {
    const id = escrowIdOfPact({ pact: samplePact() })
    assert.notEqual(escrowIdOfPact({ pact: samplePact({ taskDescription: 'less' }) }), id)
    assert.notEqual(escrowIdOfPact({ pact: samplePact({ paymentUsdc: '450' }) }), id)
  })

  test('terms come out of the pact and nothing else', () => {
    const pact = samplePact()
    const terms = termsFromPact({ pact })
    assert.equal(terms.pactHash, toBytes32(hashPact(pact)))
    assert.equal(terms.amount, 500_000_000n)
    assert.equal(unpackClauses(terms.clauses).deliverBy, pact.deadlineUtc)
    const { chainId, contract } = pact.escrow
    assert.equal(escrowId({ terms, chainId, contract }), escrowIdOfPact({ pact }))
    assertCode(() => termsFromPact({ pact, milestone: 1 }), 'unknown_milestone')
  })

  test('the id is what the typed-data library makes of the terms, and what it refuses has none', () => {
    const bytesOf = (length: number) =>
      fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => bytesToHex(bytes))
    const anyone = fc.oneof(bytesOf(20), bytesOf(20).map(getAddress))
    const anyTerms = fc.record({
      buyer: anyone,
      seller: anyone,
      arbiter: anyone,
      vault: anyone,
      feeRecipient: anyone,
      amount: fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
      pactHash: bytesOf(32),
      ladder: bytesOf(32),
      salt: bytesOf(32),
      clauses: numbers.map(packClauses),
    })
    const ref = { chainId: fc.integer({ min: 1, max: 2 ** 40 }), contract: anyone }
    fc.assert(
      fc.property(fc.record({ terms: anyTerms, ...ref }), (options) => {
        assert.equal(escrowId(options), hashTypedData(termsTypedData(options)))
      }),
    )
    const pact = samplePact()
    const terms = termsFromPact({ pact })
    const { chainId, contract } = pact.escrow
    const wrong = [
      { buyer: `${contract.slice(0, -1)}${contract.at(-1) === '0' ? '1' : '0'}`.toUpperCase() },
      { salt: '0x00' },
      { pactHash: `${terms.pactHash}00` },
      { amount: 2n ** 256n },
      { amount: -1n },
    ] as Partial<Record<keyof Terms, never>>[]
    for (const fault of wrong) {
      assert.throws(() => escrowId({ terms: { ...terms, ...fault }, chainId, contract }))
    }
    assert.throws(() => escrowId({ terms, chainId, contract: '0x12' }))
  })

  test('packing and unpacking are inverse over all numbers', () => {
    fc.assert(
      fc.property(numbers, (clauses) => {
        assert.deepEqual(unpackClauses(packClauses(clauses)), { ...clauses })
      }),
    )
  })

  for (const [name, bits] of Object.entries(NUMBERS)) {
    test(`${name} never spills into its neighbour`, () => {
      const zero = unpackClauses(0n)
      for (const value of [2 ** bits, -1, 0.5, Number.NaN]) {
        assertCode(() => packClauses({ ...zero, [name]: value }), 'clause_out_of_range')
      }
    })
  }

  test('a word with its upper 16 bits set is refused', () => {
    assertCode(() => unpackClauses(1n << 240n), 'clause_out_of_range')
    assertCode(() => unpackClauses(-1n), 'clause_out_of_range')
  })
})

const TYPE =
  'Terms(address buyer,address seller,address arbiter,address vault,uint256 amount,bytes32 pactHash,uint16 milestone,uint40 fundBy,uint40 deliverBy,uint24 reviewWindow,uint24 responseWindow,uint24 negotiationWindow,uint24 arbitrationWindow,uint16 protocolFeeBps,uint16 arbitrationFeeBps,address feeRecipient,uint16 fallbackSellerBps,bytes32 ladder,bytes32 salt)'
const DOMAIN = 'EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)'
const hashText = (text: string) => keccak256(stringToHex(text))

function digestByHand(vector: TermsVector): Hex {
  const fields = [...TYPE.matchAll(/(\w+) (\w+)[,)]/g)]
  // Every field is a static word, so its ABI encoding is its number.
  const values = fields.map(([, , name = '']) => BigInt(vector[name] ?? ''))
  const words = (list: (bigint | Hex)[]) =>
    keccak256(
      encodeAbiParameters(
        list.map(() => ({ type: 'uint256' })),
        list.map(BigInt),
      ),
    )
  const struct = words([hashText(TYPE), ...values])
  const domain = words([
    hashText(DOMAIN),
    hashText('Earnest PactEscrow'),
    hashText('1'),
    BigInt(vector.chainId ?? 0),
    BigInt(vector.contract),
  ])
  return keccak256(`0x1901${domain.slice(2)}${struct.slice(2)}`)
}
