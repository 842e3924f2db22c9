import { EarnestError } from '../protocol/error.ts'
import { hashBytes } from '../protocol/hash.ts'
import { artifactHash, type Manifest } from '../protocol/manifest.ts'
import { readBounded } from '../protocol/readBounded.ts'
import type { OracleClient } from '../trust/oracle.ts'
import type { ReceivedFile } from './file.ts'

/** A deliverable whose every byte was checked against the hash on chain. */
export interface Deliverable {
  manifest: Manifest
  /** SHA-256 of the canonical manifest, as delivered on chain. */
  artifactHash: string
  files: ReceivedFile[]
}

/**
 * Fetches what was delivered, once the delivery stands on chain: the manifest must hash to what the chain
 * has, every file to what the manifest says. Throws `hash_mismatch`, `body_too_large`, `foreign_url`, and
 * the oracle's codes.
 */
export async function retrieve(options: {
  oracle: OracleClient
  escrowId: `0x${string}`
  /** As the chain has it, 64 hex characters. */
  artifactHash: string
  /** As the oracle has just handed it out; default: it is fetched. */
  manifest?: Manifest
}): Promise<Deliverable> {
  const { oracle, escrowId } = options
  const manifest = options.manifest ?? (await oracle.call('getManifest', { params: { escrowId } }))
  const got = artifactHash(manifest)
  if (got !== options.artifactHash) {
    throw new EarnestError('hash_mismatch', 'The manifest is not the one that was delivered', {
      details: { got, want: options.artifactHash },
    })
  }
  const { grants } = await oracle.call('grantArtifacts', { params: { escrowId } })
  const files: ReceivedFile[] = []
  for (const { name, mime, size, sha256 } of manifest) {
    const grant = grants.find((each) => each.name === name)
    if (grant === undefined) throw new EarnestError('artifact_missing', `No access to ${name}`)
    const response = await oracle.open(grant.url)
    const bytes = await readBounded(response, size)
    if (bytes.length !== size || hashBytes(bytes) !== sha256) {
      throw new EarnestError('hash_mismatch', `${name} is not what was delivered`, {
        details: { got: hashBytes(bytes), want: sha256 },
      })
    }
    files.push({ name, mime, bytes })
  }
  return { manifest, artifactHash: got, files }
}
