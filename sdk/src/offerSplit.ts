import type { BuyerContext } from './buyerContext.ts'
import { escrowOfPact } from './escrow/client.ts'
import { authorizeSettle, settle } from './escrow/settle.ts'
import { readTrade } from './journal.ts'
import { encode } from './protocol/decode.ts'
import { EarnestError } from './protocol/error.ts'
import { offerMessageSchema, type ResponseMessage, signOffer } from './protocol/message.ts'

/** Shares of the seller, in hundredths of a percent. */
export interface SplitOffer {
  sellerBps: number
  /** A counter-offer up to this is taken; default: none above the offer. */
  maxSellerBps?: number
}

/**
 * Offers the seller of a disputed trade a signed split and takes its counter-offer up to the limit. Throws
 * `unknown_trade`, `unknown_pact`, `offer_declined`, `agent_unreachable` (retryable), `invalid_signature`.
 */
export async function offerSplit(
  { identity, wallet, relay, clock, journal, channelTo }: BuyerContext,
  tradeId: string,
  { sellerBps, maxSellerBps = sellerBps }: SplitOffer,
): Promise<void> {
  const { signed, endpoint, milestone } = await readTrade(journal, tradeId)
  if (signed === null) throw new EarnestError('unknown_pact', 'This trade has no pact yet')
  const { pact } = signed
  const escrow = escrowOfPact({ pact, milestone })
  const authorization = await authorizeSettle(wallet, { escrow, sellerBps })
  const body = {
    escrowId: escrow.escrowId as `0x${string}`,
    pactId: signed.pactHash,
    ...(pact.milestones && { milestone }),
    sellerBps,
    authorization: authorization.toLowerCase() as `0x${string}`,
    offeredBy: identity.did,
    offeredAt: clock.now(),
  }
  const payload = { ...body, signature: signOffer({ body, identity }) }
  const message = { taskType: 'settlement_offer', payload } as const
  // A message of its own: the task of the trade may have ended with it.
  const { response } = await channelTo(endpoint).send(
    encode(offerMessageSchema, message, 'invalid_offer'),
  )
  if (response?.status === 'counter_offered' && response.sellerBps <= maxSellerBps) {
    const { authorization: counterAuthorization } = response
    const agreed = { escrow, sellerBps: response.sellerBps, counterAuthorization }
    await settle(wallet, { ...agreed, ...(relay && { relay }) })
  } else if (response?.status !== 'settled') {
    throw notSettled(response)
  }
}

function notSettled(response: ResponseMessage | undefined): EarnestError {
  const [reasonCode, reason] =
    response?.status === 'declined'
      ? [response.reasonCode, response.reason]
      : response?.status === 'counter_offered'
        ? ['counter_too_high', response.reason]
        : ['invalid_response', 'No answer to the offer']
  return new EarnestError('offer_declined', `The seller did not settle: ${reason}`, {
    details: { reasonCode, reason },
  })
}
