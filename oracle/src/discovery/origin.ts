import type { Tx } from '../store/store.ts'

/** Begins to look where the money of a wallet is from; a wallet that is known stays as it is. */
export async function watchWallet(tx: Tx, wallet: string, at: number): Promise<void> {
  await tx
    .insertInto('origin')
    .values({ wallet, block: 0, incoming: '[]', funder: null, since: at, done: false })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}
