import {
  didFromPublicKey,
  EarnestError,
  publicKeyOf,
  type SignatureType,
  signingBytes,
} from '@earnest/sdk/protocol'
import { bytesToHex } from 'viem'

/** A person's key on this device. The browser keeps it: it can sign here and can never be read out. */
export type DeviceKey = {
  /** The customer's number, which stays when the key changes. */
  did: string
  wallet: string
  privateKey: CryptoKey
}

/** Someone who can sign papers; money needs the wallet besides. */
export type Person = {
  did: string
  sign(statement: { type: SignatureType; body: unknown }): Promise<string>
}

const STORE = 'key'
/** DER before the 32 bytes of an Ed25519 seed (RFC 8410). */
const PKCS8 = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]

/**
 * A new key that never leaves this browser.
 * @throws key_unsupported
 */
export async function makeKey(): Promise<{ did: string; privateKey: CryptoKey }> {
  const { privateKey, publicKey } = await supported(
    () => crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']) as Promise<CryptoKeyPair>,
  )
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', publicKey))
  return { did: didFromPublicKey(raw), privateKey }
}

/** The key of a recovery code, taken in so that it cannot be read out again. */
export async function takeKey(seed: Uint8Array): Promise<{ key: string; privateKey: CryptoKey }> {
  const der = Uint8Array.from([...PKCS8, ...seed])
  const privateKey = await supported(() =>
    crypto.subtle.importKey('pkcs8', der, 'Ed25519', false, ['sign']),
  )
  return { key: didFromPublicKey(publicKeyOf(seed)), privateKey }
}

/** Signs as this person with this key. */
export function personOf({ did, privateKey }: Pick<DeviceKey, 'did' | 'privateKey'>): Person {
  return {
    did,
    async sign(statement) {
      const bytes = Uint8Array.from(signingBytes(statement))
      const signature = await crypto.subtle.sign('Ed25519', privateKey, bytes)
      return bytesToHex(new Uint8Array(signature)).slice(2)
    },
  }
}

export async function saveKey(key: DeviceKey): Promise<void> {
  await inStore('readwrite', (store) => store.put(key))
}

/** @throws key_missing */
export async function findKey(did: string): Promise<DeviceKey> {
  const key = await inStore(
    'readonly',
    (store) => store.get(did) as IDBRequest<DeviceKey | undefined>,
  )
  if (!key) throw new EarnestError('key_missing', 'This device has another key or none')
  return key
}

export async function listKeys(): Promise<DeviceKey[]> {
  return inStore('readonly', (store) => store.getAll() as IDBRequest<DeviceKey[]>)
}

function inStore<T>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: unknown) =>
      reject(new EarnestError('storage_refused', 'IndexedDB does not open', { cause }))
    const opening = indexedDB.open('earnest', 1)
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: 'did' })
    opening.onerror = () => refuse(opening.error)
    opening.onsuccess = () => {
      const db = opening.result
      const transaction = db.transaction(STORE, mode)
      const asked = work(transaction.objectStore(STORE))
      transaction.oncomplete = () => {
        db.close()
        resolve(asked.result)
      }
      transaction.onabort = () => refuse(transaction.error)
    }
  })
}

async function supported<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw new EarnestError('key_unsupported', 'No Ed25519 in this browser', { cause })
  }
}
