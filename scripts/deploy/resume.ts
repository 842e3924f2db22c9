import type { ReadClient } from '@earnest/sdk/escrow'
import { EarnestError } from '@earnest/sdk/protocol'
import type { Address } from 'viem'
import { getBlock, getBlockNumber, getTransactionCount } from 'viem/actions'
import { type Entry, folderOf, readJournal, writeJournal } from './journal.ts'
import type { Target } from './network.ts'

/**
 * Mends a journal that broke off between the sending of a transaction and the answer: Ignition would ask
 * its user for a hash that may not exist. What reached the chain is entered with its hash, what did not is
 * sent again; a last line that was written half is cut off, which Ignition could not read.
 * @throws deployment_conflict, deployment_interrupted, history_unavailable
 */
export async function resume(
  client: ReadClient,
  { target, deployer }: { target: Target; deployer: Address },
): Promise<void> {
  const entries = readJournal(target)
  const sent = new Set(entries.filter(({ type }) => type === 'TRANSACTION_SEND').map(keyOf))
  const unanswered = entries.filter(
    (entry) => entry.type === 'TRANSACTION_PREPARE_SEND' && !sent.has(keyOf(entry)),
  )
  // Only its sender's own count tells whether a transaction was sent.
  const other = entries.find(({ from }) => from && from.toLowerCase() !== deployer.toLowerCase())
  if (other !== undefined) {
    throw new EarnestError(
      'deployment_conflict',
      `${folderOf(target)} holds a deployment by ${other.from}, not by ${deployer}; go on with its key, or move it away to deploy anew`,
    )
  }

  const mended = [...entries]
  for (const entry of unanswered) {
    const data = entries.find(
      (other) => other.networkInteraction !== undefined && isSameInteraction(other, entry),
    )?.networkInteraction?.data
    const transaction = await findTransaction(client, { deployer, nonce: entry.nonce ?? 0 })
    if (transaction === undefined || transaction.input !== data) {
      mended.splice(mended.indexOf(entry), 1)
      continue
    }
    const { hash, maxFeePerGas, maxPriorityFeePerGas } = transaction
    const fees = {
      maxFeePerGas: big(maxFeePerGas),
      maxPriorityFeePerGas: big(maxPriorityFeePerGas),
    }
    mended.push({ ...entry, type: 'TRANSACTION_SEND', transaction: { fees, hash } })
  }
  writeJournal(target, mended)
}

const keyOf = ({ futureId, networkInteractionId, nonce }: Entry) =>
  `${futureId}/${networkInteractionId}/${nonce}`

const isSameInteraction = (one: Entry, other: Entry) =>
  one.futureId === other.futureId &&
  (one.networkInteraction as { id?: number }).id === other.networkInteractionId

/** A big number as Ignition writes it. */
const big = (value: bigint | undefined) => ({ _kind: 'bigint', value: String(value ?? 0n) })

/** The transaction of `deployer` with this nonce, or none if the chain never had one. */
async function findTransaction(
  client: ReadClient,
  { deployer, nonce }: { deployer: Address; nonce: number },
) {
  const counted = () => getTransactionCount(client, { address: deployer })
  const countedAt = (blockNumber: bigint) =>
    getTransactionCount(client, { address: deployer, blockNumber }).catch(async (cause) => {
      // Whoever still answers of now has forgotten then; of one that is gone, this question says so.
      await counted()
      throw new EarnestError(
        'history_unavailable',
        `Transaction ${nonce} of ${deployer} was mined, and the RPC does not know the state of block ${blockNumber} any more, by which it is found; name one that keeps old states and give the same command again`,
        { cause, retryable: true },
      )
    })
  if ((await counted()) <= nonce) {
    const pending = await getTransactionCount(client, { address: deployer, blockTag: 'pending' })
    if (pending <= nonce) return undefined
    throw new EarnestError(
      'deployment_interrupted',
      `Transaction ${nonce} of ${deployer} waits for a block; the same command goes on after it`,
      { retryable: true },
    )
  }

  // Back in growing steps until before it, then the block between.
  let [after, before] = [await getBlockNumber(client, { cacheTime: 0 }), 0n]
  for (let step = 16n; after - step > 0n; step *= 4n) {
    if ((await countedAt(after - step)) <= nonce) {
      before = after - step
      break
    }
    after -= step
  }
  while (after - before > 1n) {
    const middle = (after + before) / 2n
    if ((await countedAt(middle)) > nonce) after = middle
    else before = middle
  }
  const { transactions } = await getBlock(client, { blockNumber: after, includeTransactions: true })
  const found = transactions.find(
    (transaction) =>
      transaction.nonce === nonce && transaction.from.toLowerCase() === deployer.toLowerCase(),
  )
  if (found !== undefined) return found
  // Taken for never sent, it would be sent once more.
  throw new EarnestError(
    'deployment_interrupted',
    `Transaction ${nonce} of ${deployer} was mined, and the RPC does not say where; the same command looks again`,
    { retryable: true },
  )
}
