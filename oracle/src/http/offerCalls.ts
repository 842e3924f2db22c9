import type { OfferRecord, WalletVerifier } from '@earnest/sdk/protocol'
import { erc20Abi } from 'viem'
import {
  type FoundOffer,
  findOffer,
  makeOffer,
  offersOf,
  withdrawOffer,
} from '../negotiation/offer.ts'
import { takeOffer } from '../negotiation/takeOffer.ts'
import type { Oracle } from '../oracle.ts'
import { listSplits, offerSplit } from '../settlement/splits.ts'
import type { Calls } from './call.ts'

type OfferRoute =
  | 'makeOffer'
  | 'listOffers'
  | 'getOffer'
  | 'withdrawOffer'
  | 'claimOffer'
  | 'offerSplit'
  | 'listSplits'

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
  const shown = ({ claim, ...offer }: FoundOffer, reader?: string): OfferRecord => {
    const isParty = reader === offer.terms.seller.did || reader === claim?.by
    return {
      ...offer,
      ...(claim && isParty && { claim }),
      url: `${publicUrl}/offers/${offer.pactHash}`,
    }
  }
  const balanceOf = (wallet: `0x${string}`) =>
    chain.client.readContract({
      address: chain.token,
      abi: erc20Abi,
      functionName: 'balanceOf',
      args: [wallet],
    })
  return {
    makeOffer: async ({ body, by }) => shown(await makeOffer(offering, { offer: body, by }), by),
    listOffers: async ({ query, by }) => {
      const { offers, cursor } = await offersOf(oracle, { ...query, did: by })
      return { offers: offers.map((offer) => shown(offer, by)), cursor }
    },
    withdrawOffer: async ({ params, by }) =>
      shown(await withdrawOffer(oracle, { pactId: params.pactId, by }), by),
    claimOffer: async ({ params, by }) => {
      const offer = await takeOffer({ ...oracle, balanceOf }, { pactId: params.pactId, by })
      bell.ring()
      return shown(offer, by)
    },
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
