/** A buyer's process that hires under a given id, beside another that does the same; says what became of it. */
import { createChainClock } from '../../../oracle/src/escrow/clock.ts'
import { createBuyer, createFileStore } from '../../../sdk/src/buyer.ts'
import { isEarnestError } from '../../../sdk/src/protocol/error.ts'
import { createOracleClient } from '../../../sdk/src/trust/oracle.ts'
import { buyerParty, ORACLE_URL, SELLER_URL, type taskOf, walletOf } from './market.ts'

interface Orders {
  folder: string
  chain: string
  /** Stands for every host of the market. */
  gateway: string
  oracleDid: string
  tradeId: string
  /** Base units. */
  payment: string
  task: ReturnType<typeof taskOf>
}

process.once('message', async (orders: Orders) => {
  const via = (async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init)
    const { host, pathname, search } = new URL(request.url)
    const headers = new Headers(request.headers)
    headers.set('x-host', host)
    const body = request.body === null ? {} : { body: await request.arrayBuffer() }
    const { method, signal } = request
    return await fetch(`${orders.gateway}${pathname}${search}`, {
      method,
      headers,
      signal,
      ...body,
    })
  }) as typeof globalThis.fetch
  const { identity, wallet } = buyerParty
  const client = walletOf(orders.chain, wallet)
  const clock = await createChainClock({ client, monotonic: () => 0 })
  setInterval(() => void clock.sync(), 100)
  const { oracleDid: did } = orders
  const buyer = createBuyer({
    identity,
    wallet: client,
    oracles: [createOracleClient({ url: ORACLE_URL, did, clock, identity, fetch: via })],
    clock,
    fetch: via,
    journal: createFileStore({ folder: orders.folder }),
    timeoutMs: 60_000,
    pollIntervalMs: 100,
  })
  const { tradeId, task } = orders
  const paymentUsdc = BigInt(orders.payment)
  const outcome = await buyer.hire(SELLER_URL, { task, paymentUsdc, tradeId }).then(
    ({ escrowId, settlementStatus }) => ({ escrowId, settlementStatus }),
    (error) => ({ code: isEarnestError(error) ? error.code : String(error) }),
  )
  process.send?.(outcome, () => process.exit(0))
})
process.send?.('ready')
