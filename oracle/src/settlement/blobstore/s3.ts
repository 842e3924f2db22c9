import { createHash } from 'node:crypto'
import { EarnestError } from '@earnest/sdk/protocol'
import { AwsClient } from 'aws4fetch'
import type { BlobStore } from './blobstore.ts'
import { cut } from './cut.ts'

/** A bucket of any service that speaks the S3 protocol. */
export type S3Location = {
  bucket: string
  /** https://s3.example.com, without the bucket; absent: Amazon's, of the region. */
  endpoint?: string
  /** us-east-1 where the service has none. */
  region: string
  /** Comes before every key; empty or ends with a slash. */
  prefix: string
  accessKeyId: string
  secretAccessKey: string
  /** Of temporary credentials. */
  sessionToken?: string
}

/** Bytes of one part; only the last of an object may be shorter (S3 asks for at least 5 MiB). */
export const PART_SIZE = 8 * 1024 * 1024
/** Times that a request or a broken read is tried again. */
const RETRIES = 4

/**
 * Blobs as objects of a bucket, by path-style addresses that every S3-compatible service has. Objects
 * above one part are sent in parts, each signed over its SHA-256; a broken read goes on where it broke.
 * @param timeoutMs For one request, or for one wait for more of an answer.
 */
export function createS3Store(
  location: S3Location,
  { timeoutMs = 60_000, retryMs = 50 }: { timeoutMs?: number; retryMs?: number } = {},
): BlobStore {
  const { bucket, region, prefix, accessKeyId, secretAccessKey, sessionToken } = location
  const base = `${location.endpoint ?? `https://s3.${region}.amazonaws.com`}/${bucket}`
  const client = new AwsClient({
    accessKeyId,
    secretAccessKey,
    ...(sessionToken !== undefined && { sessionToken }),
    service: 's3',
    region,
    // Retries are made here, since broken connections need them too.
    retries: 0,
  })
  const urlOf = (id: string, query = '') =>
    `${base}/${`${prefix}${id}`.split('/').map(encodeURIComponent).join('/')}${query}`

  /** Sends until there is an answer that is no fault of the server. */
  async function send(
    url: string,
    { method, body, range }: { method: string; body?: Uint8Array | string; range?: string },
  ): Promise<Response> {
    const headers = {
      'x-amz-content-sha256': createHash('sha256')
        .update(body ?? '')
        .digest('hex'),
      ...(range !== undefined && { range }),
    }
    for (let tried = 0; ; tried += 1) {
      let fault: unknown
      try {
        const signal = AbortSignal.timeout(timeoutMs)
        const sent = body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> | string }
        const answer = await client.fetch(url, { method, headers, signal, ...sent })
        if (answer.status < 500 && answer.status !== 429) return answer
        await answer.body?.cancel()
        fault = `HTTP ${answer.status}`
      } catch (error) {
        fault = error
      }
      if (tried === RETRIES) throw unreachable('no answer', fault)
      await pause(retryMs * 2 ** tried)
    }
  }

  /** As `send`, for what has to succeed. */
  async function demand(url: string, request: Parameters<typeof send>[1]): Promise<Response> {
    const answer = await send(url, request)
    if (answer.ok) return answer
    throw refusal(answer.status, await answer.text())
  }

  async function writeParts(id: string, parts: AsyncIterator<Uint8Array>, first: Uint8Array) {
    const opened = await demand(urlOf(id, '?uploads='), { method: 'POST' })
    const upload = valuesOf(await opened.text(), 'UploadId')[0]
    if (upload === undefined) throw unreachable('no upload id', opened.status)
    const query = `uploadId=${encodeURIComponent(upload)}`
    try {
      const tags: string[] = []
      for (let part: Uint8Array | undefined = first; part; ) {
        const number = tags.length + 1
        const url = urlOf(id, `?partNumber=${number}&${query}`)
        const stored: Response = await demand(url, { method: 'PUT', body: part })
        await stored.body?.cancel()
        tags.push(stored.headers.get('etag') ?? '')
        const next: IteratorResult<Uint8Array> = await parts.next()
        part = next.done ? undefined : next.value
      }
      const list = tags.map(
        (tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag}</ETag></Part>`,
      )
      const body = `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`
      const done = await demand(urlOf(id, `?${query}`), { method: 'POST', body })
      const text = await done.text()
      // S3 may find the fault after it has said 200.
      if (text.includes('<Error>')) throw refusal(200, text)
    } catch (error) {
      await send(urlOf(id, `?${query}`), { method: 'DELETE' }).catch(() => {})
      throw error
    }
  }

  return {
    kind: 's3',
    async write(id, source) {
      const parts = cut(source, PART_SIZE)
      const first = await parts.next()
      const body = first.done ? new Uint8Array(0) : first.value
      if (body.length === PART_SIZE) return writeParts(id, parts, body)
      // A source that breaks now breaks before anything is sent.
      await parts.next()
      const stored = await demand(urlOf(id), { method: 'PUT', body })
      await stored.body?.cancel()
    },
    async *read(id, { from, to }) {
      let at = from
      for (let broken = 0; at < to; broken += 1) {
        const answer = await send(urlOf(id), { method: 'GET', range: `bytes=${at}-${to - 1}` })
        if (answer.status === 404 || answer.status === 416) {
          await answer.body?.cancel()
          throw new EarnestError('artifact_unreadable', 'the sealed object is gone or too short')
        }
        if (answer.status !== 206 || !answer.body) {
          throw refusal(answer.status, await answer.text())
        }
        try {
          for await (const part of answer.body as unknown as AsyncIterable<Uint8Array>) {
            at += part.length
            yield part
          }
          if (at < to && Number(answer.headers.get('content-length')) < to - at) {
            throw new EarnestError('artifact_unreadable', 'the sealed object is too short')
          }
        } catch (cause) {
          if (cause instanceof EarnestError) throw cause
          if (broken === RETRIES) throw unreachable('the answer broke off', cause)
        }
      }
    },
    async drop(id) {
      await demand(urlOf(id), { method: 'DELETE' }).then((answer) => answer.body?.cancel())
      // What a process that died in the middle of an upload has left is paid for until it is aborted.
      const open = await demand(`${base}?uploads=&prefix=${encodeURIComponent(`${prefix}${id}`)}`, {
        method: 'GET',
      })
      for (const upload of valuesOf(await open.text(), 'UploadId')) {
        const query = `?uploadId=${encodeURIComponent(upload)}`
        await send(urlOf(id, query), { method: 'DELETE' }).then((answer) => answer.body?.cancel())
      }
    },
  }
}

/** The texts of all elements of a name; S3 answers are flat and escape only five characters. */
function valuesOf(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(([, text = '']) =>
    text
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&apos;', "'")
      .replaceAll('&amp;', '&'),
  )
}

function refusal(status: number, text: string): EarnestError {
  const code = valuesOf(text, 'Code')[0] ?? `HTTP ${status}`
  return new EarnestError('blob_store_refused', `The blob store answers ${code}`, {
    details: { status, code },
  })
}

function unreachable(why: string, cause: unknown): EarnestError {
  return new EarnestError('blob_store_unreachable', `The blob store: ${why}`, {
    retryable: true,
    cause,
  })
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
