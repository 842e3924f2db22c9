import {
  bytes,
  decisionSchema,
  decode,
  EarnestError,
  type WalletVerifier,
  word,
} from '@earnest/sdk/protocol'
import type { Hono, Context as Http } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Address } from 'viem'
import * as z from 'zod'
import type { Oracle } from '../oracle.ts'
import { decide } from '../settlement/moderation/decide.ts'
import { type Bench, benchOf } from '../settlement/moderation/moderators.ts'
import { openFile } from '../settlement/moderation/open.ts'
import {
  closeSession,
  findSession,
  openSession,
  type Session,
} from '../settlement/moderation/session.ts'
import type { Html } from './markup.ts'
import { casePage, queuePage, signInPage } from './moderation.ts'

export type ModerationOptions = {
  arbiters: readonly Address[]
  /** Moderators besides those who have the seat of an arbiter. */
  moderators: readonly Address[]
  publicUrl: string
  verifyWallet: WalletVerifier
  admit: (http: Http) => void
  show: (body: Html | Promise<Html>) => Promise<Response>
}

/** The browser sends it back to this host alone, and shows it to no script. */
const COOKIE = 'earnest-moderator'
/** Bytes of a form: a reason and its frame. */
const MAX_FORM = 64 * 1024

const signInSchema = z.strictObject({
  moderator: z.string().regex(/^0x[0-9a-fA-F]{40}$/),
  issuedAt: z.int().min(0),
  nonce: z.uuid(),
  signature: bytes,
})
const signedDecisionSchema = z.strictObject({ decision: decisionSchema, signature: bytes })

/** The moderator's desk; every write comes from a page of ours, in a session of a moderator. */
export function mountModeration(app: Hono, oracle: Oracle, options: ModerationOptions): void {
  const { chain, clock } = oracle
  const { arbiters, moderators, publicUrl, verifyWallet, admit, show } = options
  const bench = (arbiter: Address) => benchOf(chain, { arbiter, named: moderators })
  const people = async () =>
    (await Promise.all(arbiters.map(bench))).flatMap((each) => [...each.people])
  const session = async (http: Http): Promise<Session> => {
    const token = getCookie(http, COOKIE)
    if (!token) throw new EarnestError('session_unknown', 'Sign in first')
    return findSession({ ...oracle, people }, token)
  }
  /** The bench of a case, for who sits on it; the papers of another arbiter's case are not theirs. */
  const benchFor = async (escrowId: string, { moderator }: Session): Promise<Bench> => {
    const record = await oracle.db
      .selectFrom('escrow')
      .select('arbiter')
      .where('escrow_id', '=', escrowId)
      .executeTakeFirst()
    const arbiter = arbiters.find((each) => each.toLowerCase() === record?.arbiter.toLowerCase())
    if (!arbiter) throw new EarnestError('escrow_unknown', 'No such escrow')
    const found = await bench(arbiter)
    if (found.people.includes(moderator)) return found
    throw new EarnestError('not_moderator', 'Not of this arbiter')
  }

  app.get('/moderation', async (http) => {
    admit(http)
    const own = await session(http).catch(() => undefined)
    return show(own ? queuePage(oracle, own) : signInPage(oracle))
  })

  app.get('/moderation/:escrowId', async (http) => {
    admit(http)
    const escrowId = decode(word, http.req.param('escrowId'), 'escrow_unknown')
    const own = await session(http)
    const seated = await benchFor(escrowId, own)
    return show(casePage(oracle, { escrowId, session: own, bench: seated }))
  })

  app.get('/moderation/:escrowId/files/:name', async (http) => {
    admit(http)
    const escrowId = decode(word, http.req.param('escrowId'), 'escrow_unknown')
    const own = await session(http)
    await benchFor(escrowId, own)
    const name = http.req.param('name')
    const file = await openFile(oracle, { escrowId, name, by: own.moderator })
    return new Response(ReadableStream.from(file.bytes), {
      headers: {
        'Content-Type': 'application/octet-stream',
        'Content-Length': String(file.size),
        // Saved, never shown: it is a party's.
        'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(file.name)}`,
        'Content-Security-Policy': "default-src 'none'; sandbox",
        'X-Content-Type-Options': 'nosniff',
        'Cache-Control': 'no-store',
      },
    })
  })

  app.post('/moderation/session', async (http) => {
    admit(http)
    assertOwnPage(http)
    const signIn = decode(signInSchema, await formOf(http), 'invalid_request')
    const { token, lifetime } = await openSession(
      { ...oracle, chainId: chain.chainId, people: await people(), verifyWallet },
      { ...signIn, moderator: signIn.moderator as Address },
    )
    setCookie(http, COOKIE, token, {
      httpOnly: true,
      sameSite: 'Strict',
      secure: publicUrl.startsWith('https:'),
      path: '/moderation',
      maxAge: lifetime,
    })
    return http.json({ until: clock.now() + lifetime })
  })

  app.post('/moderation/sign-out', async (http) => {
    admit(http)
    assertForm(http, await session(http))
    await closeSession(oracle, getCookie(http, COOKIE) ?? '')
    deleteCookie(http, COOKIE, { path: '/moderation' })
    return http.json({})
  })

  app.post('/moderation/decisions', async (http) => {
    admit(http)
    const own = await session(http)
    assertForm(http, own)
    const { decision, signature } = decode(
      signedDecisionSchema,
      await formOf(http),
      'reason_missing',
    )
    const context = {
      ...oracle,
      chainId: chain.chainId,
      bench: await benchFor(decision.escrowId, own),
      verifyWallet,
    }
    return http.json(await decide(context, { decision, by: own.moderator, signature }))
  })

  /** A browser says where a form comes from; one from elsewhere is nobody's. Throws form_forged. */
  function assertOwnPage(http: Http): void {
    const site = http.req.header('sec-fetch-site')
    const origin = http.req.header('origin')
    const own = new URL(publicUrl).origin
    if ((site !== undefined && site !== 'same-origin') || origin !== own) {
      throw new EarnestError('form_forged', 'Not from a page of this oracle')
    }
  }

  /** And only a page of this session knows its key. Throws form_forged. */
  function assertForm(http: Http, { formKey }: Session): void {
    assertOwnPage(http)
    if (http.req.header('earnest-form') !== formKey) {
      throw new EarnestError('form_forged', 'Not from a page of this session')
    }
  }
}

/** @throws too_large, invalid_json */
async function formOf(http: Http): Promise<unknown> {
  const length = Number(http.req.header('content-length') ?? Number.NaN)
  if (!(length <= MAX_FORM)) throw new EarnestError('too_large', `Want at most ${MAX_FORM} bytes`)
  try {
    return await http.req.json()
  } catch (cause) {
    throw new EarnestError('invalid_json', 'The body is not JSON', { cause })
  }
}
