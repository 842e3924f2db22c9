/**
 * A seller of `data_lookup` as a process of its own, as sdk/README.md shows one. It knows one answer; asked
 * anything else it fails, says so, and gives the money back.
 */
import { EarnestError } from '@earnest/sdk/protocol'
import { createMemoryStore, createSeller, type Skill, sellerDefaults } from '@earnest/sdk/seller'
import { listen } from './listen.ts'
import { localParty, wallClock } from './party.ts'

const known: Record<string, { answer: string; source: string }> = {
  'Who wrote the RFC that defines JSON?': {
    answer: 'Tim Bray edited RFC 8259',
    source: 'https://www.rfc-editor.org/rfc/rfc8259',
  },
}

const skill: Skill = {
  id: 'data_lookup',
  name: 'Lookup',
  description: 'Answers a question with its source',
  minPaymentUsdc: 1_000_000n,
  minSeconds: 1,
  run: async ({ input }) => {
    const { question } = input as { question?: string }
    const found = known[question ?? '']
    if (!found) throw new EarnestError('unknown_question', 'No answer to this question is known')
    return { json: { ...found, lookedUpAt: new Date().toISOString() } }
  },
}

const { EARNEST_RPC_URL = '', EARNEST_ORACLE_URL = '', EARNEST_ORACLE_DID = '' } = process.env
const { identity, wallet, oracle } = localParty({
  name: 'lookups',
  rpcUrl: EARNEST_RPC_URL,
  oracle: { url: EARNEST_ORACLE_URL, did: EARNEST_ORACLE_DID },
})
const say = (event: unknown) => process.stdout.write(`${JSON.stringify(event)}\n`)

let seller: ReturnType<typeof createSeller> | undefined
const { url, server } = await listen(() => seller?.fetch)
const options = await sellerDefaults({
  identity,
  wallet,
  oracle,
  clock: wallClock,
  store: createMemoryStore(),
  name: 'Lookups',
  description: 'Facts with sources',
  endpoint: `${url}/a2a`,
  skills: [skill],
})
seller = createSeller({
  ...options,
  onEvent: (event) => {
    if (event.type !== 'oracle_event') say(event)
  },
})
await seller.register()
await seller.start()
say({ ready: { url, did: identity.did } })

const stop = () => {
  server.close()
  void seller?.stop().then(() => process.exit(0))
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
