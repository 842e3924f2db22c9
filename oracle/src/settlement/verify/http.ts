import { hashBytes, type Verifier } from '@earnest/sdk/protocol'
import { type Finding, failed, undecided } from './finding.ts'
import type { TestFetch } from './guardedFetch.ts'
import type { Reader } from './reader.ts'
import { type Transcript, transcriptSchema } from './transcript.ts'

type Http = Extract<Verifier, { type: 'http' }>

/** What a test run needs: a fetch, or the recorded answers of an earlier run. */
export interface HttpContext {
  reader: Reader
  fetch?: TestFetch | undefined
  transcript?: Transcript | undefined
}

/** Runs the pact's requests against what was delivered and judges the recorded answers. */
export async function verifyHttp(
  verifier: Http,
  context: HttpContext,
): Promise<{ finding: Finding; transcript: Transcript | null }> {
  const base = await baseOf(verifier, context.reader)
  if (typeof base !== 'string') return { finding: base, transcript: null }
  const transcript = context.transcript ?? (await run(verifier, base, context.fetch))
  if (transcript === null) return { finding: undecided('not_run'), transcript: null }
  const expected = verifier.requests.map(({ path }) => urlOf(base, path))
  const foreign = transcript.some(({ url }, index) => url !== expected[index])
  const readable = transcriptSchema.safeParse(transcript).success
  if (!readable || foreign || transcript.length !== expected.length) {
    return { finding: undecided('transcript_unusable'), transcript }
  }
  const { requests } = verifier
  return { finding: await context.reader.judge({ kind: 'http', requests, transcript }), transcript }
}

async function baseOf({ base }: Http, reader: Reader): Promise<string | Finding> {
  if ('url' in base) return base.url
  const found = await reader.ask(base.file, { kind: 'pointer', pointer: base.pointer })
  if (found !== undefined && 'outcome' in found) {
    return found.outcome === 'undecided' ? found : failed('url_missing')
  }
  const value = found?.value
  if (typeof value !== 'string' || !URL.canParse(value)) return failed('url_missing')
  const url = new URL(value)
  return url.protocol === 'https:' ? url.origin : failed('url_missing')
}

function urlOf(base: string, path: string): string {
  return new URL(base + path).href
}

async function run(
  { requests }: Http,
  base: string,
  fetch: TestFetch | undefined,
): Promise<Transcript | null> {
  if (fetch === undefined) return null
  const transcript: Transcript = []
  // In order: a later request may read what an earlier one wrote.
  for (const { method, path, headers = {}, body } of requests) {
    const url = urlOf(base, path)
    const json = body === undefined ? null : new TextEncoder().encode(JSON.stringify(body))
    const typed = json === null ? headers : { 'content-type': 'application/json', ...headers }
    const answer = await fetch({ method, url, headers: typed, body: json })
    transcript.push({
      method,
      url,
      status: answer?.status ?? null,
      contentType: answer?.contentType ?? null,
      body: answer === null ? null : Buffer.from(answer.body).toString('base64'),
      bodySha256: answer === null ? null : hashBytes(answer.body),
    })
  }
  return transcript
}
