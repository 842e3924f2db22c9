import { pactEscrowAbi } from '@earnest/contracts'
import { EarnestError } from '@earnest/sdk/protocol'
import {
  type Account,
  BaseError,
  encodeFunctionData,
  type Hex,
  keccak256,
  TransactionReceiptNotFoundError,
} from 'viem'
import { unpack } from '../store/json.ts'
import type { Db } from '../store/store.ts'
import type { Row } from '../store/tables.ts'
import { type Call, type Chain, sendersOf } from './chain.ts'
import { revertCode } from './revert.ts'
import { isMoot } from './submit.ts'

/** Looks after which a transaction that is not mined is sent again with more gas money. */
const BUMP_AFTER = 20
/** Seconds between two looks at a transaction under way. */
const LOOK_AGAIN = 1
/** Longest pause, in seconds, before a refused call is tried again. */
const MAX_PAUSE = 60

type Status = 'queued' | 'signed' | 'mined' | 'reverted' | 'failed' | 'parked'

/** Where a submission stands, and in how many seconds it wants the next step; undefined when it is over. */
export type Progress = { status: Status; again: number | undefined }

export type Submitter = {
  /** One step of a submission: simulate and sign, or look whether it was mined. */
  advance(key: string): Promise<Progress>
}

/** A key that sends, and its queue in this process. */
type Lane = { account: Account; turn: Promise<unknown>; waiting: number; chainNonce: number | null }

/**
 * Signs calls of the escrow and sees them mined, each key with nonces of its own. The signed bytes
 * and their nonce are stored before they are sent, so a crash at any point sends the same transaction
 * again, never a second one. What the chain refuses is tried again, ever more seldom, until it is
 * moot or its tries are used up: then it is parked for the operator, never dropped.
 */
export function createSubmitter({ db, chain }: { db: Db; chain: Chain }): Submitter {
  const { client } = chain
  const lanes: Lane[] = sendersOf(chain).map((account) => ({
    account,
    turn: Promise.resolve(),
    waiting: 0,
    chainNonce: null,
  }))

  return {
    async advance(key) {
      const row = await readRow(key)
      if (row.status === 'queued') return start(row)
      if (row.status === 'signed') return watch(row)
      return { status: row.status as Status, again: undefined }
    },
  }

  /** A node that mines at once refuses a nonce ahead of its turn, so each key sends in order. */
  function inTurn<T>(lane: Lane, work: () => Promise<T>): Promise<T> {
    lane.waiting += 1
    const result = lane.turn.then(work, work).finally(() => {
      lane.waiting -= 1
    })
    lane.turn = result.catch(() => {})
    return result
  }

  /** The key with the least to do; one that is gone from the settings is nobody's. */
  function laneFor(sender: string | null): Lane | undefined {
    if (sender !== null) return lanes.find(({ account }) => account.address === sender)
    return lanes.reduce((best, lane) => (lane.waiting < best.waiting ? lane : best))
  }

  async function readRow(key: string): Promise<Row<'submission'>> {
    return db.selectFrom('submission').selectAll().where('key', '=', key).executeTakeFirstOrThrow()
  }

  async function start(row: Row<'submission'>): Promise<Progress> {
    const call = unpack<Call>(row.request)
    const request = { to: call.to ?? chain.escrow, data: dataOf(call) }
    const lane = laneFor(null) as Lane
    let gas: bigint
    try {
      const account = lane.account.address
      gas = await client.estimateGas({ account, ...request, blockTag: 'pending' })
    } catch (error) {
      const code = revertCode(error)
      if (code !== undefined) return refuse(row, code)
      throw new EarnestError('chain_unreachable', 'the call could not be simulated', {
        retryable: true,
        cause: error,
      })
    }
    const sent = await inTurn(lane, async () => {
      const signed = await sign(row, lane, { ...request, gas: (gas * 13n) / 10n })
      if (signed) await broadcast(signed)
      return signed
    })
    return sent ? watch(await readRow(row.key)) : { status: 'signed', again: LOOK_AGAIN }
  }

  /** Takes the next nonce and stores the signed bytes in one transaction. */
  async function sign(
    row: Row<'submission'>,
    lane: Lane,
    request: { to: Hex; data: Hex; gas: bigint },
  ): Promise<Hex | undefined> {
    const { account } = lane
    const { address } = account
    const signTransaction = account.type === 'local' ? account.signTransaction : undefined
    if (!signTransaction) throw new EarnestError('sender_cannot_sign', 'want a local account')
    const fees = await client.estimateFeesPerGas()
    // Read once: what is signed here is counted in the store. A nonce that another wallet took shows
    // up in `watch`, which has it read again.
    lane.chainNonce ??= await client.getTransactionCount({ address })
    const onChain = lane.chainNonce
    return db.transaction().execute(async (tx) => {
      await tx
        .insertInto('sender')
        .values({ address, next_nonce: onChain })
        .onConflict((conflict) => conflict.column('address').doNothing())
        .execute()
      const { next_nonce } = await tx
        .selectFrom('sender')
        .select('next_nonce')
        .where('address', '=', address)
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
      const { chainId } = chain
      const raw = await signTransaction({ ...request, ...fees, nonce, chainId, type: 'eip1559' })
      const hash = keccak256(raw)
      await tx
        .updateTable('sender')
        .set({ next_nonce: nonce + 1 })
        .where('address', '=', address)
        .execute()
      await tx
        .updateTable('submission')
        .set({ status: 'signed', sender: address, nonce, raw, tx_hash: hash, hashes: [hash] })
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

  async function watch(row: Row<'submission'>): Promise<Progress> {
    for (const hash of row.hashes.toReversed()) {
      const receipt = await receiptOf(hash as Hex)
      if (!receipt) continue
      if (receipt.status !== 'success') {
        await set(row, { tx_hash: hash })
        return refuse(row, 'reverted', 'reverted')
      }
      await set(row, { status: 'mined', tx_hash: hash })
      return { status: 'mined', again: undefined }
    }
    const address = row.sender as Hex
    const count = await client.getTransactionCount({ address })
    if (row.nonce !== null && count > row.nonce) {
      // Another transaction took the nonce; look once more before signing anew.
      if ((await receiptOf(row.tx_hash as Hex)) !== undefined) return watch(row)
      for (const lane of lanes) if (lane.account.address === address) lane.chainNonce = null
      await db
        .updateTable('submission')
        .set({ status: 'queued', raw: null, nonce: null })
        .where('key', '=', row.key)
        .where('status', '=', 'signed')
        .execute()
      return { status: 'queued', again: 0 }
    }
    const lane = laneFor(address)
    const bumps = row.attempts > 0 && row.attempts % BUMP_AFTER === 0
    // A key that is not here any more cannot pay more, but its signed bytes are as good as ever.
    if (lane && bumps) await inTurn(lane, () => bump(row, lane.account))
    else if (lane) await inTurn(lane, () => resend(row))
    else await resend(row)
    await db
      .updateTable('submission')
      .set((eb) => ({ attempts: eb('attempts', '+', 1) }))
      .where('key', '=', row.key)
      .execute()
    return { status: 'signed', again: LOOK_AGAIN }
  }

  async function resend(row: Row<'submission'>): Promise<void> {
    if (row.raw) await broadcast(row.raw as Hex)
  }

  /** The same nonce with a quarter more for the miner: one of the two is mined, never both. */
  async function bump(row: Row<'submission'>, sender: Account): Promise<void> {
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
    await set(row, { raw, tx_hash: hash, hashes: [...row.hashes, hash] })
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

  /** The chain said no. Often it only says "not yet": the block before is missing, the token is paused. */
  async function refuse(
    row: Row<'submission'>,
    code: string,
    last: 'failed' | 'reverted' = 'failed',
  ): Promise<Progress> {
    const tries = row.tries + 1
    if (row.max_tries === 1 || (await isMoot(db, row))) {
      await set(row, { status: last, error: code, tries })
      return { status: last, again: undefined }
    }
    if (tries >= row.max_tries) {
      await set(row, { status: 'parked', error: code, tries })
      return { status: 'parked', again: undefined }
    }
    const afresh = { nonce: null, raw: null, hashes: [] as string[] }
    await set(row, { status: 'queued', error: code, tries, ...afresh })
    return { status: 'queued', again: Math.min(MAX_PAUSE, 2 ** (tries - 1)) }
  }

  async function set(row: Row<'submission'>, change: Partial<Row<'submission'>>): Promise<void> {
    await db.updateTable('submission').set(change).where('key', '=', row.key).execute()
  }
}

function dataOf(call: Call): Hex {
  if (call.data !== undefined) return call.data
  return encodeFunctionData({
    abi: pactEscrowAbi,
    functionName: call.functionName as 'release',
    args: call.args as never,
  })
}
