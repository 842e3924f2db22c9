/**
 * `npm run verify:deep`: what is too long for CI. Stateful fuzzing of the whole system and mutation of
 * the contracts, both in pieces that are kept (under cache/verify), so that it may be stopped and run
 * again. Figures, and the commit they belong to, go to contracts/proof.json.
 *
 *   --only fuzz|mutation   one of the two
 *   --minutes N            stop taking new pieces after N minutes (default: no limit)
 *   --calls N              of each fuzzing campaign (default: 1000000)
 *   --seed TEXT            of campaigns and of the order of mutants (default: earnest)
 */
import { parseArgs } from 'node:util'
import { callsOf, fuzz } from './verify/fuzz.ts'
import { mutate } from './verify/mutation.ts'
import { score, write } from './verify/proof.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    minutes: { type: 'string', default: 'Infinity' },
    calls: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: 'earnest' },
  },
})
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

if (values.only !== 'mutation') {
  const pieces = await fuzz(options)
  const failed = pieces.flatMap((piece) => piece.failed)
  write({
    fuzz: {
      seed: options.seed,
      systemCalls: callsOf(pieces, 'system'),
      escrowCalls: callsOf(pieces, 'escrow'),
      violations: failed.length,
    },
  })
  for (const test of failed) console.error(`violated: ${test}`)
  if (failed.length > 0) process.exitCode = 1
}

if (values.only !== 'fuzz') {
  const run = await mutate({ ...options, minutes: left() })
  const mutation = score(run, options.seed)
  write({ mutation })
  for (const { file, line, was, becomes } of mutation.survivors)
    console.error(`survived: ${file}:${line} ${was} -> ${becomes || 'nothing'}`)
  console.log(
    `${mutation.killed} of ${mutation.tried - mutation.equivalent} killed, ${mutation.tried} of ${mutation.mutants} tried`,
  )
  if (mutation.survivors.length > 0) process.exitCode = 1
}
