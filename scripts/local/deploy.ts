import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pactArbiterAbi } from '@earnest/contracts'
import { MultiProcessMutex } from '@nomicfoundation/hardhat-utils/synchronization'
import hre from 'hardhat'
import { type Abi, type Address, type Hex, zeroAddress, zeroHash } from 'viem'
import { type LocalClient, localAccount } from './chain.ts'
import { deployUsdc } from './usdc.ts'

/** Where everything stands on a chain. */
export type Deployment = {
  chainId: number
  token: Address
  escrow: Address
  arbiter: Address
  /** The arbiter's bond vault. */
  vault: Address
  feeRecipient: Address
  /** First block that an indexer has to read. */
  startBlock: number
}

/** How long a process waits for another one that compiles everything from nothing. */
const BUILD_TIMEOUT = 600_000

/** Compiles the contracts where they changed; processes that want it at once take turns. */
export async function build(): Promise<void> {
  // Hardhat writes its cache through one temporary file: two builds at once lose it to each other.
  const lock = join(hre.config.paths.cache, 'build.lock')
  await mkdir(dirname(lock), { recursive: true })
  await new MultiProcessMutex(lock, BUILD_TIMEOUT).use(async () => {
    // Hardhat looks at every import of every file, which each of a hundred processes would wait for.
    const stamp = join(hre.config.paths.cache, 'built')
    if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint()) return
    await hre.tasks.getTask('build').run({ quiet: true, noTests: true })
    writeFileSync(stamp, fingerprint())
  })
}

/** Hash over all that the contracts are compiled from and with, and what came of it. */
function fingerprint(): string {
  const { root, artifacts, sources } = hre.config.paths
  const files = [
    join(root, 'hardhat.config.ts'),
    join(root, 'package-lock.json'),
    ...sources.solidity.flatMap((folder) => globSync(join(folder, '**/*.sol'))),
    ...globSync(join(artifacts, 'contracts/**/*.json')),
  ]
  const hash = createHash('sha256')
  for (const file of files.sort()) hash.update(`${file}\0`).update(readFileSync(file))
  return hash.digest('hex')
}

async function deploy(client: LocalClient, name: string, args: unknown[]): Promise<Address> {
  const { abi, bytecode } = await hre.artifacts.readArtifact(name)
  const hash = await client.deployContract({ abi: abi as Abi, bytecode: bytecode as Hex, args })
  const { contractAddress } = await client.waitForTransactionReceipt({ hash })
  if (!contractAddress) throw new Error(`${name} was not created`)
  return contractAddress
}

/**
 * Deploys USDC, the escrow and the default arbiter on a local chain.
 * @param attestors Addresses of the oracle's attestor keys, all of them seated.
 * @param threshold How many of them sign an attestation or a ruling.
 * @param moderator Who has the moderator's seat; nobody by default.
 */
export async function deployEarnest(
  client: LocalClient,
  {
    attestors,
    threshold,
    moderator = zeroAddress,
  }: { attestors: Address[]; threshold: number; moderator?: Address },
): Promise<Deployment> {
  await build()
  const startBlock = Number(await client.getBlockNumber())
  const token = await deployUsdc(client)
  const escrow = await deploy(client, 'PactEscrow', [token])
  const feeRecipient = localAccount(4).address
  const arbiter = await deploy(client, 'PactArbiter', [
    {
      escrow,
      governance: localAccount(5).address,
      guardian: localAccount(6).address,
      treasury: feeRecipient,
      threshold: BigInt(threshold),
      seats: BigInt(attestors.length),
      attestors,
      moderator,
      rosterHash: zeroHash,
      memberStake: 250_000_000n,
      panelCost: 3_500_000n,
    },
  ])
  const vault = await client.readContract({
    abi: pactArbiterAbi,
    address: arbiter,
    functionName: 'vault',
  })
  return { chainId: client.chain.id, token, escrow, arbiter, vault, feeRecipient, startBlock }
}
