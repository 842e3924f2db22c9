import { pbkdf2Sync } from 'node:crypto'
import {
  type Chain,
  createTestClient,
  custom,
  defineChain,
  type Hex,
  http,
  publicActions,
  type TestClient,
  type Transport,
  toHex,
  walletActions,
} from 'viem'
import { HDKey, hdKeyToAccount } from 'viem/accounts'

/** Hardhat's chain; the list that viem has of all chains takes longer to load than viem. */
export const localChain = defineChain({
  id: 31_337,
  name: 'Hardhat',
  nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  rpcUrls: { default: { http: ['http://127.0.0.1:8545'] } },
})

/** The public development mnemonic of Hardhat; its accounts hold ether on the local chain and nowhere else. */
const mnemonic = 'test test test test test test test test test test test junk'

// BIP-39 by the platform: 2048 rounds in JavaScript for every account are seconds.
const root = HDKey.fromMasterSeed(pbkdf2Sync(mnemonic, 'mnemonic', 2048, 64, 'sha512'))

/** Account `index` of the local chain: 0 deploys, 1 owns USDC, 2 mints, 3 submits for the oracle. */
export function localAccount(index: number) {
  return hdKeyToAccount(root, { addressIndex: index })
}

/** The key of `localAccount(index)`, for processes that take keys from their environment. */
export function localKey(index: number): Hex {
  const { privateKey } = localAccount(index).getHdKey()
  if (!privateKey) throw new Error('the mnemonic has no private keys')
  return toHex(privateKey)
}

/** A viem client of the local chain with public, wallet and test actions, sending as `localAccount(0)`. */
export function localClient(url: string, chainId: number = localChain.id) {
  return clientOver(http(url, { retryCount: 0 }), { ...localChain, id: chainId })
}

/** The same over a chain in this process, with an id of its own. */
export function providerClient(provider: Parameters<typeof custom>[0], chainId: number) {
  return clientOver(custom(provider), { ...localChain, id: chainId })
}

/** The same by any way to the chain. */
export function clientOver(transport: Transport, chain: Chain) {
  return createTestClient({
    account: localAccount(0),
    chain,
    mode: 'hardhat',
    transport,
    pollingInterval: 50,
    cacheTime: 0,
  })
    .extend(publicActions)
    .extend(walletActions)
}

export type LocalClient = ReturnType<typeof localClient>

/** Gives `address` one ether on the local chain, enough for thousands of transactions. */
export async function fundGas(client: TestClient, address: Hex): Promise<void> {
  await client.setBalance({ address, value: 10n ** 18n })
}
