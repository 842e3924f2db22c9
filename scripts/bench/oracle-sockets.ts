import { performance } from 'node:perf_hooks'
import { serve } from '@hono/node-server'
import { type Context, Hono } from 'hono'
import {
  createDesk,
  pactOf,
  register,
  registrationOf,
  signedRequest,
} from '../../test/oracle/support/world.ts'

/** Requests a second and the time that 99 of 100 stay below. */
type Pace = { rps: number; p99Ms: number }

/** A route beside a bare one of the same run, median of the rounds. */
export type RouteFigures = Pace & { bareRps: number; ratio: number }

export type SocketFigures = {
  trust: RouteFigures
  trustNonce: RouteFigures
  registerPact: RouteFigures
}

type Target = { url: string; init?: RequestInit; status: number }

const CONNECTIONS = 32

/**
 * The routes that matter against a bare Hono route, over real sockets, in one process and in turns:
 * the client's own work weighs on both sides alike.
 */
export async function measureSockets({
  rounds = 7,
  requests = 3_000,
  writes = 200,
}: {
  rounds?: number
  requests?: number
  writes?: number
} = {}): Promise<SocketFigures> {
  const unlimited = { burst: 1e9, perSecond: 1e9 }
  const desk = await createDesk({ app: { readLimit: unlimited, writeLimit: unlimited } })
  await register(desk, desk.buyer)
  await register(desk, desk.seller)
  const path = `/api/v1/trust/${encodeURIComponent(desk.seller.identity.did)}`
  const answer = (await (await desk.app.request(path)).json()) as object
  const bare = new Hono()
    .get('/bare', (http: Context) => http.json(answer))
    .post('/bare', async (http: Context) => {
      await http.req.arrayBuffer()
      return http.json(answer)
    })
  const servers = { oracle: await listen(desk.app.fetch), bare: await listen(bare.fetch) }

  const times = (count: number, target: (i: number) => Target) =>
    Array.from({ length: count }, (_, i) => target(i))
  /** Signed beforehand: who trades does that on a machine of its own. */
  const pacts = (count: number): Target[] =>
    times(count, () => {
      const body = registrationOf(desk, pactOf(desk, { paymentUsdc: '0.01' }))
      const request = { by: desk.buyer, method: 'POST', path: '/api/v1/pacts', body } as const
      const init = signedRequest(desk, request)
      return { url: `${servers.oracle.url}/api/v1/pacts`, init, status: 201 }
    })
  const plans = {
    bare: () => times(requests, () => ({ url: `${servers.bare.url}/bare`, status: 200 })),
    trust: () => times(requests, () => ({ url: servers.oracle.url + path, status: 200 })),
    nonce: () =>
      times(Math.ceil(requests / 10), () => ({
        url: `${servers.oracle.url}${path}?nonce=${crypto.randomUUID()}`,
        status: 200,
      })),
    pacts: () => pacts(writes),
    barePost: () =>
      pacts(writes).map(({ init }) => ({
        url: `${servers.bare.url}/bare`,
        init: init ?? {},
        status: 200,
      })),
  }
  type Name = keyof typeof plans
  const figures: Record<Name, Pace[]> = { bare: [], trust: [], nonce: [], pacts: [], barePost: [] }
  for (let round = 0; round <= rounds; round++) {
    for (const name of Object.keys(plans) as Name[]) {
      const pace = await run(plans[name]())
      // The first round warms up.
      if (round > 0) figures[name].push(pace)
    }
  }
  for (const server of Object.values(servers)) server.close()
  await desk.close()
  const against = (name: Name, other: Name): RouteFigures => {
    const [own, plain] = [middle(figures[name]), middle(figures[other])]
    return { ...own, bareRps: plain.rps, ratio: round3(plain.rps / own.rps) }
  }
  return {
    trust: against('trust', 'bare'),
    trustNonce: against('nonce', 'bare'),
    registerPact: against('pacts', 'barePost'),
  }
}

function listen(fetch: Hono['fetch']): Promise<{ url: string; close(): void }> {
  return new Promise((resolve) => {
    const server = serve({ fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
      resolve({ url: `http://127.0.0.1:${port}`, close: () => server.close() }),
    )
    // Signing what is sent next blocks this process for longer than idle connections would live.
    if ('keepAliveTimeout' in server) server.keepAliveTimeout = 600_000
  })
}

async function run(targets: Target[]): Promise<Pace> {
  const durations: number[] = []
  let next = 0
  const started = performance.now()
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let target = targets[next++]; target; target = targets[next++]) {
        const from = performance.now()
        const response = await fetch(target.url, target.init)
        const text = await response.text()
        if (response.status !== target.status) throw new Error(`${response.status}: ${text}`)
        durations.push(performance.now() - from)
      }
    }),
  )
  const seconds = (performance.now() - started) / 1_000
  durations.sort((left, right) => left - right)
  const p99Ms = durations[Math.floor(0.99 * durations.length)] ?? Number.NaN
  return { rps: Math.round(targets.length / seconds), p99Ms: round3(p99Ms) }
}

function middle(paces: readonly Pace[]): Pace {
  const of = (name: keyof Pace): number => {
    const sorted = paces.map((pace) => pace[name]).sort((left, right) => left - right)
    return sorted[sorted.length >> 1] ?? Number.NaN
  }
  return { rps: of('rps'), p99Ms: of('p99Ms') }
}

function round3(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
