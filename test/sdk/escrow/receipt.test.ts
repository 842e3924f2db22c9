import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { createPublicClient, custom, toHex } from 'viem'
import { awaitReceipt } from '../../../sdk/src/escrow/receipt.ts'

test('a wait that ran out during its first question to a slow node asks nothing any more', async () => {
  const asked: string[] = []
  let answer = () => {}
  const slow = new Promise<void>((resolve) => {
    answer = resolve
  })
  const client = createPublicClient({
    pollingInterval: 5,
    transport: custom(
      {
        async request({ method }: { method: string }) {
          asked.push(method)
          if (asked.length === 1) await slow
          return method === 'eth_blockNumber' ? toHex(asked.length) : null
        },
      },
      { retryCount: 0 },
    ),
  })
  const wait = awaitReceipt(client, { hash: `0x${'11'.repeat(32)}`, timeout: 20 })
  await assert.rejects(wait, { name: 'WaitForTransactionReceiptTimeoutError' })
  answer()
  await pause(100)
  assert.deepEqual(asked, ['eth_getTransactionReceipt'])
})
