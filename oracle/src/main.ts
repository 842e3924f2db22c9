import { join } from 'node:path'
import { isEarnestError } from '@earnest/sdk/protocol'
import { serve } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { pino } from 'pino'
import { createPublicClient, hexToBytes, type PublicClient, parseAbi, zeroAddress } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { type ChainClock, createChainClock } from './escrow/clock.ts'
import { checkContracts } from './escrow/contracts.ts'
import { rpc } from './escrow/rpc.ts'
import { createApp } from './http/app.ts'
import { AT_ONCE } from './http/atOnce.ts'
import type { OperatorInfo } from './http/calls.ts'
import { createClientOf } from './http/client.ts'
import { createMetrics } from './http/metrics.ts'
import { commands, storeOf } from './operator.ts'
import { createOracle } from './oracle.ts'
import { readSettings, type Settings, unknownSettings } from './settings.ts'
import type { BlobStore } from './settlement/blobstore/blobstore.ts'
import { openBlobStore } from './settlement/blobstore/place.ts'
import { createMail } from './settlement/notify/mail.ts'
import { createGuardedFetch } from './settlement/verify/guardedFetch.ts'
import { createSigner } from './store/signer.ts'
import type { Store } from './store/store.ts'

const usage = `Usage: npm run -s oracle -- [command]

  serve            (default) runs the oracle; settings come from the environment
  backup <file>    writes the whole store into one file (embedded: stop the oracle first)
  restore <file>   fills an empty store, embedded or server, out of such a file
  reindex [block]  reads the chain again from a block, or from the start
  verify-journal   checks every hash and signature of the audit log
  appeals          lists what agents said against their flags and nobody has decided
  appeal <flagId> uphold|reject <reason>
                   decides an appeal: a flag that falls gives back what it took
  revoke <credentialId> <reason>
                   takes a credential back for good; the reason is a code such as issued_in_error
`

/** What an operator is told at the start; `/ready` repeats the codes. */
const WARNINGS: Record<string, string> = {
  no_seeds: 'EARNEST_SEEDS is empty: no trust flows, nobody can ever be rated',
  few_seeds: 'EARNEST_SEEDS names fewer than five agents: trust is the word of a few',
}

const tokenAbi = parseAbi([
  'function name() view returns (string)',
  'function version() view returns (string)',
])

try {
  const [name = 'serve', ...args] = process.argv.slice(2)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  const operator = {
    env: process.env,
    monotonic: () => performance.now(),
    say: (line: string) => process.stdout.write(`${line}\n`),
  }
  if (name === 'serve') await run(readSettings(process.env))
  else if (!(await command?.(operator, ...args))) {
    process.stderr.write(usage)
    process.exitCode = 2
  }
} catch (error) {
  const line = isEarnestError(error) ? `${error.code}: ${error.message}` : String(error)
  process.stderr.write(`${line}\n`)
  process.exitCode = 1
}

/** Runs until it is asked to stop; says where it listens in one line of JSON. */
async function run(settings: Settings): Promise<void> {
  const log = pino(
    { level: settings.EARNEST_LOG, redact: ['*.secretKey', '*.raw'] },
    pino.destination(2),
  )
  const monotonic = () => performance.now()
  const client: PublicClient = createPublicClient({
    transport: rpc(settings.EARNEST_RPC_URL, { retryCount: 2 }),
    cacheTime: 0,
  })
  const attestors = settings.EARNEST_ATTESTOR_KEYS.map((key) => privateKeyToAccount(key))
  const seatless = await checkContracts(
    client,
    {
      escrow: settings.EARNEST_ESCROW,
      token: settings.EARNEST_TOKEN,
      vault: settings.EARNEST_VAULT,
      arbiters: settings.EARNEST_ARBITERS,
    },
    attestors.map(({ address }) => address),
  )
  const chainId = await client.getChainId()
  const clock = await createChainClock({ client, monotonic })
  const store = await storeOf(settings)
  const signer = createSigner({ secretKey: hexToBytes(settings.EARNEST_ORACLE_KEY) })
  const oracle = createOracle({
    store,
    clock,
    signer,
    attestors,
    chain: {
      client,
      chainId,
      escrow: settings.EARNEST_ESCROW,
      token: settings.EARNEST_TOKEN,
      ...(settings.EARNEST_VAULT !== zeroAddress && { vault: settings.EARNEST_VAULT }),
      startBlock: settings.EARNEST_START_BLOCK,
      fundersFrom: settings.EARNEST_FUNDERS_FROM ?? settings.EARNEST_START_BLOCK,
      publicFunders: settings.EARNEST_PUBLIC_FUNDERS,
      arbiters: settings.EARNEST_ARBITERS,
      feeRecipients: settings.EARNEST_FEE_RECIPIENTS,
      minProtocolFeeBps: settings.EARNEST_PROTOCOL_FEE_BPS,
      sender: privateKeyToAccount(settings.EARNEST_SENDER_KEY),
      senders: settings.EARNEST_SENDER_KEYS.map((key) => privateKeyToAccount(key)),
    },
    artifactKey: hexToBytes(settings.EARNEST_ARTIFACT_KEY),
    blobStore: blobStoreOf(settings, store),
    seeds: settings.EARNEST_SEEDS,
    newcomerCap: settings.EARNEST_NEWCOMER_CAP,
    issuers: settings.EARNEST_ISSUERS,
    anchorSeconds: Math.round(settings.EARNEST_ANCHOR_HOURS * 3600),
    ...(settings.EARNEST_PROBES_PER_HOUR > 0 && {
      probes: {
        perHour: settings.EARNEST_PROBES_PER_HOUR,
        monotonic: () => performance.now(),
      },
    }),
    offerSeconds: settings.EARNEST_OFFER_DAYS * 86_400,
    pollMs: settings.EARNEST_POLL_MS,
    relayBudget: {
      perDay: settings.EARNEST_RELAY_GAS_PER_DAY,
      forStranger: settings.EARNEST_RELAY_GAS_FOR_STRANGER,
      perHour: settings.EARNEST_RELAY_GAS_PER_HOUR,
    },
    jury: settings.EARNEST_JURY ?? [],
    examinerSeconds: settings.EARNEST_EXAMINER_SECONDS,
    spots: { rateBps: settings.EARNEST_SPOT_BPS, cost: settings.EARNEST_SPOT_COST },
    fetch: createGuardedFetch(),
    ...(settings.EARNEST_SMTP_URL && {
      mail: createMail({ url: settings.EARNEST_SMTP_URL, from: settings.EARNEST_MAIL_FROM }),
    }),
    log,
  })
  const token = { address: settings.EARNEST_TOKEN, abi: tokenAbi } as const
  const [tokenName, tokenVersion] = await Promise.all([
    client.readContract({ ...token, functionName: 'name' }),
    client.readContract({ ...token, functionName: 'version' }),
  ])
  const info: OperatorInfo = {
    chainId,
    escrow: settings.EARNEST_ESCROW,
    token: settings.EARNEST_TOKEN,
    tokenName,
    tokenVersion,
    vault: settings.EARNEST_VAULT,
    arbiters: settings.EARNEST_ARBITERS,
    feeRecipients: settings.EARNEST_FEE_RECIPIENTS,
    fees: {
      protocolBps: settings.EARNEST_PROTOCOL_FEE_BPS,
      arbitrationBps: settings.EARNEST_ARBITRATION_FEE_BPS,
    },
    attestors: attestors.map((account) => account.address),
    ladder: settings.EARNEST_LADDER,
  }
  const rate = settings.EARNEST_RATE
  const clientOf = createClientOf(settings.EARNEST_TRUSTED_PROXY)
  // The port is known only once it is bound, the address of grants only then.
  let app: ReturnType<typeof createApp> | undefined
  const server = serve({
    fetch: (request, env) =>
      app ? app.fetch(request, env) : new Response('starting', { status: 503 }),
    hostname: settings.EARNEST_HOST,
    port: settings.EARNEST_PORT,
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.on('error', reject)
    server.on('listening', () => {
      const bound = server.address()
      resolve(typeof bound === 'object' && bound ? bound.port : settings.EARNEST_PORT)
    })
  })
  const url = settings.EARNEST_PUBLIC_URL ?? `http://${settings.EARNEST_HOST}:${port}`
  app = createApp(oracle, {
    info,
    publicUrl: url,
    etherUsdc: settings.EARNEST_ETHER_USDC,
    metrics: createMetrics({ log }),
    monotonic,
    clientOf: (context) =>
      clientOf(getConnInfo(context).remote.address, context.req.header('x-forwarded-for')),
    atOnce: { ...AT_ONCE, streams: { ...AT_ONCE.streams, each: settings.EARNEST_STREAMS } },
    readLimit: { burst: 4 * rate, perSecond: rate },
    writeLimit: { burst: 4 * rate, perSecond: rate },
    moderators: settings.EARNEST_MODERATORS,
    verifyWallet: async ({ wallet, typedData, signature }) =>
      client.verifyTypedData({ address: wallet, ...typedData, signature }),
  })
  for (const name of unknownSettings(process.env)) log.warn({ code: 'unknown_setting', name })
  for (const key of seatless) {
    const what = 'A key of EARNEST_ATTESTOR_KEYS has no seat at the arbiter: it attests nothing'
    log.warn({ code: 'attestor_not_seated', key }, what)
  }
  for (const code of oracle.trust.warnings) log.warn({ code }, WARNINGS[code] ?? code)
  const stopSync = keepInStep(clock, settings.EARNEST_POLL_MS)
  oracle.start()
  process.stdout.write(
    `${JSON.stringify({ ready: { url, did: signer.did, chainId, store: store.shared ? 'server' : 'embedded' } })}\n`,
  )

  let stopping = false
  const stop = () => {
    if (stopping) return
    stopping = true
    stopSync()
    server.close()
    // A stream of events never ends by itself.
    if ('closeAllConnections' in server) server.closeAllConnections()
    void oracle.stop()
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

function keepInStep(clock: ChainClock, milliseconds: number): () => void {
  // A node that does not answer leaves the clock running on its own.
  const timer = setInterval(() => void clock.sync().catch(() => {}), Math.max(200, milliseconds))
  return () => clearInterval(timer)
}

/** On this machine's disk by default; in the database where several processes share one. */
function blobStoreOf(settings: Settings, { db, shared }: Store): BlobStore {
  const folder = join(settings.EARNEST_DATA, 'blobs')
  return openBlobStore(settings.EARNEST_BLOBS ?? (shared ? 'database' : folder), {
    db,
    credentials: {
      accessKeyId: settings.AWS_ACCESS_KEY_ID,
      secretAccessKey: settings.AWS_SECRET_ACCESS_KEY,
      sessionToken: settings.AWS_SESSION_TOKEN,
    },
  })
}
