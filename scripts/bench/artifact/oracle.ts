/** The oracle's side of one large artifact, in a process of its own: put, verify, read. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createBlobs } from '../../../oracle/src/settlement/blob.ts'
import { createDiskStore } from '../../../oracle/src/settlement/blobstore/disk.ts'
import { createS3Store } from '../../../oracle/src/settlement/blobstore/s3.ts'
import { createExaminer } from '../../../oracle/src/settlement/verify/examiner.ts'
import { verify } from '../../../oracle/src/settlement/verify/verify.ts'
import { openStore } from '../../../oracle/src/store/store.ts'
import { samplePact } from '../../../test/support/pact.ts'

/** Rates in MiB a second, memory in MiB. */
export interface ArtifactResult {
  up: number
  check: number
  down: number
  result: string
  sameBytes: boolean
  idleRssMib: number
  peakRssMib: number
}

const MIB = 1024 * 1024
const [home = 'disk', mib = '1024', url = ''] = process.argv.slice(2)
const size = Number(mib) * MIB
const folder = mkdtempSync(join(tmpdir(), 'artifact-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const store = await openStore()
const blobs = createBlobs({
  db: store.db,
  masterKey: new Uint8Array(32).fill(7),
  store:
    home === 'disk'
      ? createDiskStore(folder)
      : createS3Store({
          bucket: 'artifacts',
          endpoint: url,
          region: 'us-east-1',
          prefix: '',
          accessKeyId: 'local',
          secretAccessKey: 'local',
        }),
})
const examiner = createExaminer()

const rss = () => Math.round(process.memoryUsage.rss() / MIB)
const idleRssMib = rss()
let peakRssMib = idleRssMib
const watch = setInterval(() => {
  peakRssMib = Math.max(peakRssMib, rss())
}, 20)

/** Bytes without a pattern that anything could compress, without holding more than one part of them. */
function* made(): Generator<Buffer> {
  const part = createHash('shake256', { outputLength: MIB }).update('seed').digest()
  for (let n = 0; n < size / MIB; n++) {
    part.writeUInt32BE(n, 0)
    yield Buffer.from(part)
  }
}
async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now()
  const result = await work()
  return [result, Math.round(size / MIB / ((performance.now() - start) / 1000))]
}

// Through a socket both ways, as a seller and a buyer would.
let stored: Awaited<ReturnType<typeof blobs.put>> | undefined
const server = createServer(async (incoming, outgoing) => {
  if (incoming.method === 'PUT') {
    stored = await blobs.put({ source: incoming, maxBytes: size, at: 1 })
    return outgoing.end()
  }
  await pipeline(Readable.from(blobs.read(stored?.id ?? '')), outgoing)
}).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const { port } = server.address() as AddressInfo
const call = (method: string, source?: Readable) =>
  new Promise<Readable>((resolve, reject) => {
    const outgoing = send({ host: '127.0.0.1', port, method }, resolve).on('error', reject)
    if (source) pipeline(source, outgoing).catch(reject)
    else outgoing.end()
  })

const sent = createHash('sha256')
for (const part of made()) sent.update(part)
const sha256 = sent.digest('hex')
const [, up] = await timed(async () => (await call('PUT', Readable.from(made()))).resume())
if (!stored) throw new Error('nothing was stored')
const { id } = stored

const manifest = [{ name: 'model.bin', mime: 'application/octet-stream', size, sha256 }]
const pact = samplePact({ deliverableFormat: ['application/octet-stream'], acceptance: [] })
const [report, check] = await timed(() =>
  verify({
    pact,
    escrowId: `0x${'00'.repeat(32)}`,
    round: 1,
    manifest,
    deliveredAt: pact.deadlineUtc - 1,
    openFile: () => blobs.read(id),
    readDeposit: async () => null,
    examiner,
  }),
)
const got = createHash('sha256')
const [, down] = await timed(async () => {
  for await (const part of await call('GET')) got.update(part as Buffer)
})
clearInterval(watch)
const found = report.findings.find((each) => each.id === 'format:application/octet-stream')
const result: ArtifactResult = {
  up,
  check,
  down,
  result: found?.code ?? 'none',
  sameBytes: stored.sha256 === sha256 && got.digest('hex') === sha256,
  idleRssMib,
  peakRssMib,
}
process.send?.(result)
server.close()
await examiner.close()
await store.close()
