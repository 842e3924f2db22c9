/**
 * Recomputes a score from public data: what moves scores is downloaded from an oracle's own routes,
 * then the signed answer is computed anew, offline, and compared field by field. Exit code 1 where
 * anything follows otherwise.
 *
 * npm run -s replay -- --oracle <url> --id <did> [--save <file>]
 * npm run -s replay -- --file <file>
 * npm run -s replay -- --oracle <url> --credential <file>
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  decode,
  EarnestError,
  factsSchema,
  oracleInfoSchema,
  signedCredentialSchema,
  trustResponseSchema,
  verifyCredential,
  verifyTrust,
} from '@earnest/sdk/protocol'
import { recompute, recomputeCredential } from '../oracle/src/trust/recompute.ts'

/** Everything that a replay needs, as the oracle gave it. */
type Bundle = { info: unknown; answer: unknown; facts: unknown[] }

const { values } = parseArgs({
  options: {
    oracle: { type: 'string' },
    id: { type: 'string' },
    save: { type: 'string' },
    file: { type: 'string' },
    credential: { type: 'string' },
  },
})
process.exitCode = (await (values.credential ? credential(values.credential) : answer())) ? 0 : 1

/** What a credential says, out of the facts under its evidence root. */
async function credential(file: string): Promise<boolean> {
  const wire: unknown = JSON.parse(readFileSync(file, 'utf8'))
  const signed = decode(signedCredentialSchema, wire, 'invalid_credential')
  verifyCredential(signed, { now: signed.validFrom })
  const get = reader(values.oracle)
  const info = decode(oracleInfoSchema, await get('/oracle'), 'invalid_oracle_answer')
  if (signed.issuer !== info.did) throw new EarnestError('oracle_mismatch', 'Another’s credential')
  const facts = factsOf(await pagesOf(get))
  const found = recomputeCredential({ credential: signed, facts, seeds: info.seeds })
  console.log(JSON.stringify({ id: signed.id, ...found }))
  return found.equal
}

async function answer(): Promise<boolean> {
  const bundle = values.file ? read(values.file) : await download(values.oracle, values.id)
  if (values.save) writeFileSync(values.save, JSON.stringify(bundle))
  const info = decode(oracleInfoSchema, bundle.info, 'invalid_oracle_answer')
  const answer = decode(trustResponseSchema, bundle.answer, 'invalid_oracle_answer')
  const facts = factsOf(bundle.facts)
  verifyTrust(answer, { agent: answer.agentId, oracle: info.did, now: answer.asOf })
  const found = recompute({ answer, facts, seeds: info.seeds })
  const { agentId, compositeScore, failureProbability, asOf } = answer
  console.log(JSON.stringify({ agentId, compositeScore, failureProbability, asOf, ...found }))
  return found.equal
}

function factsOf(pages: readonly unknown[]) {
  return pages.flatMap((page) => decode(factsSchema, page, 'invalid_oracle_answer').facts)
}

function read(file: string): Bundle {
  return JSON.parse(readFileSync(file, 'utf8')) as Bundle
}

type Get = (path: string) => Promise<unknown>

function reader(oracle: string | undefined): Get {
  if (!oracle) {
    throw new Error(
      'usage: npm run -s replay -- --oracle <url> (--id <did> | --credential <file>) | --file <file>',
    )
  }
  return async (path) => {
    const response = await fetch(`${oracle.replace(/\/+$/, '')}/api/v1${path}`)
    if (!response.ok) throw new EarnestError('oracle_unreachable', `${path}: ${response.status}`)
    return response.json()
  }
}

async function download(oracle: string | undefined, id = ''): Promise<Bundle> {
  const get = reader(oracle)
  const nonce = crypto.randomUUID()
  const [info, answer] = [
    await get('/oracle'),
    await get(`/trust/${encodeURIComponent(id)}?nonce=${nonce}`),
  ]
  return { info, answer, facts: await pagesOf(get) }
}

async function pagesOf(get: Get): Promise<unknown[]> {
  const pages: unknown[] = []
  for (let after = 0; ; ) {
    const page = decode(factsSchema, await get(`/facts?after=${after}&limit=1000`), 'invalid_facts')
    pages.push(page)
    const last = page.facts.at(-1)
    if (!last || last.seq >= page.size) break
    after = last.seq
  }
  return pages
}
