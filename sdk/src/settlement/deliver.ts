import type { Hex } from 'viem'
import { type CompletionBody, signCompletion } from '../protocol/completion.ts'
import { EarnestError } from '../protocol/error.ts'
import { hashBytes } from '../protocol/hash.ts'
import type { Identity } from '../protocol/identity.ts'
import { artifactHash } from '../protocol/manifest.ts'
import type { CompletionReceipt } from '../protocol/route.ts'
import type { OracleClient } from '../trust/oracle.ts'
import { manifestOfFiles, type ReceivedFile } from './file.ts'

/** A delivery as a seller hands it in: layer 5, the seller's half; without files there is nothing to hand in (TOL-01). */
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

/** Uploads every file of a delivery; the same again changes nothing. Throws `upload_mismatch`, the oracle's codes. */
export async function upload({
  oracle,
  escrowId,
  files,
}: Pick<DeliverOptions, 'oracle' | 'escrowId' | 'files'>): Promise<void> {
  if (files.length === 0) throw new EarnestError('empty_deliverable', 'Nothing to deliver')
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
}

/**
 * Hands in the signed completion of files that were uploaded, through the delivery gate. Doing it again
 * with the same nonce changes nothing. Throws the oracle's codes.
 */
export async function complete(options: DeliverOptions): Promise<CompletionReceipt> {
  const { oracle, identity, escrowId, pactId, round, files, metrics, reserve, nonce } = options
  const manifest = manifestOfFiles(files)
  const body: CompletionBody = {
    escrowId,
    pactId,
    round,
    seller: identity.did,
    audience: oracle.did,
    deliverableHash: artifactHash(manifest),
    manifest,
    completionTimeUtc: options.completedAt,
    executionMetrics: metrics,
    nonce,
  }
  return await oracle.call('complete', {
    body: {
      ...body,
      sellerSignature: signCompletion({ body, identity }),
      sellerAuthorization: { authorization: lower(options.authorization), reserve },
    },
    idempotencyKey: nonce,
  })
}

function lower(bytes: Hex): `0x${string}` {
  return bytes.toLowerCase() as `0x${string}`
}
