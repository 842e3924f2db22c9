import { performance } from 'node:perf_hooks'
import { pactEscrowAbi } from '@earnest/contracts'
import { createIdentity, escrowIdOfPact, termsFromPact } from '@earnest/sdk/protocol'
import {
  type AbiEvent,
  encodeAbiParameters,
  encodeEventTopics,
  type Hex,
  keccak256,
  type PublicClient,
  toHex,
} from 'viem'
import { createIndexer } from '../../oracle/src/escrow/indexer.ts'
import { takeLease } from '../../oracle/src/store/lease.ts'
import { agree, createDesk, pactOf, register } from '../../test/oracle/support/world.ts'

const BLOCKS = 50
const hashOf = (block: number): Hex => keccak256(toHex(`block-${block}`))

/**
 * Events a second through the indexer: decoded, stored, folded, journalled and signed, from a chain
 * whose answers stand ready. Four events make a trade of a registered pact.
 */
export async function measureIndexer(trades = 500): Promise<{ eventsPerSecond: number }> {
  const desk = await createDesk({
    app: {
      readLimit: { burst: 1e9, perSecond: 1e9 },
      writeLimit: { burst: 1e9, perSecond: 1e9 },
    },
  })
  await register(desk, desk.buyer)
  await register(desk, desk.seller)
  const logs: object[] = []
  for (let trade = 0; trade < trades; trade++) {
    const pact = pactOf(desk, { paymentUsdc: '0.01' })
    await agree(desk, pact)
    const id = escrowIdOfPact({ pact })
    const terms = termsFromPact({ pact })
    const hash = keccak256(id)
    const block = 1 + Math.floor((trade * BLOCKS) / trades)
    const story: [string, object][] = [
      ['Funded', { id, buyer: terms.buyer, seller: terms.seller, terms }],
      ['Delivered', { id, round: 1n, artifactHash: hash, noticed: false }],
      ['Attested', { id, round: 1n, result: 1, reportHash: hash }],
      ['Released', { id, sellerAmount: 9_950n, protocolFee: 50n, bonded: false }],
    ]
    for (const [name, args] of story) logs.push(logOf({ name, args, block, index: logs.length }))
  }
  const chain = { ...desk.oracle.chain, client: chainOf(logs, desk.clock.now()) }
  const { db } = desk.oracle
  const signer = createIdentity({ secretKey: new Uint8Array(32).fill(33) })
  const indexer = createIndexer({ db, signer, chain })
  const started = performance.now()
  for (let more = true; more; ) {
    const lease = await takeLease(db, { name: 'indexer', holder: 'bench', seconds: 60 })
    if (!lease) throw new Error('no lease')
    more = (await indexer.step(lease)).more
  }
  const seconds = (performance.now() - started) / 1_000
  const { n } = await db
    .selectFrom('escrow')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('state', '=', 'Completed')
    .executeTakeFirstOrThrow()
  if (Number(n) !== trades) throw new Error(`${n} of ${trades} trades were folded`)
  await desk.close()
  return { eventsPerSecond: Math.round(logs.length / seconds) }
}

function logOf({
  name,
  args,
  block,
  index,
}: {
  name: string
  args: object
  block: number
  index: number
}): object {
  const event = pactEscrowAbi.find(
    (entry) => entry.type === 'event' && entry.name === name,
  ) as unknown as AbiEvent
  const values = args as Record<string, unknown>
  const inData = event.inputs.filter(({ indexed }) => !indexed)
  return {
    topics: encodeEventTopics({ abi: [event], eventName: name, args: values } as never),
    data: encodeAbiParameters(
      inData,
      inData.map((input) => values[input.name ?? '']),
    ),
    blockNumber: BigInt(block),
    blockHash: hashOf(block),
    transactionHash: keccak256(toHex(`transaction-${index}`)),
    logIndex: index,
    removed: false,
  }
}

/** A chain that answers at once: what is measured is the indexer. */
function chainOf(logs: readonly object[], now: number): PublicClient {
  const blockOf = (number: number): object => ({
    number: BigInt(number),
    hash: hashOf(number),
    parentHash: hashOf(number - 1),
    timestamp: BigInt(now + number),
  })
  const client = {
    getBlock: async ({ blockNumber }: { blockNumber?: bigint }) =>
      blockOf(blockNumber === undefined ? BLOCKS : Number(blockNumber)),
    getLogs: async ({ fromBlock, toBlock }: { fromBlock: bigint; toBlock: bigint }) =>
      (logs as { blockNumber: bigint }[]).filter(
        ({ blockNumber }) => blockNumber >= fromBlock && blockNumber <= toBlock,
      ),
  }
  return client as unknown as PublicClient
}
