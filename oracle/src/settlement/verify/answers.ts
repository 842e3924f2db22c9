import { hashBytes, type Verifier } from '@earnest/sdk/protocol'
import { decodeText } from './document.ts'
import { type Finding, failed, met, undecided } from './finding.ts'
import { readJson } from './parseJson.ts'
import type { Sandbox } from './sandbox.ts'
import { validate } from './schema.ts'
import type { Exchange, Transcript } from './transcript.ts'

type Request = Extract<Verifier, { type: 'http' }>['requests'][number]

/** Judges recorded answers by what the pact expects of each request. */
export function judgeAnswers(
  requests: readonly Request[],
  transcript: Transcript,
  sandbox: Sandbox,
): Finding {
  const wrong: string[] = []
  for (const [index, request] of requests.entries()) {
    const exchange = transcript[index]
    const fault = exchange === undefined ? 'no answer' : faultOf(request, exchange, sandbox)
    if (fault === 'schema_unusable' || fault === 'schema_exhausted') return undecided(fault)
    if (fault !== undefined) wrong.push(`${request.method} ${request.path}: ${fault}`)
  }
  return wrong.length === 0 ? met() : failed('request_failed', wrong)
}

function faultOf({ expect }: Request, exchange: Exchange, sandbox: Sandbox): string | undefined {
  if (exchange.status === null || exchange.body === null) return 'no answer'
  const body = Buffer.from(exchange.body, 'base64')
  if (hashBytes(body) !== exchange.bodySha256) return 'recorded answer does not match its hash'
  if (exchange.status !== expect.status) return `status ${exchange.status}`
  const type = exchange.contentType?.split(';')[0]?.trim().toLowerCase()
  if (expect.contentType !== undefined && type !== expect.contentType) return `content type ${type}`
  if (expect.schema === undefined) return undefined
  const text = decodeText(body) ?? ''
  const json = readJson(text)
  if (typeof json === 'string') return 'not JSON'
  const finding = validate(expect.schema, { ...json, length: text.length }, sandbox)
  if (finding.outcome === 'undecided') return finding.code
  return finding.outcome === 'fail' ? `body ${finding.missing.join(', ')}` : undefined
}
