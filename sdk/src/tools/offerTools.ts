import * as z from 'zod'
import { criterionSchema, mime } from '../protocol/criterion.ts'
import { did } from '../protocol/did.ts'
import { hashBytes } from '../protocol/hash.ts'
import { json } from '../protocol/json.ts'
import { formatUsdc, usdc } from '../protocol/money.ts'
import { utc } from '../protocol/time.ts'
import type { SellerOptions } from '../seller.ts'
import type { KeyBook } from './keyBook.ts'
import type { Offer } from './offerBook.ts'
import { factsOfOffer, type ServiceDesk } from './serviceDesk.ts'
import { milestone, serviceId } from './serviceInput.ts'
import { key, refusal, type Tool, writer } from './tool.ts'
import { readTrade, sellerStep, statusOf } from './trade.ts'
import type { Service } from './workbench.ts'

/** Seconds that the engine may take to open a job whose money is confirmed. */
const OPENING_SECONDS = 15

const createInput = z.strictObject({
  key,
  buyer_did: did.optional().describe('For this customer only; leave out for anybody.'),
  capability: z.string().min(1).max(64).describe('One of the services that you were set up with.'),
  description: z.string().min(1).max(5000).describe('What the customer will get, in full.'),
  input: json.describe('What the work is done on, as JSON.'),
  output_formats: z.array(mime).min(1).max(20),
  acceptance: z.array(criterionSchema).min(1).max(50).describe('How the delivery is checked.'),
  price_usdc: usdc.describe('A decimal such as "12.5".'),
  deadline: utc.describe('When it is delivered at the latest, e.g. 2026-01-31T18:00:00Z.'),
})

const cancelInput = z.strictObject({
  key,
  service_id: serviceId,
  milestone,
  reason: z.string().min(1).max(2000),
})

/** The tools that make an offer and take it back. */
export function offerTools(
  { seller, wallet, offers, bench, find, pactIdOf, pactsAbout }: ServiceDesk,
  {
    keys,
    identity,
    policy,
    clock,
    services,
  }: Pick<SellerOptions, 'identity' | 'policy' | 'clock'> & {
    keys: KeyBook
    services: readonly Service[]
  },
): Tool[] {
  const createService = writer(
    {
      name: 'create_service',
      title: 'Offer a service',
      description:
        'Offers a service to a customer: what, how it is checked, for how much, until when. Nothing is binding before both have signed and the escrow is funded.',
      input: createInput,
      async run(input) {
        const wants = policy.capabilities[input.capability]
        if (wants === undefined || !services.some(({ id }) => id === input.capability)) {
          throw refusal(
            'unknown_capability',
            'Not one of your services',
            `Use one of ${services.map(({ id }) => id).join(', ')}, or ask your owner.`,
          )
        }
        if (input.price_usdc < wants.minPaymentUsdc) {
          const least = formatUsdc(wants.minPaymentUsdc)
          throw refusal(
            'price_too_low',
            `Your owner wants at least ${least} USDC`,
            'Raise the price.',
          )
        }
        if (input.deadline < clock.now() + wants.minSeconds) {
          throw refusal('deadline_too_soon', 'The work needs longer', 'Name a later deadline.')
        }
        const offer: Offer = {
          // Out of the key: what a crash cut off is offered under the same id.
          serviceId: `svc_${hashBytes(new TextEncoder().encode(`${identity.did}/${input.key}`)).slice(0, 32)}`,
          ...(input.buyer_did !== undefined && { buyerDid: input.buyer_did }),
          capability: input.capability,
          description: input.description,
          input: input.input,
          outputFormats: input.output_formats,
          acceptance: input.acceptance,
          priceUsdc: input.price_usdc,
          deadlineUtc: input.deadline,
          offeredAt: clock.now(),
          isCancelled: false,
        }
        // What a crash cut off may have been taken up since.
        const known = await offers.read(offer.serviceId)
        if (known === undefined) {
          await offers.write({ ...offer, earlier: await pactsAbout(offer) })
        }
        return { ...factsOfOffer(known ?? offer), next_step: sellerStep('offered') }
      },
    },
    keys,
  )

  const cancelService = writer(
    {
      name: 'cancel_service',
      title: 'Give a service up',
      description:
        'Takes an offer back, or gives funded work up, which pays the customer back in full. After a delivery it is refused.',
      input: cancelInput,
      isDestructive: true,
      async run({ service_id, milestone: part, reason }) {
        const offer = await offers.read(service_id)
        if (offer !== undefined) await offers.write({ ...offer, isCancelled: true })
        const pactId = await pactIdOf(service_id)
        if (pactId === undefined) {
          return { service_id, status: 'cancelled', next_step: sellerStep('cancelled') }
        }
        const trade = await find(service_id, part)
        const { escrowId, pact, chain } = trade
        if (chain.state === 'None') {
          await seller.cancel(pactId, reason)
          return { service_id, status: 'cancelled', next_step: sellerStep('cancelled') }
        }
        if (chain.state !== 'Funded') {
          const status = statusOf(trade, true)
          throw refusal('wrong_status', `The service is ${status}`, sellerStep(status))
        }
        if (!(await bench.waitFor(escrowId, OPENING_SECONDS)) || !bench.abandon(escrowId, reason)) {
          const why = 'The engine is handing this work in, or has not opened it yet'
          throw refusal('not_begun', why, 'Call check_service, then again with the same key.')
        }
        const work = { taskType: pact.capability, escrowId, pactId, milestone: trade.milestone }
        await seller.work.begin(work)
        const status = statusOf(await readTrade(wallet, trade), true)
        return { service_id, escrow_id: escrowId, status, next_step: sellerStep(status) }
      },
    },
    keys,
  )

  return [createService, cancelService]
}
