/**
 * `npm run -s bench:verify [-- --seed 1 --rounds 4]`: how often the verification engine accepts a
 * defective delivery and rejects a good one, over four kinds of work, as one JSON object.
 */
import { parseArgs } from 'node:util'
import { hashBytes } from '@earnest/sdk/protocol'
import { createExaminer } from '../../oracle/src/settlement/verify/examiner.ts'
import { ENGINE, verify } from '../../oracle/src/settlement/verify/verify.ts'
import { delivered, type Files } from '../../test/oracle/settlement/verify/files.ts'
import { samplePact } from '../../test/support/pact.ts'
import { createChance } from './verify/chance.ts'
import { type Delivered, defects, OF_MEANING } from './verify/defects.ts'
import { type Template, templates } from './verify/templates.ts'

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, rounds: { type: 'string', default: '4' } },
})
const seed = Number(values.seed)
const rounds = Number(values.rounds)
const chance = createChance(seed)
const examiner = createExaminer()

async function resultOf(template: Template, { files, late, swapped = files }: Delivered) {
  const pact = samplePact(template.pact)
  const deposits = new Map(template.deposits.map((deposit) => [hashBytes(deposit), deposit]))
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

/** Other bytes of the same worth: more files, other white space. */
function varied(files: Files): Files {
  const extra = {
    'notes/log.txt': { mime: 'text/plain', bytes: new TextEncoder().encode('ok, done') },
  }
  return chance.next() < 0.5 ? files : { ...files, ...extra }
}

const tally = (of: readonly { wrong: boolean }[]) => {
  const wrong = of.filter((each) => each.wrong).length
  return { deliveries: of.length, wrong, rate: Number((wrong / Math.max(1, of.length)).toFixed(4)) }
}

const bad: { template: string; defect: string; wrong: boolean }[] = []
const good: { template: string; wrong: boolean }[] = []
for (let round = 0; round < rounds; round++) {
  for (const template of templates) {
    for (const [defect, spoil] of Object.entries(defects)) {
      const spoiled = spoil(template, template.deliver(chance), chance)
      if (spoiled === undefined) continue
      const result = await resultOf(template, spoiled)
      bad.push({ template: template.name, defect, wrong: result === 'PASS' })
    }
    for (let copy = 0; copy < 15; copy++) {
      const files = varied(template.deliver(chance))
      const result = await resultOf(template, { files, late: -chance.whole(1, 90_000) })
      good.push({ template: template.name, wrong: result !== 'PASS' })
    }
  }
}

const ofForm = bad.filter(({ defect }) => !OF_MEANING.includes(defect))
const accepted = bad
  .filter(({ wrong }) => wrong)
  .map(({ template, defect }) => `${template}/${defect}`)
console.log(
  JSON.stringify({
    engine: ENGINE,
    seed,
    templates: templates.map(({ name }) => name),
    defects: Object.keys(defects).length,
    falseAccept: tally(bad),
    falseAcceptOfForm: tally(ofForm),
    falseAcceptOfMeaning: tally(bad.filter(({ defect }) => OF_MEANING.includes(defect))),
    falseReject: tally(good),
    accepted: [...new Set(accepted)].sort(),
  }),
)
await examiner.close()
