import { Hono } from 'hono'
import { createMemoryStore } from '../../../sdk/src/memoryStore.ts'
import type { OracleClient } from '../../../sdk/src/trust/oracle.ts'
import { createPaywall } from '../../../sdk/src/x402/paywall.ts'
import type { Rail } from '../../../sdk/src/x402/rail.ts'
import { type Market, openSeller, SELLER_URL, sellerParty } from './market.ts'

export const PAYWALL_URL = 'http://paywall.test'
/** Base units. */
export const PRICE = 2_000_000n

/** A seller whose reports cost, and the server that they stand behind; `made` are the paths that were worked for. */
export async function openPaywall(
  market: Market,
  {
    host = 'paywall.test',
    rails = [],
    oracle = market.oracleFor(sellerParty.identity),
  }: { host?: string; rails?: readonly Rail[]; oracle?: OracleClient } = {},
) {
  const made: string[] = []
  const wall = createPaywall({
    id: 'report',
    name: 'Report',
    description: 'The report of one number, as JSON',
    resource(request) {
      const { pathname, search } = new URL(request.url)
      made.push(`${pathname}${search}`)
      return Response.json({ report: pathname.split('/').at(-1), pages: 3 })
    },
    price: () => PRICE,
    outputFormats: ['application/json'],
    acceptance: [
      {
        id: 'report',
        description: 'There is a report with its pages',
        weight: 100,
        verifier: { type: 'path', file: 'deliverable.json', paths: ['/report', '/pages'] },
      },
    ],
  })
  const store = createMemoryStore()
  const seller = await openSeller(market, { skills: [wall.skill], store })
  const { chainId, escrow, token } = market.ground.deployment
  const app = new Hono().use(
    '/reports/*',
    wall.open({
      seller,
      wallet: market.wallet(sellerParty.wallet),
      oracle,
      store,
      clock: market.clock,
      agentUrl: SELLER_URL,
      venue: { chainId, escrow, token },
      rails,
    }),
  )
  market.hosts.set(host, (request) => app.fetch(request))
  await seller.start()
  return { seller, made }
}
