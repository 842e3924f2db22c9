import type { MiddlewareHandler } from 'hono'
import * as z from 'zod'
import type { Criterion } from '../protocol/criterion.ts'
import { decode, encode } from '../protocol/decode.ts'
import { EarnestError, isEarnestError } from '../protocol/error.ts'
import { encodePact } from '../protocol/pact.ts'
import type { ReceivedFile } from '../settlement/file.ts'
import type { Job, Skill } from '../skill.ts'
import { createEscrowRail, type EscrowRailOptions } from './escrowRail.ts'
import type { Locked, Rail, Ware } from './rail.ts'
import { checkWare } from './ware.ts'
import { paymentSchema, paywallTaskSchema, readHeader, writeHeader, X402_VERSION } from './wire.ts'

/** The part of a pact that says what is sold. */
const soldSchema = z.looseObject({ input: paywallTaskSchema.shape.input })
/** Deliveries that wait for their answer in this process. */
const KEPT = 64

/** A resource that costs. */
export interface PaywallOptions {
  /** Capability id; the seller's policy has to know it. */
  id: string
  name: string
  description: string
  /**
   * Makes the resource, from path and query alone. It is asked once for each payment, after the money is
   * locked, also by a later process.
   */
  resource(request: Request): Response | Promise<Response>
  /** Base units, by path and query alone. */
  price(request: Request): bigint
  /** MIME types that the resource may have. */
  outputFormats: readonly string[]
  /** What the delivery is checked against; its file is `deliverable.json`, `.txt` or `.bin` by its type. */
  acceptance: readonly Criterion[]
  /** Seconds that the work may take; default 3600. */
  seconds?: number
}

/** A paywall: the skill for the seller, and the middleware for the server. */
export interface Paywall {
  readonly skill: Skill
  /**
   * Answers every GET below it: 402 with what is asked for, or the resource for a payment that is locked and
   * a delivery that stands on chain. Further rails stand beside the escrow.
   */
  open(options: Omit<EscrowRailOptions, 'take'> & { rails?: readonly Rail[] }): MiddlewareHandler
}

/**
 * Makes a paywall that takes an escrow as its payment (x402 v2, scheme `earnest-escrow`).
 * @example
 * const wall = createPaywall({ id: 'report', name, description, resource, price, outputFormats, acceptance })
 * const seller = createSeller({ ...options, skills: [wall.skill] })
 * app.use('/reports/*', wall.open({ seller, wallet, oracle, store, clock, agentUrl, venue }))
 */
export function createPaywall(options: PaywallOptions): Paywall {
  const { id, name, description, resource, acceptance, seconds = 3600 } = options
  const outputFormats = [...options.outputFormats]
  const made = new Map<string, readonly ReceivedFile[]>()

  function keep(escrowId: string, files: readonly ReceivedFile[]): void {
    made.set(escrowId, files)
    const [oldest] = made.keys()
    if (made.size > KEPT && oldest !== undefined) made.delete(oldest)
  }

  async function run({ pact, escrowId }: Job): Promise<{ files: readonly ReceivedFile[] }> {
    const { input } = decode(soldSchema, encodePact(pact), 'pact_mismatch')
    // Whoever hires the seller by another way than the paywall pays the same for the same.
    checkWare(pact, wareOf(input.path))
    const response = await resource(requestFor(input.path))
    if (!response.ok) throw new EarnestError('resource_failed', `It answers ${response.status}`)
    const mime = (response.headers.get('content-type') ?? 'application/octet-stream')
      .split(';', 1)[0]
      ?.trim()
      .toLowerCase() as string
    const bytes = new Uint8Array(await response.arrayBuffer())
    const files = [{ name: nameOf(mime), mime, bytes }]
    keep(escrowId, files)
    return { files }
  }

  function wareOf(path: string): Ware {
    const task = {
      capability: id,
      description,
      input: { method: 'GET' as const, path },
      outputFormats,
      acceptance: [...acceptance],
      seconds,
      profile: 'agent' as const,
    }
    encode(paywallTaskSchema, task, 'invalid_paywall')
    return { task, price: options.price(requestFor(path)) }
  }

  return {
    skill: { id, name, description, minPaymentUsdc: 0n, minSeconds: 0, run },
    open({ rails = [], ...escrow }) {
      const take = (escrowId: string) => {
        const files = made.get(escrowId)
        made.delete(escrowId)
        return files
      }
      const all = [createEscrowRail({ ...escrow, take }), ...rails]
      return async ({ req: { raw: request } }) => {
        if (request.method !== 'GET')
          return new Response(null, { status: 405, headers: { allow: 'GET' } })
        const { pathname, search } = new URL(request.url)
        return await serve(all, wareOf(`${pathname}${search}`), request)
      }
    },
  }
}

async function serve(rails: readonly Rail[], ware: Ware, request: Request): Promise<Response> {
  const demand = (error: string) => {
    const accepts = rails.map((rail) => rail.ask(ware))
    const { url } = request
    const { description } = ware.task
    const body = { x402Version: X402_VERSION, error, resource: { url, description }, accepts }
    const headers = { 'PAYMENT-REQUIRED': writeHeader(body), 'cache-control': 'no-store' }
    return Response.json(body, { status: 402, headers })
  }
  const header = request.headers.get('PAYMENT-SIGNATURE')
  if (header === null) return demand('payment_required')
  let locked: Locked
  let network: string
  try {
    const { accepted, payload } = readHeader(header, paymentSchema)
    const rail = rails.find(
      (each) => each.scheme === accepted.scheme && each.network === accepted.network,
    )
    if (rail === undefined) return demand('unsupported_scheme')
    network = rail.network
    locked = await rail.lock(ware, payload)
  } catch (error) {
    if (!isEarnestError(error)) throw error
    return demand(error.code)
  }
  const { payer, transaction, extra } = locked
  const told = (success: boolean, errorReason?: string) => ({
    'cache-control': 'no-store',
    'PAYMENT-RESPONSE': writeHeader({
      success,
      transaction,
      network,
      payer,
      extra,
      ...(errorReason && { errorReason }),
    }),
  })
  try {
    const [file] = (await locked.deliver()) ?? []
    // It goes on: the payer follows it under its pact.
    if (file === undefined) return Response.json(extra, { status: 202, headers: told(true) })
    const headers = { ...told(true), 'content-type': file.mime }
    return new Response(new Uint8Array(file.bytes), { headers })
  } catch (error) {
    if (!isEarnestError(error)) throw error
    const { code } = error
    return Response.json({ ...extra, code }, { status: 502, headers: told(false, code) })
  }
}

/** Path and query are all that a pact says of a request. */
function requestFor(path: string): Request {
  return new Request(`http://paywall.invalid${path}`)
}

function nameOf(mime: string): string {
  if (mime === 'application/json') return 'deliverable.json'
  return mime.startsWith('text/') ? 'deliverable.txt' : 'deliverable.bin'
}
