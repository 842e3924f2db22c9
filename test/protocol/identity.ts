import {
  commitToKey,
  createIdentity,
  encode,
  hashKeyEntry,
  type Identity,
  type KeyEntry,
  type KeyEntryBody,
  keyEntryBodySchema,
  keyEntryTypedData,
  keyText,
} from '@earnest/sdk/protocol'
import { privateKeyToAccount } from 'viem/accounts'

export const wallet = privateKeyToAccount(`0x${'01'.repeat(32)}`)
export const otherWallet = privateKeyToAccount(`0x${'02'.repeat(32)}`)

/** Identity number n of one agent: number 0 names it. */
export function keyNumber(n: number, did?: string): Identity {
  const secretKey = new Uint8Array(32).fill(0x40 + n)
  return createIdentity(did === undefined ? { secretKey } : { secretKey, did })
}

/** Signs an entry as the key that it reveals, co-signed by a wallet. */
export async function signEntry(
  body: KeyEntryBody,
  { key, account = wallet }: { key: Identity; account?: typeof wallet },
): Promise<KeyEntry> {
  const wire = encode(keyEntryBodySchema, body, 'invalid_key_log')
  return {
    body,
    signature: key.sign({ type: 'key-entry', body: wire }),
    walletSignature: await account.signTypedData(keyEntryTypedData(body)),
  }
}

/** An honest log of `length` entries, one every 1000 s from 1000 on. */
export async function keyLog(length: number): Promise<KeyEntry[]> {
  const log: KeyEntry[] = []
  for (let n = 0; n < length; n++) {
    const key = keyNumber(n)
    const last = log.at(-1)
    const body: KeyEntryBody = {
      did: keyNumber(0).did,
      seq: n,
      key: keyText(key.publicKey),
      nextKeyHash: commitToKey(keyNumber(n + 1).publicKey),
      wallet: wallet.address,
      chainId: 31_337,
      at: 1000 * (n + 1),
      previous: last === undefined ? null : hashKeyEntry(last.body),
    }
    log.push(await signEntry(body, { key }))
  }
  return log
}
