import {
  bondVaultAbi,
  committeeAbi,
  governanceAbi,
  pactArbiterAbi,
  pactEscrowAbi,
} from '@earnest/contracts'
import type { ReadClient } from '@earnest/sdk/escrow'
import { type Address, getAddress, zeroAddress } from 'viem'
import { readContract } from 'viem/actions'
import { readStanding } from './code.ts'
import { readHolders } from './holders.ts'
import type { Target } from './network.ts'
import type { Addresses, Roles } from './record.ts'
import { wordsOf } from './words.ts'

/** One thing that was looked at. */
export type Finding = { what: string; is: string; should: string; holds: boolean }

/**
 * Reads a deployment back from the chain and holds it against the sources and the roles: code, the words
 * fixed in it, parameters, owners, delays. Where code is missing or other code, nothing more is asked of it.
 */
export async function inspect(
  client: ReadClient,
  { target, addresses, roles }: { target: Target; addresses: Addresses; roles: Roles },
): Promise<Finding[]> {
  const { escrow, arbiter, governance, committee, vault, token, startBlock } = addresses
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
  const words = wordsOf(addresses, { roles, chainId: target.chainId })
  for (const [name, address] of Object.entries(contracts)) {
    const standing = await readStanding(client, { name, address })
    compare(`${name}: code`, standing.stands, 'as compiled')
    if (standing.stands === 'as compiled') {
      const wanted = words[name] ?? []
      compare(
        `${name}: words fixed in the code`,
        standing.words.filter((word) => !wanted.includes(word)),
        wanted.filter((word) => !standing.words.includes(word)),
      )
    }
  }
  if (findings.some(({ what, holds }) => what.endsWith(': code') && !holds)) return findings

  const ofEscrow = { address: escrow, abi: pactEscrowAbi } as const
  const ofArbiter = { address: arbiter, abi: pactArbiterAbi } as const
  const ofGovernance = { address: governance, abi: governanceAbi } as const
  const ofCommittee = { address: committee, abi: committeeAbi } as const
  const held = await readContract(client, { ...ofEscrow, functionName: 'token' })
  compare('PactEscrow: token', held, target.usdc)
  compare('Record: token', token, target.usdc)
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
    await readContract(client, { ...ofCommittee, functionName: 'arbiter' }),
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
    await readContract(client, { ...ofCommittee, functionName: 'memberStake' }),
    roles.memberStake,
  )

  const delay = await readContract(client, { ...ofGovernance, functionName: 'getMinDelay' })
  compare('Governance: delay', delay, roles.delay)
  compare('Governance: delay of at least 30 days', delay >= 30n * 86_400n, true)
  const holders = await readHolders(client, { governance, startBlock })
  for (const [role, should] of Object.entries({
    DEFAULT_ADMIN_ROLE: [governance],
    PROPOSER_ROLE: roles.proposers,
    CANCELLER_ROLE: roles.proposers,
    EXECUTOR_ROLE: [zeroAddress],
  })) {
    compare(`Governance: ${role}`, holders[role]?.sort(), [...should].sort())
  }
  return findings
}

function text(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join(', ') : String(value)
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
