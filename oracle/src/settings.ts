import { did, EarnestError, formatUsdc, usdc } from '@earnest/sdk/protocol'
import { type Address, getAddress, type Hex, isAddress, isHex } from 'viem'
import * as z from 'zod'
import { RELAY_BUDGET } from './escrow/relayBudget.ts'
import { AT_ONCE } from './http/atOnce.ts'
import { EXAMINER_SECONDS } from './settlement/examTime.ts'
import { jurorSchema } from './settlement/jury/roster.ts'
import { TRUST_PARAMETERS } from './trust/parameters.ts'

const address = z
  .string()
  .refine(
    (text): text is Address => isAddress(text),
    'want 0x and 40 hex characters, checksummed or lower-case',
  )
  .transform((text) => getAddress(text))
const secret = z
  .string()
  .refine((text): text is Hex => isHex(text) && text.length === 66, 'want 0x and 64 hex characters')
/** Of the chain's node and of this oracle itself. */
const url = z.url({ protocol: /^https?$/, error: 'want a URL of http or https' })
const addresses = separated(address)
const secrets = separated(secret)

/** Comma-separated values. */
function separated<T>(item: z.ZodType<T, string>) {
  return z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(item))
}

/** An issuer and its weight: `did:key:z6Mk…=0.5`. */
const issuer = z
  .string()
  .transform((text) => text.split('='))
  .pipe(
    z.tuple(
      [did, z.string().regex(/^(?:[01]|0?\.\d+)$/, 'want a weight of 0 to 1')],
      'want did:key:…=weight',
    ),
  )
  .transform(([issuer, weight]) => [issuer, Number(weight)] as const)

const environment = z.object({
  /** Where the node of the chain answers. */
  EARNEST_RPC_URL: url,
  EARNEST_ESCROW: address,
  EARNEST_TOKEN: address,
  /** Arbiters whose pacts count, the default one first. */
  EARNEST_ARBITERS: addresses,
  EARNEST_FEE_RECIPIENTS: addresses,
  EARNEST_VAULT: address.default('0x0000000000000000000000000000000000000000'),
  EARNEST_START_BLOCK: z.coerce.number().int().min(0).default(0),
  /** First block whose transfers tell who funded an agent's wallet; default: the start block. */
  EARNEST_FUNDERS_FROM: z.coerce.number().int().min(0).optional(),
  /** Exchanges, bridges, faucets: being funded by one of them ties nobody to anybody. */
  EARNEST_PUBLIC_FUNDERS: addresses.default([]),
  /** The oracle's Ed25519 key. */
  EARNEST_ORACLE_KEY: secret,
  /** The key that pays for transactions. */
  EARNEST_SENDER_KEY: secret,
  /** More keys that pay, each with transactions of its own under way. */
  EARNEST_SENDER_KEYS: secrets.default([]),
  /** Attestor keys of this process. */
  EARNEST_ATTESTOR_KEYS: secrets,
  /** Seals artifacts at rest. */
  EARNEST_ARTIFACT_KEY: secret,
  /** Folder of the embedded database; unused with DATABASE_URL. */
  EARNEST_DATA: z.string().min(1).default('.earnest/oracle'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(?:ql)?$/, error: 'want postgresql://user:password@host:port/name' })
    .optional(),
  /** Where sealed artifacts lie: a folder, `database`, or s3://bucket/prefix?endpoint=https://…&region=…; default below. */
  EARNEST_BLOBS: z.string().min(1).optional(),
  /** Credentials of the bucket, under the names that every S3 tool reads. */
  AWS_ACCESS_KEY_ID: z.string().optional(),
  AWS_SECRET_ACCESS_KEY: z.string().optional(),
  AWS_SESSION_TOKEN: z.string().optional(),
  EARNEST_HOST: z.string().default('127.0.0.1'),
  EARNEST_PORT: z.coerce.number().int().min(0).max(65_535).default(8787),
  EARNEST_PUBLIC_URL: url.optional(),
  EARNEST_PROTOCOL_FEE_BPS: z.coerce.number().int().min(0).max(200).default(50),
  EARNEST_ARBITRATION_FEE_BPS: z.coerce.number().int().min(0).max(500).default(100),
  EARNEST_LADDER: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'want 64 lower-case hex characters')
    .default('0'.repeat(64)),
  /** Pre-trusted agents, at least five of different owners; without any nobody can be rated. */
  EARNEST_SEEDS: separated(did).default([]),
  /** Oracles whose credentials count here and how much, as DID=weight with weights of 0 to 1. */
  EARNEST_ISSUERS: separated(issuer)
    .refine(
      (pairs) => new Set(pairs.map(([did]) => did)).size === pairs.length,
      'want every issuer once',
    )
    .transform((pairs) => new Map(pairs))
    .default(() => new Map()),
  /** Hours between two anchors of the event root in a transaction to the first sender; 0: none. */
  EARNEST_ANCHOR_HOURS: z.coerce.number().min(0).max(8760).default(0),
  /** USDC that a newcomer without a bond may have open in all. */
  EARNEST_NEWCOMER_CAP: z
    .string()
    .default(formatUsdc(BigInt(TRUST_PARAMETERS.newcomerCap)))
    .pipe(usdc),
  /** Days for which an offer to a person may stand. */
  EARNEST_OFFER_DAYS: z.coerce.number().int().min(1).max(365).default(30),
  /** Sellers that are asked for work in an hour to measure their replies; 0: none. */
  EARNEST_PROBES_PER_HOUR: z.coerce.number().int().min(0).max(10_000).default(60),
  /** USDC for one ether, to price gas in quotes; empty: gas is told in wei only. */
  EARNEST_ETHER_USDC: usdc.optional(),
  EARNEST_POLL_MS: z.coerce.number().int().min(20).max(60_000).default(1000),
  /** Gas that the relay pays: for a party and day, for anybody else ever, for all in an hour. */
  EARNEST_RELAY_GAS_PER_DAY: z.coerce.bigint().min(0n).default(RELAY_BUDGET.perDay),
  EARNEST_RELAY_GAS_FOR_STRANGER: z.coerce.bigint().min(0n).default(RELAY_BUDGET.forStranger),
  EARNEST_RELAY_GAS_PER_HOUR: z.coerce.bigint().min(0n).default(RELAY_BUDGET.perHour),
  /** Requests per second that one client or agent may make. */
  EARNEST_RATE: z.coerce.number().min(1).default(50),
  /** Event streams that one client may hold open. */
  EARNEST_STREAMS: z.coerce.number().int().min(1).default(AT_ONCE.streams.each),
  /** Addresses or CIDR ranges of our own proxies, whose X-Forwarded-For says who a client is. */
  EARNEST_TRUSTED_PROXY: separated(z.string()).default([]),
  /** The judges as JSON: [{wire, provider, model, family, baseUrl?, apiKey?, price: {input, output}}]. */
  EARNEST_JURY: z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown
      } catch {
        context.issues.push({ code: 'custom', input: text, message: 'want JSON' })
        return z.NEVER
      }
    })
    .pipe(z.array(jurorSchema))
    .optional(),
  /** CPU seconds an hour on which the examiner looks at what one agent hands in. */
  EARNEST_EXAMINER_SECONDS: z.coerce.number().min(1).default(EXAMINER_SECONDS),
  /** How much of what passed the jury looks at, in ten-thousandths; more of newcomers and large trades. */
  EARNEST_SPOT_BPS: z.coerce.number().int().min(0).max(10_000).default(500),
  /** USDC that the judges may cost for one such look. */
  EARNEST_SPOT_COST: z.string().default('0.5').pipe(usdc),
  /** Moderators' wallets besides the arbiter's own: they read, and sign where two people are wanted. */
  EARNEST_MODERATORS: addresses.default([]),
  /** Mail server for notices to people, smtp(s)://user:password@host:port. */
  EARNEST_SMTP_URL: z
    .url({ protocol: /^smtps?$/, error: 'want smtp(s)://user:password@host:port' })
    .optional(),
  EARNEST_MAIL_FROM: z.string().min(3).default('Earnest oracle <noreply@localhost>'),
  EARNEST_LOG: z.enum(['debug', 'info', 'warn', 'silent']).default('info'),
})

export type Settings = z.output<typeof environment>

/**
 * Reads the settings out of an environment. What is empty counts as not set.
 * @throws invalid_settings naming each variable that is missing or malformed, never its value.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const result = environment.safeParse(given)
  if (result.success) return result.data
  const faults = result.error.issues.map(({ path: [name = '', ...within], message }) => {
    if (given[String(name)] === undefined) return `${String(name)} is missing`
    // Counted from one, as people count.
    const [position] = within
    const place = typeof position === 'number' ? ` (value ${position + 1})` : ''
    return `${String(name)}${place}: ${message}`
  })
  throw new EarnestError('invalid_settings', faults.join('; '), { details: { faults } })
}

/** Variables that look like settings of this oracle and are none: a mistyped one would be a default, unseen. */
export function unknownSettings(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(env).filter(
    (name) => name.startsWith('EARNEST_') && !Object.hasOwn(environment.shape, name),
  )
}
