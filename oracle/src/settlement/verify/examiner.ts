import { Worker } from 'node:worker_threads'
import { createLine } from './line.ts'
import type { Order } from './order.ts'
import type { Answer, Question } from './question.ts'
import type { Limits } from './sandbox.ts'

/** What one report may take of the machine, whatever a seller delivers or a buyer deposits. */
export interface Budget extends Limits {
  /** Of the wall clock, for one question; what is counted ends long before, on any machine. */
  milliseconds: number
}

/** Fuel for a second or two, 64 MiB of memory and 512 KiB of stack for foreign code; a minute for all. */
export const DEFAULT_BUDGET: Budget = {
  fuel: 200_000_000,
  memoryBytes: 64 * 1024 * 1024,
  stackBytes: 512 * 1024,
  milliseconds: 60_000,
}

/** Stack of a thread, MiB: above what the sandbox's own limit can ever need. */
const STACK_MB = 32
/** Heap of one thread, MiB; a document that needs more ends the thread, never the process. */
const HEAP_MB = 512

/** One report's turn with a thread. */
export interface Examination {
  /** The answer, or `killed` where the thread ran out of time or memory, now or before. */
  ask<Q extends Question>(question: Q): Promise<{ answer: Answer<Q> } | 'killed'>
  /** CPU milliseconds that the thread spent on it; of one that was killed, all that it could have spent. */
  spent(): number
  /** Lets the next one have the thread. */
  end(): void
}

/** Threads in which content is read and foreign code runs, so that the main one never waits for them. */
export interface Examiner {
  /**
   * Waits for a free thread. Owners take turns, and where there are several threads one owner never has
   * all of them: whatever one hands in, the next of another waits for one examination at most.
   */
  begin(options?: { budget?: Budget; owner?: string | undefined }): Promise<Examination>
  close(): Promise<void>
}

/** @param threads How many reports are examined at the same time. */
export function createExaminer({ threads = 2 }: { threads?: number } = {}): Examiner {
  const all = new Set<Thread>()
  const free: Thread[] = []
  const line = createLine<Thread>({ most: Math.max(1, threads - 1) })

  function next(): Thread | undefined {
    const found = free.pop()
    if (found || all.size >= threads) return found
    const made = startThread()
    all.add(made)
    return made
  }
  function serve(): void {
    while (line.isWaiting()) {
      const thread = next()
      if (!thread) return
      line.serve(thread)
    }
  }

  return {
    async begin({ budget: { milliseconds, ...limits } = DEFAULT_BUDGET, owner = '' } = {}) {
      const waiting = line.wait(owner)
      serve()
      const thread = await waiting
      let spent = 0
      const timed = async (order: Ask): Promise<{ answer: unknown } | 'killed'> => {
        const timer = setTimeout(() => void thread.kill(), milliseconds)
        try {
          const result = await thread.ask(order)
          // A thread that died tells nobody how long it worked.
          spent = result === 'killed' ? milliseconds : spent + result.milliseconds
          return result
        } finally {
          clearTimeout(timer)
        }
      }
      await timed({ begin: limits })
      let ended = false
      return {
        ask: (question) =>
          timed({ question }) as Promise<{ answer: Answer<typeof question> } | 'killed'>,
        spent: () => spent,
        end() {
          if (ended) return
          ended = true
          line.leave(owner)
          if (thread.isDead()) all.delete(thread)
          else free.push(thread)
          serve()
        },
      }
    },
    async close() {
      await Promise.all([...all].map((thread) => thread.kill()))
    },
  }
}

/** Bytes that need not be copied. */
function givenAway(question: Question): Uint8Array | undefined {
  return question.kind === 'open' || question.kind === 'part' ? question.bytes : undefined
}

type Ask = { begin: Limits } | { question: Question }

type Told = { answer: unknown; milliseconds: number }

interface Thread {
  ask(order: Ask): Promise<Told | 'killed'>
  isDead(): boolean
  kill(): Promise<void>
}

function startThread(): Thread {
  // Beside this file, under the same ending: sources run as they are, builds as they were made.
  const script = import.meta.url.replace(/examiner(\.\w+)$/, 'examinerThread$1')
  const worker = new Worker(new URL(script), {
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, stackSizeMb: STACK_MB },
    // Foreign code in there finds no secret of the process, should it ever leave its sandbox.
    env: {},
  })
  const open = new Map<number, (result: Told | 'killed') => void>()
  let last = 0
  let dead = false
  const die = () => {
    dead = true
    for (const resolve of open.values()) resolve('killed')
    open.clear()
  }
  worker.on('message', ({ id, answer, milliseconds }: Told & { id: number }) => {
    open.get(id)?.({ answer, milliseconds })
    open.delete(id)
  })
  worker.on('error', die)
  worker.on('exit', die)
  // An idle thread keeps no process alive.
  worker.unref()

  return {
    isDead: () => dead,
    async kill() {
      die()
      await worker.terminate()
    },
    async ask(order) {
      if (dead) return 'killed'
      const id = ++last
      worker.ref()
      const bytes = 'question' in order && givenAway(order.question)
      const sent: Order = { id, ...order }
      try {
        return await new Promise((resolve) => {
          open.set(id, resolve)
          worker.postMessage(sent, bytes ? [bytes.buffer as ArrayBuffer] : [])
        })
      } finally {
        if (open.size === 0) worker.unref()
      }
    },
  }
}
