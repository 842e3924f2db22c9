import { agree } from '../agree.ts'
import { approve } from '../approve.ts'
import { type BuyerOptions, openBuyer } from '../buyerContext.ts'
import { discover } from '../discovery/discover.ts'
import { draftTrade } from '../draftTrade.ts'
import { escrowOfPact } from '../escrow/client.ts'
import { signTyped } from '../escrow/signTyped.ts'
import { readToken } from '../escrow/token.ts'
import { recordOf } from '../journal.ts'
import { overTls } from '../overTls.ts'
import { isSameAddress } from '../protocol/address.ts'
import { fundTypedData } from '../protocol/authorization.ts'
import { decode } from '../protocol/decode.ts'
import { EarnestError } from '../protocol/error.ts'
import { encodePact, type SignedPact } from '../protocol/pact.ts'
import { agreeOnVenue } from '../venue.ts'
import {
  escrowExtraSchema,
  type PaywallTask,
  type Requirements,
  requirementsSchema,
  SCHEME,
  X402_VERSION,
} from './wire.ts'

/** What the scheme is made of: a buyer, for that is what pays. */
export interface EscrowSchemeOptions extends BuyerOptions {
  /** Base units that one payment may come to, whatever a paywall asks for. */
  maxPaymentUsdc: bigint
  /** Looks at what is asked for before anything is signed; default: every task. */
  mayPay?: (task: PaywallTask, paymentUsdc: bigint) => boolean | Promise<boolean>
  /** Seconds that the work may take at most: so long a seller that does nothing holds the money. Default a day. */
  maxSeconds?: number
  /** True: a paywall may name a seller by plain http, on this machine say; default: https only. */
  allowHttp?: boolean
}

const DAY = 86_400

/** A scheme for a stock x402 client (v2): `client.register('eip155:8453', scheme)`. */
export interface EscrowScheme {
  readonly scheme: typeof SCHEME
  findDefaultAsset(
    asset: string,
    network: string,
  ): { asset: string; decimals: number; symbol: string } | undefined
  createPaymentPayload(
    version: number,
    requirements: AskedPayment,
  ): Promise<{ x402Version: number; payload: Record<string, unknown> }>
}

/** As a client hands it on; it is checked here. */
type AskedPayment = Omit<Requirements, 'extra'> & { extra: Record<string, unknown> }

/**
 * Pays x402 paywalls into the escrow: the seller is discovered and assessed, the pact drafted, signed by both
 * and registered, and only then one signature of the buyer locks the money under it: a paywall that takes it
 * and says nothing more is followed, and disputed, like any seller. The journal has the trade, so that `resume`
 * of a buyer over the same journal follows it to its end, whatever became of the answer; `open()` lists it.
 * Throws what the layers throw, `price_too_high`, `too_long`, `task_refused`, `venue_mismatch`, `url_refused`.
 * @example
 * const client = new x402Client().register('eip155:8453', createEscrowScheme(options))
 * const response = await wrapFetchWithPayment(fetch, client)('https://agent.example/reports/7')
 */
export function createEscrowScheme(options: EscrowSchemeOptions): EscrowScheme {
  // A paywall says its price: its seller takes it or leaves it.
  const fetch = options.allowHttp ? options.fetch : overTls(options.fetch)
  const own = { ...options, ...(fetch && { fetch }), negotiationPolicy: { maxPaymentUsdc: 0n } }
  const context = openBuyer(own)
  const { venue, maxSeconds = DAY } = options

  return {
    scheme: SCHEME,
    findDefaultAsset(asset, network) {
      if (venue === undefined || network !== `eip155:${venue.chainId}`) return undefined
      return isSameAddress(asset, venue.token) ? { asset, decimals: 6, symbol: 'USDC' } : undefined
    },

    async createPaymentPayload(version, requirements) {
      if (version !== X402_VERSION) {
        throw new EarnestError('unsupported_version', `x402 ${version} has no schemes of others`)
      }
      const asked = decode(requirementsSchema, requirements, 'invalid_requirements')
      const { agentUrl, task } = decode(escrowExtraSchema, asked.extra, 'invalid_requirements')
      const paymentUsdc = BigInt(asked.amount)
      if (paymentUsdc > options.maxPaymentUsdc) {
        throw new EarnestError('price_too_high', 'More than one payment may come to')
      }
      if (task.seconds > maxSeconds) {
        throw new EarnestError('too_long', 'The money would be locked for longer than is allowed')
      }
      if (!((await options.mayPay?.(task, paymentUsdc)) ?? true)) {
        throw new EarnestError('task_refused', 'Its owner does not pay for this')
      }
      await checkVenue(asked)
      const payload = await pay(agentUrl, task, paymentUsdc)
      return { x402Version: X402_VERSION, payload }
    },
  }

  async function pay(agentUrl: string, task: PaywallTask, paymentUsdc: bigint) {
    // Layers 1 to 3, as `hire` walks them.
    const agent = await discover(agentUrl, context.reading)
    if (agent.did === null) throw new EarnestError('not_registered', 'The seller has no DID')
    const { seconds, ...rest } = task
    const wanted = { ...rest, deadline: context.clock.now() + seconds }
    const assessment = await approve(context, agent, { ...wanted, paymentUsdc })
    const wish = { tradeId: crypto.randomUUID(), agentUrl, task: wanted, paymentUsdc }
    const record = recordOf(context.journal, await draftTrade(context, wish, { agent, assessment }))
    try {
      const { signed } = await agree(context, record, assessment)
      return await payloadOf(signed)
    } catch (error) {
      // Nothing was handed out that locks money: no `resume` shall pay for what was refused.
      await record.save({ isEnded: true })
      throw error
    }
  }

  /** Layer 4, for whoever sends it. */
  async function payloadOf({ pact, pactHash, buyerSignature: signature }: SignedPact) {
    const token = await readToken(context.wallet, pact.escrow.token)
    const typedData = fundTypedData({ ...escrowOfPact({ pact }), token })
    const funding = await signTyped(context.wallet, typedData)
    return { pact: encodePact(pact), pactHash, signature, funding }
  }

  async function checkVenue({ network, payTo, asset }: Requirements): Promise<void> {
    const { journal, witness } = context
    const { chainId, escrow, token } = await agreeOnVenue(await witness.info(), { venue, journal })
    const isIts =
      network === `eip155:${chainId}` && isSameAddress(payTo, escrow) && isSameAddress(asset, token)
    if (!isIts) {
      throw new EarnestError('venue_mismatch', 'The paywall names another place than our oracle')
    }
  }
}
