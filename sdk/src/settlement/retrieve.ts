import { EarnestError } from '../protocol/error.ts'
import { hashBytes } from '../protocol/hash.ts'
import { artifactHash, type Manifest, manifestSchema } from '../protocol/manifest.ts'
import { readBounded } from '../protocol/readBounded.ts'
import type { VerificationReport } from '../protocol/report.ts'
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
}): Promise<{
  deliverable: Deliverable
  /** What the oracle said that it found, unchecked; older ones say it where they are asked for it alone. */
  report: VerificationReport | undefined
}> {
  const { oracle, escrowId, artifactHash: want } = options
  const params = { escrowId }
  const { grants, report } = await oracle.call('grantArtifacts', { params })
  const manifest =
    options.manifest ?? granted(grants, want) ?? (await oracle.call('getManifest', { params }))
  const got = artifactHash(manifest)
  if (got !== want) {
    throw new EarnestError('hash_mismatch', 'The manifest is not the one that was delivered', {
      details: { got, want },
    })
  }
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
  return { deliverable: { manifest, artifactHash: got, files }, report }
}

/** The manifest that the grants repeat, where it is the one that stands on chain. */
function granted(grants: readonly Manifest[number][], want: string): Manifest | undefined {
  const files = grants.map(({ name, mime, size, sha256 }) => ({ name, mime, size, sha256 }))
  const { data } = manifestSchema.safeDecode(files)
  return data && artifactHash(data) === want ? data : undefined
}
