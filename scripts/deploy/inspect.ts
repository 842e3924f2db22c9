import {
  bondVaultAbi,
  committeeAbi,
  governanceAbi,
  pactArbiterAbi,
  pactEscrowAbi,
} from '@earnest/contracts'
import type { ReadClient } from '@earnest/sdk/escrow'
import hre from 'hardhat'
import { type Address, getAddress, type Hex, sliceHex, zeroAddress } from 'viem'
import { getCode, readContract } from 'viem/actions'
import type { Addresses } from './record.ts'
import type { Roles } from './roles.ts'

/** One thing that was looked at. */
export type Finding = { what: string; is: string; should: string; holds: boolean }

/**
 * Reads a deployment back from the chain and holds it against the sources and the roles: code (but for
 * its immutable words), parameters, owners, delays.
 */
export async function inspect(
  client: ReadClient,
  { addresses, roles }: { addresses: Addresses; roles?: Roles },
): Promise<Finding[]> {
  const { escrow, arbiter, governance, committee, vault, token } = addresses
  const findings: Finding[] = []
  const compare = (what: string, is: unknown, should: unknown) => {
    const [a, b] = [text(is), text(should)]
    findings.push({ what, is: a, should: b, holds: a === b })
  }

  const contracts = {
    PactEscrow: escrow,
    PactArbiter: arbiter,
    Governance: governance,
    Committee: committee,
    BondVault: vault,
  }
  for (const [name, address] of Object.entries(contracts)) {
    compare(`${name}: code`, await codeStanding(client, name, address), 'as compiled')
  }

  const ofEscrow = { address: escrow, abi: pactEscrowAbi } as const
  const ofArbiter = { address: arbiter, abi: pactArbiterAbi } as const
  const ofGovernance = { address: governance, abi: governanceAbi } as const
  compare(
    'PactEscrow: token',
    await readContract(client, { ...ofEscrow, functionName: 'token' }),
    token,
  )
  const wiring = { escrow, committee, vault, governance } as const
  for (const functionName of ['escrow', 'committee', 'vault', 'governance'] as const) {
    compare(
      `PactArbiter: ${functionName}`,
      await readContract(client, { ...ofArbiter, functionName }),
      wiring[functionName],
    )
  }
  compare(
    'Committee: arbiter',
    await readContract(client, { address: committee, abi: committeeAbi, functionName: 'arbiter' }),
    arbiter,
  )
  compare(
    'BondVault: escrow',
    await readContract(client, { address: vault, abi: bondVaultAbi, functionName: 'escrow' }),
    escrow,
  )
  compare(
    'PactArbiter: frozen',
    await readContract(client, { ...ofArbiter, functionName: 'frozen' }),
    false,
  )

  const delay = await readContract(client, { ...ofGovernance, functionName: 'getMinDelay' })
  compare('Governance: delay of at least 30 days', delay >= 30n * 86_400n, true)
  const admin = await readContract(client, { ...ofGovernance, functionName: 'DEFAULT_ADMIN_ROLE' })
  const isAdmin = (account: Address) =>
    readContract(client, { ...ofGovernance, functionName: 'hasRole', args: [admin, account] })
  compare('Governance: administers itself', await isAdmin(governance), true)

  if (roles === undefined) return findings
  for (const functionName of [
    'guardian',
    'treasury',
    'moderator',
    'threshold',
    'seats',
    'rosterHash',
    'panelCost',
  ] as const) {
    compare(
      `PactArbiter: ${functionName}`,
      await readContract(client, { ...ofArbiter, functionName }),
      roles[functionName],
    )
  }
  const [seated, standbys] = await Promise.all([
    readContract(client, { ...ofArbiter, functionName: 'attestors' }),
    readContract(client, { ...ofArbiter, functionName: 'standbys' }),
  ])
  const keys = [...seated, ...standbys].map(({ key }) => key)
  compare('PactArbiter: attestors', keys, roles.attestors)
  compare(
    'Committee: memberStake',
    await readContract(client, {
      address: committee,
      abi: committeeAbi,
      functionName: 'memberStake',
    }),
    roles.memberStake,
  )
  compare('Governance: delay', delay, roles.delay)
  const proposer = await readContract(client, { ...ofGovernance, functionName: 'PROPOSER_ROLE' })
  for (const account of roles.proposers) {
    compare(
      `Governance: ${account} proposes`,
      await readContract(client, {
        ...ofGovernance,
        functionName: 'hasRole',
        args: [proposer, account],
      }),
      true,
    )
  }
  for (const account of new Set([...roles.proposers, roles.guardian, zeroAddress])) {
    compare(`Governance: ${account} is no administrator`, await isAdmin(account), false)
  }
  return findings
}

function text(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join(', ') : String(value)
}

async function codeStanding(client: ReadClient, name: string, address: Address): Promise<string> {
  const deployed = await getCode(client, { address })
  if (deployed === undefined) return 'no code'
  const { deployedBytecode, immutableReferences } = await hre.artifacts.readArtifact(name)
  const immutables = Object.values(immutableReferences ?? {}).flat()
  const compiled = blank(deployedBytecode as Hex, immutables)
  return blank(deployed, immutables) === compiled ? 'as compiled' : 'other code'
}

/** Code with its immutable words, which only the deployment knows, set to zero. */
function blank(code: Hex, immutables: readonly { start: number; length: number }[]): Hex {
  let blanked = code
  for (const { start, length } of immutables) {
    const end = start + length
    if (end > (code.length - 2) / 2) return code
    const before = sliceHex(blanked, 0, start)
    blanked = `${before}${'00'.repeat(length)}${blanked.slice(2 + 2 * end)}`
  }
  return blanked
}

/** The addresses that an arbiter made or was given, read from the chain. */
export async function addressesOf(
  client: ReadClient,
  { escrow, arbiter }: { escrow: Address; arbiter: Address },
): Promise<Omit<Addresses, 'startBlock'>> {
  const ofArbiter = { address: arbiter, abi: pactArbiterAbi } as const
  const [committee, vault, governance, token] = await Promise.all([
    readContract(client, { ...ofArbiter, functionName: 'committee' }),
    readContract(client, { ...ofArbiter, functionName: 'vault' }),
    readContract(client, { ...ofArbiter, functionName: 'governance' }),
    readContract(client, { address: escrow, abi: pactEscrowAbi, functionName: 'token' }),
  ])
  return {
    escrow: getAddress(escrow),
    arbiter: getAddress(arbiter),
    committee,
    vault,
    governance,
    token,
  }
}
