import { readFileSync } from 'node:fs'

/** A vector file of test/vectors, as it stands. */
export function readVector<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8'))
}

export const fromHex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
