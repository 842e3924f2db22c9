import { performance } from 'node:perf_hooks'
import { serve } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import { createDesk, register } from '../../test/oracle/support/world.ts'

/**
 * `GET /trust/:id` against a bare Hono route that answers the same JSON, over real sockets, in one
 * process and in turns. Prints one JSON object: requests a second, medians of the rounds, and ratios
 * (bare over trust: 1.5 is the bar).
 */
const rounds = 7
const requests = 3000
const connections = 32

const unlimited = { burst: 1e9, perSecond: 1e9 }
const desk = await createDesk({ app: { readLimit: unlimited, writeLimit: unlimited } })
await register(desk, desk.seller)
const id = encodeURIComponent(desk.seller.identity.did)
const path = `/api/v1/trust/${id}`
const body = (await (await desk.app.request(path)).json()) as object
const bare = new Hono().get('/bare', (http: Context) => http.json(body))

const listen = (fetch: Hono['fetch']) =>
  new Promise<{ url: string; close(): void }>((resolve) => {
    const server = serve({ fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
      resolve({ url: `http://127.0.0.1:${port}`, close: () => server.close() }),
    )
  })
const servers = { trust: await listen(desk.app.fetch), bare: await listen(bare.fetch) }

let nonce = 0
const targets = {
  bare: { url: () => `${servers.bare.url}/bare`, requests },
  trust: { url: () => `${servers.trust.url}${path}`, requests },
  nonce: { url: () => `${servers.trust.url}${path}?nonce=${nonce++}`, requests: 300 },
}

async function measure({ url, requests: count }: (typeof targets)['bare']): Promise<number> {
  let left = count
  const started = performance.now()
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (left-- > 0) {
        const response = await fetch(url())
        if (response.status !== 200) throw new Error(`status ${response.status}`)
        await response.arrayBuffer()
      }
    }),
  )
  return (count * 1000) / (performance.now() - started)
}

const figures: Record<keyof typeof targets, number[]> = { bare: [], trust: [], nonce: [] }
for (let round = 0; round <= rounds; round++) {
  for (const name of ['bare', 'trust', 'nonce'] as const) {
    const perSecond = await measure(targets[name])
    // The first round warms up.
    if (round > 0) figures[name].push(perSecond)
  }
}
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0
const [plain, trust, fresh] = [median(figures.bare), median(figures.trust), median(figures.nonce)]
process.stdout.write(
  `${JSON.stringify({
    perSecond: { bare: Math.round(plain), trust: Math.round(trust), nonce: Math.round(fresh) },
    bareOverTrust: Number((plain / trust).toFixed(3)),
    bareOverNonce: Number((plain / fresh).toFixed(2)),
  })}\n`,
)
for (const server of Object.values(servers)) server.close()
await desk.close()
process.exit(0)
