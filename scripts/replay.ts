/**
 * Recomputes a score from public data: what moves scores is downloaded from an oracle's own routes,
 * then the signed answer is computed anew, offline, and compared field by field. Exit code 1 where
 * anything follows otherwise.
 *
 * npm run -s replay -- --oracle <url> --id <did> [--save <file>]
 * npm run -s replay -- --file <file>
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import {
  decode,
  EarnestError,
  factsSchema,
  oracleInfoSchema,
  trustResponseSchema,
  verifyTrust,
} from '@earnest/sdk/protocol'
import { recompute } from '../oracle/src/trust/recompute.ts'

/** Everything that a replay needs, as the oracle gave it. */
type Bundle = { info: unknown; answer: unknown; facts: unknown[] }

const { values } = parseArgs({
  options: {
    oracle: { type: 'string' },
    id: { type: 'string' },
    save: { type: 'string' },
    file: { type: 'string' },
  },
})
const bundle = values.file ? read(values.file) : await download(values.oracle, values.id)
if (values.save) writeFileSync(values.save, JSON.stringify(bundle))
const info = decode(oracleInfoSchema, bundle.info, 'invalid_oracle_answer')
const answer = decode(trustResponseSchema, bundle.answer, 'invalid_oracle_answer')
const facts = bundle.facts.flatMap(
  (page) => decode(factsSchema, page, 'invalid_oracle_answer').facts,
)
verifyTrust(answer, { agent: answer.agentId, oracle: info.did, now: answer.asOf })
const found = recompute({ answer, facts, seeds: info.seeds })
const { agentId, compositeScore, failureProbability, asOf } = answer
console.log(JSON.stringify({ agentId, compositeScore, failureProbability, asOf, ...found }))
process.exitCode = found.equal ? 0 : 1

function read(file: string): Bundle {
  return JSON.parse(readFileSync(file, 'utf8')) as Bundle
}

async function download(oracle: string | undefined, id: string | undefined): Promise<Bundle> {
  if (!oracle || !id) {
    throw new Error('usage: npm run -s replay -- --oracle <url> --id <did> | --file <file>')
  }
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(`${oracle.replace(/\/+$/, '')}/api/v1${path}`)
    if (!response.ok) throw new EarnestError('oracle_unreachable', `${path}: ${response.status}`)
    return response.json()
  }
  const nonce = crypto.randomUUID()
  const [info, answer] = [
    await get('/oracle'),
    await get(`/trust/${encodeURIComponent(id)}?nonce=${nonce}`),
  ]
  const pages: unknown[] = []
  for (let after = 0; ; ) {
    const page = decode(factsSchema, await get(`/facts?after=${after}&limit=1000`), 'invalid_facts')
    pages.push(page)
    const last = page.facts.at(-1)
    if (!last || last.seq >= page.size) break
    after = last.seq
  }
  return { info, answer, facts: pages }
}
