import { EarnestError } from '@earnest/sdk/protocol'
import type { Db } from '../../store/store.ts'
import type { BlobStore } from './blobstore.ts'
import { createDiskStore } from './disk.ts'
import { createRowStore } from './rows.ts'
import { createS3Store, type S3Location } from './s3.ts'

/** What a bucket asks for; the environment has them, never the place itself. */
export type Credentials = {
  [name in 'accessKeyId' | 'secretAccessKey' | 'sessionToken']?: string | undefined
}

/**
 * The blob store of a setting: `database`, `s3://bucket/prefix?endpoint=https://…&region=…`, or else a
 * folder.
 * @throws invalid_settings
 */
export function openBlobStore(
  place: string,
  { db, credentials }: { db: Db; credentials: Credentials },
): BlobStore {
  if (place === 'database') return createRowStore(db)
  if (!place.startsWith('s3:')) return createDiskStore(place)
  return createS3Store(locationOf(place, credentials))
}

/** @throws invalid_settings */
export function locationOf(place: string, credentials: Credentials): S3Location {
  const url = URL.canParse(place) ? new URL(place) : null
  const { accessKeyId, secretAccessKey, sessionToken } = credentials
  if (!url?.hostname) throw invalid('EARNEST_BLOBS: want s3://bucket')
  if (!accessKeyId || !secretAccessKey) {
    throw invalid('EARNEST_BLOBS needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY')
  }
  const unknown = [...url.searchParams.keys()].filter(
    (name) => name !== 'endpoint' && name !== 'region',
  )
  if (unknown.length > 0) throw invalid(`EARNEST_BLOBS: no parameter ${unknown.join(', ')}`)
  const endpoint = url.searchParams.get('endpoint')?.replace(/\/$/, '')
  if (endpoint !== undefined && !/^https?:\/\/[^/]+$/.test(endpoint)) {
    throw invalid('EARNEST_BLOBS: want an http(s) origin as endpoint')
  }
  const prefix = decodeURIComponent(url.pathname).replace(/^\/|\/$/g, '')
  return {
    bucket: url.hostname,
    region: url.searchParams.get('region') ?? 'us-east-1',
    prefix: prefix === '' ? '' : `${prefix}/`,
    accessKeyId,
    secretAccessKey,
    ...(endpoint !== undefined && { endpoint }),
    ...(sessionToken !== undefined && { sessionToken }),
  }
}

function invalid(message: string): EarnestError {
  return new EarnestError('invalid_settings', message, { details: { faults: [message] } })
}
