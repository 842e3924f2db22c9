/**
 * `npm run -s bench:verify [-- --seed 1 --rounds 3]`: how often the verification engine accepts a
 * defective delivery and rejects a good one, over orders under the SDK's own templates, as one JSON object.
 */
import { parseArgs } from 'node:util'
import { createExaminer } from '../../oracle/src/settlement/verify/examiner.ts'
import { ENGINE } from '../../oracle/src/settlement/verify/verify.ts'
import { createChance } from './verify/chance.ts'
import { play, type Trial, works } from './verify/play.ts'
import { tally } from './verify/tally.ts'

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, rounds: { type: 'string', default: '3' } },
})
const seed = Number(values.seed)
const rounds = Number(values.rounds)
/** Honest deliveries and mutants of each template in each round. */
const copies = 20
const examiner = createExaminer()

const trials: Trial[] = []
for (let round = 0; round < rounds; round++) {
  // Each kind of work has chance of its own, so that a new one changes nothing in the others.
  const played = await Promise.all(
    works.map((work, index) =>
      play(work, {
        chance: createChance(seed * 1000 + round * 100 + index),
        copies,
        examiner,
      }),
    ),
  )
  trials.push(...played.flat())
}

console.log(
  JSON.stringify(
    {
      engine: ENGINE,
      seed,
      templates: works.map(({ template }) => template),
      falseAccept: tally(trials, ['form', 'meaning']),
      falseAcceptOfForm: tally(trials, ['form']).rate,
      falseAcceptOfMeaning: tally(trials, ['meaning']).rate,
      falseAcceptHeldOut: tally(trials, ['heldOut']),
      falseReject: tally(trials, ['good']),
    },
    null,
    1,
  ),
)
await examiner.close()
