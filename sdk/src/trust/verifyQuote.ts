import { encode } from '../protocol/decode.ts'
import { EarnestError } from '../protocol/error.ts'
import { type KeyResolver, ownKey } from '../protocol/key.ts'
import { type Quote, quoteBodySchema } from '../protocol/quote.ts'
import { verifyBody } from '../protocol/signature.ts'

/** Checks that this oracle quoted this trade and that the quote still holds. Throws `quote_mismatch`, `quote_unsigned`, `quote_stale`. */
export function verifyQuote(
  quote: Quote,
  options: {
    buyer: string
    seller: string
    amount: bigint
    oracle: string
    now: number
    keyOf?: KeyResolver
  },
): void {
  const { buyer, seller, amount, oracle, now, keyOf = ownKey } = options
  const { signature, ...body } = quote
  const isOurs = body.buyer === buyer && body.seller === seller && body.amountUsdc === amount
  if (!isOurs || body.oracle !== oracle) {
    throw new EarnestError('quote_mismatch', 'The quote is for another trade')
  }
  const wire = encode(quoteBodySchema, body, 'invalid_quote')
  const publicKey = keyOf(oracle, body.asOf)
  if (!verifyBody({ type: 'quote', body: wire, signature, publicKey })) {
    throw new EarnestError('quote_unsigned', 'Not signed by the oracle')
  }
  if (body.asOf > now + 300 || now >= body.validUntil) {
    throw new EarnestError('quote_stale', 'The quote has run out', { retryable: true })
  }
}
