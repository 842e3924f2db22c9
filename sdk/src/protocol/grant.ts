import * as z from 'zod'
import { word } from './address.ts'
import { fileName, mime } from './criterion.ts'
import { encode } from './decode.ts'
import { did } from './did.ts'
import { EarnestError } from './error.ts'
import { hash } from './hash.ts'
import { type KeyResolver, ownKey } from './key.ts'
import { MAX_REQUEST_SKEW, type SignedRequest, signedRequestSchema } from './request.ts'
import { signature, verifyBody } from './signature.ts'
import { signedObject } from './signedObject.ts'
import { utc } from './time.ts'

const fileOfRound = {
  version: z.literal('1'),
  /** SHA-256 of the token in the file's address: names the grant and opens nothing. */
  grantId: hash,
  escrowId: word,
  round: z.int().min(1).max(255),
  name: fileName,
  mime,
  /** Bytes. */
  size: z.int().min(1),
  sha256: hash,
  oracle: did,
}

/** What an oracle gives: one file of one delivery, to one agent, for a time. */
export const grantBodySchema = signedObject({
  ...fileOfRound,
  to: did,
  grantedAt: utc,
  expiresAt: utc,
})

/** A grant that the oracle signed (signature type "grant" over all other fields). */
export const signedGrantSchema = grantBodySchema.extend({ signature })
export type SignedGrant = z.output<typeof signedGrantSchema>

/** What an oracle saw: the last byte of a file went out under a grant (W-28). */
export const readReceiptBodySchema = signedObject({
  ...fileOfRound,
  reader: did,
  readAt: utc,
  /** The reader's own signature on its request for the grant; absent from oracles of before. */
  request: signedRequestSchema.exactOptional(),
})

/** A read that the oracle signed (signature type "read" over all other fields): the proof that an agent has seen a file. */
export const readReceiptSchema = readReceiptBodySchema.extend({ signature })
export type ReadReceipt = z.output<typeof readReceiptSchema>

/** Checks that this oracle gave it. Throws `invalid_grant`. */
export function verifyGrant(
  grant: SignedGrant,
  { oracle, keyOf = ownKey }: { oracle: string; keyOf?: KeyResolver },
): void {
  const { signature, ...body } = grant
  const wire = encode(grantBodySchema, body, 'invalid_grant')
  const publicKey = keyOf(oracle, body.grantedAt)
  if (body.oracle !== oracle || !verifyBody({ type: 'grant', body: wire, signature, publicKey })) {
    throw new EarnestError('invalid_grant', 'Not signed by the oracle')
  }
}

/**
 * Checks that this oracle saw it and, where the receipt says so, that the reader itself asked for the file:
 * that much is not the oracle's word alone. Throws `invalid_read_receipt`.
 */
export function verifyReadReceipt(
  receipt: ReadReceipt,
  { oracle, keyOf = ownKey }: { oracle: string; keyOf?: KeyResolver },
): void {
  const { signature, ...body } = receipt
  const wire = encode(readReceiptBodySchema, body, 'invalid_read_receipt')
  const publicKey = keyOf(oracle, body.readAt)
  if (body.oracle !== oracle || !verifyBody({ type: 'read', body: wire, signature, publicKey })) {
    throw new EarnestError('invalid_read_receipt', 'Not signed by the oracle')
  }
  if (body.request && !isAsked(body, body.request, keyOf)) {
    throw new EarnestError('invalid_read_receipt', 'The reader did not ask for it')
  }
}

function isAsked(
  { reader, oracle, escrowId, readAt }: Omit<ReadReceipt, 'signature'>,
  { signature, ...body }: SignedRequest,
  keyOf: KeyResolver,
): boolean {
  return (
    body.audience === oracle &&
    body.method === 'POST' &&
    body.path.endsWith(`/escrows/${escrowId}/grants`) &&
    body.issuedAt <= readAt + MAX_REQUEST_SKEW &&
    verifyBody({ type: 'request', body, signature, publicKey: keyOf(reader, body.issuedAt) })
  )
}
