/**
 * `npm run verify:deep`: what is too long for CI. The model checker's proofs, stateful fuzzing of the
 * whole system, mutation of the contracts, both in pieces that are kept (under cache/verify), so that
 * it may be stopped and run again, and the lines and branches that the tests reach. Figures, and the
 * commit they belong to, go to contracts/proof.json.
 *
 *   --only proof|coverage|fuzz|mutation   one of the four
 *   --minutes N            stop taking new pieces after N minutes (default: no limit)
 *   --calls N              of each fuzzing campaign (default: 1000000)
 *   --scope NAME           only mutants of this function, as PactArbiter.convene; may be repeated
 *   --seed TEXT            of campaigns and of the order of mutants (default: earnest)
 */
import { parseArgs } from 'node:util'
import { cover } from './verify/coverage.ts'
import { actsOf, callsOf, fuzz } from './verify/fuzz.ts'
import { mutate } from './verify/mutation.ts'
import { score, write } from './verify/proof.ts'
import { prove } from './verify/prove.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    minutes: { type: 'string', default: 'Infinity' },
    calls: { type: 'string', default: '1000000' },
    scope: { type: 'string', multiple: true, default: [] },
    seed: { type: 'string', default: 'earnest' },
  },
})
const parts = ['proof', 'coverage', 'fuzz', 'mutation']
if (values.only !== undefined && !parts.includes(values.only))
  throw new Error(`--only takes ${parts.join(', ')}`)
const began = performance.now()
const options = {
  scratch: 'cache/verify',
  seed: values.seed,
  calls: Number(values.calls),
  minutes: Number(values.minutes),
  say: (line: string) => console.log(line),
}
/** What `fuzz` leaves of the minutes. */
const left = () => options.minutes - (performance.now() - began) / 60_000

/** True where this part is wanted. */
const wants = (part: string) => values.only === undefined || values.only === part

if (wants('proof')) {
  const proof = prove()
  write({ proof })
  console.log(
    `${proof.proved} of ${proof.claims} proved, ${proof.refuted} of ${proof.fallacies} refuted`,
  )
  if (proof.proved !== proof.claims || proof.refuted !== proof.fallacies) process.exitCode = 1
}

if (wants('coverage')) {
  const coverage = await cover(options)
  write({ coverage })
  for (const place of coverage.missed) console.error(`not reached: ${place}`)
  const { lines, linesReached, branches, branchesReached } = coverage
  console.log(`${linesReached} of ${lines} lines, ${branchesReached} of ${branches} branches`)
  if (coverage.missed.length > 0) process.exitCode = 1
}

if (wants('fuzz')) {
  const pieces = await fuzz(options)
  const failed = pieces.flatMap((piece) => piece.failed)
  write({
    fuzz: {
      seed: options.seed,
      systemCalls: callsOf(pieces, 'system'),
      escrowCalls: callsOf(pieces, 'escrow'),
      violations: failed.length,
      acts: actsOf(pieces),
    },
  })
  for (const test of failed) console.error(`violated: ${test}`)
  if (failed.length > 0) process.exitCode = 1
}

if (wants('mutation')) {
  const run = await mutate({ ...options, minutes: left(), scopes: values.scope })
  const mutation = score(run, options.seed)
  write({ mutation })
  for (const { file, line, was, becomes } of mutation.survivors)
    console.error(`survived: ${file}:${line} ${was} -> ${becomes || 'nothing'}`)
  console.log(
    `${mutation.killed} of ${mutation.tried - mutation.equivalent} killed, ${mutation.tried} of ${mutation.mutants} tried`,
  )
  if (mutation.survivors.length > 0) process.exitCode = 1
}
