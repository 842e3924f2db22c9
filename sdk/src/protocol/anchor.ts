import * as z from 'zod'
import { canonicalText } from './canonical.ts'
import { decode, encode } from './decode.ts'
import { did } from './did.ts'
import { EarnestError } from './error.ts'
import { hash } from './hash.ts'
import { type KeyResolver, ownKey } from './key.ts'
import { signature, verifyBody } from './signature.ts'
import { utc } from './time.ts'

/** What the memo of an anchor begins with, on whatever chain. */
const TAG = 'earnest/v1/anchor '

const anchorBodySchema = z.strictObject({
  oracle: did,
  /** Merkle root of the first `size` facts. */
  eventRoot: hash,
  size: z.int().min(1),
  asOf: utc,
})

/** An oracle's word on its event set, the same for every chain (signature type "anchor" over all other fields; TAP-06). */
export const anchorStatementSchema = anchorBodySchema.extend({ signature })
export type AnchorStatement = z.output<typeof anchorStatementSchema>

/** A statement and where it stands on a chain. */
export const anchorRecordSchema = z.object({
  statement: anchorStatementSchema,
  /** CAIP-2. */
  chain: z.string().regex(/^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$/),
  /** The transaction whose data are the memo, as its chain writes it; null while it is under way. */
  reference: z.string().min(1).max(128).nullable(),
})
export type AnchorRecord = z.output<typeof anchorRecordSchema>

/** Signs a statement as the oracle. */
export function signAnchor(
  body: Omit<AnchorStatement, 'signature'>,
  sign: (signing: { type: 'anchor'; body: unknown }) => string,
): AnchorStatement {
  const wire = encode(anchorBodySchema, body, 'invalid_anchor')
  return { ...body, signature: sign({ type: 'anchor', body: wire }) }
}

/** The text that goes on a chain: calldata of an EVM transaction, a memo of Solana (UTF-8, below 400 bytes). */
export function anchorMemo(statement: AnchorStatement): string {
  return TAG + canonicalText(encode(anchorStatementSchema, statement, 'invalid_anchor'))
}

/**
 * Reads the text of a transaction and checks that this oracle signed it; who sent it does not matter.
 * Throws `invalid_anchor`.
 */
export function readAnchorMemo(
  memo: string,
  { oracle, keyOf = ownKey }: { oracle: string; keyOf?: KeyResolver },
): AnchorStatement {
  if (!memo.startsWith(TAG)) throw new EarnestError('invalid_anchor', 'Not the memo of an anchor')
  let wire: unknown
  try {
    wire = JSON.parse(memo.slice(TAG.length))
  } catch (cause) {
    throw new EarnestError('invalid_anchor', 'Not JSON', { cause })
  }
  const statement = decode(anchorStatementSchema, wire, 'invalid_anchor')
  const { signature, ...said } = statement
  const body = encode(anchorBodySchema, said, 'invalid_anchor')
  const publicKey = keyOf(said.oracle, said.asOf)
  if (said.oracle !== oracle || !verifyBody({ type: 'anchor', body, signature, publicKey })) {
    throw new EarnestError('invalid_anchor', 'Not signed by this oracle')
  }
  return statement
}
