/** An agent that logs everything it holds and everything that goes wrong, for a scan of its output. */
import { inspect } from 'node:util'
import { createOracleClient } from '../../../sdk/src/buyer.ts'
import { readAgentEnvironment } from '../../../sdk/src/environment.ts'
import { createManualClock } from '../../../sdk/src/protocol/clock.ts'

const log = (...things: unknown[]) => {
  for (const thing of things) {
    process.stdout.write(`${inspect(thing, { depth: 20, showHidden: true, getters: true })}\n`)
    process.stdout.write(`${String(thing)}\n`)
    process.stdout.write(`${JSON.stringify(thing, Object.getOwnPropertyNames(Object(thing)))}\n`)
  }
}

try {
  const agent = readAgentEnvironment(process.env)
  log(agent, agent.identity, agent.identity.sign, Object.entries(agent.identity))
  const clock = createManualClock(1_800_000_000)
  const { identity } = agent
  const oracle = createOracleClient({
    url: 'http://127.0.0.1:1',
    did: identity.did,
    clock,
    identity,
    attempts: 1,
  })
  log(oracle)
  const heartbeat = { params: { did: identity.did }, body: { at: clock.now(), escrowIds: [] } }
  await oracle.call('sendHeartbeat', heartbeat).catch(log)
  try {
    identity.sign({ type: 'pact', body: 'not a body' as never })
  } catch (error) {
    log(error)
  }
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  log(error)
  process.exitCode = 1
}
