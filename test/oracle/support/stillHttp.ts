import { type Transport, toHex } from 'viem'
import { rpc } from '../../../oracle/src/escrow/rpc.ts'

/** What makes a block of the second that is held. */
const SENDS = new Set(['eth_sendRawTransaction', 'eth_sendTransaction'])
/** What may make one, or take some back, of any second. */
const MOVES = new Set(['evm_mine', 'hardhat_mine', 'evm_revert'])

/**
 * A way to a local chain on which time passes only where a test moves it, however long the machine takes and
 * however many blocks come. All clients of one chain share one.
 */
export function stillHttp(url: string): Transport {
  const open = rpc(url)
  /** The second that is; unknown at first. */
  let next: bigint | undefined
  /** The next block is of that second already. */
  let isHeld = false
  let last: Promise<unknown> = Promise.resolve()
  return (options) => {
    const way = open(options)
    const ask = way.request as (call: { method: string; params?: unknown }) => Promise<unknown>
    const moveTo = async (timestamp: bigint) => {
      await ask({ method: 'evm_setNextBlockTimestamp', params: [toHex(timestamp)] })
      next = timestamp
      isHeld = true
    }
    const seen = async () => {
      const block = await ask({ method: 'eth_getBlockByNumber', params: ['latest', false] })
      return BigInt((block as { timestamp: string }).timestamp)
    }
    const hold = async () => {
      if (isHeld) return
      // Whoever came by another way may have moved it on.
      const isStill =
        next !== undefined &&
        (await moveTo(next).then(
          () => true,
          () => false,
        ))
      if (!isStill) await moveTo(await seen())
    }
    const request = async (call: { method: string; params?: unknown }) => {
      const { method, params } = call
      const [first] = (params ?? []) as [string | undefined]
      if (method === 'evm_setNextBlockTimestamp') return moveTo(BigInt(first ?? 0))
      if (method === 'evm_increaseTime') {
        await hold()
        return moveTo((next ?? 0n) + BigInt(first ?? 0))
      }
      const [sends, moves] = [SENDS.has(method), MOVES.has(method)]
      if (sends || moves || first === 'pending') await hold()
      try {
        return await ask(call)
      } finally {
        if (sends || moves) isHeld = false
        if (moves) next = undefined
      }
    }
    // One at a time: of two that hold the same second the other would slip.
    const inTurn = (call: { method: string; params?: unknown }) => {
      const answer = last.then(() => request(call))
      last = answer.catch(() => undefined)
      return answer
    }
    return { ...way, request: inTurn as typeof way.request }
  }
}
