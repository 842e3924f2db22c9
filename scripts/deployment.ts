/**
 * Reads a deployment back: `npm run deployment -- --network base-sepolia`. Compares code, parameters,
 * owners and delays with the sources here and with the roles that were recorded, or named as for
 * `npm run deploy`.
 */
import { createPublicClient, http } from 'viem'
import { command, roleOptions } from './deploy/command.ts'
import { rpcOf } from './deploy/connect.ts'
import { inspect } from './deploy/inspect.ts'
import { targetOf } from './deploy/network.ts'
import { checkChain, checkUsdc } from './deploy/preflight.ts'
import { readDeployment, recordIn } from './deploy/record.ts'
import { reportFindings } from './deploy/report.ts'
import { namedRoles } from './deploy/roles.ts'
import { build } from './local/deploy.ts'

const options = {
  network: { type: 'string' },
  rpc: { type: 'string' },
  records: { type: 'string' },
  ...roleOptions,
} as const

await command(options, async ({ network, rpc, records, ...words }) => {
  const target = targetOf(network)
  const { roles: recorded, ...addresses } = readDeployment(recordIn(records), target)
  const roles = { ...recorded, ...namedRoles(words) }
  await build()
  const client = createPublicClient({ transport: http(rpc ?? (await rpcOf(target))) })
  await checkChain(client, target)
  await checkUsdc(client, target)
  reportFindings(
    { network: target.name, addresses },
    await inspect(client, { target, addresses, roles }),
  )
})
