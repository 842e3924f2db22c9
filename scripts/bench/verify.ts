/**
 * `npm run -s bench:verify [-- --seed 1 --rounds 3]`: how often the verification engine accepts a
 * defective delivery and rejects a good one, over orders under the SDK's own templates, as one JSON object.
 */
import { parseArgs } from 'node:util'
import { encodePact, hashBytes } from '@earnest/sdk/protocol'
import { instantiate, templates } from '@earnest/sdk/templates'
import { createExaminer } from '../../oracle/src/settlement/verify/examiner.ts'
import { ENGINE, verify } from '../../oracle/src/settlement/verify/verify.ts'
import { delivered } from '../../test/oracle/settlement/verify/files.ts'
import { samplePact, samplePactWire } from '../../test/support/pact.ts'
import { type Chance, createChance } from './verify/chance.ts'
import { type Delivered, defectsOfForm } from './verify/form.ts'
import { code } from './verify/work/code.ts'
import { dcf } from './verify/work/dcf.ts'
import { extraction } from './verify/work/extraction.ts'
import { invoices } from './verify/work/invoices.ts'
import { labels } from './verify/work/labels.ts'
import type { Order, Work } from './verify/work/work.ts'

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, rounds: { type: 'string', default: '3' } },
})
const seed = Number(values.seed)
const rounds = Number(values.rounds)
const works: Work[] = [dcf, extraction, invoices, labels, code]
/** Honest deliveries and mutants of each template in each round. */
const COPIES = 20
const examiner = createExaminer()

/** The pact that a buyer would propose, and what it deposits. */
function pactOf({ template: id }: Work, { parameters }: Order) {
  const template = templates[id]
  const { task } = instantiate(template, { parameters, now: 0 })
  const { accuracyRequirement: _, accuracyMethod: __, milestones: ___, ...wire } = samplePactWire
  const pact = samplePact({
    ...wire,
    capability: task.capability,
    taskDescription: task.description,
    input: task.input,
    deliverableFormat: [...task.outputFormats],
    acceptance: encodePact({ ...samplePact(), acceptance: [...task.acceptance] }).acceptance,
  })
  return { pact, deposits: new Map((task.deposits ?? []).map((each) => [hashBytes(each), each])) }
}

async function resultOf(work: Work, order: Order, { files, late, swapped = files }: Delivered) {
  const { pact, deposits } = pactOf(work, order)
  const report = await verify({
    pact,
    escrowId: `0x${'00'.repeat(32)}`,
    round: 1,
    deliveredAt: pact.deadlineUtc + late,
    readDeposit: async (sha256) => deposits.get(sha256) ?? null,
    manifest: delivered(files).manifest,
    openFile: delivered(swapped).openFile,
    examiner,
  })
  return report.result
}

interface Trial {
  family: 'good' | 'form' | 'meaning' | 'heldOut'
  name: string
  wrong: boolean
}

async function play(work: Work, chance: Chance): Promise<Trial[]> {
  const trials: Trial[] = []
  const record = async (
    family: Trial['family'],
    name: string,
    order: Order,
    spoilt?: Delivered,
  ) => {
    if (spoilt === undefined) return
    const isPassed = (await resultOf(work, order, spoilt)) === 'PASS'
    const wrong = family === 'good' ? !isPassed : isPassed
    trials.push({ family, name: `${work.template}/${name}`, wrong })
  }
  for (let copy = 0; copy < COPIES; copy++) {
    const order = work.order(chance)
    await record('good', 'good', order, { files: order.files, late: -chance.whole(1, 90_000) })
    const mutant = work.mutate(order, chance)
    await record('heldOut', 'mutant', order, mutant && { files: mutant, late: -60 })
  }
  for (const [name, spoil] of Object.entries(defectsOfForm)) {
    const order = work.order(chance)
    await record('form', name, order, spoil(work, order, chance))
  }
  for (const [name, spoil] of Object.entries(work.defects)) {
    const order = work.order(chance)
    const files = spoil(order, chance)
    await record('meaning', name, order, files && { files, late: -60 })
  }
  return trials
}

const trials: Trial[] = []
for (let round = 0; round < rounds; round++) {
  // Each kind of work has chance of its own, so that a new one changes nothing in the others.
  const played = await Promise.all(
    works.map((work, index) => play(work, createChance(seed * 1000 + round * 100 + index))),
  )
  trials.push(...played.flat())
}

const tally = (families: readonly Trial['family'][]) => {
  const of = trials.filter(({ family }) => families.includes(family))
  const wrong = of.filter((each) => each.wrong)
  const names: Record<string, number> = {}
  for (const { name } of wrong) names[name] = (names[name] ?? 0) + 1
  const rate = Number((wrong.length / Math.max(1, of.length)).toFixed(4))
  return { deliveries: of.length, wrong: wrong.length, rate, names }
}
const heldOut = tally(['heldOut'])
console.log(
  JSON.stringify(
    {
      engine: ENGINE,
      seed,
      templates: works.map(({ template }) => template),
      falseAccept: tally(['form', 'meaning']),
      falseAcceptOfForm: tally(['form']).rate,
      falseAcceptOfMeaning: tally(['meaning']).rate,
      falseAcceptHeldOut: heldOut,
      falseReject: tally(['good']),
    },
    null,
    1,
  ),
)
await examiner.close()
