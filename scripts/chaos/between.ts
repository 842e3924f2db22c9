import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Actor } from '../market/actor.ts'
import { type Between, NODE } from '../market/market.ts'
import type { Gate, Phase } from './gate.ts'
import { type HttpGateway, openHttpGateway } from './httpGateway.ts'
import { openPostgresGateway, tellSteps } from './postgresGateway.ts'

/** Puts a gate between all processes of a market, and in front of what they write down themselves. */
export async function openBetween({
  gate,
  nameOf,
}: {
  gate: Gate
  /** Whose DID this is. */
  nameOf: (did: string) => string | undefined
}): Promise<Between & { node: Actor; close(): Promise<void> }> {
  /** All ways to the chain's node, and whether it can be reached. */
  const ways: HttpGateway[] = []
  let isUp = true
  const closing: (() => Promise<void>)[] = []
  /** Who was the first to say something about a pact. */
  const proposers = new Map<string, string>()
  let telling: Promise<void> | undefined

  // What a process writes into its own folder passes here; a held answer never comes.
  const server = createServer(async ({ url = '/' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://localhost')
    const [step, phase] = [searchParams.get('step') ?? '', searchParams.get('phase') as Phase]
    const actor = decodeURIComponent(pathname.slice(1))
    if (await gate.pass(actor, step, phase)) response.end()
    else response.destroy()
  })
  // A connection that is closed for its idleness as its author asks would fail a step that nobody holds.
  server.keepAliveTimeout = 0
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  return {
    // What is on chain stays, as it stays on a node's disk: only its connections die, and none comes about.
    node: {
      name: NODE,
      role: 'node',
      isUp: () => isUp,
      pid: () => 0,
      async up() {
        isUp = true
        for (const way of ways) way.mend()
      },
      async kill() {
        isUp = false
        for (const way of ways) way.cut()
      },
      drain: async () => true,
    },
    async http({ target, caller, callee }) {
      const gateway = await openHttpGateway({
        gate,
        target,
        ...(callee !== undefined && { callee }),
        // The chain is called by one process each; whom the others call knows who signed.
        caller: ({ headers, url, body }) => {
          if (caller !== undefined) return caller
          const signer = headers['earnest-signer']
          const text = typeof signer === 'string' ? signer : decodeURIComponent(url) + body
          const dids = text.match(/did:key:\w+/g) ?? []
          const name = dids.map(nameOf).find((each) => each !== undefined && each !== callee)
          // The message that has the work begin names its pact alone, which its buyer proposed before.
          const pact = /"pact(?:Hash|Id)":"(\w{64})"/.exec(body)?.[1]
          if (pact === undefined) return name
          if (name !== undefined && !proposers.has(pact)) proposers.set(pact, name)
          return name ?? proposers.get(pact)
        },
      })
      closing.push(gateway.close)
      if (callee === NODE) ways.push(gateway)
      return gateway.url
    },
    async database({ target, caller }) {
      telling ??= tellSteps(target)
      await telling
      const gateway = await openPostgresGateway({ gate, actor: caller, url: target })
      closing.push(gateway.close)
      return gateway.url
    },
    environment: (name) => ({ GATE_URL: `http://127.0.0.1:${port}/${encodeURIComponent(name)}` }),
    async close() {
      await Promise.all(closing.map((close) => close()))
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
