import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hashBody, hashBytes } from '@earnest/sdk/protocol'

/** SHA-256 over the names and contents of the scorer's own files: who runs other code has another hash. */
export function scorerCodeHash(): string {
  const folder = import.meta.dirname
  const files = readdirSync(folder).filter(
    (name) => /\.[jt]s$/.test(name) && !name.endsWith('.d.ts'),
  )
  return hashBody(
    Object.fromEntries(
      files.sort().map((name) => [name, hashBytes(readFileSync(join(folder, name)))]),
    ),
  )
}
