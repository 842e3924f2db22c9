import { type ListTasksRequest, type ListTasksResponse, Task } from '@a2a-js/sdk'
import { InMemoryTaskStore, type ServerCallContext, type TaskStore } from '@a2a-js/sdk/server'
import type { Store } from './protocol/store.ts'

/** Tasks of strangers, who get no second look at them, that are kept at all. */
const MAX_STRANGERS = 256

/** Milliseconds for which a change of a task waits for the next: one turn of an agent is several at once. */
const GATHER = 20

/** Name prefix of a caller who did not say who it is; the rest is different for every request. */
export const STRANGER = 'stranger:'

/** Tasks that are written down in bursts. */
interface GatheringTaskStore extends TaskStore {
  /** Writes down what has changed; to be awaited before anybody is told of it. */
  flush(): Promise<void>
}

/**
 * A2A tasks that survive the process: each belongs to the agent that began it, and nobody else can read,
 * list or cancel it. Tasks of callers who did not say who they are live in memory only. A change is on disk
 * after `flush`, or by itself a moment later.
 */
export function createTaskStore(store: Store): GatheringTaskStore {
  const strangers = new Map<string, Task>()
  /** What is not on disk yet. */
  const changed = new Map<string, unknown>()
  let timer: ReturnType<typeof setTimeout> | undefined
  let writing: Promise<void> = Promise.resolve()
  // Lists are filtered and paged as the A2A library does it, over what belongs to the caller.
  const ownerOf = (context: ServerCallContext) => context.user?.userName || STRANGER
  const keyOf = (owner: string, id: string) => `task/${owner}/${id}`

  async function read(key: string): Promise<Task | undefined> {
    const wire = changed.get(key) ?? (await store.get(key))
    return wire === undefined ? undefined : Task.fromJSON(wire as never)
  }

  function flush(): Promise<void> {
    writing = writing.then(write, write)
    return writing
  }

  async function write(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const written = [...changed].map(async ([key, wire]) => {
      await store.set(key, wire)
      // What has changed since is written with the next; so is what could not be written.
      if (changed.get(key) === wire) changed.delete(key)
    })
    await Promise.allSettled(written)
    await Promise.all(written)
  }

  return {
    flush,

    async save(task, context) {
      const owner = ownerOf(context)
      if (!owner.startsWith(STRANGER)) {
        changed.set(keyOf(owner, task.id), Task.toJSON(task))
        timer ??= setTimeout(() => void flush().catch(() => {}), GATHER)
        return
      }
      strangers.set(keyOf(owner, task.id), structuredClone(task))
      const [oldest] = strangers.keys()
      if (strangers.size > MAX_STRANGERS && oldest !== undefined) strangers.delete(oldest)
    },

    async load(taskId, context) {
      const owner = ownerOf(context)
      if (!owner.startsWith(STRANGER)) return read(keyOf(owner, taskId))
      const task = strangers.get(keyOf(owner, taskId))
      return task && structuredClone(task)
    },

    async list(params: ListTasksRequest, context: ServerCallContext): Promise<ListTasksResponse> {
      const own = new InMemoryTaskStore()
      const owner = ownerOf(context)
      await flush()
      for (const key of owner.startsWith(STRANGER) ? [] : await store.keys(`task/${owner}/`)) {
        const task = await read(key)
        if (task !== undefined) await own.save(task, context)
      }
      return own.list(params, context)
    },
  }
}
