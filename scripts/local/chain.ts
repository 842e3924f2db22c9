import hre from 'hardhat'
import {
  type Chain,
  createTestClient,
  custom,
  type Hex,
  http,
  publicActions,
  type TestClient,
  type Transport,
  toHex,
  walletActions,
} from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { hardhat } from 'viem/chains'

/** The public development mnemonic of Hardhat; its accounts hold ether on the local chain and nowhere else. */
const mnemonic = 'test test test test test test test test test test test junk'

/** Account `index` of the local chain: 0 deploys, 1 owns USDC, 2 mints, 3 submits for the oracle. */
export function localAccount(index: number) {
  return mnemonicToAccount(mnemonic, { addressIndex: index })
}

/** The key of `localAccount(index)`, for processes that take keys from their environment. */
export function localKey(index: number): Hex {
  const { privateKey } = localAccount(index).getHdKey()
  if (!privateKey) throw new Error('the mnemonic has no private keys')
  return toHex(privateKey)
}

/** A viem client of the local chain with public, wallet and test actions, sending as `localAccount(0)`. */
export function localClient(url: string) {
  return clientOver(http(url, { retryCount: 0 }), hardhat)
}

/** The same over a chain in this process, with an id of its own. */
export function providerClient(provider: Parameters<typeof custom>[0], chainId: number) {
  return clientOver(custom(provider), { ...hardhat, id: chainId })
}

function clientOver(transport: Transport, chain: Chain) {
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

/**
 * Starts a local chain that mines at once and, like Base, also by the clock.
 * @param blockSeconds Seconds between empty blocks; 0 mines only with a transaction.
 */
export async function startChain({
  port = 0,
  blockSeconds = 0,
}: {
  port?: number
  blockSeconds?: number
} = {}): Promise<{ url: string; close(): Promise<void> }> {
  const server = await hre.network.createServer(
    {
      network: 'default',
      override: {
        allowUnlimitedContractSize: false,
        initialDate: new Date(),
        // Its clock keeps to the wall clock however many transactions a second brings.
        allowBlocksWithSameTimestamp: true,
        mining: { auto: true, interval: blockSeconds * 1000 },
        loggingEnabled: false,
      },
    },
    '127.0.0.1',
    port,
  )
  const { address, port: bound } = await server.listen()
  return { url: `http://${address}:${bound}`, close: () => server.close() }
}

/** Gives `address` one ether on the local chain, enough for thousands of transactions. */
export async function fundGas(client: TestClient, address: Hex): Promise<void> {
  await client.setBalance({ address, value: 10n ** 18n })
}
