/**
 * `npm run -s verify-verdict -- <record.json>`: recounts a jury's public record bit for bit and prints
 * what it found; exit code 1 where a figure does not follow from the answers.
 */
import { readFileSync } from 'node:fs'
import { decode, hashVerdict, recount, verdictRecordSchema } from '@earnest/sdk/protocol'

const [file] = process.argv.slice(2)
if (!file) throw new Error('usage: npm run -s verify-verdict -- <record.json>')
const wire: unknown = JSON.parse(readFileSync(file, 'utf8'))
const record = decode(verdictRecordSchema, wire, 'invalid_verdict')
const { faults, undisclosed } = recount(record)
console.log(
  JSON.stringify({
    recordHash: hashVerdict(record),
    sellerBps: record.sellerBps,
    faults,
    undisclosed,
  }),
)
process.exitCode = faults.length === 0 ? 0 : 1
