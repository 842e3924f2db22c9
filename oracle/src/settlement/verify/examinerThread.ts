import { parentPort } from 'node:worker_threads'
import { createExam, type Question } from './exam.ts'
import type { Limits } from './sandbox.ts'

/** What the examiner's thread is sent; it answers each with the same number. */
export type Order = { id: number } & ({ begin: Limits } | { question: Question })

let exam: ReturnType<typeof createExam> | undefined

parentPort?.on('message', async (order: Order) => {
  if ('begin' in order) {
    // Nothing of the last report is left: neither its document nor its engine.
    exam = createExam(order.begin)
    parentPort?.postMessage({ id: order.id, answer: undefined })
    return
  }
  parentPort?.postMessage({ id: order.id, answer: await exam?.ask(order.question) })
})
