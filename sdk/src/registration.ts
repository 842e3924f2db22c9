import type { SignedPact } from './protocol/pact.ts'
import type { RegisterPact } from './protocol/route.ts'

/** What `registerPact` takes for a signed pact: the same for both parties, and once for all tries. */
export function registrationOf(
  { pact, pactHash, buyerSignature, sellerSignature }: SignedPact,
  deposits: NonNullable<RegisterPact['deposits']> = [],
): { body: RegisterPact } {
  return {
    body: {
      pactHash,
      buyerDid: pact.buyer.did,
      sellerDid: pact.seller.did,
      buyerSignature,
      sellerSignature,
      terms: pact,
      ...(deposits.length > 0 && { deposits }),
    },
  }
}
