/**
 * The trust-readiness checklist of an agent: thirty checks, each with its remedy where it does not hold.
 * Exit code 1 where any does not.
 *
 * npm run -s doctor -- --trust --oracle <url> --id <did>
 */
import { parseArgs } from 'node:util'
import {
  agentRecordSchema,
  decode,
  EarnestError,
  oracleInfoSchema,
  trustResponseSchema,
  verifyTrust,
} from '@earnest/sdk/protocol'
import { discover } from '../sdk/src/discovery/discover.ts'
import { trustReadiness } from '../sdk/src/trust/readiness.ts'
import { wallClock } from './local/party.ts'

const { values } = parseArgs({
  options: {
    trust: { type: 'boolean' },
    oracle: { type: 'string' },
    id: { type: 'string' },
  },
})
const { oracle, id } = values
if (!values.trust || !oracle || !id) {
  console.error('usage: npm run -s doctor -- --trust --oracle <url> --id <did>')
  process.exit(2)
}

const did = encodeURIComponent(id)
const info = decode(oracleInfoSchema, await get('/oracle'), 'invalid_oracle_answer')
const record = decode(agentRecordSchema, await get(`/agents/${did}`), 'invalid_oracle_answer')
const answer = decode(
  trustResponseSchema,
  await get(`/trust/${did}?nonce=${crypto.randomUUID()}`),
  'invalid_oracle_answer',
)
verifyTrust(answer, { agent: id, oracle: info.did, now: answer.asOf })
const checks = trustReadiness({ record, answer, cardDid: await cardDid(), now: answer.asOf })
for (const { title, holds, remedy } of checks) {
  process.stdout.write(holds ? `  ok    ${title}\n` : `  MEND  ${title}\n        ${remedy}\n`)
}
const missing = checks.filter(({ holds }) => !holds).length
process.stdout.write(`\n${checks.length - missing} of ${checks.length} hold.\n`)
process.exitCode = missing === 0 ? 0 : 1

async function get(path: string): Promise<unknown> {
  const response = await fetch(`${oracle?.replace(/\/+$/, '')}/api/v1${path}`)
  if (!response.ok) throw new EarnestError('oracle_unreachable', `${path}: ${response.status}`)
  return response.json()
}

/** An endpoint that does not answer is a finding, not a fault of the doctor. */
async function cardDid(): Promise<string | null> {
  for (const place of [record.endpoint, new URL(record.endpoint).origin]) {
    try {
      return (await discover(place, { clock: wallClock })).did
    } catch {
      // The next place, or none.
    }
  }
  return null
}
