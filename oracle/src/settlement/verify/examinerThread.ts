import { parentPort } from 'node:worker_threads'
import { createExam } from './exam.ts'
import type { Order } from './order.ts'

let exam: ReturnType<typeof createExam> | undefined
let before = process.threadCpuUsage()

/** CPU milliseconds since it was asked last: what the work cost, however busy the machine is. */
function spent(): number {
  const { user, system } = process.threadCpuUsage(before)
  before = process.threadCpuUsage()
  return (user + system) / 1000
}

parentPort?.on('message', async (order: Order) => {
  if ('begin' in order) {
    // Nothing of the last report is left: neither its document nor its engine.
    exam = createExam(order.begin)
    // Nor is its time, or what the thread needed to start, anybody else's.
    spent()
    parentPort?.postMessage({ id: order.id, answer: undefined, milliseconds: 0 })
    return
  }
  const answer = await exam?.ask(order.question)
  parentPort?.postMessage({ id: order.id, answer, milliseconds: spent() })
})
