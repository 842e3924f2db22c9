import { createMcpServer } from '@earnest/sdk/mcp'
import { bindWallet, createIdentity, createManualClock } from '@earnest/sdk/protocol'
import { createOracleClient } from '@earnest/sdk/seller'
import { createBuyerTools, createSellerTools, type Tool } from '@earnest/sdk/tools'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { createWalletClient, http } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'

/** Nobody answers there: a list asks nobody. */
const nowhere = 'http://127.0.0.1:1'

/** What a stock MCP client is told of an agent's tools, by side. */
export async function toolListing(): Promise<{ buyer: unknown[]; seller: unknown[] }> {
  const clock = createManualClock(1_800_000_000)
  const identity = createIdentity({ secretKey: new Uint8Array(32).fill(1) })
  const account = privateKeyToAccount(`0x${'01'.repeat(32)}`)
  const wallet = createWalletClient({ account, transport: http(nowhere) })
  const oracle = createOracleClient({ url: nowhere, did: identity.did, clock, identity })
  const { address } = account
  const chainId = 31_337
  const buyer = createBuyerTools({
    identity,
    wallet,
    oracles: [oracle],
    clock,
    limit: { perTrade: 1n, open: 1n },
  })
  const body = { did: identity.did, wallet: address, chainId, issuedAt: clock.now(), nonce }
  const seller = createSellerTools({
    identity,
    wallet,
    oracle,
    clock,
    binding: await bindWallet({
      identity,
      body,
      signWallet: (typedData) => account.signTypedData(typedData),
    }),
    services: [
      { id: 'any', name: 'Any', description: 'Any work', minPaymentUsdc: 1n, minSeconds: 1 },
    ],
    policy: {
      capabilities: {},
      inputFormats: ['application/json'],
      outputFormats: ['application/json'],
      minDescriptionLength: 1,
      machineCheckedOnly: true,
      escrows: [{ chainId, contract: address, token: address }],
      arbiters: [address],
      maxProtocolFeeBps: 0,
      maxArbitrationFeeBps: 0,
      minFallbackSellerBps: 0,
      maxReviewWindow: 0,
    },
    card: {
      name: 'Anybody',
      description: 'Lists tools',
      version: '1.0.0',
      endpoint: `${nowhere}/a2a`,
      trade: {
        pactVersions: ['1'],
        settlement: {
          network: chainId,
          asset: address,
          escrow: address,
          payTo: address,
          transferMethod: 'eip3009',
        },
        pricing: { currency: 'USDC', perTask: 1n, complex: 1n },
        sla: { maxResponseTimeMs: 1, uptime99Days: 1 },
        inputFormats: ['application/json'],
        outputFormats: ['application/json'],
        timing: { profiles: ['agent'] },
        arbiters: [address],
      },
    },
  })
  return { buyer: await listOf(buyer.tools), seller: await listOf(seller.tools) }
}

const nonce = '00000000-0000-4000-8000-000000000000'

/** The answer to `tools/list`, over the protocol. */
async function listOf(tools: readonly Tool[]): Promise<unknown[]> {
  const [here, there] = InMemoryTransport.createLinkedPair()
  const client = new Client({ name: 'reader', version: '1' })
  await Promise.all([createMcpServer({ tools }).connect(there), client.connect(here)])
  const { tools: listed } = await client.listTools()
  await client.close()
  return listed
}
