/**
 * Deploys the contracts: `npm run deploy -- --network base-sepolia`. Looks first, sends then, reads back
 * last. `--dry-run` does all of it on a chain in this process with the target's id and USDC.
 */
import { verifyContract } from '@nomicfoundation/hardhat-verify/verify'
import hre from 'hardhat'
import { command, roleOptions } from './deploy/command.ts'
import { connect } from './deploy/connect.ts'
import { checkFunds } from './deploy/funds.ts'
import { addressesOf, inspect } from './deploy/inspect.ts'
import { firstBlockOf, readJournal } from './deploy/journal.ts'
import { targetOf } from './deploy/network.ts'
import { checkChain, checkUsdc } from './deploy/preflight.ts'
import { recordIn, writeDeployment } from './deploy/record.ts'
import { reportFindings } from './deploy/report.ts'
import { resume } from './deploy/resume.ts'
import { namedRoles, rolesOf } from './deploy/roles.ts'
import { send } from './deploy/send.ts'
import { build } from './local/deploy.ts'

const options = {
  network: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  verify: { type: 'boolean', default: false },
  records: { type: 'string' },
  ...roleOptions,
} as const

await command(options, async ({ network, 'dry-run': isDryRun, verify, records, ...words }) => {
  const target = targetOf(network)
  const named = namedRoles(words)
  const record = recordIn(records)
  await build()
  const { connection, client, deployer } = await connect(target, { isDryRun })
  const roles = rolesOf(named, { deployer, target })
  await checkChain(client, target)
  await checkUsdc(client, target)
  if (!isDryRun) await resume(client, { target, deployer })
  await checkFunds(client, { deployer, journal: isDryRun ? [] : readJournal(target) })

  const before = Number(await client.getBlockNumber())
  const { escrow, governance, arbiter } = await send(connection, { target, roles, isDryRun })
  const addresses = {
    ...(await addressesOf(client, { escrow, arbiter })),
    startBlock: (isDryRun ? undefined : firstBlockOf(target)) ?? before,
  }
  if (!isDryRun) writeDeployment(record, target, { ...addresses, roles })
  reportFindings(
    { network: target.name, isDryRun, addresses },
    await inspect(client, { target, addresses, roles }),
  )

  if (!verify || isDryRun) return
  const { token, delay, proposers, ...setup } = roles
  const constructors = [
    { address: escrow, constructorArgs: [token] },
    { address: governance, constructorArgs: [delay, proposers] },
    { address: arbiter, constructorArgs: [{ escrow, governance, ...setup }] },
  ]
  for (const contract of constructors) {
    await verifyContract({ ...contract, provider: 'etherscan' }, hre)
  }
})
