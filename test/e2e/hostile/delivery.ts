import { hashBytes } from '../../../sdk/src/protocol/hash.ts'
import { artifactHash } from '../../../sdk/src/protocol/manifest.ts'
import { retrieve } from '../../../sdk/src/settlement/retrieve.ts'
import type { Wire } from '../a2a/subject.ts'
import { broken } from './body.ts'
import type { Attack, Case } from './case.ts'
import { type Answer, clientOf, outcome } from './oracleAnswer.ts'

type Row = [attack: Attack, what: string, answer: string, act: () => Promise<string>]

const file = new TextEncoder().encode('{"greeting":"hello"}')
const manifest = [
  {
    name: 'deliverable.json',
    mime: 'application/json',
    size: file.length,
    sha256: hashBytes(file),
  },
]
/** Fetches a delivery whose hash stands on chain, from an oracle that lies about one part of it. */
const fetching =
  ({
    list = manifest,
    url = 'http://oracle.test/api/v1/artifacts/token',
    grants,
    bytes = () => new Response(file),
  }: {
    list?: typeof manifest
    url?: string
    grants?: Wire[]
    bytes?: Answer
  } = {}) =>
  () =>
    outcome(() =>
      retrieve({
        oracle: clientOf((request) => {
          const { pathname } = new URL(request.url)
          if (pathname.endsWith('/manifest')) return Response.json(list)
          if (pathname.endsWith('/grants')) {
            const given =
              grants ?? list.map((one) => ({ ...one, url, expiresAt: '2027-01-16T08:00:00Z' }))
            return Response.json({ grants: given }, { status: 201 })
          }
          return bytes(request)
        }),
        escrowId: `0x${'ab'.repeat(32)}`,
        artifactHash: artifactHash(manifest),
      }),
    )
const deliveryRows: Row[] = [
  ['lying', 'nothing', 'taken', fetching()],
  [
    'lying',
    'another manifest than stands on chain',
    'hash_mismatch',
    fetching({ list: [{ ...manifest[0], size: 1 }] as typeof manifest }),
  ],
  [
    'lying',
    'other bytes of the same length',
    'hash_mismatch',
    fetching({ bytes: () => new Response(new Uint8Array(file.length)) }),
  ],
  ['lying', 'fewer bytes', 'hash_mismatch', fetching({ bytes: () => new Response('{}') })],
  [
    'oversized',
    'more bytes',
    'body_too_large',
    fetching({ bytes: () => new Response(new Uint8Array(file.length + 1)) }),
  ],
  [
    'lying',
    'the files lie on another host',
    'foreign_url',
    fetching({ url: 'http://169.254.169.254/latest' }),
  ],
  ['lying', 'a file of the manifest is kept back', 'artifact_missing', fetching({ grants: [] })],
  [
    'down',
    'a file breaks off',
    'body_interrupted',
    fetching({ bytes: () => new Response(broken()) }),
  ],
]

/** An oracle that lies about a delivery whose hash stands on chain. */
export const deliveryCases: readonly Case<void>[] = deliveryRows.map(
  ([attack, what, answer, act]) => ({ on: 'a delivery', attack, what, answer, act }),
)
