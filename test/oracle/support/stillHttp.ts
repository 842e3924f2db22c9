import { http, type Transport, toHex } from 'viem'

/** What makes a block, beside a look at the one to come. */
const MINES = new Set(['eth_sendRawTransaction', 'eth_sendTransaction', 'evm_mine', 'hardhat_mine'])

/**
 * A way to a local chain on which time passes only where a test moves it, however long the machine takes and
 * however many blocks come. All clients of one chain share one.
 */
export function stillHttp(url: string): Transport {
  const open = http(url)
  let next = 0n
  let last: Promise<unknown> = Promise.resolve()
  return (options) => {
    const way = open(options)
    const ask = way.request as (call: { method: string; params?: unknown }) => Promise<unknown>
    const moveTo = async (timestamp: bigint) => {
      await ask({ method: 'evm_setNextBlockTimestamp', params: [toHex(timestamp)] })
      next = timestamp
    }
    const hold = async () => {
      const block = await ask({ method: 'eth_getBlockByNumber', params: ['latest', false] })
      const now = BigInt((block as { timestamp: string }).timestamp)
      await moveTo(next < now ? now : next)
    }
    const request = async (call: { method: string; params?: unknown }) => {
      const [first] = (call.params ?? []) as [string | undefined]
      if (call.method === 'evm_setNextBlockTimestamp') return moveTo(BigInt(first ?? 0))
      if (call.method === 'evm_increaseTime') {
        await hold()
        return moveTo(next + BigInt(first ?? 0))
      }
      if (call.method === 'evm_revert') next = 0n
      if (MINES.has(call.method) || first === 'pending') await hold()
      return ask(call)
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
