import { pactEscrowAbi } from '@earnest/contracts'
import { type Clock, EarnestError } from '@earnest/sdk/protocol'
import { sql } from 'kysely'
import {
  type Account,
  BaseError,
  encodeFunctionData,
  type FeeValuesEIP1559,
  type Hex,
  keccak256,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
} from 'viem'
import { unpack } from '../store/json.ts'
import { statement } from '../store/statement.ts'
import type { Db } from '../store/store.ts'
import type { Row } from '../store/tables.ts'
import { type Call, type Chain, sendersOf } from './chain.ts'
import { revertCode } from './revert.ts'
import { isMoot } from './submit.ts'
import { completionOf } from './together.ts'

/** Looks after which a transaction that is not mined is sent again with more gas money. */
const BUMP_AFTER = 20
/** Seconds between two looks at a transaction under way. */
const LOOK_AGAIN = 1
/** Seconds for which the price of gas is taken as it was; what gets stuck by it is sent again for more. */
const FEES_LAST = 2
/** Longest pause, in seconds, before a refused call is tried again. */
const MAX_PAUSE = 60

type Status = 'queued' | 'signed' | 'mined' | 'reverted' | 'failed' | 'parked'
/** Statuses that want another step. */
const underWay: ReadonlySet<string> = new Set<Status>(['queued', 'signed'])

/** Where a submission stands, and in how many seconds it wants the next step; undefined when it is over. */
export type Progress = {
  status: Status
  again: number | undefined
  /** The transaction that was found mined in this step. */
  mined?: Hex
}

export type Submitter = {
  /**
   * One step of a submission: simulate and sign, or look whether it was mined. Work that waits for what is
   * over then is dropped.
   * @param gas What a simulation of this very call took just now; it is not simulated again.
   * @param row What was just written; it is not read again.
   */
  advance(
    key: string,
    options?: { gas?: bigint | undefined; row?: Row<'submission'> | undefined },
  ): Promise<Progress>
  /**
   * Signs and sends the fresh completions among these as one transaction, where the chain takes them all; what
   * it does not take together is left as it is. Each is then advanced by its own key, as if it were alone.
   */
  gather(keys: readonly string[]): Promise<void>
}

/** A key that sends, its queue in this process, and where its nonces are thought to be. */
type Lane = {
  account: Account
  turn: Promise<unknown>
  waiting: number
  chainNonce: number | null
  nextNonce: number
}

/**
 * Signs calls of the escrow and sees them mined, each key with nonces of its own. The signed bytes
 * and their nonce are stored before they are sent, so a crash at any point sends the same transaction
 * again, never a second one. What the chain refuses is tried again, ever more seldom, until it is
 * moot or its tries are used up: then it is parked for the operator, never dropped.
 */
export function createSubmitter({
  db,
  chain,
  clock,
}: {
  db: Db
  chain: Chain
  clock: Clock
}): Submitter {
  const { client } = chain
  let fees: { at: number; asked: Promise<FeeValuesEIP1559> } | undefined
  const asked = new Map<Hex, Promise<TransactionReceipt | undefined>>()
  const lanes: Lane[] = sendersOf(chain).map((account) => ({
    account,
    turn: Promise.resolve(),
    waiting: 0,
    chainNonce: null,
    nextNonce: 0,
  }))

  return {
    async advance(key, { gas, row: written } = {}) {
      const row = written ?? (await readRow(key))
      if (row.status === 'queued') return start(row, gas)
      if (row.status === 'signed') return watch(row)
      return { status: row.status as Status, again: undefined }
    },

    async gather(keys) {
      const rows = await db
        .selectFrom('submission')
        .select(['key', 'escrow_id', 'seq', 'request'])
        .where(sql<boolean>`key = any(${[...keys]}::text[])`)
        .where('status', '=', 'queued')
        // Whatever was refused once goes alone, so that it stands in nobody's way a second time.
        .where('tries', '=', 0)
        .execute()
      const found = await Promise.all(
        rows.map(async (row) => {
          const completion = await completionOf(chain, row)
          return completion ? [{ key: row.key, ...completion }] : []
        }),
      )
      const together = found.flat()
      if (together.length < 2) return
      const data = encodeFunctionData({
        abi: pactEscrowAbi,
        functionName: 'completeBatch',
        args: [together.map(({ terms }) => terms), together.map(({ how }) => how), '0x'],
      })
      const request = { to: chain.escrow, data }
      const account = lanes[0]?.account.address as Hex
      const gas = await client
        .estimateGas({ account, ...request, blockTag: 'pending' })
        .catch(() => undefined)
      // All or none: each for itself says which one the chain does not take.
      if (gas === undefined) return
      const own = together.map(({ key }) => key)
      const lane = laneFor(null) as Lane
      await inTurn(lane, async () => {
        const signed = await sign(own, lane, { ...request, gas: (gas * 13n) / 10n })
        if (signed) await broadcast(signed.raw)
      })
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
    const [row] = await submissionOf(db, { key })
    if (row) return row
    throw new EarnestError('submission_unknown', 'No such submission')
  }

  async function start(row: Row<'submission'>, known?: bigint): Promise<Progress> {
    const call = unpack<Call>(row.request)
    const request = { to: call.to ?? chain.escrow, data: dataOf(call) }
    let gas = known
    try {
      const account = lanes[0]?.account.address as Hex
      gas ??= await client.estimateGas({ account, ...request, blockTag: 'pending' })
    } catch (error) {
      const code = revertCode(error)
      if (code !== undefined) return refuse(row, code)
      throw new EarnestError('chain_unreachable', 'the call could not be simulated', {
        retryable: true,
        cause: error,
      })
    }
    const limit = (gas * 13n) / 10n
    // Chosen as late as this: whatever began at the same time has its key by now.
    const lane = laneFor(null) as Lane
    const sent = await inTurn(lane, async () => {
      const signed = await sign([row.key], lane, { ...request, gas: limit })
      if (signed) await broadcast(signed.raw)
      return signed
    })
    return sent ? watch({ ...row, ...sent }) : { status: 'signed', again: LOOK_AGAIN }
  }

  function feesNow(): Promise<FeeValuesEIP1559> {
    const now = clock.now()
    if (fees === undefined || now >= fees.at + FEES_LAST) {
      const asked = client.estimateFeesPerGas()
      fees = { at: now, asked }
      asked.catch(() => {
        fees = undefined
      })
    }
    return fees.asked
  }

  /**
   * Signs with the nonce that ought to be next, and takes it and stores the bytes in one statement, under every
   * key that they carry out; undefined where another was faster with any of them.
   */
  async function sign(
    keys: readonly string[],
    lane: Lane,
    request: { to: Hex; data: Hex; gas: bigint },
  ) {
    const { account } = lane
    const { address } = account
    const signTransaction = account.type === 'local' ? account.signTransaction : undefined
    if (!signTransaction) throw new EarnestError('sender_cannot_sign', 'want a local account')
    const price = await feesNow()
    // Read once: what is signed here is counted in the store. A nonce that another wallet took shows
    // up in `watch`, which has it read again.
    lane.chainNonce ??= await client.getTransactionCount({ address })
    const onChain = lane.chainNonce
    const { chainId } = chain
    for (;;) {
      const nonce = Math.max(lane.nextNonce, onChain)
      const raw = await signTransaction({ ...request, ...price, nonce, chainId, type: 'eip1559' })
      const signed = { status: 'signed', sender: address, nonce, raw, tx_hash: keccak256(raw) }
      const [stored] = await takeNonce(db, { keys, count: keys.length, onChain, ...signed })
      if (!stored?.ready) return undefined
      if (stored.taken) {
        lane.nextNonce = nonce + 1
        return { ...signed, hashes: [signed.tx_hash] }
      }
      // Another process signs with this key too, or did before this one began.
      const [sender] = await readSender(db, { address })
      lane.nextNonce = sender?.next_nonce ?? 0
    }
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
      if (receipt.status !== 'success') return refuse(row, 'reverted', hash as Hex)
      const change = { status: 'mined', tx_hash: hash }
      const isOurs = await set(row, change)
      return isOurs ? { status: 'mined', again: undefined, mined: hash as Hex } : now(row)
    }
    const address = row.sender as Hex
    const count = await client.getTransactionCount({ address })
    if (row.nonce !== null && count > row.nonce) {
      // Another transaction took the nonce. Before signing anew one looks once more, at each price that was
      // offered, and with questions of one's own: one that was under way may be older than that block.
      for (const hash of row.hashes) if (await readReceipt(hash as Hex)) return watch(row)
      for (const lane of lanes) if (lane.account.address === address) lane.chainNonce = null
      await set(row, { status: 'queued', raw: null, nonce: null })
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
    const change = { raw, tx_hash: hash, hashes: [...row.hashes, hash] }
    if (await set(row, change)) await broadcast(raw)
  }

  /** Asked once for all whose calls one transaction carries. */
  function receiptOf(hash: Hex): Promise<TransactionReceipt | undefined> {
    const known = asked.get(hash)
    if (known !== undefined) return known
    const question = readReceipt(hash).finally(() => asked.delete(hash))
    asked.set(hash, question)
    return question
  }

  async function readReceipt(hash: Hex) {
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
  async function refuse(row: Row<'submission'>, code: string, reverted?: Hex): Promise<Progress> {
    const tries = row.tries + 1
    if (row.max_tries === 1 || (await isMoot(db, row))) {
      const status = reverted ? 'reverted' : 'failed'
      const change = { status, error: code, tries, ...(reverted && { tx_hash: reverted }) }
      return (await set(row, change)) ? { status, again: undefined } : now(row)
    }
    if (tries >= row.max_tries) {
      const isOurs = await set(row, { status: 'parked', error: code, tries })
      return isOurs ? { status: 'parked', again: undefined } : now(row)
    }
    const afresh = { nonce: null, raw: null, hashes: [] as string[] }
    const isOurs = await set(row, { status: 'queued', error: code, tries, ...afresh })
    if (!isOurs) return now(row)
    return { status: 'queued', again: Math.min(MAX_PAUSE, 2 ** (tries - 1)) }
  }

  /**
   * Changes a submission that still stands as it was read; false where another process was faster. What the
   * chain refuses may be refused because that one's transaction went through. What is over then leaves no
   * work behind, but for what a worker has in hand.
   */
  async function set(row: Row<'submission'>, change: Partial<Row<'submission'>>): Promise<boolean> {
    const isOver = change.status !== undefined && !underWay.has(change.status)
    const was = { wasStatus: row.status, wasHash: row.tx_hash }
    const changed = await changeRow(db, { ...row, ...change, ...was, isOver })
    return changed.length === 1
  }

  /** Where it stands after all; who finds it under way looks again. */
  async function now({ key }: Row<'submission'>): Promise<Progress> {
    const { status } = await readRow(key)
    return { status: status as Status, again: underWay.has(status) ? LOOK_AGAIN : undefined }
  }
}

const submissionOf = statement((db, { key }: { key: string }) =>
  db.selectFrom('submission').selectAll().where('key', '=', key),
)

type Changing = Row<'submission'> & { wasStatus: string; wasHash: string | null; isOver: boolean }

const changeRow = statement(
  (_, row: Changing) => sql<{ key: string }>`
    with changed as (
      update submission set status = ${row.status}, tx_hash = ${row.tx_hash}, error = ${row.error},
        tries = ${row.tries}, nonce = ${row.nonce}, raw = ${row.raw}, hashes = ${row.hashes}
      where key = ${row.key} and status = ${row.wasStatus}
        and tx_hash is not distinct from ${row.wasHash}
      returning key
    ), dropped as (
      delete from job
      where ${row.isOver}::boolean and queue = 'submit' and lease_token is null
        and key in (select key from changed)
    )
    select key from changed`,
)

function dataOf(call: Call): Hex {
  if (call.data !== undefined) return call.data
  return encodeFunctionData({
    abi: pactEscrowAbi,
    functionName: call.functionName as 'release',
    args: call.args as never,
  })
}

type Taking = {
  keys: readonly string[]
  count: number
  onChain: number
  sender: string
  nonce: number
  raw: Hex
  tx_hash: Hex
}

/** All of it or nothing: the row of the sender stays locked to the end, so nonces are given in the order of their storing. */
const takeNonce = statement(
  (_, { keys, count, onChain, sender, nonce, raw, tx_hash }: Taking) =>
    sql<{ ready: boolean; taken: boolean }>`
    with ready as (
      select key from submission where key = any(${keys}::text[]) and status = 'queued' for update
    ), whole as (
      select (select count(*) from ready) = ${count} as ready
    ), taken as (
      insert into sender (address, next_nonce)
      select ${sender}::text, ${nonce}::int8 + 1 from whole where whole.ready
      on conflict (address) do update set next_nonce = excluded.next_nonce
      where greatest(sender.next_nonce, ${onChain}::int8) = ${nonce}
      returning 1
    ), signed as (
      update submission set status = 'signed', sender = ${sender}, nonce = ${nonce},
        raw = ${raw}, tx_hash = ${tx_hash}, hashes = array[${tx_hash}]
      where key in (select key from ready) and exists (select from taken)
    )
    select whole.ready, exists (select from taken) as taken from whole`,
)

const readSender = statement((db, { address }: { address: string }) =>
  db.selectFrom('sender').select('next_nonce').where('address', '=', address),
)
