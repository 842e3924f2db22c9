import type { TypedDataDefinition } from 'viem'
import * as z from 'zod'
import { address, bytes, chainId } from './address.ts'
import { encode } from './decode.ts'
import { did, didFromPublicKey, publicKeyFromDid } from './did.ts'
import { EarnestError } from './error.ts'
import { hash, hashBody, hashBytes, toBytes32 } from './hash.ts'
import { signature, verifyBody } from './signature.ts'
import { utc } from './time.ts'
import { IDENTITY_DOMAIN, verifyEcdsa, type WalletVerifier } from './wallet.ts'

/** What one entry of the log says; both signatures are over this body. */
export const keyEntryBodySchema = z.strictObject({
  did,
  seq: z.int().min(0).max(10_000),
  /** The key that this entry reveals, as a did:key. */
  key: did,
  /** SHA-256 of the next public key's 32 bytes; null retires the agent for ever. */
  nextKeyHash: hash.nullable(),
  wallet: address,
  chainId,
  /** From when the key counts. */
  at: utc,
  /** Hash of the entry before; null for the first. */
  previous: hash.nullable(),
})
export type KeyEntryBody = z.output<typeof keyEntryBodySchema>

/** One entry: signed by the key it reveals, co-signed by the wallet, so that a thief of the key cannot sign first. */
export const keyEntrySchema = z.strictObject({
  body: keyEntryBodySchema,
  signature,
  walletSignature: bytes,
})
export type KeyEntry = z.output<typeof keyEntrySchema>

export const keyLogSchema = z.array(keyEntrySchema).min(1).max(1000)
export type KeyLog = z.output<typeof keyLogSchema>

/** When a key counts: from `from` until, but not at, `until` (unix seconds). */
export interface KeyPeriod {
  publicKey: Uint8Array
  from: number
  /** Null: until the next rotation. */
  until: number | null
}

/** A log that was verified. */
export interface KeyHistory {
  did: string
  wallet: `0x${string}`
  periods: KeyPeriod[]
  /** Hash of the last entry. */
  head: string
  /** Unix seconds from which nothing counts, because two logs disagree. */
  frozenAt: number | null
}

/** The commitment to the next key that goes into an entry. */
export function commitToKey(publicKey: Uint8Array): string {
  return hashBytes(publicKey)
}

/** The hash by which the next entry names this one. */
export function hashKeyEntry(body: KeyEntryBody): string {
  return hashBody(encode(keyEntryBodySchema, body, 'invalid_key_log'))
}

/** What the wallet signs for an entry (EIP-712). */
export function keyEntryTypedData(body: KeyEntryBody) {
  return {
    domain: IDENTITY_DOMAIN,
    types: {
      KeyEntry: [
        { name: 'did', type: 'string' },
        { name: 'key', type: 'string' },
        { name: 'seq', type: 'uint256' },
        { name: 'chainId', type: 'uint256' },
        { name: 'entryHash', type: 'bytes32' },
      ],
    },
    primaryType: 'KeyEntry',
    message: {
      did: body.did,
      key: body.key,
      seq: BigInt(body.seq),
      chainId: BigInt(body.chainId),
      entryHash: toBytes32(hashKeyEntry(body)),
    },
  } as const satisfies TypedDataDefinition
}

/**
 * Checks every entry: the first key is the DID, each key was committed to by the entry before, each
 * entry is signed by the key it reveals and by the wallet. Throws `invalid_key_log` (DRV-06).
 */
export async function verifyKeyLog(
  log: KeyLog,
  { now, verifyWallet = verifyEcdsa }: { now: number; verifyWallet?: WalletVerifier },
): Promise<KeyHistory> {
  const first = log[0]?.body
  if (first === undefined) refuse('an empty log')
  const periods: KeyPeriod[] = []
  let earlier: KeyEntryBody | undefined
  for (const entry of log) {
    const { body } = entry
    checkLink(body, earlier)
    if (body.at > now + 300) refuse(`entry ${body.seq} lies in the future`)
    const publicKey = publicKeyFromDid(body.key)
    const wire = encode(keyEntryBodySchema, body, 'invalid_key_log')
    if (!verifyBody({ type: 'key-entry', body: wire, signature: entry.signature, publicKey })) {
      refuse(`entry ${body.seq} is not signed by the key it reveals`)
    }
    // The wallet of the entry before co-signs a change of wallet too: a thief cannot bring its own.
    const wallet = earlier?.wallet ?? body.wallet
    const typedData = keyEntryTypedData(body)
    const chain = earlier?.chainId ?? body.chainId
    const consent = { wallet, chainId: chain, typedData, signature: entry.walletSignature }
    if (!(await verifyWallet(consent))) refuse(`entry ${body.seq} is not co-signed by the wallet`)
    const last = periods.at(-1)
    if (last !== undefined) last.until = body.at
    periods.push({ publicKey, from: earlier === undefined ? 0 : body.at, until: null })
    earlier = body
  }
  const last = periods.at(-1)
  if (earlier === undefined || last === undefined) refuse('an empty log')
  if (earlier.nextKeyHash === null) last.until = earlier.at
  return {
    did: first.did,
    wallet: earlier.wallet,
    periods,
    head: hashKeyEntry(earlier),
    frozenAt: null,
  }
}

/**
 * Joins what we knew with what we are shown, both verified: the longer log wins where one continues
 * the other; a fork freezes the agent from the first entry that differs. Throws `invalid_key_log`
 * for logs of two agents.
 */
export function joinKeyLogs(known: KeyLog, shown: KeyLog): { log: KeyLog; forkAt: number | null } {
  if (known[0]?.body.did !== shown[0]?.body.did) refuse('logs of two agents')
  const shorter = Math.min(known.length, shown.length)
  for (let index = 0; index < shorter; index++) {
    const ours = known[index]?.body
    const theirs = shown[index]?.body
    if (ours === undefined || theirs === undefined) break
    if (hashKeyEntry(ours) !== hashKeyEntry(theirs)) {
      return { log: known, forkAt: Math.min(ours.at, theirs.at) }
    }
  }
  return { log: shown.length > known.length ? shown : known, forkAt: null }
}

/** The key that counted at a time. Throws `key_log_frozen`, `key_not_valid`. */
export function keyAt(history: KeyHistory, at: number): Uint8Array {
  if (history.frozenAt !== null && at >= history.frozenAt) {
    throw new EarnestError('key_log_frozen', 'Two key logs of this agent disagree')
  }
  const period = history.periods.find(
    ({ from, until }) => at >= from && (until === null || at < until),
  )
  if (period === undefined) throw new EarnestError('key_not_valid', 'No key counted at that time')
  return period.publicKey
}

function checkLink(body: KeyEntryBody, earlier: KeyEntryBody | undefined): void {
  if (earlier === undefined) {
    if (body.seq !== 0 || body.previous !== null) refuse('the first entry is missing')
    if (body.key !== body.did) refuse('the first key is not the DID')
    return
  }
  if (body.did !== earlier.did) refuse('entries of two agents')
  if (body.seq !== earlier.seq + 1) refuse('a missing entry')
  if (body.at <= earlier.at) refuse('times do not rise')
  if (body.previous !== hashKeyEntry(earlier)) refuse('a broken chain')
  if (earlier.nextKeyHash === null) refuse('an entry after retirement')
  if (commitToKey(publicKeyFromDid(body.key)) !== earlier.nextKeyHash) {
    refuse('a key that the entry before did not commit to')
  }
}

/** The did:key text of a public key, for an entry's `key`. */
export const keyText = didFromPublicKey

function refuse(what: string): never {
  throw new EarnestError('invalid_key_log', `The key log has ${what}`)
}
