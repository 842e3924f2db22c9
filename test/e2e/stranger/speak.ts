/**
 * What somebody writes who has read docs/protocol.md and docs/a2a-extension.md and nothing else: Ed25519
 * and SHA-256 out of the platform, an EVM key out of a library, no line of ours.
 */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { type Hex, hashTypedData, type LocalAccount } from 'viem'

export type Json = Record<string, unknown>

const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
/** Base58 of bytes that begin with no zero, as a did:key does. */
const base58 = {
  encode(bytes: Uint8Array): string {
    let number = BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
    let text = ''
    for (; number > 0n; number /= 58n) text = ALPHABET[Number(number % 58n)] + text
    return text
  },
  decode(text: string): Uint8Array {
    let number = 0n
    for (const sign of text) number = number * 58n + BigInt(ALPHABET.indexOf(sign))
    return Buffer.from(number.toString(16), 'hex')
  },
}

/** An agent of a stranger's own making. */
export interface Stranger {
  did: string
  key: KeyObject
  wallet: LocalAccount
}

export function stranger(seed: Uint8Array, wallet: LocalAccount): Stranger {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
  const key = createPrivateKey({ key: Buffer.concat([prefix, seed]), format: 'der', type: 'pkcs8' })
  const raw = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(12)
  return { did: `did:key:z${base58.encode(Uint8Array.from([0xed, 0x01, ...raw]))}`, key, wallet }
}

export function keyOf(did: string): KeyObject {
  const raw = base58.decode(did.slice('did:key:z'.length)).slice(2)
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw])
  return createPublicKey({ key: der, format: 'der', type: 'spki' })
}

/** RFC 8785 of what has ASCII names. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.keys(value).sort()
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical((value as Json)[name])}`).join(',')}}`
}

export const sha256 = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest('hex')
export const hashOf = (body: unknown): string => sha256(canonical(body))

function statement(type: string, body: unknown): Uint8Array {
  return Buffer.concat([Buffer.from(`earnest/v1/${type}\0`), Buffer.from(hashOf(body), 'hex')])
}
export const signBody = ({ key }: Stranger, type: string, body: unknown): string =>
  sign(null, statement(type, body), key).toString('hex')
export const isSigned = (did: string, type: string, body: unknown, signature: unknown): boolean =>
  verify(null, statement(type, body), keyOf(did), Buffer.from(String(signature), 'hex'))

const base64url = (data: string | Uint8Array) => Buffer.from(data).toString('base64url')

/** A compact JWS, or its two outer parts. */
export function jws({ key }: Stranger, header: Json, payload: string) {
  const head = base64url(canonical({ ...header, alg: 'EdDSA' }))
  const body = base64url(payload)
  const signature = base64url(sign(null, Buffer.from(`${head}.${body}`), key))
  return { compact: `${head}.${body}.${signature}`, protected: head, signature }
}

export function bearer(who: Stranger, audience: string, now: number): string {
  const claims = { iss: who.did, aud: audience, iat: now, exp: now + 60, jti: crypto.randomUUID() }
  return jws(who, { typ: 'JWT' }, JSON.stringify(claims)).compact
}

/** Section 7: a signed request to an oracle. */
export async function ask(
  fetch: typeof globalThis.fetch,
  who: Stranger,
  oracle: { url: string; did: string; now: number },
  method: string,
  path: string,
  body: string | Uint8Array = '',
): Promise<Json> {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
  const nonce = crypto.randomUUID()
  const { now: issuedAt, did: audience } = oracle
  const request = { method, path, audience, bodySha256: sha256(bytes), issuedAt, nonce }
  const response = await fetch(oracle.url + path, {
    method,
    headers: {
      'content-type': 'application/json',
      'earnest-signer': who.did,
      'earnest-issued-at': String(issuedAt),
      'earnest-nonce': nonce,
      'earnest-signature': signBody(who, 'request', request),
    },
    ...(bytes.length > 0 && { body: Uint8Array.from(bytes) }),
  })
  const answer = (await response.json()) as Json
  if (!response.ok) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`)
  return answer
}

/** What stands on chain of a pact without milestones: section 5. */
export function escrowOf(pact: Json) {
  const { buyer, seller, escrow, timing } = pact as Record<string, Json>
  const { windows, fundBy } = timing as { windows: Json; fundBy: string }
  const { contract, chainId, arbiter, vault, fees, fallback, ladder } = escrow as Json & {
    fees: Json
    fallback: Json
  }
  const seconds = (time: unknown) => Date.parse(String(time)) / 1000
  const [whole, part = ''] = String(pact.paymentUsdc).split('.')
  const shared = {
    buyer: buyer?.wallet as Hex,
    seller: seller?.wallet as Hex,
    arbiter: arbiter as Hex,
    vault: vault as Hex,
    feeRecipient: fees.recipient as Hex,
    amount: BigInt(`${whole}${part.padEnd(6, '0')}`),
    pactHash: `0x${hashOf(pact)}` as Hex,
    ladder: `0x${ladder}` as Hex,
    salt: `0x${pact.salt}` as Hex,
  }
  const clauses: [name: string, type: string, bits: number, value: number][] = [
    ['milestone', 'uint16', 16, 0],
    ['fundBy', 'uint40', 40, seconds(fundBy)],
    ['deliverBy', 'uint40', 40, seconds(pact.deadlineUtc)],
    ['reviewWindow', 'uint24', 24, Number(windows.review)],
    ['responseWindow', 'uint24', 24, Number(windows.response)],
    ['negotiationWindow', 'uint24', 24, Number(windows.negotiation)],
    ['arbitrationWindow', 'uint24', 24, Number(windows.arbitration)],
    ['protocolFeeBps', 'uint16', 16, Number(fees.protocolBps)],
    ['arbitrationFeeBps', 'uint16', 16, Number(fees.arbitrationBps)],
    ['fallbackSellerBps', 'uint16', 16, Number(fallback.sellerBps)],
  ]
  let shift = 0n
  let word = 0n
  for (const [, , bits, value] of clauses) {
    word |= BigInt(value) << shift
    shift += BigInt(bits)
  }
  const domain = {
    name: 'Earnest PactEscrow',
    version: '1',
    chainId: Number(chainId),
    verifyingContract: contract as Hex,
  }
  const order =
    'address buyer,address seller,address arbiter,address vault,uint256 amount,bytes32 pactHash,uint16 milestone,uint40 fundBy,uint40 deliverBy,uint24 reviewWindow,uint24 responseWindow,uint24 negotiationWindow,uint24 arbitrationWindow,uint16 protocolFeeBps,uint16 arbitrationFeeBps,address feeRecipient,uint16 fallbackSellerBps,bytes32 ladder,bytes32 salt'
  const escrowId = hashTypedData({
    domain,
    types: { Terms: fieldsOf(order) },
    primaryType: 'Terms',
    message: {
      ...shared,
      ...Object.fromEntries(clauses.map(([name, , , value]) => [name, value])),
    },
  })
  return { escrowId, domain, terms: { ...shared, clauses: word }, fundBy: seconds(fundBy) }
}

/** The fields of an EIP-712 type out of its text. */
export const fieldsOf = (text: string): { name: string; type: string }[] =>
  text.split(',').map((field) => {
    const [type = '', name = ''] = field.split(' ')
    return { name, type }
  })

export const TERMS =
  'struct Terms { address buyer; address seller; address arbiter; address vault; address feeRecipient; uint256 amount; bytes32 pactHash; bytes32 ladder; bytes32 salt; uint256 clauses; }'
