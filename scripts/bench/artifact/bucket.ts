/** A bucket on disk behind as much of the S3 wire as one upload in parts and ranged reads need. */
import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

const folder = mkdtempSync(join(tmpdir(), 'bucket-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
process.on('SIGTERM', () => process.exit(0))
const pathOf = (key: string) => join(folder, key.replaceAll('/', '_'))

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? '', 'http://local')
  const { searchParams: query, pathname } = url
  const path = pathOf(pathname)
  const end = (status: number, text = '', headers = {}) =>
    response.writeHead(status, { 'content-length': Buffer.byteLength(text), ...headers }).end(text)
  if (request.method === 'POST') {
    for await (const _ of request);
    const isNew = query.has('uploads')
    return end(200, isNew ? `<UploadId>${randomUUID()}</UploadId>` : '<Ok></Ok>')
  }
  if (request.method === 'PUT') {
    // Parts come one after the other, so they are one file that grows.
    const flags = Number(query.get('partNumber') ?? 1) === 1 ? 'w' : 'a'
    await pipeline(request, createWriteStream(path, { flags }))
    return end(200, '', { etag: `"${randomUUID()}"` })
  }
  if (request.method === 'GET' && !query.has('uploads')) {
    const [, from = 0, to = statSync(path).size - 1] =
      /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '')?.map(Number) ?? []
    response.writeHead(206, { 'content-length': to - from + 1 })
    return pipeline(createReadStream(path, { start: from, end: to }), response).catch(() => {})
  }
  for await (const _ of request);
  return end(200, '<Uploads></Uploads>')
})
server.listen(0, '127.0.0.1', () => {
  process.send?.(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})
