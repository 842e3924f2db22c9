/**
 * Five judges of the demo as a process of their own: local servers on the wires of OpenAI, Anthropic,
 * Google, Mistral and an OpenAI-compatible endpoint. They stand in for models, and say so: each pays
 * what the machine's report leaves, a little more or less, and nothing for nothing.
 */
import { encode } from '@earnest/sdk/protocol'
import { jurorSchema } from '../../oracle/src/settlement/jury/roster.ts'
import { startProvider, wires } from '../local/judge/provider.ts'
import { isEmpty, verdict } from '../local/judge/verdict.ts'

/** What each seat gives a half-done delivery, in percent. */
const leanings = [60, 55, 60, 65, 60]

const providers = await Promise.all(
  wires.map((wire, seat) =>
    startProvider(wire, (heard) => verdict(heard, isEmpty(heard) ? 0 : (leanings[seat] ?? 0))),
  ),
)
const jurors = providers.map(({ juror }) => encode(jurorSchema, juror, 'invalid_settings'))
process.stdout.write(`${JSON.stringify({ ready: { jurors } })}\n`)

const stop = () =>
  void Promise.all(providers.map((provider) => provider.close())).then(() => process.exit(0))
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
