import hre from 'hardhat'
import { localChain } from './chain.ts'

/**
 * Starts a local chain that mines at once and, like Base, also by the clock.
 * @param blockSeconds Seconds between empty blocks; 0 mines only with a transaction.
 * @param chainId Of the chain that it stands for; Hardhat's own by default.
 */
export async function startChain({
  port = 0,
  blockSeconds = 0,
  chainId = localChain.id,
}: {
  port?: number
  blockSeconds?: number
  chainId?: number
} = {}): Promise<{ url: string; close(): Promise<void> }> {
  const server = await hre.network.createServer(
    {
      network: 'default',
      override: {
        chainId,
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
