import { SIGNATURE_TYPES, signBody, signingBytes } from '@earnest/sdk/protocol'
import { buyer, buyerSecret } from '../../test/support/pact.ts'
import { hexOf } from './hex.ts'

/** One body signed in every context: no two signatures may agree, none verifies in another context. */
export function signatureVectors() {
  const body = { signer: buyer.did, note: 'the same body everywhere', amount: '0.5' }
  return {
    publicKey: hexOf(buyer.publicKey),
    secretKey: hexOf(buyerSecret),
    body,
    cases: SIGNATURE_TYPES.map((type) => ({
      type,
      signingBytes: hexOf(signingBytes({ type, body })),
      signature: signBody({ type, body, secretKey: buyerSecret }),
    })),
  }
}
