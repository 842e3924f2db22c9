/**
 * A local chain with USDC, escrow, arbiter and vault deployed, as a process of its own.
 * `PORT` binds it to a fixed port, `BLOCK_SECONDS` is the time between blocks. Its one line says where everything stands.
 */
import { localAccount, localClient } from './local/chain.ts'
import { deployEarnest } from './local/deploy.ts'
import { attestorIndexes } from './local/oracle.ts'
import { startChain } from './local/startChain.ts'

const chain = await startChain({
  port: Number(process.env.PORT ?? 0),
  blockSeconds: Number(process.env.BLOCK_SECONDS ?? 1),
})
const deployment = await deployEarnest(localClient(chain.url), {
  attestors: attestorIndexes.map((index) => localAccount(index).address),
  threshold: 2,
})
process.stdout.write(`${JSON.stringify({ ready: { url: chain.url, deployment } })}\n`)

// It has nothing to save, and would wait for connections that others keep open.
const stop = () => process.exit(0)
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
