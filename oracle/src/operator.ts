import { createReadStream, createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { createPublicClient, hexToBytes, http, type PublicClient } from 'viem'
import { createChainClock } from './escrow/clock.ts'
import { rewind } from './escrow/fold.ts'
import { readSettings, type Settings } from './settings.ts'
import { backupStore, restoreStore } from './store/backup.ts'
import type { Context } from './store/context.ts'
import { verifyJournal } from './store/journal.ts'
import { createSigner } from './store/signer.ts'
import { openStore, type Store } from './store/store.ts'
import { decideAppeal, openAppeals } from './trust/appeal.ts'
import { revokeCredential } from './trust/issue.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** What a command works with; it prints one line of JSON for each thing that it says. */
export type Operator = {
  env: Environment
  /** Milliseconds of a clock that never goes back. */
  monotonic: () => number
  say: (line: string) => void
}

/** False where the arguments are not what the command takes. */
type Command = (operator: Operator, ...args: string[]) => Promise<boolean>

/** What an operator does beside a running oracle, or instead of it, by name. */
export const commands: Readonly<Record<string, Command>> = {
  backup: onStore(async (store, _, file) => {
    await pipeline(backupStore(store.db), createGzip(), createWriteStream(file, { mode: 0o600 }))
  }),
  restore: onStore(async (store, { say }, file) => {
    const input = createReadStream(file).pipe(createGunzip())
    say(JSON.stringify({ restored: await restoreStore(store.db, createInterface({ input })) }))
  }),
  reindex: async (operator, from) => {
    if (from !== undefined && !/^\d{1,15}$/.test(from)) return false
    return withStore(operator, async (store, settings) => {
      const block = from === undefined ? settings.EARNEST_START_BLOCK : Number(from)
      await rewind(store.db, block)
      operator.say(JSON.stringify({ reindexFrom: block }))
    })
  },
  'verify-journal': async (operator) =>
    withStore(operator, async (store, settings) => {
      operator.say(JSON.stringify(await verifyJournal(store.db, signerOf(settings))))
    }),
  appeals: async (operator) =>
    withStore(operator, async (store) => {
      for (const appeal of await openAppeals(store.db)) operator.say(JSON.stringify(appeal))
    }),
  appeal: async (operator, flagId, decision, reason) => {
    if (!flagId || (decision !== 'uphold' && decision !== 'reject') || !reason) return false
    const upheld = decision === 'uphold'
    return signed(operator, async (context) => {
      await decideAppeal(context, { flagId, upheld, reason })
      operator.say(JSON.stringify({ flagId, upheld }))
    })
  },
  revoke: async (operator, credentialId, reason = '') => {
    if (!credentialId || !/^[a-z][a-z0-9_]*$/.test(reason)) return false
    const id = credentialId.replace(/^urn:uuid:/, '')
    return signed(operator, async (context) => {
      await revokeCredential(context, { id, reason })
      operator.say(JSON.stringify({ id, reason }))
    })
  },
}

/** The store that the settings name. */
export async function storeOf(settings: Settings): Promise<Store> {
  return openStore(
    settings.DATABASE_URL ? { url: settings.DATABASE_URL } : { folder: settings.EARNEST_DATA },
  )
}

/** A command about one file and the store, which needs no chain and no key. */
function onStore(run: (store: Store, operator: Operator, file: string) => Promise<void>): Command {
  return async (operator, file) => {
    if (!file) return false
    const { DATABASE_URL: url, EARNEST_DATA: folder = '.earnest/oracle' } = operator.env
    const store = await openStore(url ? { url } : { folder })
    try {
      await run(store, operator, file)
      return true
    } finally {
      await store.close()
    }
  }
}

async function withStore(
  { env }: Operator,
  run: (store: Store, settings: Settings) => Promise<void>,
): Promise<true> {
  const settings = readSettings(env)
  const store = await storeOf(settings)
  try {
    await run(store, settings)
    return true
  } finally {
    await store.close()
  }
}

/** What goes into the journal has the chain's time, like everything else there. */
async function signed(operator: Operator, run: (context: Context) => Promise<void>): Promise<true> {
  return withStore(operator, async ({ db }, settings) => {
    const client: PublicClient = createPublicClient({ transport: http(settings.EARNEST_RPC_URL) })
    const clock = await createChainClock({ client, monotonic: operator.monotonic })
    await run({ db, signer: signerOf(settings), clock })
  })
}

function signerOf(settings: Settings) {
  return createSigner({ secretKey: hexToBytes(settings.EARNEST_ORACLE_KEY) })
}
