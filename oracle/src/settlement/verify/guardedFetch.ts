import { type LookupAddress, type LookupAllOptions, lookup } from 'node:dns'
import { request } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { isPublicAddress } from './publicAddress.ts'

/** One request of a test run. */
export interface TestRequest {
  method: string
  url: string
  headers: Readonly<Record<string, string>>
  body: Uint8Array | null
  /** Default: ten seconds. */
  timeoutMs?: number
}

/** What came back; null where nothing did, whatever the reason. */
export type TestAnswer = { status: number; contentType: string | null; body: Uint8Array } | null

/** Sends one request; the engine gets it injected, so that it never opens a socket itself. */
export type TestFetch = (request: TestRequest) => Promise<TestAnswer>

const MAX_BODY = 1024 * 1024
const TIMEOUT_MS = 10_000

/**
 * A fetch for addresses that a stranger chose (SSRF guard): https on port 443 only, every address that
 * the name resolves to must be public *at the moment of connecting*, no redirects, no cookies, 10 s
 * unless the request says otherwise, 1 MiB.
 */
export function createGuardedFetch(): TestFetch {
  // A request that cannot even be written, such as one with a line break in a header, got no answer.
  return (test) => send(test).catch(() => null)
}

function send(test: TestRequest): Promise<TestAnswer> {
  return new Promise((resolve) => {
    const url = URL.canParse(test.url) ? new URL(test.url) : null
    if (url === null || !isAllowedUrl(url)) return resolve(null)
    const outgoing = request(
      url,
      {
        method: test.method,
        headers: test.headers,
        lookup: publicLookup,
        agent: false,
        signal: AbortSignal.timeout(test.timeoutMs ?? TIMEOUT_MS),
      },
      (incoming) => {
        const chunks: Buffer[] = []
        let size = 0
        incoming.on('data', (chunk: Buffer) => {
          size += chunk.length
          if (size > MAX_BODY) incoming.destroy(new Error('answer above 1 MiB'))
          else chunks.push(chunk)
        })
        incoming.on('error', () => resolve(null))
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            contentType: incoming.headers['content-type'] ?? null,
            body: Buffer.concat(chunks),
          }),
        )
      },
    )
    outgoing.on('error', () => resolve(null))
    outgoing.end(test.body ?? undefined)
  })
}

/** True for https on its own port, without user or password, by name or by a public address. */
export function isAllowedUrl(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return (
    url.protocol === 'https:' &&
    url.port === '' &&
    url.username === '' &&
    url.password === '' &&
    (isIP(host) === 0 || isPublicAddress(host))
  )
}

/** Resolves to public addresses or not at all; runs where the socket is opened, so a name cannot mean one thing here and another there. */
export const publicLookup: LookupFunction = createPublicLookup(lookup)

/** As `publicLookup`, by another resolver. */
export function createPublicLookup(resolve: Resolve): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0)
      const [first] = addresses
      if (first === undefined || !addresses.every(({ address }) => isPublicAddress(address))) {
        return callback(new Error('not a public address'), '', 0)
      }
      if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void
