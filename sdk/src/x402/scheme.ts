import { approve } from '../approve.ts'
import { type BuyerContext, type BuyerOptions, openBuyer } from '../buyerContext.ts'
import { discover } from '../discovery/discover.ts'
import { draftTrade } from '../draftTrade.ts'
import { escrowOfPact } from '../escrow/client.ts'
import { signTyped } from '../escrow/signTyped.ts'
import { readToken } from '../escrow/token.ts'
import { findTrade, recordOf } from '../journal.ts'
import { fundTypedData } from '../protocol/authorization.ts'
import { decode } from '../protocol/decode.ts'
import { EarnestError } from '../protocol/error.ts'
import { encodePact, hashPact, signPact, verifySignedPact } from '../protocol/pact.ts'
import {
  escrowExtraSchema,
  lockedSchema,
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
}

/** Payments whose answers are waited for; those of older ones are asked of the seller. */
const UNDERWAY = 256

/** A scheme for a stock x402 client (v2): `client.register('eip155:8453', scheme)`. */
export interface EscrowScheme {
  readonly scheme: typeof SCHEME
  readonly schemeHooks: { onPaymentResponse(context: PaymentOutcome): Promise<void> }
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

interface PaymentOutcome {
  paymentPayload: { payload: Record<string, unknown> }
  settleResponse?: { extra?: Record<string, unknown> }
}

/**
 * Pays x402 paywalls into the escrow: the seller is discovered and assessed, the pact drafted and written
 * down, and one signature locks the money under it. The journal has the trade, so that `resume` of a buyer
 * over the same journal follows it to its end, whatever became of the answer; `open()` lists it. Throws what
 * the layers throw, `price_too_high`, `task_refused`, `venue_mismatch`.
 * @example
 * const client = new x402Client().register('eip155:8453', createEscrowScheme(options))
 * const response = await wrapFetchWithPayment(fetch, client)('https://agent.example/reports/7')
 */
export function createEscrowScheme(options: EscrowSchemeOptions): EscrowScheme {
  const context = openBuyer(options)
  const { venue } = options
  /** Trades by the hash of their draft, until the answer has come. */
  const underway = new Map<string, { tradeId: string; buyerSignature: string }>()

  return {
    scheme: SCHEME,
    findDefaultAsset(asset, network) {
      if (venue === undefined || network !== `eip155:${venue.chainId}`) return undefined
      return same(asset, venue.token) ? { asset, decimals: 6, symbol: 'USDC' } : undefined
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
      if (!((await options.mayPay?.(task, paymentUsdc)) ?? true)) {
        throw new EarnestError('task_refused', 'Its owner does not pay for this')
      }
      const { tradeId, draft } = await begin(agentUrl, task, paymentUsdc)
      checkVenue(draft.escrow, asked)
      const escrow = escrowOfPact({ pact: draft })
      const token = await readToken(context.wallet, draft.escrow.token)
      const funding = await signTyped(context.wallet, fundTypedData({ ...escrow, token }))
      const pactHash = hashPact(draft)
      const signature = signPact({ pact: draft, identity: context.identity })
      const [oldest] = underway.keys()
      if (underway.size >= UNDERWAY && oldest !== undefined) underway.delete(oldest)
      underway.set(pactHash, { tradeId, buyerSignature: signature })
      const payload = { pact: encodePact(draft), pactHash, signature, funding }
      return { x402Version: X402_VERSION, payload }
    },

    schemeHooks: {
      async onPaymentResponse({ paymentPayload, settleResponse }) {
        const pactHash = String(paymentPayload.payload.pactHash)
        const paid = underway.get(pactHash)
        underway.delete(pactHash)
        if (paid !== undefined) await note(context, paid, settleResponse?.extra)
      },
    },
  }

  async function begin(agentUrl: string, task: PaywallTask, paymentUsdc: bigint) {
    // Layers 1 to 3, as `hire` walks them; the seller signs with its answer.
    const agent = await discover(agentUrl, context.reading)
    if (agent.did === null) throw new EarnestError('not_registered', 'The seller has no DID')
    const { seconds, ...rest } = task
    const wanted = { ...rest, deadline: context.clock.now() + seconds }
    const assessment = await approve(context, agent, { ...wanted, paymentUsdc })
    const wish = { tradeId: crypto.randomUUID(), agentUrl, task: wanted, paymentUsdc }
    return await draftTrade(context, wish, { agent, assessment })
  }
}

/** Writes the seller's signature down; without a true one `resume` asks the seller for it. */
async function note(
  { journal, keyOf }: BuyerContext,
  { tradeId, buyerSignature }: { tradeId: string; buyerSignature: string },
  extra: unknown,
): Promise<void> {
  const answer = lockedSchema.safeParse(extra)
  const trade = await findTrade(journal, tradeId)
  if (!answer.success || trade === undefined) return
  const { sellerSignature } = answer.data
  const pact = trade.draft
  const signed = { pact, pactHash: hashPact(pact), buyerSignature, sellerSignature }
  try {
    verifySignedPact(signed, keyOf)
  } catch {
    return
  }
  await recordOf(journal, trade).save({ signed })
}

function checkVenue(
  { chainId, contract, token }: { chainId: number; contract: string; token: string },
  { network, payTo, asset }: Requirements,
): void {
  const isIts = network === `eip155:${chainId}` && same(payTo, contract) && same(asset, token)
  if (!isIts)
    throw new EarnestError('venue_mismatch', 'The paywall names another place than our oracle')
}

function same(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}
