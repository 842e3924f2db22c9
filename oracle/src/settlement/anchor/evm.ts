import { anchorMemo, type Clock, EarnestError } from '@earnest/sdk/protocol'
import {
  type Hex,
  isHex,
  stringToHex,
  TransactionNotFoundError,
  TransactionReceiptNotFoundError,
} from 'viem'
import type { Chain } from '../../escrow/chain.ts'
import { SMALL_CONFIRMATIONS } from '../../escrow/finality.ts'
import { submit } from '../../escrow/submit.ts'
import type { Db } from '../../store/store.ts'
import type { Anchor } from './anchor.ts'

/**
 * Anchors in the calldata of a plain transaction to the oracle's own account: no contract, and any node
 * shows it. Sent by the same queue as every other call, so that a crash sends it once.
 */
export function createEvmAnchor({
  db,
  chain,
  clock,
}: {
  db: Db
  chain: Pick<Chain, 'client' | 'chainId' | 'sender'>
  clock: Clock
}): Anchor {
  const { client, chainId, sender } = chain

  const verify: Anchor['verify'] = async (reference, statement) => {
    if (!isHex(reference)) return false
    const hash = reference as Hex
    try {
      const [{ input }, receipt, head] = await Promise.all([
        client.getTransaction({ hash }),
        client.getTransactionReceipt({ hash }),
        client.getBlockNumber(),
      ])
      const isIt = input === stringToHex(anchorMemo(statement)) && receipt.status === 'success'
      return isIt && receipt.blockNumber + BigInt(SMALL_CONFIRMATIONS) <= head
    } catch (cause) {
      if (
        cause instanceof TransactionNotFoundError ||
        cause instanceof TransactionReceiptNotFoundError
      ) {
        return false
      }
      throw new EarnestError('chain_unreachable', 'The anchor could not be read', {
        retryable: true,
        cause,
      })
    }
  }

  return {
    chain: `eip155:${chainId}`,
    verify,
    async anchor(statement) {
      const key = `anchor/${statement.size}`
      const data = stringToHex(anchorMemo(statement))
      await submit(db, {
        key,
        escrowId: key,
        call: { functionName: 'anchor', args: [], to: sender.address, data },
        at: clock.now(),
      })
      const row = await db
        .selectFrom('submission')
        .select(['status', 'tx_hash'])
        .where('key', '=', key)
        .executeTakeFirst()
      if (row?.status !== 'mined' || row.tx_hash === null) return null
      return (await verify(row.tx_hash, statement)) ? row.tx_hash : null
    },
  }
}
