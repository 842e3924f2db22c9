import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createPublicClient, createWalletClient, defineChain, type Hex, http, isHex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import * as z from 'zod'
import { readAgentEnvironment } from '../environment.ts'
import type { EscrowClient } from '../escrow/client.ts'
import { createFileStore } from '../fileStore.ts'
import { overTls } from '../overTls.ts'
import type { Clock } from '../protocol/clock.ts'
import { did } from '../protocol/did.ts'
import { EarnestError } from '../protocol/error.ts'
import { usdc } from '../protocol/money.ts'
import { createOracleClient, type OracleClient } from '../trust/oracle.ts'
import { decodeTrustPolicy, type TrustPolicy } from '../trust/policy.ts'

const settingsSchema = z.object({
  /** Where the node of the chain answers. */
  EARNEST_RPC_URL: z.url(),
  /** The key of the wallet that holds the USDC, or is paid. */
  EARNEST_WALLET_KEY: z.custom<Hex>((text) => isHex(text) && text.length === 66, {
    error: 'want 0x and 64 hex characters',
  }),
  EARNEST_ORACLE_URL: z.url(),
  EARNEST_ORACLE_DID: did,
  /** Where trades lie; any number of processes of this machine may work on it. */
  EARNEST_FOLDER: z.string().min(1).default('.earnest/agent'),
  /** USDC that one trade may cost, and all open ones together. */
  EARNEST_PER_TRADE: z.string().default('20').pipe(usdc),
  EARNEST_OPEN: z.string().default('100').pipe(usdc),
  /** A file with the trust policy as JSON. */
  EARNEST_TRUST_POLICY: z.string().min(1).optional(),
  /** `1` lets agents be reached by plain http, on this machine say; a model could then name what only this machine reaches. */
  EARNEST_ALLOW_HTTP: z.literal('1').optional(),
})

/** The agent of an environment, ready to be a buyer or a seller. */
export type Agent = Awaited<ReturnType<typeof readAgent>>

/** The oracle that an environment names, for what needs no key. Throws `invalid_settings`. */
export function readOracle(
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
): OracleClient {
  const { EARNEST_ORACLE_URL: url, EARNEST_ORACLE_DID: oracleDid } = read(
    settingsSchema.pick({ EARNEST_ORACLE_URL: true, EARNEST_ORACLE_DID: true }),
    env,
  )
  return createOracleClient({ url, did: oracleDid, clock })
}

/**
 * Reads an agent out of environment variables. What is wrong is said by name, never with a value.
 * Throws `invalid_settings`, what `readAgentEnvironment` throws, `chain_unreachable`.
 */
export async function readAgent(env: Readonly<Record<string, string | undefined>>, clock: Clock) {
  const { identity, apiKey } = readAgentEnvironment(env)
  const settings = read(settingsSchema, env)
  const account = privateKeyToAccount(settings.EARNEST_WALLET_KEY)
  const url = settings.EARNEST_RPC_URL
  const chain = defineChain({
    id: await chainIdOf(url),
    name: 'configured',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  })
  const wallet: EscrowClient = createWalletClient({ account, chain, transport: http(url) })
  const oracle = createOracleClient({
    url: settings.EARNEST_ORACLE_URL,
    did: settings.EARNEST_ORACLE_DID,
    clock,
    identity,
    ...(apiKey !== undefined && { apiKey }),
  })
  const file = settings.EARNEST_TRUST_POLICY
  return {
    identity,
    wallet,
    oracle,
    clock,
    store: createFileStore({ folder: settings.EARNEST_FOLDER }),
    socket: join(settings.EARNEST_FOLDER, 'control.sock'),
    limit: { perTrade: settings.EARNEST_PER_TRADE, open: settings.EARNEST_OPEN },
    trustPolicy: file === undefined ? undefined : readPolicy(file),
    fetch: settings.EARNEST_ALLOW_HTTP ? globalThis.fetch : overTls(),
  }
}

function readPolicy(file: string): TrustPolicy {
  let wire: unknown
  try {
    wire = JSON.parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new EarnestError('invalid_policy', 'EARNEST_TRUST_POLICY is no JSON file', { cause })
  }
  return decodeTrustPolicy(wire)
}

async function chainIdOf(url: string): Promise<number> {
  const { getChainId } = createPublicClient({ transport: http(url) })
  try {
    return await getChainId()
  } catch (cause) {
    const message = 'No chain answers at EARNEST_RPC_URL'
    throw new EarnestError('chain_unreachable', message, { retryable: true, cause })
  }
}

function read<S extends z.ZodType>(
  schema: S,
  env: Readonly<Record<string, string | undefined>>,
): z.output<S> {
  const found = schema.safeParse(env)
  if (found.success) return found.data
  const names = found.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new EarnestError('invalid_settings', names.join('; '))
}
