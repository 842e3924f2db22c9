import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Credentials that the server knows. */
export const credentials = { accessKeyId: 'AKLOCAL', secretAccessKey: 'a/secret+of=nobody' }
export const region = 'eu-test-1'
export const bucket = 'artifacts'

/** What goes wrong next, and how often. */
type Fault = { status?: number; cutAfter?: number; hangMs?: number; left: number }

/** A bucket in memory behind the S3 wire: signature V4 checked over every request, parts, ranges, errors. */
export type S3Server = {
  url: string
  objects: Map<string, Buffer>
  uploads: Map<string, { key: string; parts: Map<number, Buffer> }>
  /** Methods and paths in the order in which they came. */
  seen: string[]
  /** The next requests of a method go wrong. */
  fail(method: string, fault: Fault): void
  close(): Promise<void>
}

export async function startS3(): Promise<S3Server> {
  const objects = new Map<string, Buffer>()
  const uploads: S3Server['uploads'] = new Map()
  const seen: string[] = []
  const faults = new Map<string, Fault>()
  let lastUpload = 0

  const server = createServer((request, response) => {
    void handle(request, response)
  })
  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://local')
    const method = request.method ?? ''
    seen.push(`${method} ${url.pathname}${url.search}`)
    const parts: Buffer[] = []
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
    const body = Buffer.concat(parts)
    const fault = faults.get(method)
    if (fault && fault.left > 0) {
      fault.left -= 1
      if (fault.hangMs !== undefined) return void setTimeout(() => response.destroy(), fault.hangMs)
      if (fault.status !== undefined) return error(response, fault.status, 'SlowDown')
    }
    const wrong = signatureFault(request, url, body)
    if (wrong) return error(response, 403, wrong)
    const [, name, ...rest] = url.pathname.split('/').map(decodeURIComponent)
    if (name !== bucket) return error(response, 404, 'NoSuchBucket')
    const key = rest.join('/')
    const query = url.searchParams
    const upload = uploads.get(query.get('uploadId') ?? '')
    if (query.has('uploadId') && !upload) return error(response, 404, 'NoSuchUpload')

    if (method === 'GET' && query.has('uploads')) {
      const list = [...uploads]
        .filter(([, each]) => each.key.startsWith(query.get('prefix') ?? ''))
        .map(
          ([id, each]) => `<Upload><Key>${each.key}</Key><UploadId>${xml(id)}</UploadId></Upload>`,
        )
      return ok(
        response,
        `<ListMultipartUploadsResult>${list.join('')}</ListMultipartUploadsResult>`,
      )
    }
    if (method === 'POST' && query.has('uploads')) {
      const id = `up&load/${++lastUpload}`
      uploads.set(id, { key, parts: new Map() })
      return ok(
        response,
        `<InitiateMultipartUploadResult><UploadId>${xml(id)}</UploadId></InitiateMultipartUploadResult>`,
      )
    }
    if (method === 'PUT' && upload) {
      upload.parts.set(Number(query.get('partNumber')), body)
      return ok(response, '', { etag: etagOf(body) })
    }
    if (method === 'POST' && upload) {
      const named = [
        ...body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]*)<\/ETag>/g),
      ]
      const chosen = named.map(([, n, tag]) => ({ part: upload.parts.get(Number(n)), tag }))
      const fits = chosen.every(({ part, tag }) => part && etagOf(part) === tag)
      const isLong = chosen.slice(0, -1).every(({ part }) => (part?.length ?? 0) >= 5 * 1024 * 1024)
      // As the real one does: the fault comes with status 200.
      if (!fits || named.length === 0)
        return ok(response, '<Error><Code>InvalidPart</Code></Error>')
      if (!isLong) return ok(response, '<Error><Code>EntityTooSmall</Code></Error>')
      objects.set(key, Buffer.concat(chosen.flatMap(({ part }) => part ?? [])))
      uploads.delete(query.get('uploadId') ?? '')
      return ok(response, '<CompleteMultipartUploadResult/>')
    }
    if (method === 'DELETE') {
      if (upload) uploads.delete(query.get('uploadId') ?? '')
      else objects.delete(key)
      response.writeHead(204).end()
      return
    }
    if (method === 'PUT') {
      objects.set(key, body)
      return ok(response, '', { etag: etagOf(body) })
    }
    const object = objects.get(key)
    if (!object) return error(response, 404, 'NoSuchKey')
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    const from = Number(range?.[1] ?? 0)
    const to = Math.min(object.length, Number(range?.[2] ?? object.length - 1) + 1)
    if (from >= object.length) return error(response, 416, 'InvalidRange')
    const sent = object.subarray(from, to)
    response.writeHead(range ? 206 : 200, {
      'content-length': sent.length,
      ...(range && { 'content-range': `bytes ${from}-${to - 1}/${object.length}` }),
    })
    if (fault?.cutAfter !== undefined && fault.left >= 0 && fault.cutAfter < sent.length) {
      const { cutAfter } = fault
      if (fault.left === 0) faults.delete(method)
      response.write(sent.subarray(0, cutAfter), () => response.destroy())
      return
    }
    response.end(sent)
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    objects,
    uploads,
    seen,
    fail: (method, fault) => faults.set(method, fault),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

/** AWS Signature Version 4 as the specification has it; the code of the fault, or undefined. */
function signatureFault(request: IncomingMessage, url: URL, body: Buffer): string | undefined {
  const { headers } = request
  const parsed =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    )
  if (!parsed) return 'AccessDenied'
  const [, id, day = '', zone, names = '', signature] = parsed
  if (id !== credentials.accessKeyId) return 'InvalidAccessKeyId'
  if (zone !== region) return 'AuthorizationHeaderMalformed'
  const claimed = String(headers['x-amz-content-sha256'] ?? '')
  if (claimed !== sha256(body)) return 'XAmzContentSHA256Mismatch'
  const signed = names.split(';')
  if (!['host', 'x-amz-content-sha256', 'x-amz-date'].every((name) => signed.includes(name))) {
    return 'AccessDenied'
  }
  const path = url.pathname
    .split('/')
    .map((part) => encode(decodeURIComponent(part)))
    .join('/')
  const query = [...url.searchParams]
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
  const lines = signed.map((name) => `${name}:${String(headers[name] ?? '').trim()}\n`).join('')
  const canonical = [request.method, path, query, lines, names, claimed].join('\n')
  const at = String(headers['x-amz-date'] ?? '')
  const text = ['AWS4-HMAC-SHA256', at, `${day}/${zone}/s3/aws4_request`, sha256(canonical)].join(
    '\n',
  )
  const key = [day, zone ?? '', 's3', 'aws4_request'].reduce<Buffer>(
    (last, part) => createHmac('sha256', last).update(part).digest(),
    Buffer.from(`AWS4${credentials.secretAccessKey}`),
  )
  const want = createHmac('sha256', key).update(text).digest('hex')
  return want === signature && at.startsWith(day) ? undefined : 'SignatureDoesNotMatch'
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

const sha256 = (data: Buffer | string) => createHash('sha256').update(data).digest('hex')
const etagOf = (data: Buffer) => `"${createHash('md5').update(data).digest('hex')}"`
const xml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

function ok(response: ServerResponse, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'application/xml', ...headers }).end(body)
}

function error(response: ServerResponse, status: number, code: string): void {
  response
    .writeHead(status, { 'content-type': 'application/xml' })
    .end(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`)
}
