/**
 * Reads a deployment back: `npm run deployment -- --network base-sepolia`. Compares code, wiring, owners
 * and delays with the sources here, and with the roles where they are given as for `npm run deploy`.
 */
import { parseArgs } from 'node:util'
import { isEarnestError } from '@earnest/sdk/protocol'
import hre from 'hardhat'
import { createPublicClient, http } from 'viem'
import { inspect } from './deploy/inspect.ts'
import { targetOf } from './deploy/network.ts'
import { readDeployment } from './deploy/record.ts'
import { reportFindings } from './deploy/report.ts'

const { values } = parseArgs({ options: { network: { type: 'string' }, rpc: { type: 'string' } } })

try {
  const target = targetOf(values.network)
  const addresses = readDeployment(target)
  await hre.tasks.getTask('build').run({ quiet: true, noTests: true })
  const { url } = hre.config.networks[target.name] as { url: { getUrl(): Promise<string> } }
  const client = createPublicClient({ transport: http(values.rpc ?? (await url.getUrl())) })
  reportFindings({ network: target.name, addresses }, await inspect(client, { addresses }))
} catch (error) {
  if (!isEarnestError(error)) throw error
  process.stderr.write(`${error.code}: ${error.message}\n`)
  process.exitCode = 1
}
