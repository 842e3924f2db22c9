import { encodePact, hashBytes } from '@earnest/sdk/protocol'
import { instantiate, templates } from '@earnest/sdk/templates'
import type { Examiner } from '../../../oracle/src/settlement/verify/examiner.ts'
import { verify } from '../../../oracle/src/settlement/verify/verify.ts'
import { delivered } from '../../../test/oracle/settlement/verify/files.ts'
import { samplePact, samplePactWire } from '../../../test/support/pact.ts'
import type { Chance } from './chance.ts'
import { type Delivered, defectsOfForm } from './form.ts'
import { code } from './kinds/code.ts'
import { dcf } from './kinds/dcf.ts'
import { extraction } from './kinds/extraction.ts'
import { invoices } from './kinds/invoices.ts'
import { labels } from './kinds/labels.ts'
import type { Order, Work } from './kinds/work.ts'

/** The kinds of work that are played, each under a template of the SDK. */
export const works: readonly Work[] = [dcf, extraction, invoices, labels, code]

/** One delivery before the engine, and whether it was told from its opposite. */
export interface Trial {
  family: 'good' | 'form' | 'meaning' | 'heldOut'
  name: string
  wrong: boolean
}

/** Every defect of one kind of work once, and `copies` honest deliveries with as many mutants. */
export async function play(
  work: Work,
  { chance, copies, examiner }: { chance: Chance; copies: number; examiner: Examiner },
): Promise<Trial[]> {
  const trials: Trial[] = []
  const record = async (
    family: Trial['family'],
    name: string,
    order: Order,
    spoilt?: Delivered,
  ) => {
    if (spoilt === undefined) return
    const isPassed = (await resultOf(work, { order, delivery: spoilt, examiner })) === 'PASS'
    const wrong = family === 'good' ? !isPassed : isPassed
    trials.push({ family, name: `${work.template}/${name}`, wrong })
  }
  for (let copy = 0; copy < copies; copy++) {
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

async function resultOf(
  work: Work,
  { order, delivery, examiner }: { order: Order; delivery: Delivered; examiner: Examiner },
) {
  const { files, late, swapped = files } = delivery
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
