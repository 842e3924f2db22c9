import { concatHex, type Hex, hexToBytes, keccak256, numberToHex, toHex, toRlp, trim } from 'viem'
import { EarnestError } from '../protocol/error.ts'
import type { ReadClient } from './client.ts'
import { mapErrors } from './send.ts'

/** A quantity as JSON-RPC has it, or bytes. */
type Word = Hex
type Log = { address: Hex; topics: Hex[]; data: Hex }

/** A transaction's receipt, as far as the receipts' root commits to it. */
export interface ProvenReceipt {
  transactionHash: Hex
  type: Word
  status: Word
  cumulativeGasUsed: Word
  logsBloom: Hex
  logs: Log[]
  depositNonce?: Word
  depositReceiptVersion?: Word
}

/** A block's header and all its receipts: whoever holds its hash needs no node to believe them. */
export interface InclusionProof {
  header: Record<string, Hex>
  receipts: ProvenReceipt[]
  txHash: Hex
}

/** Header fields in the order of their hash; those of later forks only where the block has them. */
const HEADER = [
  'parentHash',
  'sha3Uncles',
  'miner',
  'stateRoot',
  'transactionsRoot',
  'receiptsRoot',
  'logsBloom',
  'difficulty',
  'number',
  'gasLimit',
  'gasUsed',
  'timestamp',
  'extraData',
  'mixHash',
  'nonce',
  'baseFeePerGas',
  'withdrawalsRoot',
  'blobGasUsed',
  'excessBlobGas',
  'parentBeaconBlockRoot',
  'requestsHash',
] as const

const QUANTITIES = new Set<string>([
  'difficulty',
  'number',
  'gasLimit',
  'gasUsed',
  'timestamp',
  'baseFeePerGas',
  'blobGasUsed',
  'excessBlobGas',
])

/** Reads what proves a transaction for ever, once, from a node. Throws `chain_unreachable` (retryable), `not_mined`. */
export async function readInclusion(
  client: ReadClient,
  { txHash }: { txHash: Hex },
): Promise<InclusionProof> {
  const ask = <T>(method: string, ...params: unknown[]) =>
    mapErrors(() => client.request({ method, params } as never)) as Promise<T>
  const own = await ask<{ blockHash: Hex } | null>('eth_getTransactionReceipt', txHash)
  if (!own?.blockHash) throw new EarnestError('not_mined', 'The transaction is in no block')
  const block = await ask<Record<string, Hex> & { transactions: Hex[] }>(
    'eth_getBlockByHash',
    own.blockHash,
    false,
  )
  const receipts: ProvenReceipt[] = []
  for (const hash of block.transactions) {
    receipts.push(await ask<ProvenReceipt>('eth_getTransactionReceipt', hash))
  }
  const header = Object.fromEntries(
    HEADER.flatMap((field) => (block[field] === undefined ? [] : [[field, block[field] as Hex]])),
  )
  return { header, receipts, txHash }
}

/**
 * The logs of a transaction that a block of this hash really holds, computed offline: the header hashes
 * to it and commits to the root of exactly these receipts. Throws `not_included`, `transaction_failed`.
 */
export function verifyInclusion(
  { header, receipts, txHash }: InclusionProof,
  { blockHash }: { blockHash: Hex },
): readonly Log[] {
  const fields = HEADER.flatMap((field) => (header[field] === undefined ? [] : [field]))
  const encoded = toRlp(
    fields.map((field) => {
      const value = header[field] as Hex
      return QUANTITIES.has(field) ? quantity(value) : value
    }),
  )
  const own = receipts.findIndex(({ transactionHash }) => transactionHash === txHash)
  const receipt = receipts[own]
  const root = trieRoot(receipts.map((one, index) => [keyOf(index), encodeReceipt(one)]))
  if (!receipt || keccak256(encoded) !== blockHash || root !== header.receiptsRoot) {
    throw new EarnestError('not_included', 'No block of this hash holds the transaction')
  }
  if (BigInt(receipt.status) !== 1n) {
    throw new EarnestError('transaction_failed', 'The transaction was reverted')
  }
  return receipt.logs
}

/** EIP-2718 envelope; deposits of an OP stack carry two fields more. */
function encodeReceipt(receipt: ProvenReceipt): Hex {
  const { type, status, cumulativeGasUsed, logsBloom, logs } = receipt
  const { depositNonce, depositReceiptVersion } = receipt
  const body = toRlp([
    quantity(status),
    quantity(cumulativeGasUsed),
    logsBloom,
    logs.map(({ address, topics, data }) => [address, topics, data]),
    ...(depositNonce === undefined ? [] : [quantity(depositNonce)]),
    ...(depositReceiptVersion === undefined ? [] : [quantity(depositReceiptVersion)]),
  ])
  const kind = Number(type)
  return kind === 0 ? body : concatHex([numberToHex(kind, { size: 1 }), body])
}

function quantity(value: Word): Hex {
  return BigInt(value) === 0n ? '0x' : trim(toHex(BigInt(value)))
}

function keyOf(index: number): number[] {
  return nibbles(toRlp(quantity(numberToHex(index))))
}

function nibbles(hex: Hex): number[] {
  return [...hexToBytes(hex)].flatMap((byte) => [byte >> 4, byte & 15])
}

type Item = readonly [key: number[], value: Hex]
type Node = Hex | Node[]

/** Root of a Merkle Patricia trie (Ethereum yellow paper, appendix D). */
function trieRoot(items: readonly Item[]): Hex {
  return keccak256(toRlp(nodeOf(items, 0)))
}

function nodeOf(items: readonly Item[], depth: number): Node {
  const [first] = items
  if (!first) return '0x'
  if (items.length === 1) return [path(first[0].slice(depth), true), first[1]]
  let shared = 0
  const nibble = first[0]
  while (items.every(([key]) => key[depth + shared] === nibble[depth + shared])) shared++
  if (shared > 0) {
    return [path(nibble.slice(depth, depth + shared), false), link(nodeOf(items, depth + shared))]
  }
  const children = Array.from({ length: 16 }, (_, index) =>
    link(
      nodeOf(
        items.filter(([key]) => key[depth] === index),
        depth + 1,
      ),
    ),
  )
  return [...children, items.find(([key]) => key.length === depth)?.[1] ?? '0x']
}

/** A node of 32 bytes or more stands by its hash, a smaller one by itself. */
function link(node: Node): Node {
  if (node === '0x') return node
  const encoded = toRlp(node as Hex[])
  return encoded.length >= 2 + 64 ? keccak256(encoded) : node
}

/** Hex-prefix encoding of a path. */
function path(steps: readonly number[], isLeaf: boolean): Hex {
  const odd = steps.length % 2 === 1
  const flag = (isLeaf ? 2 : 0) + (odd ? 1 : 0)
  const all = odd ? [flag, ...steps] : [flag, 0, ...steps]
  return `0x${all.map((step) => step.toString(16)).join('')}`
}
