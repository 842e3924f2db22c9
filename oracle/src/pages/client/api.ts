import {
  API_BASE,
  bodySha256Of,
  DIGEST_HEADER,
  decode,
  EarnestError,
  errorOfProblem,
  hashBytes,
  type OracleInfo,
  oracleInfoSchema,
  problemSchema,
  REQUEST_HEADERS,
} from '@earnest/sdk/protocol'
import type * as z from 'zod'
import type { Person } from './key.ts'
import { now } from './now.ts'

/**
 * Asks the oracle that served this page.
 * @throws the oracle's own code, oracle_unreachable
 */
export async function read<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>> {
  return decode(schema, await answerOf(await ask(path, {})), 'internal')
}

let oracle: Promise<OracleInfo> | undefined

/** Who this oracle is. */
export function readOracle(): Promise<OracleInfo> {
  oracle ??= read('/oracle', oracleInfoSchema)
  oracle.catch(() => {
    oracle = undefined
  })
  return oracle
}

/** Asks in a person's name: the request carries the signature of the key on this device. */
export async function readAs<S extends z.ZodType>(
  person: Person,
  path: string,
  schema: S,
): Promise<z.output<S>> {
  return decode(schema, await send(person, 'GET', path), 'internal')
}

/** Writes in a person's name; the body is the wire form. */
export async function write<S extends z.ZodType>(
  person: Person,
  path: string,
  { body, answer }: { body: unknown; answer: S },
): Promise<z.output<S>> {
  return decode(answer, await send(person, 'POST', path, body), 'internal')
}

async function send(
  person: Person,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<unknown> {
  const { did: audience } = await readOracle()
  const bytes = new TextEncoder().encode(body === undefined ? '' : JSON.stringify(body))
  const bodySha256 = hashBytes(bytes)
  const issuedAt = now()
  const nonce = crypto.randomUUID()
  const statement = { method, path: API_BASE + path, audience, bodySha256, issuedAt, nonce }
  const headers = {
    'content-type': 'application/json',
    [REQUEST_HEADERS.signer]: person.did,
    [REQUEST_HEADERS.issuedAt]: String(issuedAt),
    [REQUEST_HEADERS.nonce]: nonce,
    [REQUEST_HEADERS.signature]: await person.sign({ type: 'request', body: statement }),
    [DIGEST_HEADER]: digestOf(bodySha256),
  }
  return answerOf(await ask(path, { method, headers, ...(body !== undefined && { body: bytes }) }))
}

function digestOf(sha256: string): string {
  const bytes = sha256.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? []
  const text = `sha-256=:${btoa(String.fromCharCode(...bytes))}:`
  // Written as the kernel reads it, or the oracle could not check the request before its body.
  if (bodySha256Of(() => text) !== sha256) throw new EarnestError('internal', 'digest')
  return text
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(API_BASE + path, { ...init, credentials: 'omit' })
  } catch (cause) {
    throw new EarnestError('oracle_unreachable', 'No answer', { retryable: true, cause })
  }
}

async function answerOf(response: Response): Promise<unknown> {
  const body: unknown = await response.json().catch(() => undefined)
  if (response.ok) return body
  const problem = problemSchema.safeParse(body)
  if (problem.success) throw errorOfProblem(problem.data)
  throw new EarnestError('internal', `No problem in an answer ${response.status}`)
}
