import type { Hex } from 'viem'
import { type CompletionBody, signCompletion } from '../protocol/completion.ts'
import { EarnestError } from '../protocol/error.ts'
import { hashBytes } from '../protocol/hash.ts'
import type { Identity } from '../protocol/identity.ts'
import { artifactHash, type Manifest } from '../protocol/manifest.ts'
import type { CompletionReceipt } from '../protocol/route.ts'
import type { OracleClient } from '../trust/oracle.ts'
import { manifestOfFiles, type ReceivedFile } from './file.ts'

/** A delivery as a seller hands it in. */
export interface DeliverOptions {
  oracle: OracleClient
  identity: Identity
  escrowId: `0x${string}`
  pactId: string
  /** The round that this delivery opens; the first is 1. */
  round: number
  files: readonly ReceivedFile[]
  metrics: CompletionBody['executionMetrics']
  /** Consents to reserve the seller's bond, for instant release. */
  reserve: boolean
  /** Unix seconds by the seller's clock. */
  completedAt: number
  /** The wallet's consent to `deliver` this artifact with this `reserve`, for the oracle to send. */
  authorization: Hex
  /** UUID; the same nonce makes the same delivery. */
  nonce: string
}

/** What was handed in and what the oracle found. */
export interface Delivered {
  manifest: Manifest
  artifactHash: string
  receipt: CompletionReceipt
}

/**
 * Layer 5, the seller's half: uploads every file, then hands in the signed completion through the
 * delivery gate; without files there is nothing to hand in (TOL-01). Doing it again with the same nonce
 * changes nothing. Throws `empty_deliverable`, `upload_mismatch`, and the oracle's codes.
 */
export async function deliver(options: DeliverOptions): Promise<Delivered> {
  const { oracle, identity, escrowId, pactId, round, files, metrics, reserve, nonce } = options
  if (files.length === 0) throw new EarnestError('empty_deliverable', 'Nothing to deliver')
  const manifest = manifestOfFiles(files)
  const deliverableHash = artifactHash(manifest)
  for (const { name, mime, bytes } of files) {
    const stored = await oracle.call('putArtifact', {
      params: { escrowId, name },
      body: bytes,
      contentType: mime,
    })
    if (stored.sha256 !== hashBytes(bytes)) {
      throw new EarnestError('upload_mismatch', `${name} arrived changed`, { retryable: true })
    }
  }
  const body: CompletionBody = {
    escrowId,
    pactId,
    round,
    seller: identity.did,
    audience: oracle.did,
    deliverableHash,
    manifest,
    completionTimeUtc: options.completedAt,
    executionMetrics: metrics,
    nonce,
  }
  const receipt = await oracle.call('complete', {
    body: {
      ...body,
      sellerSignature: signCompletion({ body, identity }),
      sellerAuthorization: { authorization: lower(options.authorization), reserve },
    },
    idempotencyKey: nonce,
  })
  return { manifest, artifactHash: deliverableHash, receipt }
}

function lower(bytes: Hex): `0x${string}` {
  return bytes.toLowerCase() as `0x${string}`
}
