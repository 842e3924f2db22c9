import { iPactEscrowAbi } from '@earnest/contracts'
import { EarnestError, isEarnestError } from '@earnest/sdk/protocol'
import {
  BaseError,
  ContractFunctionRevertedError,
  decodeErrorResult,
  encodeFunctionData,
  type Hex,
  keccak256,
  RawContractError,
  TransactionReceiptNotFoundError,
} from 'viem'
import { pack, unpack } from '../store/json.ts'
import { enqueue } from '../store/queue.ts'
import type { Db, Tx } from '../store/store.ts'
import type { Row } from '../store/tables.ts'
import type { Call, Chain } from './chain.ts'

/** Seconds after which a transaction that is not mined is sent again with more gas money. */
const BUMP_AFTER = 20

export type Submission = { key: string; escrowId: string; call: Call }

export type Submitter = {
  /** One step of a submission: simulate and sign, or look whether it was mined. */
  advance(key: string): Promise<Row<'submission'>['status']>
}

/** Writes down a call to be made exactly once; a key that exists is left alone. */
export async function submit(
  tx: Tx | Db,
  { key, escrowId, call, at }: Submission & { at: number },
) {
  await tx
    .insertInto('submission')
    .values({
      key,
      escrow_id: escrowId,
      request: pack(call),
      status: 'queued',
      sender: null,
      nonce: null,
      raw: null,
      tx_hash: null,
      hashes: [],
      error: null,
      created_at: at,
    })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute()
  await enqueue(tx, { queue: 'submit', key, payload: { key } })
}

/** A reorg took these escrows' transactions with it: the same signed bytes are sent again. */
export async function resubmit(tx: Tx, escrowIds: readonly string[]): Promise<void> {
  const rows = await tx
    .updateTable('submission')
    .set({ status: 'signed' })
    .where('escrow_id', 'in', [...escrowIds])
    .where('status', 'in', ['mined', 'reverted'])
    .returning('key')
    .execute()
  for (const { key } of rows) await enqueue(tx, { queue: 'submit', key, payload: { key } })
}

/**
 * Signs calls of the escrow with one key and sees them mined. The signed bytes and their nonce are
 * stored before they are sent, so a crash at any point sends the same transaction again, never a
 * second one.
 */
export function createSubmitter({ db, chain }: { db: Db; chain: Chain }): Submitter {
  const { client, sender } = chain
  // A node that mines at once refuses a nonce ahead of its turn, so this process sends in order.
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work, work)
    turn = result.catch(() => {})
    return result
  }

  return {
    async advance(key) {
      const row = await readRow(key)
      if (row.status === 'queued') return start(row)
      if (row.status === 'signed') return watch(row)
      return row.status
    },
  }

  async function readRow(key: string): Promise<Row<'submission'>> {
    return db.selectFrom('submission').selectAll().where('key', '=', key).executeTakeFirstOrThrow()
  }

  async function start(row: Row<'submission'>): Promise<string> {
    const call = unpack<Call>(row.request)
    const request = { to: call.to ?? chain.escrow, data: dataOf(call) }
    let gas: bigint
    try {
      gas = await client.estimateGas({ account: sender.address, ...request, blockTag: 'pending' })
    } catch (error) {
      const code = revertCode(error)
      if (code === undefined) {
        throw new EarnestError('chain_unreachable', 'the call could not be simulated', {
          retryable: true,
          cause: error,
        })
      }
      return fail(row, code)
    }
    const sent = await inTurn(async () => {
      const signed = await sign(row, { ...request, gas: (gas * 13n) / 10n })
      if (signed) await broadcast(signed)
      return signed
    })
    return sent ? watch(await readRow(row.key)) : 'signed'
  }

  /** Takes the next nonce and stores the signed bytes in one transaction. */
  async function sign(
    row: Row<'submission'>,
    request: { to: Hex; data: Hex; gas: bigint },
  ): Promise<Hex | undefined> {
    const signTransaction = sender.type === 'local' ? sender.signTransaction : undefined
    if (!signTransaction) throw new EarnestError('sender_cannot_sign', 'want a local account')
    const fees = await client.estimateFeesPerGas()
    const onChain = await client.getTransactionCount({ address: sender.address })
    return db.transaction().execute(async (tx) => {
      await tx
        .insertInto('sender')
        .values({ address: sender.address, next_nonce: onChain })
        .onConflict((conflict) => conflict.column('address').doNothing())
        .execute()
      const { next_nonce } = await tx
        .selectFrom('sender')
        .select('next_nonce')
        .where('address', '=', sender.address)
        .forUpdate()
        .executeTakeFirstOrThrow()
      const current = await tx
        .selectFrom('submission')
        .select('status')
        .where('key', '=', row.key)
        .forUpdate()
        .executeTakeFirst()
      if (current?.status !== 'queued') return undefined
      const nonce = Math.max(next_nonce, onChain)
      const raw = await signTransaction({
        ...request,
        ...fees,
        nonce,
        chainId: chain.chainId,
        type: 'eip1559',
      })
      const hash = keccak256(raw)
      await tx
        .updateTable('sender')
        .set({ next_nonce: nonce + 1 })
        .where('address', '=', sender.address)
        .execute()
      await tx
        .updateTable('submission')
        .set({
          status: 'signed',
          sender: sender.address,
          nonce,
          raw,
          tx_hash: hash,
          hashes: [hash],
        })
        .where('key', '=', row.key)
        .execute()
      return raw
    })
  }

  async function broadcast(raw: Hex): Promise<void> {
    try {
      await client.sendRawTransaction({ serializedTransaction: raw })
    } catch (error) {
      // Known already, mined already, or not yet its turn: the receipt decides, not this answer.
      if (!(error instanceof BaseError)) throw error
    }
  }

  async function watch(row: Row<'submission'>): Promise<string> {
    for (const hash of row.hashes.toReversed()) {
      const receipt = await receiptOf(hash as Hex)
      if (!receipt) continue
      const status = receipt.status === 'success' ? 'mined' : 'reverted'
      await db
        .updateTable('submission')
        .set({ status, tx_hash: hash })
        .where('key', '=', row.key)
        .execute()
      return status
    }
    const count = await client.getTransactionCount({ address: sender.address })
    if (row.nonce !== null && count > row.nonce) {
      // Another transaction took the nonce; look once more before signing anew.
      if ((await receiptOf(row.tx_hash as Hex)) !== undefined) return watch(row)
      await db
        .updateTable('submission')
        .set({ status: 'queued', raw: null, nonce: null })
        .where('key', '=', row.key)
        .where('status', '=', 'signed')
        .execute()
      return 'queued'
    }
    await inTurn(() =>
      row.attempts > 0 && row.attempts % BUMP_AFTER === 0 ? bump(row) : resend(row),
    )
    await db
      .updateTable('submission')
      .set((eb) => ({ attempts: eb('attempts', '+', 1) }))
      .where('key', '=', row.key)
      .execute()
    return 'signed'
  }

  async function resend(row: Row<'submission'>): Promise<void> {
    if (row.raw) await broadcast(row.raw as Hex)
  }

  /** The same nonce with a quarter more for the miner: one of the two is mined, never both. */
  async function bump(row: Row<'submission'>): Promise<void> {
    if (row.nonce === null || sender.type !== 'local') return
    const call = unpack<Call>(row.request)
    const request = { to: call.to ?? chain.escrow, data: dataOf(call) }
    const gas = await client
      .estimateGas({ account: sender.address, ...request })
      .catch(() => undefined)
    if (gas === undefined) return resend(row)
    const fees = await client.estimateFeesPerGas()
    const step = BigInt(row.hashes.length)
    const scale = (fee: bigint) => (fee * (100n + 25n * step)) / 100n
    const raw = await sender.signTransaction({
      ...request,
      gas: (gas * 13n) / 10n,
      maxFeePerGas: scale(fees.maxFeePerGas),
      maxPriorityFeePerGas: scale(fees.maxPriorityFeePerGas),
      nonce: row.nonce,
      chainId: chain.chainId,
      type: 'eip1559',
    })
    const hash = keccak256(raw)
    await db
      .updateTable('submission')
      .set({ raw, tx_hash: hash, hashes: [...row.hashes, hash] })
      .where('key', '=', row.key)
      .execute()
    await broadcast(raw)
  }

  async function receiptOf(hash: Hex) {
    try {
      return await client.getTransactionReceipt({ hash })
    } catch (error) {
      if (error instanceof TransactionReceiptNotFoundError) return undefined
      throw new EarnestError('chain_unreachable', 'the receipt could not be read', {
        retryable: true,
        cause: error,
      })
    }
  }

  async function fail(row: Row<'submission'>, code: string): Promise<string> {
    await db
      .updateTable('submission')
      .set({ status: 'failed', error: code })
      .where('key', '=', row.key)
      .execute()
    return 'failed'
  }
}

function dataOf(call: Call): Hex {
  if (call.data !== undefined) return call.data
  return encodeFunctionData({
    abi: iPactEscrowAbi,
    functionName: call.functionName as 'release',
    args: call.args as never,
  })
}

/** The name of the contract's error in a failed simulation, `reverted` for an unknown one; undefined when the node did not answer. */
export function revertCode(error: unknown): string | undefined {
  if (isEarnestError(error) || !(error instanceof BaseError)) return undefined
  const reverted = error.walk((cause) => cause instanceof ContractFunctionRevertedError)
  if (reverted instanceof ContractFunctionRevertedError) {
    return reverted.data?.errorName ?? 'reverted'
  }
  const data = revertData(error)
  if (data !== undefined) {
    try {
      return decodeErrorResult({ abi: iPactEscrowAbi, data }).errorName
    } catch {
      return 'reverted'
    }
  }
  return /revert/i.test(error.message) ? 'reverted' : undefined
}

function revertData(error: BaseError): Hex | undefined {
  const raw = error.walk((cause) => {
    const data = (cause as { data?: unknown }).data
    return cause instanceof RawContractError || typeof data === 'string' || typeof data === 'object'
  }) as { data?: Hex | { data?: Hex } } | null
  const data = typeof raw?.data === 'object' ? raw.data?.data : raw?.data
  return data?.startsWith('0x') && data.length >= 10 ? data : undefined
}
