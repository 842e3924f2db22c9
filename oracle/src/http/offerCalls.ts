import type { OfferRecord, WalletVerifier } from '@earnest/sdk/protocol'
import { type FoundOffer, findOffer, makeOffer, offersOf } from '../negotiation/offer.ts'
import type { Oracle } from '../oracle.ts'
import { listSplits, offerSplit } from '../settlement/splits.ts'
import type { Calls } from './call.ts'

type OfferRoute = 'makeOffer' | 'listOffers' | 'getOffer' | 'offerSplit' | 'listSplits'

/** The functions behind the routes by which an agent and a person come together. */
export function createOfferCalls(
  oracle: Oracle,
  { publicUrl, verifyWallet }: { publicUrl: string; verifyWallet: WalletVerifier },
): Pick<Calls, OfferRoute> {
  const { chain, bell } = oracle
  const offering = {
    ...oracle,
    chain: { chainId: chain.chainId, contract: chain.escrow, token: chain.token },
  }
  const shown = (offer: FoundOffer): OfferRecord => ({
    ...offer,
    url: `${publicUrl}/offers/${offer.pactHash}`,
  })
  return {
    makeOffer: async ({ body, by }) => shown(await makeOffer(offering, { offer: body, by })),
    listOffers: async ({ by }) => ({ offers: (await offersOf(oracle, by)).map(shown) }),
    getOffer: async ({ params }) => shown(await findOffer(oracle, params.pactId)),
    offerSplit: async ({ params, body, by }) => {
      const { escrowId } = params
      const splits = await offerSplit({ ...oracle, verifyWallet }, { escrowId, offer: body, by })
      bell.ring()
      return { splits }
    },
    listSplits: async ({ params, by }) => ({
      splits: await listSplits(oracle, { escrowId: params.escrowId, by }),
    }),
  }
}
