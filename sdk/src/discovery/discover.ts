import type { Clock } from '../protocol/clock.ts'
import { decode } from '../protocol/decode.ts'
import { EarnestError, isEarnestError } from '../protocol/error.ts'
import { hashBody } from '../protocol/hash.ts'
import { type KeyResolver, ownKey } from '../protocol/key.ts'
import { keyAt, verifyKeyLog } from '../protocol/keylog.ts'
import { PACT_EXTENSION, TRUST_EXTENSION } from '../protocol/message.ts'
import { readBounded } from '../protocol/readBounded.ts'
import { verifyEcdsa, verifyWalletBinding, type WalletVerifier } from '../protocol/wallet.ts'
import { agentCardSchema } from './agentCard.ts'
import {
  type PactParams,
  pactParamsSchema,
  type TrustParams,
  trustParamsSchema,
} from './extension.ts'
import { isCardSignedBy } from './signCard.ts'
import { sourceCardSchema } from './sourceCard.ts'

const MAX_CARD_BYTES = 256 * 1024
const PATHS = ['/.well-known/agent-card.json', '/.well-known/agent.json'] as const

/** An agent as its signed card describes it: identity is proven, everything else is a claim. */
export interface Agent {
  /** Null: the card names no trust id, so nobody can vouch for it (DIS-16). */
  did: string | null
  name: string
  description: string
  version: string
  /** Where all A2A traffic goes; covered by the signature. */
  endpoint: string
  /** The A2A version that the endpoint speaks. */
  protocolVersion: string
  capabilities: readonly string[]
  inputFormats: readonly string[]
  outputFormats: readonly string[]
  pricing: { currency: string /** Base units. */; perTask: bigint; complex: bigint }
  sla: { maxResponseTimeMs: number; uptime99Days: number }
  /** Undefined: the agent does not trade by escrow. */
  trade: PactParams | undefined
  /** The wallet that agent and wallet both name, for that chain; checked here. */
  wallet: { address: `0x${string}`; chainId: number } | undefined
  /** The key that signed the card. */
  publicKey: Uint8Array | undefined
  /** What the card says of its own record: never believed, only compared (DIS-14). */
  claims: { verified?: boolean; bondTier?: number; trustScoreUrl?: string }
  /** The document as fetched, for the files of a trade. */
  card: Readonly<Record<string, unknown>>
  /** SHA-256 of the canonical card. */
  cardHash: string
}

/** What `discover` needs besides the address. */
export interface DiscoverOptions {
  clock: Clock
  fetch?: typeof globalThis.fetch
  /** Checks smart wallets too where it can read the chain; default: plain keys. */
  verifyWallet?: WalletVerifier
  timeoutMs?: number
}

/**
 * Layer 1: fetches an agent's card with one GET (two where only the old path exists) and proves who
 * signed it; no trust is looked up here (DIS-17). Throws `card_unreachable` (retryable), `card_not_found`,
 * `invalid_card`, `body_too_large`, `endpoint_unbound` for a card that names a DID without a valid
 * signature of it, `unsupported_currency`, `invalid_key_log`, `key_not_valid`, `invalid_wallet_binding`.
 * @example
 * const agent = await discover('https://agent.example', { clock })
 */
export async function discover(agentUrl: string, options: DiscoverOptions): Promise<Agent> {
  const base = agentUrl.replace(/\/+$/, '')
  if (!/^https?:\/\/./.test(base)) {
    throw new EarnestError('card_unreachable', `Want an http(s) URL, got ${agentUrl}`)
  }
  for (const path of PATHS) {
    const card = await fetchCard(`${base}${path}`, options)
    if (card !== undefined) return readCard(card, options)
  }
  throw new EarnestError('card_not_found', `No card at ${PATHS.join(' or ')}`)
}

/** Proves and reads a card that was fetched already; throws as `discover` does. */
export async function readCard(
  card: Readonly<Record<string, unknown>>,
  options: Pick<DiscoverOptions, 'clock' | 'verifyWallet'>,
): Promise<Agent> {
  const facts = 'supportedInterfaces' in card ? readAgentCard(card) : readSourceCard(card)
  const { trust, ...agent } = facts
  const cardHash = hashBody(card)
  if (trust === undefined) {
    return { ...agent, did: null, wallet: undefined, publicKey: undefined, card, cardHash }
  }
  const keyOf = await keysOf(trust, options)
  const publicKey = keyOf(trust.did, options.clock.now())
  if (!isCardSignedBy(card, { did: trust.did, publicKey })) {
    throw new EarnestError('endpoint_unbound', 'The card is not signed by the DID that it names', {
      details: { did: trust.did, endpoint: agent.endpoint },
    })
  }
  const wallet = await boundWallet(trust, keyOf, options)
  return { ...agent, did: trust.did, wallet, publicKey, card, cardHash }
}

async function fetchCard(
  url: string,
  { fetch = globalThis.fetch, timeoutMs = 10_000 }: DiscoverOptions,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  // For the whole card: one that comes drop by drop would hold the buyer for as long as it likes.
  const signal = AbortSignal.timeout(timeoutMs)
  let response: Response
  try {
    response = await fetch(url, {
      headers: { accept: 'application/json', 'a2a-version': '1.0' },
      // A redirect could answer with another agent's card.
      redirect: 'error',
      signal,
    })
  } catch (cause) {
    // A refusal of the caller's own fetch.
    if (isEarnestError(cause)) throw cause
    throw new EarnestError('card_unreachable', `No answer from ${url}`, { retryable: true, cause })
  }
  if (response.status === 404 || response.status === 410) {
    await response.body?.cancel()
    return undefined
  }
  if (!response.ok) {
    await response.body?.cancel()
    const retryable = response.status >= 500 || response.status === 429
    throw new EarnestError('card_unreachable', `${url} answered ${response.status}`, { retryable })
  }
  const bytes = await readBounded(response, MAX_CARD_BYTES, signal).catch((cause) => {
    if (!isEarnestError(cause, 'body_interrupted')) throw cause
    throw new EarnestError('card_unreachable', `${url} broke off`, { retryable: true, cause })
  })
  let card: unknown
  try {
    card = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new EarnestError('invalid_card', `${url} is not JSON`, { cause })
  }
  if (typeof card !== 'object' || card === null || Array.isArray(card)) {
    throw new EarnestError('invalid_card', `${url} is not an object`)
  }
  return card as Record<string, unknown>
}

type CardFacts = Omit<Agent, 'did' | 'wallet' | 'publicKey' | 'card' | 'cardHash'> & {
  trust: TrustParams | undefined
}

function readAgentCard(wire: unknown): CardFacts {
  const card = decode(agentCardSchema, wire, 'invalid_card')
  const { trade, trust } = readExtensions(card.capabilities.extensions ?? [])
  const speaks = (version: string) =>
    card.supportedInterfaces.find(
      (one) => one.protocolBinding === 'JSONRPC' && one.protocolVersion === version,
    )
  const chosen = speaks('1.0') ?? speaks('0.3')
  if (chosen === undefined) {
    throw new EarnestError('invalid_card', 'No JSON-RPC interface of A2A 1.0 or 0.3')
  }
  const { name, description, version } = card
  return {
    name,
    description,
    version,
    endpoint: chosen.url,
    protocolVersion: chosen.protocolVersion,
    capabilities: card.skills.map(({ id }) => id),
    inputFormats: trade?.inputFormats ?? card.defaultInputModes,
    outputFormats: trade?.outputFormats ?? card.defaultOutputModes,
    pricing: trade?.pricing ?? { currency: 'USDC', perTask: 0n, complex: 0n },
    sla: trade?.sla ?? { maxResponseTimeMs: 300_000, uptime99Days: 30 },
    trade,
    claims: claimsOf(trust),
    trust,
  }
}

function readSourceCard(wire: unknown): CardFacts {
  const card = decode(sourceCardSchema, wire, 'invalid_card')
  const { trade, trust } = readExtensions(card.extensions ?? [])
  const { armaloTrustId: id } = card
  if (trust !== undefined && trust.did !== id) {
    throw new EarnestError('invalid_card', 'The card names two identities')
  }
  const claimed: TrustParams | undefined =
    id === undefined
      ? undefined
      : {
          ...decode(trustParamsSchema.pick({ did: true }), { did: id }, 'invalid_card'),
          ...trust,
          ...(card.armaloTrustScoreUrl !== undefined && {
            trustScoreUrl: card.armaloTrustScoreUrl,
          }),
          ...(card.armaloVerified !== undefined && { verified: card.armaloVerified }),
          ...(card.bondTier !== undefined && { bondTier: card.bondTier }),
        }
  const { name, description, version, endpoint, capabilities, inputFormats, outputFormats } = card
  const { currency, perTask, complex } = card.pricing
  return {
    name,
    description,
    version,
    endpoint,
    protocolVersion: '1.0',
    capabilities,
    inputFormats,
    outputFormats,
    pricing: { currency, perTask, complex },
    sla: card.sla,
    trade,
    claims: claimsOf(claimed),
    trust: claimed,
  }
}

function readExtensions(extensions: readonly { uri: string; params?: unknown }[]) {
  const paramsOf = (uri: string) => extensions.find((one) => one.uri === uri)?.params
  const trade = paramsOf(PACT_EXTENSION)
  const trust = paramsOf(TRUST_EXTENSION)
  return {
    trade: trade === undefined ? undefined : decode(pactParamsSchema, trade, 'invalid_card'),
    trust: trust === undefined ? undefined : decode(trustParamsSchema, trust, 'invalid_card'),
  }
}

function claimsOf(trust: TrustParams | undefined): Agent['claims'] {
  return {
    ...(trust?.verified !== undefined && { verified: trust.verified }),
    ...(trust?.bondTier !== undefined && { bondTier: trust.bondTier }),
    ...(trust?.trustScoreUrl !== undefined && { trustScoreUrl: trust.trustScoreUrl }),
  }
}

/** The keys that counted for the agent over time: out of its log, else the key inside the DID. */
async function keysOf(
  { did, keyLog }: TrustParams,
  { clock, verifyWallet = verifyEcdsa }: Pick<DiscoverOptions, 'clock' | 'verifyWallet'>,
): Promise<KeyResolver> {
  if (keyLog === undefined) return ownKey
  const history = await verifyKeyLog(keyLog, { now: clock.now(), verifyWallet })
  if (history.did !== did) throw new EarnestError('invalid_key_log', 'The log of another agent')
  return (_did, at) => keyAt(history, at)
}

async function boundWallet(
  { did, wallet }: TrustParams,
  keyOf: KeyResolver,
  { verifyWallet }: Pick<DiscoverOptions, 'verifyWallet'>,
): Promise<Agent['wallet']> {
  if (wallet === undefined) return undefined
  if (wallet.body.did !== did) {
    throw new EarnestError('invalid_wallet_binding', 'The wallet of another agent')
  }
  await verifyWalletBinding(wallet, { keyOf, ...(verifyWallet && { verifyWallet }) })
  return { address: wallet.body.wallet, chainId: wallet.body.chainId }
}
