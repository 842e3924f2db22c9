/**
 * Deploys the contracts: `npm run deploy -- --network base-sepolia`. Looks first, sends then, reads back
 * last. `--dry-run` does all of it on a chain in this process with the target's id and USDC.
 */
import { parseArgs } from 'node:util'
import { isEarnestError } from '@earnest/sdk/protocol'
import { verifyContract } from '@nomicfoundation/hardhat-verify/verify'
import hre from 'hardhat'
import type { Address } from 'viem'
import Earnest from '../contracts/ignition/modules/Earnest.ts'
import { connect } from './deploy/connect.ts'
import { addressesOf, inspect } from './deploy/inspect.ts'
import { targetOf } from './deploy/network.ts'
import { preflight } from './deploy/preflight.ts'
import { writeDeployment } from './deploy/record.ts'
import { reportFindings } from './deploy/report.ts'
import { rolesOf } from './deploy/roles.ts'
import { build } from './local/deploy.ts'

const { values } = parseArgs({
  options: {
    network: { type: 'string' },
    'dry-run': { type: 'boolean', default: false },
    verify: { type: 'boolean', default: false },
    attestors: { type: 'string' },
    threshold: { type: 'string' },
    seats: { type: 'string' },
    proposers: { type: 'string' },
    guardian: { type: 'string' },
    treasury: { type: 'string' },
    moderator: { type: 'string' },
    roster: { type: 'string' },
  },
})

try {
  const target = targetOf(values.network)
  const isDryRun = values['dry-run']
  await build()
  const { connection, client, deployer } = await connect(target, { isDryRun })
  const roles = rolesOf(values, { deployer, target })
  await preflight(client, { target, deployer })

  const startBlock = Number(await client.getBlockNumber())
  const deployed = await connection.ignition.deploy(Earnest, {
    parameters: { Earnest: { ...roles } },
    deploymentId: target.name,
    displayUi: !isDryRun,
  })
  const { escrow, arbiter, governance } = deployed as unknown as Record<
    'escrow' | 'arbiter' | 'governance',
    { address: Address }
  >
  const addresses = {
    ...(await addressesOf(client, { escrow: escrow.address, arbiter: arbiter.address })),
    startBlock,
  }
  if (!isDryRun) writeDeployment(target, addresses)
  reportFindings(
    { network: target.name, isDryRun, addresses },
    await inspect(client, { addresses, roles }),
  )

  if (values.verify && !isDryRun) {
    const { token, delay, proposers, ...setup } = roles
    const constructors = [
      { address: escrow.address, constructorArgs: [token] },
      { address: governance.address, constructorArgs: [delay, proposers] },
      {
        address: arbiter.address,
        constructorArgs: [{ escrow: escrow.address, governance: governance.address, ...setup }],
      },
    ]
    for (const contract of constructors) {
      await verifyContract({ ...contract, provider: 'etherscan' }, hre)
    }
  }
} catch (error) {
  if (!isEarnestError(error)) throw error
  process.stderr.write(`${error.code}: ${error.message}\n`)
  process.exitCode = 1
}
