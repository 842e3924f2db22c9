import { EarnestError, type OracleInfo, type WalletVerifier } from '@earnest/sdk/protocol'
import { Hono, type Context as Http } from 'hono'
import type { Address } from 'viem'
import type { Oracle } from '../oracle.ts'
import { agentPage } from './agent.ts'
import { agentsPage } from './agents.ts'
import { assetOf } from './assets.ts'
import { customerPage } from './customer.ts'
import { disputePage } from './dispute.ts'
import { faultPage } from './fault.ts'
import { homePage } from './home.ts'
import type { Html } from './markup.ts'
import { mountModeration } from './moderationRoutes.ts'
import { offerPage } from './offer.ts'
import { oraclePage } from './oracleInfo.ts'
import { PAGE_HEADERS } from './page.ts'
import { tradePage } from './trade.ts'
import { tradesPage } from './trades.ts'

export type PagesOptions = {
  info: Pick<OracleInfo, 'arbiters' | 'attestors' | 'escrow' | 'fees' | 'token'>
  /** Where people reach this oracle. */
  publicUrl: string
  /** Moderators besides those who have the seat of an arbiter. */
  moderators: readonly Address[]
  verifyWallet: WalletVerifier
  /** Counts a request against its client's limit; throws where that is used up. */
  admit: (http: Http) => void
  /** Status and code of an error, as the API would answer it. */
  problemOf: (error: unknown) => { status: number; code: string }
}

/** The oracle for people: pages that need no script to be read. */
export function createPages(oracle: Oracle, options: PagesOptions): Hono {
  const { info, admit, problemOf } = options
  const app = new Hono()
  app.onError((error, http) => {
    const problem = problemOf(error)
    if (http.req.method !== 'GET') return Response.json(problem, { status: problem.status })
    return shown(faultPage(problem), problem.status)
  })

  const get = (path: string, draw: (http: Http) => Promise<Html>) =>
    app.get(path, async (http) => {
      admit(http)
      return shown(draw(http))
    })
  get('/', () => homePage(oracle))
  get('/agents', (http) => agentsPage(oracle, http.req.query()))
  get('/agents/:did', (http) => agentPage(oracle, http.req.param('did') ?? ''))
  get('/trades', (http) => tradesPage(oracle, http.req.query()))
  get('/trades/:escrowId', (http) => tradePage(oracle, http.req.param('escrowId') ?? ''))
  get('/trades/:escrowId/dispute', (http) => disputePage(oracle, http.req.param('escrowId') ?? ''))
  get('/offers/:pactId', (http) =>
    offerPage(oracle, http.req.param('pactId') ?? '', http.req.query()),
  )
  get('/customer', () => customerPage(oracle))
  get('/oracle', () => oraclePage(oracle, info))
  mountModeration(app, oracle, { ...options, arbiters: info.arbiters, show: shown })
  app.get('/assets/:name', asset)
  return app
}

/** True for a browser that wants a page rather than data. */
export function wantsPage(http: Http): boolean {
  return (http.req.header('accept') ?? '').includes('text/html')
}

/** The page of an error. */
export function faultResponse(problem: { status: number; code: string }): Promise<Response> {
  return shown(faultPage(problem), problem.status)
}

async function shown(body: Html | Promise<Html>, status = 200): Promise<Response> {
  return new Response(String(await body), { status, headers: PAGE_HEADERS })
}

async function asset(http: Http): Promise<Response> {
  const found = await assetOf(http.req.param('name') ?? '')
  if (!found) throw new EarnestError('not_found', 'No such file')
  const headers: Record<string, string> = {
    'Content-Type': found.mime,
    'Cache-Control': 'no-cache',
    ETag: found.tag,
    Vary: 'Accept-Encoding',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  }
  if (http.req.header('if-none-match') === found.tag) {
    return new Response(null, { status: 304, headers })
  }
  const small = /\bgzip\b/.test(http.req.header('accept-encoding') ?? '')
  if (small) headers['Content-Encoding'] = 'gzip'
  return new Response(Uint8Array.from(small ? found.gzipped : found.bytes), { headers })
}
