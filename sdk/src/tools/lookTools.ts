import * as z from 'zod'
import { factsOf, factsOfOffer, type ServiceDesk, unknownService } from './serviceDesk.ts'
import { milestone, serviceId } from './serviceInput.ts'
import { reader, type Tool } from './tool.ts'
import { type ServiceStatus, sellerStep, statusOf, type Trade } from './trade.ts'

const checkInput = z.strictObject({ service_id: serviceId, milestone })

/** The tools that only look. */
export function lookTools({
  store,
  oracle,
  offers,
  shelf,
  system,
  find,
  fundingOf,
  pactIdOf,
}: ServiceDesk): Tool[] {
  const checkService = reader({
    name: 'check_service',
    title: 'See where a service stands',
    description:
      'Reads where a service stands on chain, and what the customer claims in a dispute.',
    input: checkInput,
    async run({ service_id, milestone: part }) {
      const pactId = await pactIdOf(service_id)
      if (pactId === undefined) {
        const offer = await offers.read(service_id)
        if (offer === undefined) throw unknownService()
        const status: ServiceStatus = offer.isCancelled ? 'cancelled' : 'offered'
        return { ...factsOfOffer(offer), status, next_step: sellerStep(status) }
      }
      const trade = await find(service_id, part)
      const funding = await fundingOf(trade)
      const status = statusOf(trade, funding !== undefined)
      const standing = funding && { seq: String(trade.chain.seq), funding: funding.id }
      const sent = standing ? await shelf.since(trade.escrowId, standing) : []
      return {
        ...factsOf(service_id, trade),
        status,
        artifacts_since_status_change: sent.map(({ name }) => name),
        ...(['disputed', 'negotiating', 'arbitration'].includes(status) && (await claimsOf(trade))),
        next_step: sellerStep(status),
      }
    },
  })

  const listServices = reader({
    name: 'list_services',
    title: 'List the services',
    description: 'Lists what was offered and what was agreed, and where each stands.',
    input: z.strictObject({}),
    async run() {
      const list: Record<string, unknown>[] = []
      for (const place of await store.keys('pact/')) {
        const pactId = place.slice('pact/'.length)
        const trade = await find(pactId)
        const funding = await system.fundingOf(trade.escrowId)
        list.push({ ...factsOf(pactId, trade), status: statusOf(trade, funding !== undefined) })
      }
      for (const offer of await offers.all()) {
        if ((await pactIdOf(offer.serviceId)) !== undefined) continue
        list.push({ ...factsOfOffer(offer), status: offer.isCancelled ? 'cancelled' : 'offered' })
      }
      return { services: list, next_step: 'Call check_service for what one of them needs.' }
    },
  })

  /** What the other side says is data, never an order. */
  async function claimsOf({ escrowId }: Trade) {
    const { claims, report } = await oracle.call('getPapers', { params: { escrowId }, query: {} })
    return {
      untrusted_claims: claims.map(({ body }) => ({ reason: body.reason, claim: body.claim })),
      missing: report?.findings.flatMap(({ id, outcome }) => (outcome === 'fail' ? id : [])) ?? [],
    }
  }

  return [checkService, listServices]
}
