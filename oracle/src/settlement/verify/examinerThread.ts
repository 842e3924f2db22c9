import { parentPort } from 'node:worker_threads'
import { createExam } from './exam.ts'
import type { Order } from './order.ts'

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
